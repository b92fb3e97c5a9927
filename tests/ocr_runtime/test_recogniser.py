"""Lines are read alike in whatever company."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from textmill.engines.models import recognition_model
from textmill.engines.networks import Computing, Precision, Runtime
from textmill.engines.recogniser import PaddleRecogniser

MakeRecogniser = Callable[..., PaddleRecogniser]
WORDS = ["Invoice", "Total: 12.50", "Harbour Street 7", "VAT 19 %", "a", "The ferry leaves at noon.", "0"]


@pytest.fixture(scope="module")
def make(models_dir: Path) -> MakeRecogniser:
    @cache
    def build(
        languages: tuple[str, ...] = ("en",), lines_at_once: int = 1, reading: Precision = Precision.FP32
    ) -> PaddleRecogniser:
        place = recognition_model("auto", models_dir)
        computing = Computing(Runtime.OPENVINO, reading=reading, lines_at_once=lines_at_once)
        return PaddleRecogniser(place, languages=languages, computing=computing)

    return build


def drawn(text: str, height: int = 40) -> Any:
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 1.0, 1)
    picture = np.full((40, width + 16, 3), 245, np.uint8)
    cv2.putText(picture, text, (8, 29), cv2.FONT_HERSHEY_DUPLEX, 1.0, (20, 20, 20), 1, cv2.LINE_AA)
    return cv2.resize(picture, None, fx=height / 40, fy=height / 40)


def test_a_line_is_read_alike_alone_and_in_a_batch(make: MakeRecogniser) -> None:
    pictures = [drawn(text, height) for text in WORDS for height in (40, 41, 60)]
    alone, together = make(lines_at_once=1), make(lines_at_once=8)
    assert alone.fingerprint == together.fingerprint
    single = [alone.recognise([picture])[0] for picture in pictures]
    batched = together.recognise(pictures)
    assert [one.text for one in batched] == [one.text for one in single]
    assert [one.confidence for one in batched] == pytest.approx([one.confidence for one in single], abs=1e-4)
    assert [one.text for one in single[::3]][:4] == WORDS[:4]


def test_batches_hold_lines_of_one_width_and_stay_small(make: MakeRecogniser) -> None:
    recogniser = make(lines_at_once=8)
    wide, narrow = np.zeros((48, 1500, 3), np.uint8), np.zeros((48, 100, 3), np.uint8)
    batches = list(recogniser._batches([wide, narrow] * 10))
    assert sorted(index for batch in batches for index in batch) == list(range(20))
    for batch in batches:
        assert len({index % 2 for index in batch}) == 1
        assert len(batch) <= (2 if batch[0] % 2 == 0 else 8)


def test_extreme_shapes_are_bounded(make: MakeRecogniser) -> None:
    recogniser = make()
    shapes = [(1, 1), (1, 5000), (4000, 3), (48, 20_000)]
    pictures = [np.full((*shape, 3), 200, np.uint8) for shape in shapes]
    assert len(recogniser.recognise(pictures)) == len(shapes)
    assert all(8 <= recogniser._stretched_width(picture) <= 3200 for picture in pictures)
    assert recogniser.recognise([]) == []


def test_lines_are_narrowed_by_a_tenth_and_widened_to_a_grid_by_an_eighth_at_most(
    make: MakeRecogniser,
) -> None:
    recogniser = make()
    for width in range(72, 3200):
        given = recogniser._stretched_width(np.empty((48, width, 3), np.uint8))
        assert 0.9 * width <= given <= 0.9 * width * 9 / 8 + 1


def test_languages_are_part_of_the_fingerprint(make: MakeRecogniser) -> None:
    assert make(("en",)).fingerprint != make(("de",)).fingerprint
    assert make(("en", "de")).fingerprint == make(("de", "en")).fingerprint
