"""Media with ground truth: `NAME.gt.txt` holds the exact text of `NAME.png`, `NAME.pdf` and so on.

Ground truth is UTF-8, lines in reading order, pages separated by form feeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TRUTH_SUFFIX = ".gt.txt"

PICTURE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jpeg", ".jpg", ".pdf", ".png"}
    | {".tif", ".tiff", ".webp"}
)
"""Media whose pages are pictures. What texts say of themselves, and videos, are not measured here."""


class BenchmarkError(Exception):
    """The benchmark cannot run as asked; the message says what to do."""


@dataclass(frozen=True)
class Pair:
    """A medium and the file with its ground truth."""

    medium: Path
    truth: Path

    @property
    def kind(self) -> str:
        """The name before its first hyphen if that is a word, else the name of the folder."""
        prefix, hyphen, _ = self.medium.stem.partition("-")
        return prefix if hyphen and prefix.isalpha() else self.medium.resolve().parent.name

    def read_truth(self) -> str:
        """Return the ground truth; raises BenchmarkError when it is not UTF-8."""
        try:
            return self.truth.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BenchmarkError(
                f"{self.truth} is not UTF-8: {error.reason} at byte {error.start}."
            ) from error


def find_pairs(folder: Path) -> list[Pair]:
    """Media with ground truth directly in `folder`, by name; raises BenchmarkError for gaps.

    Media without ground truth are passed over: a folder may hold more than what has been transcribed. So is
    ground truth of media that are no pictures.
    """
    if not folder.is_dir():
        raise BenchmarkError(f"{folder} is not a folder.")
    files = sorted(path for path in folder.iterdir() if path.is_file())
    truths = [path for path in files if path.name.endswith(TRUTH_SUFFIX)]
    media = [path for path in files if path not in truths]
    matches = [Pair(medium, truth) for truth in truths for medium in media if medium.stem == _name(truth)]
    lonely = {truth.name for truth in truths} - {pair.truth.name for pair in matches}
    if lonely:
        names = ", ".join(sorted(lonely))
        raise BenchmarkError(f"{folder} has ground truth without a medium of the same name: {names}.")
    pairs = [pair for pair in matches if pair.medium.suffix.lower() in PICTURE_SUFFIXES]
    if not pairs:
        raise BenchmarkError(
            f"{folder} holds no picture with ground truth. Put NAME{TRUTH_SUFFIX} with the exact text beside "
            "NAME.png, NAME.pdf or any other medium."
        )
    return pairs


def find_all_pairs(folders: Sequence[Path]) -> list[Pair]:
    """Media with ground truth in several folders; raises BenchmarkError before anything is read."""
    return [pair for folder in folders for pair in find_pairs(folder)]


def _name(truth: Path) -> str:
    return truth.name.removesuffix(TRUTH_SUFFIX)
