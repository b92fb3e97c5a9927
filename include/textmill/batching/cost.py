"""What a medium will cost that nobody has opened yet: by its name, its size, and what was measured before.

A wrong guess costs balance, never correctness.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from textmill.pace import MOST_START_SECONDS, Pace, Work, bounded
from textmill.records import Kind, MediaRef
from textmill.web_addresses import is_web

_ENDINGS = {
    Kind.PDF: ("pdf",),
    Kind.ARCHIVE: ("zip", "tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz"),
    Kind.VIDEO: ("mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ogv", "wmv"),
    Kind.TEXT: (
        *("txt", "text", "md", "rst", "csv", "tsv", "log", "json", "jsonl", "xml", "yaml", "yml", "eml"),
        *("srt", "vtt", "rtf", "html", "htm", "xhtml"),
    ),
}
_KINDS = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings}

DIVISIBLE = frozenset({Kind.PDF, Kind.VIDEO})
"""What can be read in parts."""

_TEXT_SECONDS = 0.02
"""Nothing is recognised: a text file costs opening and writing it."""
_CONDITIONAL_SECONDS = 0.05
"""A request for a URL that was fetched before: most answer that nothing changed."""
_START_SECONDS = 2.0
"""Of a process that loads an engine and its models."""

_BYTES_PER_ARCHIVED_PAGE = 250_000
"""Between a page of a PDF and a photograph."""
_BYTES_PER_VIDEO_PAGE = 5_000_000
"""A page of a video is a picture with new text in it: about ten seconds of an ordinary recording."""
_TYPICAL_PAGES = {Kind.PDF: 10, Kind.ARCHIVE: 20, Kind.VIDEO: 60}
"""Where not even the size is known."""

_PRIOR_PAGES = 10.0
"""So many pages must be measured until the measurement counts as much as what was assumed before."""
_PRIOR_STARTS = 2.0


class Estimate(NamedTuple):
    """What is expected of a medium.

    Attributes:
        seconds: of one slot.
        divisible: it can be read in parts.
    """

    pages: int
    seconds: float
    divisible: bool


class _KindCost(NamedTuple):
    seconds_per_page: float
    bytes_per_page: float | None
    typical_pages: int


@dataclass(frozen=True)
class CostModel:
    """What media cost with one engine.

    Attributes:
        seconds_per_page: of a picture, a page of a PDF or of a video, until that is measured.
        bytes_per_pdf_page: until that is measured.
        most_pages: what has more is refused when it is opened, so nothing is expected to have more.
        pace: what was measured.
        conditional: a URL that was fetched before is asked whether it changed, and most did not.
    """

    seconds_per_page: float
    bytes_per_pdf_page: int
    most_pages: int = 10_000
    pace: Pace | None = None
    conditional: bool = True

    @property
    def start_seconds(self) -> float:
        """What a batch costs besides its pages."""
        starts = self.pace.starts if self.pace else Work()
        mean = (starts.seconds + _PRIOR_STARTS * _START_SECONDS) / (starts.pages + _PRIOR_STARTS)
        return min(mean, MOST_START_SECONDS)

    def estimate(self, ref: MediaRef) -> Estimate:
        """Return what is expected of a medium. Pages that it had when it was last read are no guess."""
        kind = kind_by_name(ref)
        cost = self._costs[kind]
        pages = min(max(1, ref.pages or _guess(ref.bytes, cost)), self.most_pages)
        if self.conditional and _was_fetched_before(ref):
            return Estimate(pages, _CONDITIONAL_SECONDS, divisible=False)
        return Estimate(pages, pages * cost.seconds_per_page, kind in DIVISIBLE)

    def pages(self, ref: MediaRef) -> int:
        """Estimated pages of a medium."""
        return self.estimate(ref).pages

    def seconds(self, ref: MediaRef) -> float:
        """Estimated OCR seconds of a medium."""
        return self.estimate(ref).seconds

    @cached_property
    def _costs(self) -> Mapping[Kind, _KindCost]:
        image = self._kind_cost(Kind.IMAGE, self.seconds_per_page, None)
        return {
            Kind.IMAGE: image,
            # What lies in archives is measured as what it is.
            Kind.ARCHIVE: _KindCost(
                image.seconds_per_page, _BYTES_PER_ARCHIVED_PAGE, _TYPICAL_PAGES[Kind.ARCHIVE]
            ),
            Kind.PDF: self._kind_cost(Kind.PDF, self.seconds_per_page, self.bytes_per_pdf_page),
            Kind.VIDEO: self._kind_cost(Kind.VIDEO, self.seconds_per_page, _BYTES_PER_VIDEO_PAGE),
            Kind.TEXT: self._kind_cost(Kind.TEXT, _TEXT_SECONDS, None),
        }

    def _kind_cost(self, kind: Kind, seconds_per_page: float, bytes_per_page: float | None) -> _KindCost:
        """Return the mean of what was measured and what was assumed, by the pages behind each."""
        work = (self.pace.work if self.pace else {}).get(kind, Work())
        pages = work.pages + _PRIOR_PAGES
        if bytes_per_page is not None:
            bytes_per_page = max(1.0, (work.bytes + _PRIOR_PAGES * bytes_per_page) / pages)
        seconds = bounded((work.seconds + _PRIOR_PAGES * seconds_per_page) / pages)
        return _KindCost(seconds, bytes_per_page, _TYPICAL_PAGES.get(kind, 1))


def kind_by_name(ref: MediaRef) -> Kind:
    """Return what a medium is likely to be; whatever says nothing is taken for a picture of one page."""
    if ref.filename:
        kind = _KINDS.get(_ending(ref.filename))
        if kind is not None:
            return kind
    return _KINDS.get(_ending(ref.uri.partition("#")[0].partition("?")[0]), Kind.IMAGE)


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _guess(size: int | None, cost: _KindCost) -> int:
    if size is None or cost.bytes_per_page is None:
        return cost.typical_pages
    return math.ceil(size / cost.bytes_per_page)


def _was_fetched_before(ref: MediaRef) -> bool:
    if ref.etag is None and ref.last_modified is None:
        return False
    return is_web(ref.uri)
