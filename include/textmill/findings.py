"""What a batch found out about its media, from the files that it left in the staging area.

The text of pages is read when it is asked for, and streams: a document of thousands of pages is never in
memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from textmill.checkpoint import Progress, read_events
from textmill.errors import Reason, StagingError
from textmill.page_table import (
    MediumPages,
    PagesFile,
    pages_by_medium,
    read_texts,
    read_verdicts,
    staged_pages,
)
from textmill.records import (
    MOST_TEXT_READ,
    Outcome,
    PageRecord,
    PageVerdict,
    Rejected,
    Rejection,
    Stage,
)
from textmill.staged_pages import StagedPage
from textmill.staging import BatchArea, name_of


@dataclass(frozen=True)
class Judgement:
    """What is known of a page without its text: its verdict, which has its number, and its confidence."""

    verdict: PageVerdict
    confidence: float | None


class ReadPages(Protocol):
    """Pages that can be streamed again and again: as records, or as they lie in a staged table."""

    def __iter__(self) -> Iterator[PageRecord]: ...

    def staged(self) -> Iterator[StagedPage]:
        """Stream them as they lie there."""
        ...


class _AtHand:
    """Pages that are in memory."""

    def __init__(self, records: Sequence[PageRecord]) -> None:
        self._records = records

    def __iter__(self) -> Iterator[PageRecord]:
        return iter(self._records)

    def staged(self) -> Iterator[StagedPage]:
        return staged_pages(self._records)


class _Joined:
    """The pages of several, in order."""

    def __init__(self, parts: Sequence[ReadPages]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[PageRecord]:
        return chain.from_iterable(self._parts)

    def staged(self) -> Iterator[StagedPage]:
        return chain.from_iterable(part.staged() for part in self._parts)


class JudgedPages:
    """The pages of a medium that were read, with what the quality gate says of them.

    Attributes:
        judgements: one for each page, in order.
    """

    def __init__(self, judgements: Sequence[Judgement], pages: ReadPages) -> None:
        self.judgements = judgements
        self._pages = pages

    @classmethod
    def at_hand(cls, pages: Sequence[tuple[PageRecord, PageVerdict]]) -> JudgedPages:
        """Return pages that are in memory."""
        records = [page for page, _ in pages]
        return cls([Judgement(verdict, page.confidence) for page, verdict in pages], _AtHand(records))

    @classmethod
    def joined(cls, parts: Sequence[JudgedPages]) -> JudgedPages:
        """Return the pages of all parts, in order."""
        judgements = [judgement for part in parts for judgement in part.judgements]
        return cls(judgements, _Joined([part._pages for part in parts]))

    def __len__(self) -> int:
        return len(self.judgements)

    def __iter__(self) -> Iterator[tuple[PageRecord, PageVerdict]]:
        for page, judgement in zip(self._pages, self.judgements, strict=True):
            yield page, judgement.verdict

    def records(self) -> Iterator[PageRecord]:
        """Stream the pages, whatever is said of them."""
        return iter(self._pages)

    def accepted(self) -> Iterator[StagedPage]:
        """Stream the pages that are to be loaded, with their warnings."""
        for page, judgement in zip(self._pages.staged(), self.judgements, strict=True):
            verdict = judgement.verdict
            if verdict.outcome is Outcome.WARNING:
                yield page.flagged(verdict.checks)
            elif verdict.accepted:
                yield page

    @property
    def warned(self) -> int:
        """How many are loaded and flagged."""
        return sum(one.verdict.outcome is Outcome.WARNING for one in self.judgements)

    @property
    def confidences(self) -> list[float]:
        """Confidences of the accepted pages that have text."""
        return [
            one.confidence for one in self.judgements if one.verdict.accepted and one.confidence is not None
        ]

    def rejections(self, uri: str) -> Iterator[Rejection]:
        """Yield why the pages that were not accepted go to quarantine."""
        if all(judgement.verdict.accepted for judgement in self.judgements):
            return  # the text of pages is not read for nothing
        for page, verdict in self:
            if not verdict.accepted:
                yield _gate_rejection(uri, page, verdict)


class AcceptedPages:
    """Those of some pages that were accepted; each iteration streams them."""

    def __init__(self, pages: JudgedPages) -> None:
        self._pages = pages

    def __len__(self) -> int:
        return sum(judgement.verdict.accepted for judgement in self._pages.judgements)

    def __iter__(self) -> Iterator[StagedPage]:
        return self._pages.accepted()


@dataclass(frozen=True)
class Findings:
    """What was found out about a medium, or about a part of it.

    Attributes:
        page_count: pages that should be here; None when the medium could not be opened.
        whole_page_count: of a part, the pages of the whole medium; None where that is not known.
        rejections: what was refused while it was read: pages, or the medium as a whole.
    """

    page_count: int | None
    pages: JudgedPages
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
    """The findings of one batch."""

    def __init__(self, area: BatchArea) -> None:
        self._area = area
        self._progress = Progress()
        self._rejections: dict[str, list[Rejection]] = {}
        if area.checkpoint.exists():
            for event in read_events(area.checkpoint, pages=False):
                self._progress.note(event)
                if isinstance(event, Rejected) and event.rejection.sha256 is not None:
                    self._rejections.setdefault(event.rejection.sha256, []).append(event.rejection)
        self._verdicts = {
            (verdict.sha256, verdict.page_no): verdict for verdict in read_verdicts(area.verdicts)
        }
        self._pages = pages_by_medium(area.pages)

    def of(self, sha256: str) -> Findings:
        """Return what was found out about one medium. Raises StagingError when a page was not judged."""
        pages = self._pages.get(sha256, MediumPages(PagesFile(self._area.pages)))
        judgements = [
            Judgement(self._verdict(sha256, number), confidence)
            for number, confidence in zip(pages.numbers, pages.confidences, strict=True)
        ]
        return Findings(
            page_count=self._progress.page_counts.get(sha256),
            pages=JudgedPages(judgements, pages),
            rejections=self._rejections.get(sha256, []),
            duration_ms=self._progress.durations.get(sha256),
            whole_page_count=self._progress.whole_page_counts.get(sha256),
        )

    def _verdict(self, sha256: str, page_no: int) -> PageVerdict:
        try:
            return self._verdicts[sha256, page_no]
        except KeyError:
            raise StagingError(
                f"{self._area.verdicts} has no verdict on page {page_no} of {sha256}; "
                f"clear the validate task of batch {self._area.batch_no}."
            ) from None


def accepted_texts(area: BatchArea) -> Iterator[str]:
    """Stream the texts of all accepted pages of a batch; of a batch that read nothing, there are none."""
    if not area.pages.exists():
        return
    accepted = {
        (verdict.sha256, verdict.page_no) for verdict in read_verdicts(area.verdicts) if verdict.accepted
    }
    for sha256, page_no, text in read_texts(area.pages):
        if (sha256, page_no) in accepted:
            yield text


def _gate_rejection(uri: str, page: PageRecord, verdict: PageVerdict) -> Rejection:
    return Rejection(
        uri=uri,
        sha256=verdict.sha256,
        page_no=verdict.page_no,
        stage=Stage.VALIDATE,
        reason=_reason(verdict.checks),
        message=f"{name_of(uri)}, page {verdict.page_no}: {verdict.message}.",
        detail=", ".join(verdict.checks),
        permanent=True,
        text_read=page.text[:MOST_TEXT_READ],
        confidence=page.confidence,
    )


def _reason(checks: Sequence[str]) -> Reason:
    """Return the reason that has the name of the most serious check."""
    known = {reason.value for reason in Reason}
    return next((Reason(name) for name in checks if name in known), Reason.EXPECTATION_FAILED)
