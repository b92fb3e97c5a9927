"""Read the media of a folder with Textmill, as a benchmark needs it."""

from __future__ import annotations

from pathlib import Path

# Between the texts of a medium's pages.
PAGE_BREAK = "\f"


def read_folder(folder: Path) -> dict[str, str]:
    """Read every medium that lies directly in `folder`.

    Returns the text of each medium by its file name, pages separated by PAGE_BREAK. A medium that could
    not be read is left out. Ground truth files (`*.gt.txt`) and other files that are no media are not read.
    """
    raise NotImplementedError(f"no engine reads {folder} yet; give another reader with --read-with")
