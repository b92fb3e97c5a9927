"""The inbox: its trigger in an event loop, and its DAG, which is there only where an inbox is set."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from airflow.sdk.module_loading import import_string
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from textmill_airflow.triggers import FolderTrigger

QUIET = 0.2


def trigger(folder: Path) -> FolderTrigger:
    return FolderTrigger(folder=str(folder), quiet_seconds=QUIET, poll_seconds=0.02)


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("text")


async def events(watched: FolderTrigger, seconds: float) -> list[TriggerEvent]:
    """What the trigger yields in so many seconds."""
    found: list[TriggerEvent] = []

    async def follow() -> None:
        async for event in watched.run():
            found.append(event)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(follow(), seconds)
    return found


def test_airflow_can_make_the_trigger_again_from_what_it_keeps(tmp_path: Path) -> None:
    path, arguments = trigger(tmp_path).serialize()
    again = import_string(path)(**json.loads(json.dumps(arguments)))
    assert isinstance(again, BaseEventTrigger)
    assert again.serialize() == (path, arguments)


def test_a_burst_is_one_event_and_the_next_burst_another(tmp_path: Path) -> None:
    async def play() -> list[TriggerEvent]:
        following = asyncio.create_task(events(trigger(tmp_path), 2.5))
        for name in ("a.png", "b.png", "c.png"):
            await asyncio.sleep(0.1)
            put(tmp_path, name)
        await asyncio.sleep(1)
        put(tmp_path, "d.png")
        return await following

    found = asyncio.run(play())
    assert [event.payload for event in found] == [
        {"folder": str(tmp_path), "files": 3},
        {"folder": str(tmp_path), "files": 1},
    ]


def test_an_empty_inbox_starts_nothing(tmp_path: Path) -> None:
    assert asyncio.run(events(trigger(tmp_path), 0.5)) == []


def test_a_missing_folder_is_logged_once_and_watched_when_it_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "later"

    async def play() -> list[TriggerEvent]:
        following = asyncio.create_task(events(trigger(folder), 1.5))
        await asyncio.sleep(0.3)
        folder.mkdir()
        put(folder, "a.png")
        return await following

    with caplog.at_level("INFO"):
        assert len(asyncio.run(play())) == 1
    messages = [record.getMessage() for record in caplog.records if "inbox" in record.getMessage()]
    assert [("cannot be listed" in message) for message in messages].count(True) == 1
    assert any("can be listed again" in message for message in messages)


def test_a_slow_drive_does_not_hold_up_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from textmill_airflow import triggers

    real = triggers.survey

    def slow(folder: Path, *, stable_seconds: float) -> object:
        time.sleep(0.3)
        return real(folder, stable_seconds=stable_seconds)

    monkeypatch.setattr(triggers, "survey", slow)
    longest = 0.0

    async def play() -> None:
        nonlocal longest
        following = asyncio.create_task(events(trigger(tmp_path), 0.5))
        while not following.done():
            began = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - began)
        await following

    asyncio.run(play())
    assert longest < 0.2


@pytest.mark.parametrize("inbox", ["", "/somewhere/in box"])
def test_the_dag_is_there_only_with_an_inbox(repository: Path, inbox: str) -> None:
    program = (
        "import json\n"
        "from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag({str(repository / 'dags' / 'media_inbox.py')!r})\n"
        "assert not bag.import_errors, bag.import_errors\n"
        "print(json.dumps({name: [dag.max_active_runs, dag.get_task('ingest').conf, bool(dag.doc_md),"
        " dag.schedule[0].watchers[0].trigger.serialize()] for name, dag in bag.dags.items()}))"
    )
    paths = [repository / "dags", repository / "plugins", repository / "include"]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "TEXTMILL_INBOX": inbox},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    dags = json.loads(done.stdout.splitlines()[-1])
    if not inbox:
        assert dags == {}
        return
    most, conf, documented, (path, arguments) = dags["media_inbox"]
    assert (most, conf, documented) == (1, {"source": inbox}, True)
    assert path == "textmill_airflow.triggers.FolderTrigger"
    assert (arguments["folder"], arguments["quiet_seconds"]) == (inbox, 2.0)
