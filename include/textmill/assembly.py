"""Put a medium that was read in parts together again.

Pages of a document have their numbers already. Those of a video are numbered in each part from 1: here they
get their numbers in the order of time, and a page that was cut in two at the seam of two parts is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textmill.errors import StagingError
from textmill.findings import BatchFindings, Findings, JudgedPages
from textmill.page import PageText
from textmill.records import (
    Content,
    FetchedItem,
    Kind,
    LineRecord,
    OcrRequest,
    Outcome,
    PageRecord,
    PageVerdict,
    Rejection,
)
from textmill.staging import BatchArea, RunArea, name_of, read_records

_Judged = tuple[PageRecord, PageVerdict]
_Entry = _Judged | Rejection


def part_of(area: BatchArea, uri: str, part: int) -> FetchedItem:
    """Return what fetching made of a part in the batch that has it."""
    for fetched in read_records(area.fetched, FetchedItem):
        if fetched.item.part == part and fetched.item.parts > 1 and fetched.item.ref.uri == uri:
            return fetched
    raise StagingError(
        f"{area.fetched} lacks part {part} of {name_of(uri)}; clear the fetch task of this batch."
    )


def assemble(run: RunArea, batches: Sequence[int], uri: str, content: Content) -> Findings:
    """Put a medium together from the files of the batches that read its parts, in order.

    Raises:
        StagingError: a page would be lost, because it was neither read nor refused.
    """
    parts = []
    for batch_no in batches:
        found = BatchFindings(run.batch(batch_no)).of(content.sha256)
        if found.complaint:
            raise StagingError(
                f"A part of {name_of(uri)} {found.complaint}; clear the ocr task of batch {batch_no}."
            )
        parts.append(found)
    if content.kind is not Kind.VIDEO:
        return put_together(parts)
    request = OcrRequest.model_validate_json(run.batch(batches[0]).request.read_text(encoding="utf-8"))
    return put_video_together(parts, within_ms=request.video_interval_seconds * 1000)


def put_together(parts: Sequence[Findings]) -> Findings:
    """Return the findings on a document from those on its parts, in order."""
    return Findings(
        page_count=next((part.whole_page_count for part in parts if part.whole_page_count is not None), None),
        pages=JudgedPages.joined([part.pages for part in parts]),
        rejections=_once(rejection for part in parts for rejection in part.rejections),
    )


def put_video_together(parts: Sequence[Findings], *, within_ms: float) -> Findings:
    """Return the findings on a video from those on its parts, in order.

    Args:
        within_ms: most milliseconds between two pages that meet at a seam.
    """
    entries: list[_Entry] = []
    for part in parts:
        ordered = _in_order(part)
        if entries and ordered and (mended := _mended(entries[-1], ordered[0], within_ms)):
            entries[-1:] = [mended]
            ordered = ordered[1:]
        entries += ordered
    numbered = [_numbered(entry, number) for number, entry in enumerate(entries, start=1)]
    of_all = [one for part in parts for one in part.rejections if one.page_no is None]
    durations = [part.duration_ms for part in parts if part.duration_ms is not None]
    opened = all(part.page_count is not None for part in parts)
    return Findings(
        page_count=len(numbered) if opened else None,
        pages=JudgedPages.at_hand([entry for entry in numbered if not isinstance(entry, Rejection)]),
        rejections=_once((*of_all, *(entry for entry in numbered if isinstance(entry, Rejection)))),
        # The last part has come to the end; the others know what the container says.
        duration_ms=durations[-1] if durations else None,
    )


def _once(rejections: Iterable[Rejection]) -> list[Rejection]:
    """Drop repetitions: what is wrong with the whole medium is wrong with it in every part."""
    by_page: dict[int | None, Rejection] = {}
    for rejection in rejections:
        by_page.setdefault(rejection.page_no, rejection)
    return list(by_page.values())


def _in_order(part: Findings) -> list[_Entry]:
    entries: list[_Entry] = [*part.pages, *(one for one in part.rejections if one.page_no is not None)]
    return sorted(entries, key=_page_no)


def _page_no(entry: _Entry) -> int:
    return (entry.page_no if isinstance(entry, Rejection) else entry[0].page_no) or 0


def _numbered(entry: _Entry, number: int) -> _Entry:
    if isinstance(entry, Rejection):
        return entry.model_copy(update={"page_no": number})
    page, verdict = entry
    numbered = {"page_no": number}
    return page.model_copy(update=numbered), verdict.model_copy(update=numbered)


def _mended(before: _Entry, after: _Entry, within_ms: float) -> _Judged | None:
    """Return the page of which these two are the halves, None where they are none.

    All that the first shows must stay to the seam and be there behind it; more may come later.
    """
    if isinstance(before, Rejection) or isinstance(after, Rejection):
        return None
    (first, verdict), (second, other) = before, after
    gap = (second.start_ms or 0) - (first.end_ms or 0)
    if not (verdict.accepted and other.accepted) or abs(gap) > within_ms:
        return None
    if any(_end(first) - (line.end_ms or 0) > within_ms for line in first.lines):
        return None
    again = _found_again(first.lines, second.lines)
    return None if again is None else (_joined(first, second, again), _both(verdict, other))


def _both(first: PageVerdict, second: PageVerdict) -> PageVerdict:
    """Return what is said of a page whose halves were accepted: the warnings of both."""
    checks = tuple(dict.fromkeys((*second.checks, *first.checks)))
    message = "; ".join(dict.fromkeys(filter(None, (second.message, first.message))))
    outcome = Outcome.WARNING if checks else Outcome.ACCEPTED
    return second.model_copy(update={"outcome": outcome, "checks": checks, "message": message})


def _end(page: PageRecord) -> int:
    return page.end_ms or 0


def _found_again(lines: Sequence[LineRecord], later: Sequence[LineRecord]) -> dict[int, LineRecord] | None:
    """Return lines by their place among the later ones, None unless all are there, in the same order."""
    places: dict[int, LineRecord] = {}
    place = 0
    for line in lines:
        while place < len(later) and _words(later[place]) != _words(line):
            place += 1
        if place == len(later):
            return None
        places[place] = line
        place += 1
    return places


def _words(line: LineRecord) -> list[str]:
    return line.text.casefold().split()


def _joined(first: PageRecord, second: PageRecord, again: dict[int, LineRecord]) -> PageRecord:
    lines = [
        _longer(again[place], line) if place in again else line for place, line in enumerate(second.lines)
    ]
    text = PageText(second.text, second.lines).with_lines(lines)
    return second.model_copy(
        update={
            "text": text.text,
            "lines": text.lines,
            "confidence": text.confidence,
            "confidence_low": text.confidence_low,
            "low_line_share": text.low_line_share,
            "start_ms": first.start_ms,
            "milliseconds": first.milliseconds + second.milliseconds,
            "preprocessing": "; ".join(filter(None, (first.preprocessing, second.preprocessing))),
        }
    )


def _longer(first: LineRecord, second: LineRecord) -> LineRecord:
    """Return the surer reading of a line, with the time of both."""
    surer = max(first, second, key=lambda line: line.confidence)
    return surer.model_copy(
        update={"line_no": second.line_no, "start_ms": first.start_ms, "end_ms": second.end_ms}
    )
