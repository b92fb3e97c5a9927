"""Figures that say how far to trust a page."""

from __future__ import annotations

import pytest

from textmill.confidence import LineConfidence, low_line_share, low_quantile, mean_confidence


def test_long_lines_count_for_more() -> None:
    lines = [LineConfidence(1.0, 30), LineConfidence(0.5, 10)]
    assert mean_confidence(lines) == pytest.approx(0.875)


def test_the_mean_of_many_certain_lines_is_not_above_one() -> None:
    assert mean_confidence([LineConfidence(1.0, 3)] * 7 + [LineConfidence(0.9999999999999999, 7)] * 13) == 1.0


def test_the_low_quantile_shows_the_ruined_corner() -> None:
    ruined = [LineConfidence(0.99, 10)] * 18 + [LineConfidence(0.2, 10), LineConfidence(0.3, 10)]
    assert low_quantile(ruined) == 0.3
    assert low_quantile([LineConfidence(0.7, 1), LineConfidence(0.9, 1)]) == 0.7


def test_low_lines_are_those_that_a_reader_should_look_at() -> None:
    assert low_line_share([LineConfidence(0.79, 1), LineConfidence(0.8, 1)]) == 0.5


def test_a_page_without_text_has_no_figures() -> None:
    assert (mean_confidence([]), low_quantile([]), low_line_share([])) == (None, None, None)
    assert mean_confidence([LineConfidence(0.5, 0)]) is None
