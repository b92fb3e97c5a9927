"""Write a PDF anew with qpdf, in a process of its own: to mend what is damaged, or to take a password off.

The process can be given up when it hangs, and its memory goes with it. What it writes has no name in any
folder, so no decrypted copy outlives the process that reads it, however that ends; and the password reaches
it through a pipe, where other accounts of the machine cannot see it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from textmill.lifeline import die_with_parent

_WRONG_PASSWORD = 3
_BEYOND_REPAIR = 4


class BeyondRepair(Exception):
    """No page can be found in the file, whatever is tried."""


class WrongPassword(Exception):
    """The file is encrypted, and not with this password."""


def rewritten(path: Path, *, password: str = "", timeout: float) -> IO[bytes]:
    """Return an open file without a name that holds the document whole and unencrypted, until it is closed.

    Args:
        timeout: seconds after which it is given up.

    Raises:
        BeyondRepair, WrongPassword: see there.
        subprocess.TimeoutExpired: it took longer than `timeout`.
        OSError: there is no room for the copy, or no process to be had.
    """
    # `TemporaryFile` has no name in any folder on Linux.
    copy = tempfile.TemporaryFile(prefix="textmill-")  # noqa: SIM115  # the caller closes it
    try:
        done = subprocess.run(
            # As a file, so that the process does not import all that the package does.
            [sys.executable, "-P", __file__, str(path), str(copy.fileno()), str(os.getpid())],
            input=password.encode(),
            pass_fds=[copy.fileno()],
            capture_output=True,
            timeout=timeout,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        if done.returncode == _WRONG_PASSWORD:
            raise WrongPassword
        if done.returncode:
            raise BeyondRepair(done.stderr.decode(errors="replace").strip()[-500:])
    except BaseException:
        copy.close()
        raise
    return copy


def _rewrite(path: str, descriptor: int, password: str) -> int:
    import pikepdf

    try:
        with pikepdf.open(path, password=password) as document, os.fdopen(descriptor, "wb") as copy:
            _straighten_page_tree(document)
            document.save(copy, encryption=False)
    except pikepdf.PasswordError:
        return _WRONG_PASSWORD
    except Exception as error:  # qpdf's complaints come as many classes, and a bomb as MemoryError
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return _BEYOND_REPAIR
    return 0


def _straighten_page_tree(document: object) -> None:
    """Put all pages that can be reached directly under the root, and count them, whatever the file says."""
    pages = document.pages  # type: ignore[attr-defined]
    if not len(pages):
        raise ValueError("there is no page")
    pages.append(pages[0])
    del pages[-1]


def main() -> None:
    """Entry point of the process: the document, the open descriptor of the copy, who waits for it."""
    die_with_parent(int(sys.argv[3]))
    sys.exit(_rewrite(sys.argv[1], int(sys.argv[2]), sys.stdin.read()))


if __name__ == "__main__":
    main()
