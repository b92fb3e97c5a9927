"""Several files of records can be written at once, each whole or absent."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from textmill.errors import StagingError
from textmill.records import BatchItem, MediaRef
from textmill.staging import RecordWriter, read_lines, read_records, write_records

REFS = [MediaRef(uri=f"file:///in/{number}.png", source="scans") for number in range(10)]


def test_files_that_are_written_in_turns_are_read_back_whole(tmp_path: Path) -> None:
    paths = [tmp_path / "even.jsonl", tmp_path / "deep" / "odd.jsonl"]
    with ExitStack() as files:
        writers = [files.enter_context(RecordWriter(path, MediaRef)) for path in paths]
        for number, ref in enumerate(REFS):
            writers[number % 2].write(ref)
        assert not any(path.exists() for path in paths)
    assert [writer.count for writer in writers] == [5, 5]
    assert [list(read_records(path, MediaRef)) for path in paths] == [REFS[::2], REFS[1::2]]


def test_a_writer_that_fails_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "refs.jsonl"
    with pytest.raises(RuntimeError), RecordWriter(path, MediaRef) as writer:
        writer.write(REFS[0])
        raise RuntimeError("killed")
    assert not path.exists()


def test_records_can_be_passed_on_without_being_parsed(tmp_path: Path) -> None:
    write_records(tmp_path / "refs.jsonl", REFS, MediaRef)
    with RecordWriter(tmp_path / "copy.jsonl", MediaRef) as writer:
        for line in read_lines(tmp_path / "refs.jsonl", MediaRef):
            writer.write_line(line)
    assert (tmp_path / "copy.jsonl").read_bytes() == (tmp_path / "refs.jsonl").read_bytes()


def test_lines_of_other_records_are_refused(tmp_path: Path) -> None:
    write_records(tmp_path / "refs.jsonl", REFS, MediaRef)
    with pytest.raises(StagingError, match="expected"):
        next(read_lines(tmp_path / "refs.jsonl", BatchItem))
