"""The checkpoint survives being cut off anywhere, and knows what is finished."""

from __future__ import annotations

from pathlib import Path

import pytest

from textmill.checkpoint import Checkpoint, read_events, read_pages, read_progress, read_rejections
from textmill.errors import DamagedImage
from textmill.records import (
    MediumDone,
    MediumOpened,
    PageRead,
    PageRecord,
    PageStarted,
    Rejected,
    Rejection,
    Stage,
)

SHA = "a" * 64


def page(page_no: int) -> PageRecord:
    return PageRecord(
        sha256=SHA,
        page_no=page_no,
        text="naïve café",
        confidence=0.9,
        confidence_low=0.8,
        width=10,
        height=20,
        dpi=200,
        rotation=0,
        ink=0.1,
        text_source="ocr",
        engine="paddle",
        model="m",
        fingerprint="f",
        milliseconds=5,
        lines=(),
    )


def write_two_pages(path: Path) -> None:
    with Checkpoint(path, "f") as checkpoint:
        checkpoint.append(MediumOpened(sha256=SHA, page_count=3))
        for number in (1, 2):
            checkpoint.append(PageStarted(sha256=SHA, page_no=number))
            checkpoint.append(PageRead(page=page(number)))


def test_progress_names_finished_pages(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    write_two_pages(path)
    progress = read_progress(path)
    assert progress.finished_pages == {(SHA, 1), (SHA, 2)}
    assert progress.page_counts == {SHA: 3}
    assert progress.finished_media == set()


def test_what_is_not_a_page_can_be_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    write_two_pages(path)
    without = list(read_events(path, pages=False))
    assert without == [event for event in read_events(path) if not isinstance(event, PageRead)]
    assert len(without) == 3


def test_no_file_is_no_progress(tmp_path: Path) -> None:
    assert read_progress(tmp_path / "none.jsonl").finished_pages == set()


def test_a_cut_at_any_byte_loses_at_most_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    write_two_pages(path)
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        with Checkpoint(path, "f") as checkpoint:
            done = len(checkpoint.progress.finished_pages)
            checkpoint.append(MediumDone(sha256=SHA))
        progress = read_progress(path)
        assert SHA in progress.finished_media
        assert len(progress.finished_pages) == done
        complete_lines = whole[:length].count(b"\n")
        assert done == (2 if complete_lines >= 6 else 1 if complete_lines >= 4 else 0)


def test_pages_of_another_fingerprint_are_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    write_two_pages(path)
    with Checkpoint(path, "other") as checkpoint:
        assert checkpoint.progress.finished_pages == set()
    assert list(read_pages(path)) == []


def test_a_page_that_was_started_and_never_finished_counts(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    for _ in range(2):
        with Checkpoint(path, "f") as checkpoint:
            checkpoint.append(PageStarted(sha256=SHA, page_no=1))
    assert read_progress(path).starts[SHA, 1] == 2


@pytest.mark.parametrize("page_no", [None, 2])
def test_a_refusal_finishes_a_page_but_not_a_medium(tmp_path: Path, page_no: int | None) -> None:
    path = tmp_path / "pages.jsonl"
    refused = Rejection.of(
        DamagedImage("broken"), uri="file:///x", sha256=SHA, stage=Stage.OCR, page_no=page_no
    )
    with Checkpoint(path, "f") as checkpoint:
        checkpoint.append(Rejected(rejection=refused))
    assert list(read_rejections(path)) == [refused]
    assert read_progress(path).finished_pages == ({(SHA, 2)} if page_no else set())


def test_what_a_power_cut_left_of_lines_is_cut_off_with_all_that_follows(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    with Checkpoint(path, "f") as checkpoint:
        checkpoint.append(PageStarted(sha256="a" * 64, page_no=1))
    whole = path.read_bytes()
    path.write_bytes(
        whole + b"\0\0\0\0\n" + b'{"type":"page_started","sha256":"' + b"b" * 64 + b'","page_no":1}\n'
    )
    with Checkpoint(path, "f") as checkpoint:
        assert checkpoint.progress.starts == {("a" * 64, 1): 1}
    assert path.read_bytes() == whole


def test_only_what_is_finished_is_brought_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Checkpoint(tmp_path / "pages.jsonl", "f") as checkpoint:
        synced: list[int] = []
        monkeypatch.setattr("textmill.checkpoint.os.fsync", synced.append)
        checkpoint.append(MediumOpened(sha256="a" * 64, page_count=1))
        checkpoint.append(PageStarted(sha256="a" * 64, page_no=1))
        assert not synced
        checkpoint.append(PageRead(page=page(1)))
        assert len(synced) == 1
