"""Finding media with ground truth, scoring them, and showing the scores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import accuracy
from bench.accuracy import BenchmarkError, Pair, as_json, as_table, evaluate, find_pairs, main, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three media with ground truth, one without, and files that are no media."""
    receipts = tmp_path / "receipts"
    receipts.mkdir()
    truths = {
        "letter-zoe.png": "Dear Zoë,\nthank you\n",
        "letter-two.PDF": "page one\n\fpage two\n",
        "060.jpg": "Total 4.50\n",
    }
    for name, text in truths.items():
        (receipts / name).write_bytes(b"pixels")
        (receipts / f"{Path(name).stem}.gt.txt").write_text(text, encoding="utf-8")
    (receipts / "untranscribed.png").write_bytes(b"pixels")
    (receipts / "060.json").write_text("{}")
    (receipts / "README.md").write_text("about")
    return receipts


def read_nearly_right(_folder: Path) -> dict[str, str]:
    """A reader that misses one medium and misreads another."""
    return {"letter-zoe.png": "Dear Zoë, thank you", "060.jpg": "Total 4.5O", "untranscribed.png": "?"}


def test_pairs_are_media_with_ground_truth_of_the_same_name(folder: Path) -> None:
    pairs = find_pairs(folder)

    assert [(pair.medium.name, pair.truth.name) for pair in pairs] == [
        ("060.jpg", "060.gt.txt"),
        ("letter-two.PDF", "letter-two.gt.txt"),
        ("letter-zoe.png", "letter-zoe.gt.txt"),
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("letter-a.png", "letter"),
        ("060.jpg", "receipts"),
        ("2020-06.jpg", "receipts"),
        ("letter.png", "receipts"),
    ],
)
def test_the_kind_is_the_prefix_or_else_the_folder(tmp_path: Path, name: str, kind: str) -> None:
    medium = tmp_path / "receipts" / name
    assert Pair(medium, medium.with_suffix(".gt.txt")).kind == kind


def test_ground_truth_without_a_medium_is_an_error_that_names_it(folder: Path) -> None:
    (folder / "letter-lost.gt.txt").write_text("where is my scan?")
    with pytest.raises(BenchmarkError, match=r"without a medium.*letter-lost\.gt\.txt"):
        find_pairs(folder)


def test_a_folder_without_pairs_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"Put NAME\.gt\.txt"):
        find_pairs(tmp_path)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="is not a folder"):
        find_pairs(tmp_path / "nowhere")


def test_ground_truth_that_is_not_utf8_is_an_error_that_names_it(folder: Path) -> None:
    (folder / "060.gt.txt").write_bytes("Zoë".encode("latin-1"))
    with pytest.raises(BenchmarkError, match=r"060\.gt\.txt is not UTF-8"):
        evaluate(find_pairs(folder), {})


def test_media_are_scored_and_what_was_not_read_counts_as_empty(folder: Path) -> None:
    receipt, unread, letter = evaluate(find_pairs(folder), read_nearly_right(folder))

    assert receipt.score.edits == 1
    assert receipt.score.word_f1 == pytest.approx(0.5)
    assert not unread.was_read
    assert unread.score.character_error_rate == 1.0
    assert letter.score.character_error_rate == 0.0


def test_the_table_shows_files_kinds_and_total(folder: Path) -> None:
    lines = as_table(run([folder], read_nearly_right)).splitlines()

    cells = {line.split()[0]: line.split()[-3:] for line in lines if line.strip()}
    assert cells["060.jpg"] == ["0.1000", "0.5000", "2"]
    assert cells["letter-zoe.png"] == ["0.0000", "1.0000", "4"]
    assert "letter-two.PDF (not read)" in "\n".join(lines)
    assert cells["receipts"] == ["0.1000", "0.5000", "2"]
    assert cells["letter"][2] == "8"
    assert cells["total"][2] == "10"
    assert len({len(line) for line in lines if line.strip()}) == 1


def test_media_compared_without_case_carry_a_mark_that_a_footnote_explains(folder: Path) -> None:
    assert accuracy.CASELESS_NOTE not in as_table(run([folder], read_nearly_right))
    (folder / "060.gt.txt").write_text("TOTAL 4.50\n")

    lines = as_table(run([folder], read_nearly_right)).splitlines()

    assert next(line for line in lines if line.startswith("060.jpg *")).split()[-3:] == [
        "0.1000",
        "0.5000",
        "2",
    ]
    assert lines[-1] == accuracy.CASELESS_NOTE


def test_json_holds_the_counts(folder: Path) -> None:
    document = json.loads(as_json(run([folder], read_nearly_right)))

    assert [file["was_read"] for file in document["files"]] == [True, False, True]
    assert document["files"][0]["folder"] == "receipts"
    assert document["kinds"]["receipts"]["edits"] == 1
    assert document["total"]["media"] == 3
    assert document["total"]["reference_words"] == 10


def test_the_command_prints_the_table_and_writes_json(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.reading.read_folder", read_nearly_right)
    target = tmp_path / "scores.json"

    assert main([str(folder), "--json", str(target)]) == 0

    assert "total" in capsys.readouterr().out
    assert json.loads(target.read_text(encoding="utf-8"))["total"]["media"] == 3


@pytest.mark.parametrize(
    "reader", ["nosuchmodule:read", "bench.reading:nosuchfunction", "bench.reading", ":"]
)
def test_an_unknown_reader_ends_with_a_sentence_not_a_traceback(
    folder: Path, capsys: pytest.CaptureFixture[str], reader: str
) -> None:
    assert main([str(folder), "--read-with", reader]) == 2
    assert "module:function" in capsys.readouterr().err


def test_the_default_reader_exists() -> None:
    assert callable(accuracy.load_reader(accuracy.DEFAULT_READER))
