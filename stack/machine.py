"""What the machine offers: places for OCR at the same time, room on the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stack.errors import StackError

LEAST_FREE_BYTES = 2 * 1024**3


def ocr_slots(environ: Mapping[str, str]) -> int:
    """How many OCR processes run at once: one a GPU, without GPUs one a core."""
    text = environ.get("TEXTMILL_OCR_SLOTS", "").strip()
    if text:
        if not text.isdigit() or int(text) < 1:
            raise StackError(f"TEXTMILL_OCR_SLOTS must be a whole number from 1 on, not {text!r}.")
        return int(text)
    return _gpu_count() or len(os.sched_getaffinity(0))


def check_disk(folder: Path) -> None:
    """Refuse to start when the disk is nearly full, as databases that run out of room stop midway."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise StackError(
            f"Only {free / 1024**3:.1f} GB are free on the disk of {folder}, and Textmill wants at least "
            f"{LEAST_FREE_BYTES / 1024**3:.0f} GB: make room, "
            "or set TEXTMILL_STATE to a folder on another disk."
        )


def _gpu_count() -> int:
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        listing = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in listing.stdout.splitlines())
