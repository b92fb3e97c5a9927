"""What a person is told when something is in the way."""

from __future__ import annotations

import errno


class StackError(Exception):
    """Something is in the way that a person can do something about; the message is the whole story.

    The entry point prints the sentence alone, without a traceback, and exits with code 1.
    """


DISK_FULL = (
    "The disk is full: make room on the file system that holds the state folder "
    "(`df -h .` shows it), then start again. Nothing that was loaded before is lost."
)


def sentence_for(error: OSError) -> str:
    """Turn an operating system error into a sentence that helps."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"Access was refused{where}: the state folder belongs to another account. "
            "Run as the account that created it, or as root."
        )
    return f"{error.strerror or error}{where}."


def mentions_full_disk(text: str) -> bool:
    """Whether a program's output says that the disk is full."""
    lowered = text.lower()
    return "no space left on device" in lowered or "disk quota exceeded" in lowered or "errno: 28" in lowered
