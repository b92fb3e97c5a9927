"""Which folder, if any, a stack watches for new files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stack.errors import StackError

VARIABLE = "TEXTMILL_INBOX"


def wanted(environ: Mapping[str, str]) -> str:
    """The folder that the environment names, as an absolute path; empty for none.

    A sentence when it is not there: nobody would notice that nothing is watched.
    """
    path = _named(environ)
    if path and not Path(path).is_dir():
        raise StackError(f"{VARIABLE} says {path}, which is no folder: create it, or correct the setting.")
    return path


def remember(file: Path, folder: str) -> None:
    """Note what the stack that is being started watches."""
    file.write_text(f"{folder}\n")


def recall(file: Path, environ: Mapping[str, str]) -> str:
    """What a running stack watches; a sentence when the environment names another folder."""
    watched = file.read_text().rstrip("\n") if file.exists() else ""
    if VARIABLE in environ and _named(environ) != watched:
        now = f"watches {watched}" if watched else "watches no folder"
        raise StackError(
            f"{VARIABLE} says {_named(environ) or 'none'}, but this stack already runs and {now}: "
            f"`make stop` first, then start again."
        )
    return watched


def _named(environ: Mapping[str, str]) -> str:
    value = environ.get(VARIABLE, "").strip()
    return str(Path(value).expanduser().absolute()) if value else ""
