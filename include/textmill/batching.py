"""Group media into batches of about equal work.

Work is estimated OCR time, not a number of files: one 300-page PDF outweighs a hundred receipts. The rule is
"longest processing time first" (Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl. Math.
17(2), 1969): the longest items are dealt out first, each to the batch that has least so far, which is never
more than a third longer than the best possible split.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textmill.records import BatchItem, MediaRef

_WORTH_A_SLOT_SECONDS = 20.0
"""Less work than this is done sooner by one OCR process than by starting another beside it."""

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz")
_BYTES_PER_ARCHIVED_PAGE = 250_000
_VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv", ".wmv")
_BYTES_PER_VIDEO_PAGE = 5_000_000


@dataclass(frozen=True)
class PlanLimits:
    """How batches are cut.

    Attributes:
        batch_seconds: estimated OCR seconds that a batch should hold.
        max_batches: most batches; beyond that, batches grow instead.
        slots: batches that are read at once. Unless there is little work, the number of batches is a
            multiple of it, so that no slot idles.
    """

    batch_seconds: float
    max_batches: int
    slots: int


@dataclass(frozen=True)
class CostModel:
    """What is assumed about a medium that nobody has opened yet, by its size and the end of its name.

    A page in an archive is taken for a scan of 250 KB, between a page of a PDF and a photograph. Of a video,
    a page stands for a picture with new text in it, one in 5 MB: about ten seconds of an ordinary recording.
    """

    seconds_per_page: float
    bytes_per_pdf_page: int

    def pages(self, ref: MediaRef) -> int:
        """Estimated pages of a medium. A wrong guess costs balance, never correctness."""
        bytes_per_page = self._bytes_per_page(ref.uri.lower())
        return max(1, math.ceil(ref.bytes / bytes_per_page)) if bytes_per_page and ref.bytes else 1

    def _bytes_per_page(self, uri: str) -> int | None:
        if uri.endswith(".pdf"):
            return self.bytes_per_pdf_page
        if uri.endswith(_ARCHIVES):
            return _BYTES_PER_ARCHIVED_PAGE
        return _BYTES_PER_VIDEO_PAGE if uri.endswith(_VIDEOS) else None

    def seconds(self, ref: MediaRef) -> float:
        """Estimated OCR seconds of a medium."""
        return self.pages(ref) * self.seconds_per_page


def batch_count(total_seconds: float, items: int, limits: PlanLimits) -> int:
    """How many batches `total_seconds` of work in `items` pieces should become."""
    wanted = math.ceil(total_seconds / limits.batch_seconds)
    if total_seconds >= limits.slots * _WORTH_A_SLOT_SECONDS:
        wanted = math.ceil(wanted / limits.slots) * limits.slots
    return max(1, min(wanted, limits.max_batches, items))


def plan_batches(refs: Iterable[MediaRef], cost: CostModel, limits: PlanLimits) -> list[list[BatchItem]]:
    """Deal media out into batches. Inside a batch, items keep the order in which they were discovered.

    Returns no batch when there is no medium. Deterministic: the same references give the same batches.
    """
    weighed = [(cost.seconds(ref), number, ref) for number, ref in enumerate(refs)]
    if not weighed:
        return []
    count = batch_count(sum(seconds for seconds, _, _ in weighed), len(weighed), limits)
    loads = [(0.0, batch_no) for batch_no in range(count)]
    members: list[list[tuple[float, int, MediaRef]]] = [[] for _ in range(count)]
    for entry in sorted(weighed, key=lambda one: (-one[0], one[1])):
        load, batch_no = heapq.heappop(loads)
        members[batch_no].append(entry)
        heapq.heappush(loads, (load + entry[0], batch_no))
    return [_numbered(batch, cost) for batch in members]


def _numbered(batch: Sequence[tuple[float, int, MediaRef]], cost: CostModel) -> list[BatchItem]:
    in_order = sorted(batch, key=lambda one: one[1])
    return [
        BatchItem(item_no=item_no, ref=ref, estimated_pages=cost.pages(ref), estimated_seconds=seconds)
        for item_no, (seconds, _, ref) in enumerate(in_order)
    ]
