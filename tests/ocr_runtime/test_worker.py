"""The OCR runtime as a process: what it says, what it keeps, and how it fails."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ocr_batches import content_hash, events

from textmill.checkpoint import Checkpoint, read_pages, read_progress, read_rejections
from textmill.errors import Reason
from textmill.records import CheckpointHeader, OcrRequest, PageStarted


@pytest.fixture
def report(samples: Path) -> Path:
    """A document of five pages."""
    return samples / "report-bridge.pdf"


def test_a_batch_is_read_page_by_page(make_batch, run_worker, report, samples) -> None:  # type: ignore[no-untyped-def]
    area = make_batch([report, samples / "table-ferry.png"], "misbehaving_engines:steady")
    done = run_worker(area)
    assert done.returncode == 0, done.stderr
    said = events(done)
    assert [one["event"] for one in said] == (
        ["ready", "item_opened"] + ["page_done"] * 5 + ["item_done", "item_opened", "page_done", "item_done"]
    ) + ["finished"]
    assert said[-1]["pages_read"] == 6
    assert [page.page_no for page in read_pages(area.checkpoint)] == [1, 2, 3, 4, 5, 1]


def test_a_second_run_reads_nothing_again(make_batch, run_worker, report) -> None:  # type: ignore[no-untyped-def]
    area = make_batch([report], "misbehaving_engines:steady")
    run_worker(area)
    before = area.checkpoint.read_bytes()
    said = events(run_worker(area))
    assert [one["event"] for one in said] == ["ready", "item_opened", "finished"]
    assert said[0]["pages_resumed"] == 5
    assert area.checkpoint.read_bytes() == before


def test_standard_output_carries_events_and_nothing_else(make_batch, run_worker, report) -> None:  # type: ignore[no-untyped-def]
    done = run_worker(make_batch([report], "misbehaving_engines:chatty"))
    assert len(events(done)) == 9
    assert b"native chatter" in done.stderr


def test_a_killed_process_continues_at_the_page_it_had_reached(  # type: ignore[no-untyped-def]
    make_batch, worker_command, run_worker, report, tmp_path
) -> None:
    area = make_batch([report], "misbehaving_engines:slow")
    command, environment = worker_command
    process = subprocess.Popen(
        [*command, area.uri, str(os.getpid())], env=environment, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("page_no") == 3:
            process.kill()
            break
    process.wait()
    reached = len(read_progress(area.checkpoint).finished_pages)
    assert 3 <= reached < 5
    said = events(run_worker(area))
    assert said[0]["pages_resumed"] == reached
    assert [one["page_no"] for one in said if one["event"] == "page_done"] == list(range(reached + 1, 6))
    undisturbed = make_batch([report], "misbehaving_engines:slow")
    undisturbed.checkpoint.rename(tmp_path / "killed.jsonl")
    run_worker(undisturbed)
    assert [page.text for page in read_pages(tmp_path / "killed.jsonl")] == [
        page.text for page in read_pages(undisturbed.checkpoint)
    ]


def test_a_page_that_crashes_the_process_twice_is_left_out(make_batch, run_worker, report) -> None:  # type: ignore[no-untyped-def]
    area = make_batch([report], "misbehaving_engines:crashing")
    assert run_worker(area).returncode == -signal.SIGSEGV
    assert run_worker(area).returncode == -signal.SIGSEGV
    assert run_worker(area).returncode == 0
    (rejection,) = read_rejections(area.checkpoint)
    assert (rejection.page_no, rejection.reason) == (2, Reason.PAGE_CRASHED_READER)
    assert [page.page_no for page in read_pages(area.checkpoint)] == [1, 3, 4, 5]


def test_a_page_on_which_the_engine_fails_costs_only_itself(make_batch, run_worker, report) -> None:  # type: ignore[no-untyped-def]
    area = make_batch([report], "misbehaving_engines:raising")
    assert run_worker(area).returncode == 0
    (rejection,) = read_rejections(area.checkpoint)
    assert (rejection.page_no, rejection.reason, rejection.permanent) == (2, Reason.ENGINE_FAILED, False)
    assert "shape mismatch" in rejection.detail
    assert "report-bridge.pdf, page 2" in rejection.message


def test_a_medium_that_kills_its_reader_on_opening_is_left_out(  # type: ignore[no-untyped-def]
    make_batch, run_worker, report
) -> None:
    area = make_batch([report], "misbehaving_engines:steady")
    run_worker(area)
    header = CheckpointHeader.model_validate_json(area.checkpoint.read_bytes().splitlines()[0])
    area.checkpoint.unlink()
    with Checkpoint(area.checkpoint, header.fingerprint) as checkpoint:
        for _ in range(2):
            checkpoint.append(PageStarted(sha256=content_hash(report), page_no=0))
    assert run_worker(area).returncode == 0
    (rejection,) = read_rejections(area.checkpoint)
    assert (rejection.page_no, rejection.reason) == (None, Reason.PAGE_CRASHED_READER)


def test_a_copy_that_is_gone_is_no_damage(make_batch, run_worker, samples, tmp_path) -> None:  # type: ignore[no-untyped-def]
    shutil.copy(samples / "table-ferry.png", tmp_path / "a.png")
    area = make_batch([tmp_path / "a.png"], "misbehaving_engines:steady")
    (tmp_path / "a.png").unlink()
    done = run_worker(area)
    assert done.returncode == 1
    assert b"Clear the fetch task" in done.stderr
    assert list(read_rejections(area.checkpoint)) == []


def test_a_page_may_not_take_the_machine_s_memory(make_batch, run_worker, samples) -> None:  # type: ignore[no-untyped-def]
    area = make_batch([samples / "table-ferry.png"], "misbehaving_engines:hungry")
    assert run_worker(area, worker_memory_mb=512).returncode == 0
    (rejection,) = read_rejections(area.checkpoint)
    assert "TEXTMILL_WORKER_MEMORY_MB" in rejection.message


def test_an_engine_that_may_have_too_little_memory_reads_nothing_and_says_so(  # type: ignore[no-untyped-def]
    make_batch, run_worker, samples
) -> None:
    area = make_batch([samples / "newspaper-harbour.jpg"], "paddle")
    assert run_worker(area, worker_memory_mb=250).returncode == 0
    (rejection,) = read_rejections(area.checkpoint)
    assert "TEXTMILL_WORKER_MEMORY_MB" in rejection.message
    assert list(read_pages(area.checkpoint)) == []


def test_it_dies_with_the_process_that_started_it(make_batch, worker_command, report, tmp_path) -> None:  # type: ignore[no-untyped-def]
    area = make_batch([report], "misbehaving_engines:hanging")
    command, environment = worker_command
    starter = subprocess.Popen(
        ["/bin/sh", "-c", f"'{command[0]}' -m textmill.worker '{area.uri}' $$ & echo $!; wait"],
        env=environment,
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    child = int(starter.stdout.readline())
    for line in starter.stdout:
        if json.loads(line)["event"] == "page_done":
            break
    starter.kill()
    starter.wait()
    for _ in range(50):
        if not _is_running(child):
            return
        time.sleep(0.1)
    pytest.fail("the OCR process outlived the one that started it")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"engine": "tesseract", "languages": ("tlh",)}, "language"),
        ({"engine": "misbehaving_engines:steady", "preprocessing": "polish"}, "polish"),
    ],
)
def test_what_cannot_be_read_as_asked_is_said_in_a_sentence(  # type: ignore[no-untyped-def]
    make_batch, run_worker, samples, wish, sentence
) -> None:
    area = make_batch([samples / "table-ferry.png"], "misbehaving_engines:steady")
    request = OcrRequest.model_validate_json(area.request.read_text())
    area.request.write_text(request.model_copy(update=wish).model_dump_json())
    done = run_worker(area)
    assert done.returncode == 1
    (said,) = events(done)
    assert said["event"] == "unable"
    assert sentence in said["message"]
