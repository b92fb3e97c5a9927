"""An inbox rings once per burst, when the files in it have come to rest."""

from __future__ import annotations

import os
import time
import tracemalloc
from array import array
from pathlib import Path

import pytest

from textmill.errors import SourceError
from textmill.sources.inbox import InboxWatch, Survey, survey

STABLE = 2.0


def put(folder: Path, name: str, content: str = "text", *, age: float = 60.0) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def look(folder: Path) -> Survey:
    return survey(folder, stable_seconds=STABLE)


def seen(*files: int, settling: tuple[int, ...] = ()) -> Survey:
    return Survey(array("Q", sorted(files)), frozenset(settling))


def test_a_look_counts_files_at_any_depth_and_leaves_out_what_is_hidden_or_a_link(tmp_path: Path) -> None:
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    put(inbox, "a.png")
    put(inbox, "deep/er/b.png")
    put(inbox, "a.gt.txt")
    put(inbox, ".hidden.png")
    put(inbox, ".folder/c.png")
    put(outside, "d.png")
    (inbox / "link.png").symlink_to(outside / "d.png")
    (inbox / "linked").symlink_to(outside)
    os.mkfifo(inbox / "pipe")
    assert len(look(inbox).files) == 2


def test_names_that_are_no_utf_8_are_files_too(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")).write_text("text")
    assert len(look(tmp_path).files) == 1


@pytest.mark.parametrize("change", ["name", "size", "time"])
def test_a_file_counts_as_another_when_its_name_size_or_time_changes(tmp_path: Path, change: str) -> None:
    path = put(tmp_path, "a.png")
    before = look(tmp_path)
    assert look(tmp_path) == before
    if change == "name":
        path.rename(tmp_path / "b.png")
    elif change == "size":
        put(tmp_path, "a.png", "longer text")
    else:
        os.utime(path, (1, 1))
    assert look(tmp_path).files != before.files


def test_fresh_files_are_settling_and_those_of_a_wrong_clock_are_not(tmp_path: Path) -> None:
    put(tmp_path, "fresh.png", age=0)
    put(tmp_path, "tomorrow.png", age=-86_400)
    found = look(tmp_path)
    assert (len(found.files), len(found.settling)) == (2, 1)


def test_a_missing_folder_is_a_sentence_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="TEXTMILL_INBOX"):
        look(tmp_path / "nowhere")


def test_a_file_in_place_of_the_folder_is_a_sentence_too(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be listed"):
        look(put(tmp_path, "a.png"))


def test_a_burst_rings_once_after_it_is_over() -> None:
    watch = InboxWatch(quiet_seconds=STABLE)
    assert watch.take(seen(), 0) == 0
    assert watch.take(seen(1, settling=(1,)), 1) == 0
    assert watch.take(seen(1, 2, settling=(2,)), 3) == 0
    assert watch.take(seen(1, 2), 4) == 0
    assert watch.take(seen(1, 2), 5) == 2
    assert [watch.take(seen(1, 2), now) for now in range(6, 20)] == [0] * 14
    assert watch.take(seen(1, 2, 3), 20) == 0
    assert watch.take(seen(1, 2, 3), 22) == 1


def test_what_lay_there_before_is_announced_once() -> None:
    watch = InboxWatch(quiet_seconds=STABLE)
    assert [watch.take(seen(1, 2), now) for now in (0, 2, 4, 6)] == [0, 2, 0, 0]


def test_what_is_taken_away_rings_no_bell_and_rings_when_it_comes_back() -> None:
    watch = InboxWatch(quiet_seconds=STABLE)
    assert [watch.take(seen(1, 2), now) for now in (0, 2)] == [0, 2]
    assert [watch.take(seen(2), now) for now in (4, 6, 8)] == [0, 0, 0]
    assert [watch.take(seen(1, 2), now) for now in (10, 12)] == [0, 1]


def test_a_file_that_is_written_slowly_is_waited_for() -> None:
    watch = InboxWatch(quiet_seconds=STABLE)
    growing = [watch.take(seen(100 + now, settling=(100 + now,)), now) for now in range(1000)]
    assert sum(growing) == 0
    assert watch.take(seen(1099), 1002) == 1


def test_files_that_keep_coming_do_not_hold_up_the_others_for_ever_and_none_is_forgotten() -> None:
    watch = InboxWatch(quiet_seconds=STABLE, patience_seconds=30)
    rung = []
    for now in range(100):
        files = range(now + 1)
        rung.append(watch.take(seen(*files, settling=(now,)), now))
    assert [now for now, count in enumerate(rung) if count] == [31, 62, 93]
    after = [watch.take(seen(*range(100)), now) for now in (100, 102, 104)]
    assert sum(rung) + sum(after) == 100


def test_many_files_take_little_memory(tmp_path: Path) -> None:
    for number in range(5000):
        (tmp_path / f"{number:0200}.png").touch()
    old = time.time() - 60
    for path in tmp_path.iterdir():
        os.utime(path, (old, old))
    watch = InboxWatch(quiet_seconds=0)
    tracemalloc.start()
    assert watch.take(look(tmp_path), 0) == 5000
    assert watch.take(look(tmp_path), 1) == 0
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 5000 * 40
