"""Folders in which tasks work while the staging area itself lies in an object store."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

_PREFIX = "task-"


@contextmanager
def workspace(root: Path) -> Iterator[Path]:
    """Make a folder for this task below `root`, and remove it with all that is in it at the end.

    A task that is killed leaves its folder behind. So each folder is locked (flock(2)) by the process that
    works in it; whose lock is free goes when the next folder is made. Child processes do not inherit the
    lock, as Python's file descriptors are closed when another program is started.
    """
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as abandoned, ExitStack() as own:
        with _locked(root / ".lock"):  # else a folder could be swept before its maker has locked it
            for folder in root.glob(f"{_PREFIX}*"):
                if (descriptor := _lock_of(folder)) is not None:
                    abandoned.callback(os.close, descriptor)
                    abandoned.callback(shutil.rmtree, folder, ignore_errors=True)
            folder = Path(mkdtemp(prefix=_PREFIX, dir=root))
            descriptor = _lock_of(folder)
            assert descriptor is not None, "nobody else locks a new folder while the list of them is locked"
            own.callback(os.close, descriptor)
            own.callback(shutil.rmtree, folder, ignore_errors=True)
        abandoned.close()  # gigabytes, perhaps: others do not wait for it
        yield folder


def _lock_of(folder: Path) -> int | None:
    """Return a descriptor that holds the lock of a folder; None when its task lives, or it is gone."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    return None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
