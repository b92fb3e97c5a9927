"""Ratios, verdicts and tables of the comparison with others, out of fixed measurements."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench import speed_report
from bench.speed_records import Comparison, Entrant, Measurement, SetSummary


def measurement(
    entrant: str, page_set: str, seconds: list[float], *, pages: int = 4, f1: float = 0.9
) -> Measurement:
    return Measurement(entrant, page_set, pages, seconds, 700, f1, 1 - f1)


@pytest.fixture
def result() -> Comparison:
    """Ours reads 4 dense pages in 1 s, stock PaddleOCR in 8 s; a load doubles the second round."""
    machine = {"cpu": "Some Processor", "cores": 2, "memory_gb": 7.8, "system": "Linux 6.1"}
    return Comparison(
        date="2026-01-31",
        machine=machine,
        rounds=3,
        entrants=[
            Entrant("Textmill", "two processes", True, {"onnxruntime": "1.0"}),
            Entrant("stock PaddleOCR", "one process", False, {"paddleocr": "3.7.0"}),
        ],
        sets=[
            SetSummary("dense", "full pages", "page", scored=6, timed=4, further=0, words=5000),
            SetSummary("video", "a talk", "frame", scored=20, timed=4, further=16, words=60),
        ],
        measurements=[
            measurement("Textmill", "dense", [1.0, 2.0, 1.0], f1=0.98),
            measurement("stock PaddleOCR", "dense", [8.0, 16.0, 8.0], f1=0.99),
            measurement("Textmill", "video", [2.0, 2.0, 2.0], pages=40),
        ],
        others_busy={"dense": 1.0, "video": 30.0},
        left_out=["stock PaddleOCR ended;\n  what it said last: nothing"],
    )


def test_a_ratio_compares_pages_a_second_within_each_round(result: Comparison) -> None:
    assert result.ratio("Textmill", "stock PaddleOCR", "dense") == pytest.approx(8.0)


def test_a_ratio_holds_when_one_round_was_disturbed_for_one_alone(result: Comparison) -> None:
    disturbed = replace(result.measurements[0], seconds=[1.0, 90.0, 1.0])
    changed = replace(result, measurements=[disturbed, *result.measurements[1:]])
    assert changed.ratio("Textmill", "stock PaddleOCR", "dense") == pytest.approx(8.0)


def test_pages_that_only_one_of_two_reads_in_a_round_count_for_that_one(result: Comparison) -> None:
    other = measurement("stock PaddleOCR", "video", [1.0, 1.0, 1.0], pages=4)
    changed = replace(result, measurements=[*result.measurements, other])
    assert changed.ratio("Textmill", "stock PaddleOCR", "video") == pytest.approx((40 / 2) / (4 / 1))


def test_there_is_no_ratio_to_somebody_who_did_not_read_a_set(result: Comparison) -> None:
    assert result.ratio("Textmill", "stock PaddleOCR", "video") is None
    assert result.ratios() == {"Textmill": {"stock PaddleOCR": {"dense": pytest.approx(8.0)}}}


def test_targets_say_whether_they_were_reached(result: Comparison) -> None:
    (row,) = [line for line in speed_report.targets(result) if "dense" in line]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "Textmill / stock PaddleOCR, dense",
        "8.00",
        "≥ 6",
        "yes",
    ]
    slow = replace(result.measurements[0], seconds=[2.0, 4.0, 2.0])
    missed = replace(result, measurements=[slow, *result.measurements[1:]])
    assert any("4.00" in line and "**no**" in line for line in speed_report.targets(missed))


def test_sets_on_which_others_read_better_are_named(result: Comparison) -> None:
    expected = "Sets on which others have a higher word F1 than Textmill: dense (stock PaddleOCR)."
    assert speed_report.accuracy_verdicts(result) == [expected]


def test_the_report_names_everybody_every_set_and_who_was_left_out(result: Comparison) -> None:
    report = speed_report.markdown(result)
    assert "| stock PaddleOCR |  0.50 |     – |" in report
    assert "| Textmill        |  4.00 | 20.00 |" in report
    assert "stock PaddleOCR ended; what it said last: nothing" in report
    assert "each round 4, and 16 more" in report
    assert "dense 1 %, video 30 %" in report


def test_the_figures_survive_json(result: Comparison) -> None:
    document = json.loads(json.dumps(result.as_json()))
    assert document["ratios"]["Textmill"]["stock PaddleOCR"] == {"dense": 8.0}
    assert [one["pages_per_second"] for one in document["measurements"]] == [4.0, 0.5, 20.0]
