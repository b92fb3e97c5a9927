"""What slots did, out of the times of tasks."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from bench import throughput_report
from bench.measurements import BatchTimes, TaskTimes, WholeRun
from bench.slots import slot_times, slots_of
from bench.slots_picture import picture


def task(name: str, batch: int, started: float, ended: float) -> TaskTimes:
    return TaskTimes(name, batch, 1, scheduled=started, queued=started, started=started, ended=ended)


@pytest.fixture
def run() -> WholeRun:
    """Three batches on two slots: batch 2 follows batch 1 after a second, and ends four before batch 0."""
    return WholeRun(
        slots=2,
        pages=30,
        media=30,
        seconds=64.0,
        airflow_seconds=65.0,
        books_opened=0.5,
        batches=[
            BatchTimes(0, 14, ocr_started=5.5, ocr_finished=54.0, loaded=60.0, page_seconds=47.0),
            BatchTimes(1, 8, ocr_started=5.5, ocr_finished=29.5, loaded=33.0, page_seconds=23.0),
            BatchTimes(2, 8, ocr_started=31.5, ocr_finished=50.0, loaded=53.0, page_seconds=18.0),
        ],
        tasks=[
            task("discover", -1, 0.5, 1.5),
            task("batch.fetch", 0, 2.0, 4.5),
            task("batch.fetch", 1, 2.0, 4.0),
            task("batch.ocr", 0, 5.0, 55.0),
            task("batch.ocr", 1, 5.0, 30.0),
            task("batch.ocr", 2, 31.0, 51.0),
            task("batch.validate", 0, 56.0, 58.0),
            task("batch.load", 0, 58.5, 61.0),
            task("report", -1, 62.0, 64.0),
        ],
        peak_memory_mb=[700],
        cpu_seconds={
            "OCR processes": 90.0,
            "tasks": 4.0,
            "MariaDB": 1.0,
            "scheduler": 2.0,
            "PostgreSQL": 1.0,
        },
        versions={},
    )


def test_a_batch_goes_to_the_slot_that_is_free(run: WholeRun) -> None:
    assert [[task.map_index for task in slot] for slot in slots_of(run)] == [[0], [1, 2]]


def test_the_seconds_of_slots_add_up(run: WholeRun) -> None:
    times = slot_times(run)
    assert times.pages == pytest.approx(88.0)
    assert times.besides_pages == pytest.approx(95.0 - 88.0)
    assert times.between == pytest.approx(1.0), "batch 2 was waiting"
    assert times.at_the_end == pytest.approx(4.0), "nobody was"
    assert times.all == pytest.approx(2 * 50.0)


def test_fixed_costs_tell_work_from_waiting(run: WholeRun) -> None:
    costs = [float(value) for _, value in throughput_report.fixed_costs(run).rows]
    assert costs == pytest.approx([3.5, 1.5, 6.5, 3.5, 7 / 3, 1 / 3], abs=0.01)


def test_what_airflow_itself_uses_is_told_apart(run: WholeRun) -> None:
    *_, (name, seconds, _) = throughput_report.processor(run, 2).rows
    assert "Airflow" in name
    assert float(seconds) == pytest.approx(3.0)


def test_longer_runs_have_to_keep_more_of_the_engine(run: WholeRun) -> None:
    from dataclasses import replace

    assert throughput_report.target(run) == 0.85
    assert throughput_report.target(replace(run, seconds=600.0)) == 0.95


def test_the_picture_has_a_row_for_each_slot_and_a_bar_for_each_task(run: WholeRun) -> None:
    drawn = ET.fromstring(picture(run))
    texts = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("OCR slot 1") == texts.count("OCR slot 2") == 1
    assert texts.count("fetch") == 2, "they ran beside each other"
    titles = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == len(run.tasks) + 3, "an OCR task has two parts"
    assert "discover: 1.0 s" in titles
