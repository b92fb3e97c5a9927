"""A medium that was read in parts, put together again, with what the quality gate says of its pages."""

from __future__ import annotations

import pytest
from warehouse_records import CORNERS, page

from textmill.assembly import put_video_together
from textmill.findings import Findings, JudgedPages
from textmill.records import LineRecord, Outcome, PageVerdict


def half(start_ms: int, end_ms: int, *warnings: str) -> Findings:
    """A part of a video with one page, on which the same line is seen all the time."""
    line = LineRecord(
        line_no=1, text="amber", confidence=0.9, polygon=CORNERS, start_ms=start_ms, end_ms=end_ms
    )
    record = page(1, text="amber", lines=(line,), start_ms=start_ms, end_ms=end_ms)
    outcome = Outcome.WARNING if warnings else Outcome.ACCEPTED
    verdict = PageVerdict(
        sha256=record.sha256, page_no=1, outcome=outcome, checks=warnings, message="; ".join(warnings)
    )
    return Findings(page_count=1, pages=JudgedPages.at_hand([(record, verdict)]), rejections=[])


@pytest.mark.parametrize(
    ("before", "after", "both"),
    [
        ((), (), ()),
        (("symbol_soup",), (), ("symbol_soup",)),
        ((), ("mojibake",), ("mojibake",)),
        (("symbol_soup", "mojibake"), ("mojibake",), ("mojibake", "symbol_soup")),
    ],
)
def test_a_page_that_was_cut_in_two_has_the_warnings_of_both_halves(
    before: tuple[str, ...], after: tuple[str, ...], both: tuple[str, ...]
) -> None:
    together = put_video_together([half(0, 4000, *before), half(4000, 8000, *after)], within_ms=1000)
    ((record, verdict),) = list(together.pages)
    assert (record.start_ms, record.end_ms) == (0, 8000)
    assert verdict.checks == both
    assert verdict.outcome is (Outcome.WARNING if both else Outcome.ACCEPTED)
    assert [one.warnings for one in together.pages.accepted()] == [both]
