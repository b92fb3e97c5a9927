"""What a batch found out about its media, from the files that it left in the staging area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from textmill.checkpoint import Progress, read_events
from textmill.errors import Reason, StagingError
from textmill.page_table import read_pages, read_verdicts
from textmill.records import PageRecord, PageVerdict, Rejected, Rejection, Stage
from textmill.staging import BatchArea, name_of


@dataclass(frozen=True)
class JudgedPage:
    """A page that was read, and what the quality gate says of it."""

    page: PageRecord
    verdict: PageVerdict

    def rejection(self, uri: str) -> Rejection:
        """Return why a page that was not accepted goes to quarantine."""
        page_no = self.page.page_no
        return Rejection(
            uri=uri,
            sha256=self.page.sha256,
            page_no=page_no,
            stage=Stage.VALIDATE,
            reason=Reason.EXPECTATION_FAILED,
            message=f"{name_of(uri)}, page {page_no}: {self.verdict.message}.",
            detail=", ".join(self.verdict.expectations),
            permanent=True,
        )


@dataclass(frozen=True)
class Findings:
    """What was found out about a medium, or about a part of it.

    Attributes:
        page_count: pages that should be here; None when the medium could not be opened.
        whole_page_count: of a part, the pages of the whole medium; None where that is not known.
        rejections: what was refused while it was read: pages, or the medium as a whole.
    """

    page_count: int | None
    pages: list[JudgedPage]
    rejections: list[Rejection]
    duration_ms: int | None = None
    whole_page_count: int | None = None

    @property
    def complaint(self) -> str:
        """A half-sentence if a page is neither read nor refused, else an empty string."""
        if any(rejection.page_no is None for rejection in self.rejections):
            return ""
        settled = len(self.pages) + len(self.rejections)
        if self.page_count == settled:
            return ""
        return f"has {self.page_count} pages but {settled} were read or refused"


class BatchFindings:
    """The findings of one batch. Reads its checkpoint and its verdicts at once, its pages when asked."""

    def __init__(self, area: BatchArea) -> None:
        self._area = area
        self._progress = Progress()
        self._rejections: dict[str, list[Rejection]] = {}
        if area.checkpoint.exists():
            for event in read_events(area.checkpoint):
                self._progress.note(event)
                if isinstance(event, Rejected) and event.rejection.sha256 is not None:
                    self._rejections.setdefault(event.rejection.sha256, []).append(event.rejection)
        self._verdicts = {
            (verdict.sha256, verdict.page_no): verdict for verdict in read_verdicts(area.verdicts)
        }

    def with_pages(self) -> Iterator[tuple[str, Findings]]:
        """Yield the media of which pages were read; one is finished before the next is begun."""
        for sha256, pages in groupby(read_pages(self._area.pages), key=lambda page: page.sha256):
            yield sha256, self._findings(sha256, pages)

    def of(self, sha256: str) -> Findings:
        """Return what was found out about one medium."""
        return self._findings(sha256, read_pages(self._area.pages, sha256))

    def without_pages(self, sha256: str) -> Findings:
        """Return what was found out about a medium of which no page was read."""
        return self._findings(sha256, iter(()))

    def _findings(self, sha256: str, pages: Iterator[PageRecord]) -> Findings:
        return Findings(
            page_count=self._progress.page_counts.get(sha256),
            pages=[JudgedPage(page, self._verdict(page)) for page in pages],
            rejections=self._rejections.get(sha256, []),
            duration_ms=self._progress.durations.get(sha256),
            whole_page_count=self._progress.whole_page_counts.get(sha256),
        )

    def _verdict(self, page: PageRecord) -> PageVerdict:
        try:
            return self._verdicts[page.sha256, page.page_no]
        except KeyError:
            raise StagingError(
                f"{self._area.verdicts} has no verdict on page {page.page_no} of {page.sha256}; "
                f"clear the validate task of batch {self._area.batch_no}."
            ) from None
