"""The pages on which contestants are compared, with their ground truth. Runs in the OCR environment.

Each page is there twice: as a page of its medium, for those who open media, and as a picture, for those who
read nothing else. A JPEG or PNG is its own picture; pages of PDFs and frames of videos are drawn and grabbed
before any clock runs, which spares the others work that Textmill is timed with.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from bench.corpus import page_count
from bench.metrics import Score, total
from bench.pairs import BenchmarkError, Pair, find_pairs
from bench.reading import PAGE_BREAK, PDF_DPI, effective_settings, open_for_bench
from bench.speed_records import Job, JobPage, SetKind, SetSummary
from textmill.page import PageImage

_OWN_PICTURE = frozenset({".jpeg", ".jpg", ".png"})
_BORN_DIGITAL = ("invoice-studio.pdf", "report-bridge.pdf")
"""Those of the samples that carry their text."""
_COPIES = 4
"""Of each of them, for those who take text layers: else a round would be over in a blink."""
_VIDEO = "talk-harbour.mp4"

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class PageSet:
    """Pages of one kind.

    Attributes:
        truths: one for each page; of a video, one for all of it.
        timed: so many of the pages, spread evenly, are read in each round.
        further: see `Job`; of a video they are those that are not timed.
    """

    name: str
    description: str
    kind: SetKind
    pages: tuple[JobPage, ...]
    truths: tuple[str, ...] = field(repr=False)
    timed: int
    further: tuple[JobPage, ...] = ()

    @property
    def unit(self) -> str:
        """What a page is called."""
        return "frame" if self.kind is SetKind.VIDEO else "page"

    def scored_job(self) -> Job:
        """All pages: read once, to see what becomes of their text."""
        return Job(f"{self.name}-all", self.kind, self.pages)

    def timed_job(self) -> Job:
        """The pages of each round."""
        pages = tuple(spread(self.pages, self.timed))
        rest = tuple(page for page in self.pages if page not in pages)
        further = rest if self.kind is SetKind.VIDEO else self.further
        return Job(f"{self.name}-timed", self.kind, pages, further)

    def score(self, texts: Sequence[str]) -> Score:
        """Hold what was read of all pages against the ground truth; of a video, each different line once."""
        if self.kind is not SetKind.VIDEO:
            return total(Score.of(truth, text) for truth, text in zip(self.truths, texts, strict=True))
        lines = dict.fromkeys(line.strip() for text in texts for line in text.splitlines())
        return Score.of(self.truths[0], "\n".join(lines))

    def summary(self) -> SetSummary:
        """The set in words."""
        words = total(Score.of(truth, "") for truth in self.truths).reference_words
        job = self.timed_job()
        scored, timed, further = len(self.pages), len(job.pages), len(job.further)
        return SetSummary(self.name, self.description, self.unit, scored, timed, further, words)


@dataclass(frozen=True)
class Sizes:
    """How many pages of a set are read for their text, and how many of these in each round."""

    scored: int
    timed: int


class SetMaker:
    """Makes sets; what has to be drawn goes into a folder."""

    def __init__(self, folder: Path, samples: Path, receipts: Path | None) -> None:
        self._folder = folder
        self._samples = samples
        self._receipts = receipts
        self._settings = effective_settings(os.environ)
        self._makers: dict[str, Callable[[Sizes], PageSet]] = {
            "samples": self._drawn_samples,
            "receipts": self._photographed_receipts,
            "dense": self._dense_pages,
            "born-digital": self._born_digital,
            "video": self._video,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """All sets there are."""
        return tuple(self._makers)

    def make(self, name: str, sizes: Sizes) -> PageSet:
        """Make a set.

        Raises:
            BenchmarkError: its media or their ground truth are not there.
        """
        return self._makers[name](sizes)

    def _drawn_samples(self, sizes: Sizes) -> PageSet:
        pairs = [pair for pair in find_pairs(self._samples) if pair.medium.name not in _BORN_DIGITAL]
        description = "letters, invoices, tables, columns and reports, drawn, worn and scanned by a program"
        return self._of_pairs("samples", description, SetKind.PICTURES, pairs, sizes)

    def _photographed_receipts(self, sizes: Sizes) -> PageSet:
        if self._receipts is None:
            raise BenchmarkError("There is no folder of photographed receipts: name one with --receipts.")
        pairs = find_pairs(self._receipts)
        return self._of_pairs("receipts", "photographed receipts", SetKind.PICTURES, pairs, sizes)

    def _dense_pages(self, sizes: Sizes) -> PageSet:
        from bench.speed_dense import DPI, write_dense_pages

        folder = self._folder / "dense"
        folder.mkdir()
        write_dense_pages(folder, sizes.scored)
        description = f"A4 full of small print in one or two columns, scanned grey at {DPI} dpi"
        return self._of_pairs("dense", description, SetKind.PICTURES, find_pairs(folder), sizes)

    def _born_digital(self, sizes: Sizes) -> PageSet:
        pairs = [pair for pair in find_pairs(self._samples) if pair.medium.name in _BORN_DIGITAL]
        description = f"pages of PDFs that carry their text; as pictures at {PDF_DPI} dpi where they are read"
        made = self._of_pairs("born-digital", description, SetKind.WRITTEN, pairs, sizes)
        return replace(made, further=tuple(self._copied_pages(pairs)))

    def _video(self, sizes: Sizes) -> PageSet:
        from tools.make_samples.others import short_talk

        video = self._samples / _VIDEO
        if not video.is_file():
            raise BenchmarkError(f"{video} is not there.")
        pages = tuple(self._frames(video))
        truth = "\n".join(words.text for words in short_talk().truth())
        description = f"{video.name}, of which one frame a second is read"
        return PageSet("video", description, SetKind.VIDEO, pages, (truth,), min(sizes.timed, len(pages)))

    def _copied_pages(self, pairs: Sequence[Pair]) -> Iterator[JobPage]:
        """Yield the pages of copies of documents; nobody reads them as pictures."""
        for number in range(_COPIES):
            for pair in pairs:
                copy = self._folder / f"{pair.medium.stem}-copy-{number}{pair.medium.suffix}"
                shutil.copyfile(pair.medium, copy)
                for page_no in range(1, page_count(copy) + 1):
                    yield JobPage(copy, page_no, copy)

    def _of_pairs(
        self, name: str, description: str, kind: SetKind, pairs: Sequence[Pair], sizes: Sizes
    ) -> PageSet:
        """Choose pages that are spread evenly over all media."""
        known = [
            (pair, number, truth)
            for pair in pairs
            for number, truth in enumerate(pair.read_truth().split(PAGE_BREAK), start=1)
        ]
        chosen = spread(known, sizes.scored)
        pages = tuple(self._page(name, pair.medium, number) for pair, number, _ in chosen)
        truths = tuple(truth for _, _, truth in chosen)
        return PageSet(name, description, kind, pages, truths, min(sizes.timed, len(pages)))

    def _page(self, set_name: str, medium: Path, number: int) -> JobPage:
        if medium.suffix.lower() in _OWN_PICTURE:
            return JobPage(medium, number, medium)
        with open_for_bench(medium, self._settings) as opened:
            page = opened.page(number)
        if not isinstance(page, PageImage):
            raise BenchmarkError(f"Page {number} of {medium} is no picture.")
        return JobPage(medium, number, self._write(f"{set_name}-{medium.stem}-{number}", page.pixels))

    def _frames(self, video: Path) -> Iterator[JobPage]:
        from textmill.media import MediaOptions
        from textmill.media.video import Video

        with Video(video, name=video.name, options=MediaOptions(), interval_seconds=1.0) as opened:
            sampled = (frame for frame in opened.frames() if frame.sampled)
            for number, frame in enumerate(sampled, start=1):
                yield JobPage(video, number, self._write(f"{video.stem}-{number}", frame.pixels))

    def _write(self, name: str, pixels: Any) -> Path:
        import cv2

        path = self._folder / f"{name}.png"
        if not cv2.imwrite(str(path), pixels):
            raise BenchmarkError(f"{path} cannot be written.")
        return path


def spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """Return `count` of the items, or all where there are fewer, at even distances and in order."""
    if count >= len(items):
        return list(items)
    return [items[number * len(items) // count] for number in range(count)]
