"""Files between stages are whole or absent, and of the right kind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from textmill.errors import StagingError
from textmill.records import BatchItem, MediaRef
from textmill.staging import (
    BatchArea,
    Staging,
    hash_of_run_in,
    path_of,
    read_records,
    run_id_of,
    write_records,
)

REF = MediaRef(uri="file:///in/a.png", source="file:///in", bytes=3, modified_ns=4)


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "refs.jsonl"
    assert write_records(path, [REF, REF], MediaRef) == 2
    assert list(read_records(path, MediaRef)) == [REF, REF]


def test_a_missing_file_says_what_to_clear(tmp_path: Path) -> None:
    with pytest.raises(StagingError, match="clear the run"):
        list(read_records(tmp_path / "none.jsonl", MediaRef))


def test_a_file_of_other_records_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "refs.jsonl"
    write_records(path, [REF], MediaRef)
    with pytest.raises(StagingError, match="expected"):
        list(read_records(path, BatchItem))


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "refs.jsonl"
    write_records(path, [REF], MediaRef)
    with path.open("a") as out:
        out.write('{"uri": 1}\n')
    with pytest.raises(StagingError, match="line 3"):
        list(read_records(path, MediaRef))


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "refs.jsonl"
    write_records(path, [REF], MediaRef)

    def broken():  # type: ignore[no-untyped-def]
        yield REF
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_records(path, broken(), MediaRef)
    assert list(read_records(path, MediaRef)) == [REF]


def test_a_batch_is_found_again_by_its_uri(tmp_path: Path) -> None:
    area = Staging(tmp_path / "with space").run("manual__2026-01-01T00:00:00+00:00").batch(7)
    again = BatchArea.at(area.uri)
    assert again.folder == area.folder
    assert again.batch_no == 7
    assert ":" not in area.folder.parent.parent.name


def test_other_schemes_are_refused() -> None:
    with pytest.raises(StagingError, match="s3"):
        path_of("s3://bucket/key")


@pytest.mark.parametrize("run_id", ["..", "x" * 250, "scheduled__2026-01-01T00:00:00+00:00"])
def test_every_run_id_is_a_folder_of_its_own(tmp_path: Path, run_id: str) -> None:
    folder = Staging(tmp_path).run(run_id).folder
    folder.mkdir(parents=True)
    assert folder.parent == tmp_path / "runs"
    told = run_id_of(folder.name)
    assert told == run_id or hash_of_run_in(folder.name) == hashlib.sha256(run_id.encode()).hexdigest()
