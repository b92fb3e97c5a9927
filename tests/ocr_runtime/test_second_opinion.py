"""Doubtful lines are read again, and what is kept agrees best with all readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from textmill.engines import EngineOptions
from textmill.engines.protocol import LineReading
from textmill.errors import ModelsMissing
from textmill.page import PageImage, PageText
from textmill.preprocessing.preprocessor import Preprocessor
from textmill.reading.calibration import Calibration, ChoiceWeights, Curve
from textmill.reading.empty_pages import EmptyPages, page_engines
from textmill.reading.line_readers import EngineOnLines, RecogniserView, View, grown, read_by_all
from textmill.reading.page_reader import PageReader
from textmill.reading.second_opinion import Reading, SecondOpinion, agreement, heard, rank
from textmill.reading.second_readers import second_readers
from textmill.records import LineRecord

PAGE = PageImage(page_no=1, pixels=np.full((200, 400, 3), 255, np.uint8), dpi=None)


class Says:
    """A line reader that always says the same."""

    def __init__(self, name: str, text: str, confidence: float) -> None:
        self.name = name
        self.fingerprint = f"{name}:{text}:{confidence}"
        self.asked: list[Any] = []
        self._reading = LineReading(text, confidence)

    def read(self, pixels: Any, outlines: Sequence[Any]) -> list[LineReading]:
        self.asked += outlines
        return [self._reading] * len(outlines)


class FirstReader:
    """An engine whose page has two words on its first row and one line below."""

    name = "mine"
    model = "none"
    fingerprint = "0"

    def __init__(self, *confidences: float) -> None:
        self._confidences = confidences

    def read(self, page: PageImage) -> PageText:
        texts = ("T0tal", "4.50", "Thank you")
        lines = tuple(
            line(number, text, confidence)
            for number, (text, confidence) in enumerate(zip(texts, self._confidences, strict=True), start=1)
        )
        return PageText(text="T0tal 4.50\nThank you", lines=lines)


def line(number: int, text: str, confidence: float) -> LineRecord:
    top = 40.0 * number
    return LineRecord(
        line_no=number,
        text=text,
        confidence=confidence,
        polygon=((10, top), (200, top), (200, top + 20), (10, top + 20)),
    )


def read(readers: Sequence[Any], *confidences: float, below: float = 0.8) -> PageText:
    second = SecondOpinion("mine", readers, Calibration(), below=below)
    reader = PageReader(FirstReader(*confidences), Preprocessor("none"), Calibration(), second)
    return reader.read(PAGE).text


def test_only_lines_in_doubt_are_read_again() -> None:
    other = Says("other", "Total", 0.9)
    text = read([other], 0.3, 0.95, 0.8)
    assert [outline[0] for outline in other.asked] == [(10, 40)]
    assert text.text == "Total 4.50\nThank you"


def test_a_page_without_doubt_is_left_as_it_is() -> None:
    other = Says("other", "Total", 0.9)
    text = read([other], 0.9, 0.9, 0.9)
    assert not other.asked
    assert text.text == "T0tal 4.50\nThank you"


def test_both_readings_are_recorded_whichever_is_kept() -> None:
    kept, *_ = read([Says("other", "Total", 0.9)], 0.3, 0.9, 0.9).lines
    assert (kept.text, kept.confidence, kept.engine) == ("Total", 0.9, "other")
    assert kept.other is not None
    assert (kept.other.engine, kept.other.text, kept.other.confidence) == ("mine", "T0tal", 0.3)

    kept, *_ = read([Says("other", "Tctal", 0.2)], 0.7, 0.9, 0.9).lines
    assert (kept.text, kept.confidence, kept.engine) == ("T0tal", 0.7, None)
    assert kept.other is not None
    assert (kept.other.engine, kept.other.text, kept.other.confidence) == ("other", "Tctal", 0.2)


def test_a_reading_that_agrees_is_recorded_too() -> None:
    kept, *_ = read([Says("other", "T0tal", 0.6)], 0.7, 0.9, 0.9).lines
    assert (kept.text, kept.engine) == ("T0tal", None)
    assert kept.other is not None
    assert kept.other.text == "T0tal"


def test_whoever_reads_nothing_in_a_line_has_no_opinion() -> None:
    kept, *_ = read([Says("other", "", 0.0)], 0.1, 0.9, 0.9).lines
    assert (kept.text, kept.confidence, kept.engine, kept.other) == ("T0tal", 0.1, None, None)


def test_where_the_first_who_is_asked_confirms_a_line_no_other_is_asked() -> None:
    confirms, other = Says("a", "T0tal", 0.4), Says("b", "Total", 0.9)
    kept, *_ = read([confirms, other], 0.3, 0.9, 0.9).lines
    assert (kept.text, len(confirms.asked), len(other.asked)) == ("T0tal", 1, 0)


def test_where_the_first_who_is_asked_reads_something_else_all_are_asked() -> None:
    differs, nothing, other = Says("a", "Tota1", 0.4), Says("b", "", 0.0), Says("c", "Total", 0.9)
    kept, *_ = read([differs, nothing, other], 0.3, 0.9, 0.9).lines
    assert (kept.text, len(nothing.asked), len(other.asked)) == ("Total", 1, 1)


def test_readings_of_all_are_narrowed_down_to_those_that_would_have_been_asked_for() -> None:
    first = Reading("mine", "T0tal", 0.3)
    soft, loose = Reading("a@soft", "T0tal", 0.4), Reading("a@loose", "T0tal", 0.4)
    assert heard(first, [soft, loose], "a@soft") == [soft]
    assert heard(first, [loose], "a@soft") == [loose]
    assert heard(Reading("mine", "Total", 0.3), [soft, loose], "a@soft") == [soft, loose]


def test_all_views_of_a_recogniser_are_shown_to_it_at_once() -> None:
    class Recogniser:
        name, model, fingerprint = "mine", "none", "0"
        calls = 0

        def recognise(self, pictures: Sequence[Any]) -> list[LineReading]:
            self.calls += 1
            return [LineReading(f"{picture.shape[1]}x{picture.shape[0]}", 1.0) for picture in pictures]

    recogniser = Recogniser()
    views = [RecogniserView(recogniser, View("half", stretch=0.5)), RecogniserView(recogniser)]
    boxes = [((0, 0), (40, 0), (40, 20), (0, 20)), ((0, 0), (60, 0), (60, 20), (0, 20))]
    readings = read_by_all([*views, Says("other", "a", 1.0)], PAGE.pixels, boxes)
    assert [[one.text for one in of_one] for of_one in readings] == [
        ["20x20", "30x20"],
        ["40x20", "60x20"],
        ["a", "a"],
    ]
    assert recogniser.calls == 1


def test_two_weaker_readings_that_agree_outvote_a_surer_one() -> None:
    first = Reading("mine", "T0tal", 0.6)
    ranked = rank(first, [Reading("a", "Total", 0.5), Reading("b", "Total", 0.5)], None)
    assert [one.text for one in ranked] == ["Total", "T0tal"]


def test_agreement_is_weighted_by_confidence() -> None:
    readings = [Reading("a", "abcd", 0.9), Reading("b", "wxyz", 0.1)]
    assert agreement("abcd", readings) == pytest.approx(0.9)
    assert agreement("wxyz", readings) == pytest.approx(0.1)
    assert agreement("abcd", [Reading("a", "abcd", 0.0)]) == 0.0


def test_with_fitted_weights_the_confidence_of_a_doubtful_line_comes_from_them() -> None:
    weights = ChoiceWeights(intercept=0.0, kept=0.0, confidence=0.0, agreement=0.0)
    known = Calibration(choices={"mine+other": weights})
    second = SecondOpinion("mine", [Says("other", "Total", 0.9)], known, below=0.8)
    reader = PageReader(FirstReader(0.3, 0.9, 0.9), Preprocessor("none"), known, second)
    assert [one.confidence for one in reader.read(PAGE).text.lines] == [0.5, 0.9, 0.9]


def test_confidences_are_calibrated_before_they_are_doubted_and_the_page_follows() -> None:
    known = Calibration(curves={"mine": Curve(exponent=0.0, knots=((0.0, 0.0), (1.0, 0.5)))})
    reader = PageReader(FirstReader(0.6, 0.8, 1.0), Preprocessor("none"), known)
    text = reader.read(PAGE).text
    assert [one.confidence for one in text.lines] == pytest.approx([0.3, 0.4, 0.5])
    assert text.low_line_share == 1.0


def test_a_page_of_noise_costs_no_more_than_a_bounded_number_of_lines() -> None:
    other = Says("other", "x", 0.1)
    second = SecondOpinion("mine", [other], Calibration(), below=0.8)
    lines = tuple(line(number, "x" * (1 + number % 7), 0.1) for number in range(1, 500))
    second.reconsider(PAGE, PageText(text="\n".join(one.text for one in lines), lines=lines))
    assert len(other.asked) < 100


def test_the_fingerprint_holds_the_calibration_the_readers_and_the_threshold() -> None:
    def fingerprint(reader: Says, known: Calibration, below: float) -> str:
        second = SecondOpinion("mine", [reader], known, below=below)
        return PageReader(FirstReader(), Preprocessor("none"), known, second).fingerprint

    level = Calibration(curves={"mine": Curve(exponent=0.0, knots=((0.5, 0.5),))})
    other = Says("other", "a", 0.1)
    found = {
        fingerprint(other, Calibration(), 0.8),
        fingerprint(other, Calibration(), 0.7),
        fingerprint(other, level, 0.8),
        fingerprint(Says("another", "a", 0.1), Calibration(), 0.8),
        PageReader(FirstReader(), Preprocessor("none")).fingerprint,
    }
    assert len(found) == 5


# --- lines as pictures ------------------------------------------------------------------------------------


def test_an_outline_grows_along_and_across_its_text() -> None:
    across = grown(((10, 10), (110, 10), (110, 30), (10, 30)), along=0.5, across=0.1)
    assert across.tolist() == [[0, 8], [120, 8], [120, 32], [0, 32]]
    upright = grown(((10, 10), (30, 10), (30, 110), (10, 110)), along=0.5, across=0.1)
    assert upright.tolist() == [[8, 0], [32, 0], [32, 120], [8, 120]]


def test_an_outline_of_many_corners_is_boxed() -> None:
    assert grown(((5, 5), (50, 0), (95, 5), (95, 20), (5, 20)), 0.0, 0.0).tolist() == [
        [5, 0],
        [95, 0],
        [95, 20],
        [5, 20],
    ]


@pytest.mark.parametrize(
    "outline", [((5, 5), (5, 5), (5, 5), (5, 5)), ((-9, -9), (900, -9), (900, 9), (-9, 9))]
)
def test_views_of_outlines_without_area_or_beyond_the_page_are_pictures_all_the_same(outline: Any) -> None:
    for view in (View("plain"), View("loose", along=0.2, across=0.2), View("soft", blur=0.03, stretch=0.8)):
        picture = view.picture(PAGE.pixels, outline)
        assert picture.ndim == 3
        assert picture.size


# --- real engines -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def options(models_dir: Any) -> EngineOptions:
    return EngineOptions(languages=("en",), models_dir=models_dir, threads=1, detection_side=960)


@pytest.fixture(scope="module")
def written() -> PageImage:
    pixels = np.full((120, 700, 3), 255, np.uint8)
    cv2.putText(
        pixels, "Harbour dues 4821", (30, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20, 20, 20), 3, cv2.LINE_AA
    )
    return PageImage(page_no=1, pixels=pixels, dpi=None)


class OneLine:
    """An engine that finds the line and misreads it."""

    model = "none"
    fingerprint = "0"

    def __init__(self, name: str = "mine") -> None:
        self.name = name

    def read(self, page: PageImage) -> PageText:
        box = ((20.0, 20.0), (600.0, 20.0), (600.0, 90.0), (20.0, 90.0))
        found = LineRecord(line_no=1, text="Hcrbaur", confidence=0.2, polygon=box)
        return PageText(text="Hcrbaur", lines=(found,))


@pytest.mark.parametrize("name", ["tesseract", "paddle"])
def test_a_named_engine_reads_the_doubtful_line(
    name: str, options: EngineOptions, written: PageImage
) -> None:
    first = OneLine()
    second = SecondOpinion("mine", second_readers(name, first, options), Calibration(), below=0.8)
    reader = PageReader(first, Preprocessor("none"), Calibration(), second)
    (kept,) = reader.read(written).text.lines
    assert (kept.text, kept.engine) == ("Harbour dues 4821", name)
    assert kept.other is not None
    assert kept.other.text == "Hcrbaur"


def test_paddle_is_asked_by_default_in_other_ways_than_before(
    options: EngineOptions, written: PageImage
) -> None:
    from textmill.engines import create_engine

    engine = create_engine("paddle", options)
    readers = second_readers("auto", engine, options)
    assert len({reader.name for reader in readers}) == len(readers) > 1
    assert all(reader.name.startswith("paddle@") for reader in readers)
    assert {reader.fingerprint for reader in readers} != {engine.fingerprint}
    box = engine.read(written).lines[0].polygon
    assert {reader.read(written.pixels, [box])[0].text for reader in readers} == {"Harbour dues 4821"}


def test_an_engine_that_knows_pages_only_is_given_each_line_as_a_page(written: PageImage) -> None:
    class Measuring(OneLine):
        def read(self, page: PageImage) -> PageText:
            return PageText(text=f"{page.width}\n{page.height}", lines=())

    reader = EngineOnLines(Measuring())
    assert reader.read(written.pixels, [((0, 0), (30, 0), (30, 10), (0, 10))]) == [LineReading("30 10", 0.0)]


@pytest.mark.parametrize("wish", ["off", "auto"])
def test_nobody_is_asked_about_the_lines_of_an_engine_of_ones_own(wish: str, options: EngineOptions) -> None:
    assert second_readers(wish, OneLine(), options) == ()


def test_an_unknown_engine_is_refused_by_name(options: EngineOptions) -> None:
    with pytest.raises(ValueError, match="nosuchengine"):
        second_readers("nosuchengine", OneLine(), options)


def test_an_engine_that_cannot_be_had_is_an_error_only_when_it_is_named(
    options: EngineOptions, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    without = EngineOptions(languages=("en",), models_dir=tmp_path, threads=1, detection_side=960)
    with pytest.raises(ModelsMissing):
        second_readers("paddle", OneLine("tesseract"), without)
    assert second_readers("auto", OneLine("tesseract"), without) == ()
    assert "Doubtful lines are not read again" in caplog.text


def test_a_view_is_named_after_the_engine_and_the_way_of_looking() -> None:
    class Recogniser:
        name, model, fingerprint = "mine", "none", "0"

        def recognise(self, pictures: Sequence[Any]) -> list[LineReading]:
            return [LineReading(f"{picture.shape[1]}x{picture.shape[0]}", 1.0) for picture in pictures]

    plain, narrow = RecogniserView(Recogniser()), RecogniserView(Recogniser(), View("narrow", stretch=0.5))
    assert (plain.name, narrow.name) == ("mine", "mine@narrow")
    assert plain.fingerprint != narrow.fingerprint
    box = ((0, 0), (40, 0), (40, 20), (0, 20))
    assert [one.read(PAGE.pixels, [box])[0].text for one in (plain, narrow)] == ["40x20", "20x20"]


# --- pages on which nothing is found ------------------------------------------------------------------------


def sign(height: int, width: int, scale: float, thickness: int) -> PageImage:
    """EXIT 27 in the middle of a page."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    face = cv2.FONT_HERSHEY_SIMPLEX
    (across, down), _ = cv2.getTextSize("EXIT 27", face, scale, thickness)
    place = ((width - across) // 2, (height + down) // 2)
    cv2.putText(pixels, "EXIT 27", place, face, scale, (0, 0, 0), thickness, cv2.LINE_AA)
    return PageImage(page_no=1, pixels=pixels, dpi=None)


class Blind(OneLine):
    """An engine that overlooks whatever is written higher than a tenth of 1,000 pixels."""

    def __init__(self, options: EngineOptions) -> None:
        super().__init__("paddle")
        self._options = options

    def read(self, page: PageImage) -> PageText:
        if page.height > 600:
            return PageText(text="", lines=())
        from textmill.engines import create_engine

        return create_engine("paddle", self._options).read(page)


def test_letters_that_fill_the_page_are_found_from_afar(options: EngineOptions) -> None:
    page = sign(1500, 2000, 12, 36)
    again = EmptyPages(page_engines(Blind(options), options), Calibration(), at_least=0.8)
    reader = PageReader(Blind(options), Preprocessor("none"), Calibration(), None, again)

    (found,) = reader.read(page).text.lines

    assert (found.text, found.engine, found.line_no) == ("EXIT 27", "paddle@quarter", 1)
    left, right = min(x for x, _ in found.polygon), max(x for x, _ in found.polygon)
    assert left < 400
    assert right > 1600


def test_print_that_is_tiny_in_a_large_picture_is_found_by_tesseract(options: EngineOptions) -> None:
    page = sign(1600, 2400, 0.8, 2)
    nothing = Blind(options)
    nothing.read = lambda page: PageText(text="", lines=())  # type: ignore[method-assign]
    again = EmptyPages(page_engines(nothing, options), Calibration(), at_least=0.8)
    (found,) = again.look_again(page).lines
    assert (found.text, found.engine) == ("EXIT 27", "tesseract")


@pytest.mark.parametrize("shade", [0, 130, 255])
def test_plain_paper_is_not_looked_at_again(shade: int) -> None:
    class Never:
        name = fingerprint = "never"

        def read(self, page: PageImage) -> PageText:
            raise AssertionError("asked about a blank page")

    noise = np.random.default_rng(1).normal(shade, 4, (400, 300, 3)).clip(0, 255).astype(np.uint8)
    page = PageImage(page_no=1, pixels=noise, dpi=None)
    assert EmptyPages([Never()], Calibration(), at_least=0.8).look_again(page) == PageText("", ())


def test_what_is_unlikely_to_be_right_is_not_taken_from_a_page_without_text() -> None:
    again = EmptyPages([OneLine()], Calibration(), at_least=0.8)
    assert again.look_again(sign(400, 600, 2, 4)).lines == ()
