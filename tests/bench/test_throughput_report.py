"""Ratios and tables out of fixed measurements."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from bench import throughput_report
from bench.measurements import (
    BatchTimes,
    Machine,
    MediumTime,
    Reading,
    TaskTimes,
    Throughput,
    WholeRun,
)


def reading(read_seconds: float, *, processes: int = 2, pages: int = 200) -> Reading:
    return Reading(
        processes=processes,
        pages=pages,
        load_seconds=4.0,
        read_seconds=read_seconds,
        opening_seconds=12.0,
        engine_seconds=180.0,
        peak_memory_mb=[610, 650][:processes],
        versions={"paddleocr": "3.7.0"},
    )


@pytest.fixture
def result() -> Throughput:
    """Two hundred pages: the whole run takes 125 seconds, the bare engine 100."""
    whole = WholeRun(
        slots=2,
        pages=200,
        media=150,
        seconds=125.0,
        airflow_seconds=128.0,
        books_opened=2.0,
        batches=[
            BatchTimes(0, 110, ocr_started=8.0, ocr_finished=115.0, loaded=122.0, page_seconds=100.0),
            BatchTimes(1, 90, ocr_started=9.0, ocr_finished=118.0, loaded=126.0, page_seconds=96.0),
        ],
        tasks=[
            TaskTimes("discover", -1, 1, scheduled=0.1, queued=0.2, started=1.2, ended=3.2),
            TaskTimes("batch.ocr", 0, 1, scheduled=6.0, queued=6.5, started=7.0, ended=115.5),
            TaskTimes("batch.ocr", 1, 1, scheduled=6.0, queued=7.0, started=8.5, ended=118.5),
        ],
        peak_memory_mb=[702, 655],
        cpu_seconds={"OCR processes": 192.0, "scheduler": 6.4},
        versions={"apache-airflow": "3.3.2"},
    )
    return Throughput(
        date="2026-01-31",
        machine=Machine(cpu="Some Processor", cores=2, memory_gb=7.8, system="Linux 6.1, Python 3.11.2"),
        media=150,
        pages=200,
        whole=whole,
        bare=[reading(100.0), reading(100.0)],
        stock=reading(60.0, processes=1, pages=20),
        stock_media=[MediumTime("a.png", 1, 20.0), MediumTime("b.pdf", 3, 40.0)],
        copies=[20, 2],
        others_busy={"whole run": 3.4},
    )


def test_ratios_compare_pages_per_second(result: Throughput) -> None:
    assert result.whole_to_bare == pytest.approx(0.8)
    assert result.airflow_to_bare == pytest.approx(100 / 128)
    assert result.whole_to_bare_with_loading == pytest.approx(104 / 125)


def test_the_fastest_measurement_of_the_bare_engine_counts(result: Throughput) -> None:
    drifted = replace(result, bare=[reading(100.0), reading(80.0)])

    assert drifted.bare_pages_per_second == pytest.approx(2.5)


def test_stock_paddle_is_projected_to_the_copies_of_each_medium(result: Throughput) -> None:
    assert result.stock_seconds == pytest.approx(20 * 20.0 + 2 * 40.0)
    assert result.whole_to_stock == pytest.approx(480.0 / 125.0)


def test_spans_add_up_to_the_whole_run(result: Throughput) -> None:
    rows = {name: float(value) for name, value, _ in throughput_report.spans(result.whole).rows}

    assert rows.pop("all") == 128.0
    parts = {name: value for name, value in rows.items() if not name.startswith("–")}
    assert sum(parts.values()) == pytest.approx(128.0)
    assert [value for name, value in rows.items() if name.startswith("–")] == [98.0, 12.0]


def test_tasks_are_summed_by_name_in_the_order_in_which_they_began(result: Throughput) -> None:
    assert throughput_report.tasks(result.whole).rows == [
        ("discover", "1", "1.00", "2.00", "2.00"),
        ("batch.ocr", "2", "1.00", "109.25", "110.00"),
    ]


def test_processor_time_is_set_against_what_the_machine_has(result: Throughput) -> None:
    assert throughput_report.processor(result.whole, 2).rows == [
        ("OCR processes", "192.0", "75%"),
        ("scheduler", "6.4", "2%"),
        ("all", "198.4", "78%"),
        ("of these, Airflow's servers and their database", "6.4", "2%"),
    ]


def test_every_row_has_a_cell_for_every_column(result: Throughput) -> None:
    for table in throughput_report.tables(result):
        assert table.rows
        assert all(len(row) == len(table.head) for row in table.rows)


def test_the_report_names_figures_machine_and_versions(result: Throughput) -> None:
    report = throughput_report.markdown(result)

    assert "| whole run / bare engine | 0.800 | ≥ 0.85 |" in report
    assert "| whole run | 2 | 200 | 125.0 | 1.60 | 702 |" in report
    assert "| bare engine (2 of 2), with loading | 2 | 200 | 104.0 | 1.92 |  |" in report
    assert "| stock PaddleOCR, projected to all pages | 1 | 200 | 480.0 | 0.42 |  |" in report
    assert "Some Processor, 2 cores, 7.8 GB" in report
    assert "apache-airflow 3.3.2, paddleocr 3.7.0" in report
    assert "whole run 3 %" in report
    assert "\n| ratio | value | target |\n| --- | ---: | ---: |\n" in report


def test_measurements_survive_json(result: Throughput) -> None:
    document = json.loads(json.dumps(asdict(result)))

    assert Reading(**document["bare"][0]) == result.bare[0]
    assert document["whole"]["batches"][1]["pages"] == 90
