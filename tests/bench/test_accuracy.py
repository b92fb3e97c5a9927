"""Finding media with ground truth, scoring them, and showing the scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import accuracy
from bench.accuracy import Result, evaluate, main
from bench.accuracy_report import CASELESS_NOTE, as_json, as_markdown, worse_kinds
from bench.pairs import BenchmarkError, Pair, find_pairs
from bench.readers import OURS, STOCK, Doubts, MediumReading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures with ground truth, a video with some, a picture without, and other files."""
    receipts = tmp_path / "receipts"
    receipts.mkdir()
    truths = {
        "letter-zoe.png": "Dear Zoë,\nthank you\n",
        "letter-two.PDF": "page one\n\fpage two\n",
        "060.jpg": "Total 4.50\n",
        "talk.mp4": "said in a video",
    }
    for name, text in truths.items():
        (receipts / name).write_bytes(b"pixels")
        (receipts / f"{Path(name).stem}.gt.txt").write_text(text, encoding="utf-8")
    (receipts / "untranscribed.png").write_bytes(b"pixels")
    (receipts / "060.json").write_text("{}")
    (receipts / "README.md").write_text("about")
    return receipts


def read_nearly_right(folder: Path, *, stock: bool = False) -> dict[Path, MediumReading]:
    """A reader that misses one medium, misreads another, and was right about that before it asked."""
    doubts = None if stock else Doubts(lines=2, asked=1, changed=1, seconds=0.5, first_text="Total 4.50")
    return {
        folder / "letter-zoe.png": MediumReading("Dear Zoë, thank you", 1, 1.0),
        folder / "060.jpg": MediumReading(
            "Total 4.5O", 2, 3.0, (("Total", 0.97), ("4.5O", 0.6)), doubts=doubts
        ),
    }


def results(folder: Path, *, compare: bool = False) -> list[Result]:
    found = evaluate(OURS, find_pairs(folder), read_nearly_right(folder))
    if compare:
        found += evaluate(STOCK, find_pairs(folder), read_nearly_right(folder, stock=True))
    return found


def rows(report: str, first: str) -> list[list[str]]:
    """The cells of the rows that begin with a word, from all tables of the report."""
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in report.splitlines()]
    return [row[1:] for row in table if row[0] == first]


def test_pairs_are_pictures_with_ground_truth_of_the_same_name(folder: Path) -> None:
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
        results(folder)


def test_media_are_scored_and_what_was_not_read_counts_as_empty(folder: Path) -> None:
    receipt, unread, letter = results(folder)

    assert receipt.score.edits == 1
    assert receipt.score.word_f1 == pytest.approx(0.5)
    assert [line.right for line in receipt.lines] == [True, False]
    assert receipt.first_score is not None
    assert receipt.first_score.word_f1 == 1.0
    assert unread.reading is None
    assert unread.score.character_error_rate == 1.0
    assert letter.score.character_error_rate == 0.0


def test_the_report_shows_kinds_media_and_total_for_each_reader(folder: Path) -> None:
    report = as_markdown(results(folder, compare=True))

    assert rows(report, "060.jpg") == [["2", "0.5000", "0.5000", "0.1000", "0.1000"]]
    assert rows(report, "receipts")[0] == ["2", "0.5000", "0.5000", "0.1000", "0.1000"]
    assert rows(report, "letter")[0][0] == "8"
    assert rows(report, "letter-two.PDF")[0][1] == "0.0000"
    assert f"Not read by {OURS}: letter-two.PDF." in report
    assert [row[0] for row in rows(report, "**all**") if len(row) == 5] == ["10", "10"]
    assert f"lower word F1 than {STOCK}: none." in report


def test_kinds_on_which_another_reader_is_better_are_named(folder: Path) -> None:
    better = {
        **read_nearly_right(folder),
        folder / "letter-two.PDF": MediumReading("page one page two", 2, 1),
    }
    found = results(folder) + evaluate(STOCK, find_pairs(folder), better)
    assert worse_kinds(found, OURS, STOCK) == ["letter"]
    assert f"lower word F1 than {STOCK}: letter." in as_markdown(found)


def test_the_report_shows_what_second_opinions_change_and_cost(folder: Path) -> None:
    report = as_markdown(results(folder))
    assert rows(report, "receipts")[1] == ["2", "1 (50.0%)", "1", "1.0000", "0.5000", "1500", "250"]


def test_the_report_shows_whether_confidences_mean_what_they_say(folder: Path) -> None:
    report = as_markdown(results(folder))
    assert rows(report, "0.5 to 0.7") == [["1", "0.600", "0.000"]]
    assert rows(report, "0.95 to 0.99") == [["1", "0.970", "1.000"]]
    assert "Expected calibration error: 0.315." in report


def test_media_compared_without_case_carry_a_mark_that_a_footnote_explains(folder: Path) -> None:
    assert CASELESS_NOTE not in as_markdown(results(folder))
    (folder / "060.gt.txt").write_text("TOTAL 4.50\n")

    report = as_markdown(results(folder))

    assert rows(report, "060.jpg \\*") == [["2", "0.5000", "0.1000"]]
    assert CASELESS_NOTE in report


def test_json_holds_the_counts(folder: Path) -> None:
    document = json.loads(as_json(results(folder)))

    assert [medium["was_read"] for medium in document["media"]] == [True, False, True]
    assert document["media"][0]["folder"] == "receipts"
    assert document["kinds"][OURS]["receipts"]["edits"] == 1
    assert document["total"][OURS]["media"] == 3
    assert document["total"][OURS]["reference_words"] == 10


def test_the_command_prints_the_report_and_writes_both_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(accuracy, "make_medium_reader", lambda name: name)
    monkeypatch.setattr(accuracy, "read_all", lambda reader, pairs: read_nearly_right(folder))
    target = tmp_path / "scores.md"

    assert main([str(folder), "--out", str(target)]) == 0

    assert "**all**" in capsys.readouterr().out
    assert "**all**" in target.read_text(encoding="utf-8")
    document = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))
    assert document["total"][OURS]["media"] == 3


@pytest.mark.parametrize("arguments", [[], ["--compare"]])
def test_a_folder_that_is_not_there_ends_with_a_sentence_not_a_traceback(
    tmp_path: Path, arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere"), *arguments]) == 2
    assert "is not a folder" in capsys.readouterr().err
