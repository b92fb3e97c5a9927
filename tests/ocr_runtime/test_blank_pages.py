"""Pages that are surely blank are shown to no engine; the faintest mark is enough for a page to be read."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from textmill.page import PageImage, PageText
from textmill.preprocessing.preprocessor import Preprocessor
from textmill.reading.blank_pages import is_surely_blank
from textmill.reading.page_reader import PageReader


def paper(*tone: int, height: int = 1600, width: int = 1130) -> Any:
    return np.full((height, width, 3), tone, np.uint8)


def in_shadow(pixels: Any, darkest: float) -> Any:
    shade = np.linspace(1.0, darkest, pixels.shape[1])[np.newaxis, :, np.newaxis]
    return (pixels * shade).astype(np.uint8)


def grainy(pixels: Any, deviation: float) -> Any:
    noise = np.random.default_rng(7).normal(0, deviation, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "pixels",
    [
        paper(255, 255, 255),
        paper(170, 205, 230),
        paper(0, 0, 0),
        paper(250, 250, 250, height=1601, width=1131),
        paper(250, 250, 250, height=1, width=1),
        in_shadow(paper(240, 245, 250), 0.7),
        grainy(paper(240, 240, 240), 1.5),
    ],
    ids=["white", "cream", "black", "odd sides", "one pixel", "in shadow", "grainy"],
)
def test_plain_paper_of_any_shade_is_blank(pixels: Any) -> None:
    assert is_surely_blank(pixels)


def test_a_faint_pencil_line_is_enough() -> None:
    pixels = paper(250, 250, 250)
    pixels[1101, 700:760] -= np.uint8(14)
    assert not is_surely_blank(pixels)


@pytest.mark.parametrize("place", [(560, 1590), (2, 14), (1090, 1590)])
def test_a_pale_page_number_anywhere_is_enough(place: tuple[int, int]) -> None:
    pixels = paper(250, 250, 250)
    cv2.putText(pixels, "7", place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (225, 225, 225), 1, cv2.LINE_AA)
    assert not is_surely_blank(pixels)


def test_print_in_another_colour_of_the_same_brightness_is_enough() -> None:
    pixels = paper(0, 150, 0)
    cv2.putText(pixels, "Total", (300, 700), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (40, 150, 200), 2)
    assert not is_surely_blank(pixels)


def test_letters_that_fill_the_page_are_enough() -> None:
    pixels = paper(255, 255, 255)
    cv2.putText(pixels, "7", (200, 1500), cv2.FONT_HERSHEY_SIMPLEX, 60.0, (215, 215, 215), 200)
    assert not is_surely_blank(pixels)


class Counting:
    """An engine that counts the pages it is shown."""

    name, model, fingerprint = "mine", "none", "0"

    def __init__(self) -> None:
        self.pages = 0

    def read(self, page: PageImage) -> PageText:
        self.pages += 1
        return PageText("", ())


def test_a_blank_page_is_shown_to_no_engine_and_its_record_says_so() -> None:
    engine = Counting()
    reader = PageReader(engine, Preprocessor("none"), skips_blank=True)
    read = reader.read(PageImage(1, paper(255, 255, 255), None, remarks=("drawn small",)))
    assert (read.text.text, read.text.lines, engine.pages) == ("", (), 0)
    assert read.steps == ("drawn small", "blank, so not read")

    marked = paper(255, 255, 255)
    cv2.putText(marked, "7", (560, 1590), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    reader.read(PageImage(1, marked, None))
    assert engine.pages == 1


def test_whether_blank_pages_are_skipped_is_part_of_the_fingerprint() -> None:
    reading, skipping = (
        PageReader(Counting(), Preprocessor("none"), skips_blank=skips) for skips in (False, True)
    )
    assert reading.fingerprint != skipping.fingerprint
