"""The comparison of preprocessing steps, with an engine that reads how bright a picture is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bench import preprocessing
from bench.metrics import Score
from bench.pairs import find_pairs
from bench.preprocessing import OnceReader, Tally, as_orientation_table, as_table, compare, turn_everything
from textmill.page import PageImage, PageText
from textmill.records import LineRecord
from textmill.settings import load


class BrightnessEngine:
    """Reads `bright` or `dark`, and is sure of pictures whose top left corner is the brighter part."""

    name = "brightness"
    model = "none"
    fingerprint = "0"

    def __init__(self) -> None:
        self.reads = 0

    def read(self, page: PageImage) -> PageText:
        self.reads += 1
        text = "bright" if page.pixels.mean() > 128 else "dark"
        corner = page.pixels[: page.height // 2, : page.width // 2].mean() >= page.pixels.mean()
        box = ((0.0, 0.0), (9.0, 0.0), (9.0, 3.0), (0.0, 3.0))
        return PageText(text, (LineRecord(line_no=1, text=text, confidence=float(corner), polygon=box),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = np.full((400, 300, 3), 240, np.uint8)
    for baseline in range(60, 380, 30):
        cv2.putText(page, "words on a line", (20, baseline), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (20, 20, 20), 2)
    cv2.imwrite(str(tmp_path / "a.png"), page)
    (tmp_path / "a.gt.txt").write_text("bright")
    return tmp_path


def test_each_wish_is_scored_and_the_same_picture_is_read_once(folder: Path) -> None:
    engine = BrightnessEngine()
    tallies = compare(find_pairs(folder), engine, ("none", "borders", "upscale"), load())
    assert [tally.score.word_f1 for tally in tallies.values()] == [1.0, 1.0, 1.0]
    assert [tally.changed for tally in tallies.values()] == [0, 0, 1]
    assert engine.reads == 2
    assert tallies["borders"].reading_seconds == tallies["none"].reading_seconds > 0


def test_the_table_has_a_row_for_each_wish() -> None:
    score = Score.of("two words", "two birds")
    rows = as_table(
        {"none": Tally(score, 2, 0, 0.5, 3.0), "auto": Tally(score, 2, 1, 0.02, 3.0)}
    ).splitlines()
    assert rows[2:] == [
        "| none | 0.5000 | 0.2222 | 0 of 2 | 250 | 1,500 |",
        "| auto | 0.5000 | 0.2222 | 1 of 2 | 10 | 1,500 |",
    ]


def test_tallies_add_up() -> None:
    one = Tally(Score.of("a", "a"), 1, 1, 0.25, 2.0)
    assert one + one == Tally(one.score + one.score, 2, 2, 0.5, 4.0)


def test_a_picture_of_another_resolution_is_another_picture() -> None:
    engine = BrightnessEngine()
    reader = OnceReader(engine)
    pixels = np.zeros((4, 4, 3), np.uint8)
    for dpi in (100, 100, 200):
        reader.read(PageImage(1, pixels, dpi))
    assert engine.reads == 2


def test_every_page_is_turned_four_ways_and_what_goes_wrong_is_named(folder: Path) -> None:
    counts = list(turn_everything(find_pairs(folder), BrightnessEngine(), load()))
    assert [(one.turn, one.pages) for one in counts] == [(turn, 1) for turn in preprocessing.TURNS]
    assert counts[0].right == 1
    for one in counts:
        assert one.right + len(one.wrong) == 1
    table = as_orientation_table(counts)
    for one in counts:
        for name in one.wrong:
            assert f"- {one.turn}°: {name}" in table


def test_a_folder_without_ground_truth_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert preprocessing.main([str(tmp_path)]) == 2
    assert "with ground truth" in capsys.readouterr().err
