"""The OCR runtime is told to stop: it ends where nothing is lost, and another process goes on from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from film_engine import write_film
from ocr_batches import events

from textmill.batch_reader import BatchReader
from textmill.checkpoint import Checkpoint, Progress, leave_page, read_events, read_pages, read_progress
from textmill.events import WorkerDrained, WorkerEvent, WorkerFinished
from textmill.media import media_options
from textmill.reading.page_reader import create_reader
from textmill.records import (
    FetchedItem,
    FrameStarted,
    Kind,
    PageLeft,
    PageRead,
    PageRecord,
    PageStarted,
    TextLayerUse,
)
from textmill.settings import Settings
from textmill.staging import BatchArea, read_records, write_records

SLIDES = [
    (3.0, ("amber", "fjord")),
    (3.0, ("kelp", "dune", "coral")),
    (3.0, ("island",)),
    (2.0, ("jetty", "basalt")),
]


@pytest.fixture
def report(samples: Path) -> Path:
    """A document of five pages."""
    return samples / "report-bridge.pdf"


def starts(area: BatchArea) -> Counter[int]:
    """How often work began on each page, but for what was left before anything was read."""
    began: Counter[int] = Counter()
    for event in read_events(area.checkpoint):
        match event:
            case PageStarted() if event.page_no:
                began[event.page_no] += 1
            case PageLeft():
                began[event.page_no] -= 1
            case _:
                pass
    return began


def read_until(process: subprocess.Popen[bytes], said: str, page_no: int | None = None) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == said and (page_no is None or event.get("page_no") == page_no):
            return
    pytest.fail(f"it never said {said}")


@pytest.mark.parametrize(("said", "page_no", "pages_then"), [("page_done", 2, 3), ("ready", None, 1)])
def test_sigterm_lets_the_page_at_hand_be_finished_and_no_page_is_read_twice(  # type: ignore[no-untyped-def]
    make_batch, worker_command, run_worker, report, said, page_no, pages_then
) -> None:
    area = make_batch([report], "misbehaving_engines:slow")
    command, environment = worker_command
    process = subprocess.Popen(
        [*command, area.uri, str(os.getpid())], env=environment, stdout=subprocess.PIPE
    )
    read_until(process, said, page_no)
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    *_, last = [json.loads(line) for line in process.stdout]
    assert process.wait() == 0
    assert last["event"] == "drained"
    reached = len(read_progress(area.checkpoint).finished_pages)
    assert last["pages_read"] == reached <= pages_then

    again = events(run_worker(area))
    assert again[0]["pages_resumed"] == reached
    assert [one["page_no"] for one in again if one["event"] == "page_done"] == list(range(reached + 1, 6))
    assert starts(area) == dict.fromkeys(range(1, 6), 1)
    assert [page.page_no for page in read_pages(area.checkpoint)] == [1, 2, 3, 4, 5]


class Film:
    """A film in a batch of its own, read in this process."""

    def __init__(self, area: BatchArea) -> None:
        self.area = area
        self._reader = create_reader(
            Settings(),
            engine="film_engine:reading",
            languages=("en",),
            preprocessing="none",
            second_opinion="off",
        )

    @property
    def fingerprint(self) -> str:
        """By what pages are read."""
        return self._reader.fingerprint

    def read(self, steps: int) -> WorkerEvent:
        """Read until the order to stop is given, after it was asked for so many times; returns the end."""
        said: list[WorkerEvent] = []
        left = iter(range(steps))
        with Checkpoint(self.area.checkpoint, self._reader.fingerprint) as checkpoint:
            BatchReader(
                self.area,
                self._reader,
                checkpoint,
                Settings(),
                media_options(Settings(), dpi=72, text_layer=TextLayerUse.NEVER),
                said.append,
                video_interval_seconds=1,
                told_to_stop=lambda: next(left, None) is None,
            ).run()
        return said[-1]


@pytest.fixture
def film(make_batch: Any, tmp_path: Path) -> Iterator[Film]:
    area = make_batch([write_film(tmp_path / "film.mp4", SLIDES)], "film_engine:reading")
    items = [
        one.model_copy(
            update={
                "content": one.content
                and one.content.model_copy(update={"kind": Kind.VIDEO, "mime": "video/mp4"})
            }
        )
        for one in read_records(area.fetched, FetchedItem)
    ]
    write_records(area.fetched, items, FetchedItem)
    yield Film(area)


def comparable(area: BatchArea) -> list[PageRecord]:
    return [page.model_copy(update={"milliseconds": 0}) for page in read_pages(area.checkpoint)]


def test_a_video_is_left_where_no_frame_is_read_twice(film: Film, tmp_path: Path) -> None:
    assert isinstance(film.read(10_000), WorkerFinished)
    film.area.checkpoint.rename(tmp_path / "whole.jsonl")
    whole = [page.model_copy(update={"milliseconds": 0}) for page in read_pages(tmp_path / "whole.jsonl")]
    frames = [one.at_ms for one in read_events(tmp_path / "whole.jsonl") if isinstance(one, FrameStarted)]
    assert len(whole) == len(SLIDES)

    ends = []
    while not isinstance(end := film.read(4 + 5 * len(ends)), WorkerFinished):
        assert isinstance(end, WorkerDrained)
        ends.append(end)
    assert len(ends) > 4
    assert sum(end.pages_read for end in ends) > 1
    assert comparable(film.area) == whole
    assert [one.at_ms for one in read_events(film.area.checkpoint) if isinstance(one, FrameStarted)] == frames


def test_stopping_does_not_make_a_page_of_a_video_look_like_a_killer(film: Film) -> None:
    for _ in range(5):
        assert isinstance(film.read(3), WorkerDrained)
    assert isinstance(film.read(10_000), WorkerFinished)
    assert len(list(read_pages(film.area.checkpoint))) == len(SLIDES)
    assert starts(film.area) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}


def test_a_page_that_had_to_be_left_does_not_look_like_a_killer(  # type: ignore[no-untyped-def]
    make_batch, worker_command, run_worker, report
) -> None:
    area = make_batch([report], "misbehaving_engines:hanging")
    command, environment = worker_command
    for _ in range(2):
        before = read_progress(area.checkpoint)
        process = subprocess.Popen(
            [*command, area.uri, str(os.getpid())], env=environment, stdout=subprocess.PIPE
        )
        read_until(process, "item_opened")
        while read_progress(area.checkpoint).begun != (read_only_hash(area), 2):
            pass
        process.kill()
        process.wait()
        leave_page(area.checkpoint, before)
    assert read_progress(area.checkpoint).starts[read_only_hash(area), 2] == 0
    assert len([one for one in read_events(area.checkpoint) if isinstance(one, PageRead)]) == 1
    whole = area.checkpoint.read_bytes()
    leave_page(area.checkpoint, Progress())
    assert area.checkpoint.read_bytes() == whole


def test_stopping_before_anything_was_begun_does_not_forgive_a_page_that_killed_its_reader(
    film: Film,
) -> None:
    sha256 = read_only_hash(film.area)
    with Checkpoint(film.area.checkpoint, film.fingerprint) as checkpoint:
        checkpoint.append(PageStarted(sha256=sha256, page_no=1))  # and then the process died
    assert isinstance(film.read(0), WorkerDrained)
    assert read_progress(film.area.checkpoint).starts[sha256, 1] == 1


def read_only_hash(area: BatchArea) -> str:
    (item,) = read_records(area.fetched, FetchedItem)
    assert item.content is not None
    return item.content.sha256
