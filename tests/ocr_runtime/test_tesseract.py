"""Tesseract on pages and on lines, with the program itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from textmill.engines import EngineOptions, create_engine, tesseract
from textmill.engines.tesseract import TesseractRecogniser, Word, confidence_of, words_of
from textmill.errors import ModelsMissing, SettingsError
from textmill.page import PageImage

SENTENCES = (
    "The ferry leaves at seven.",
    "Gardens near the harbour",
    "INVOICE No. 4711",
    "a bridge of stone",
    "Minutes of the meeting",
)


@pytest.fixture(scope="module")
def options(models_dir: Path) -> EngineOptions:
    return EngineOptions(languages=("en",), models_dir=models_dir, threads=1, detection_side=1440)


@pytest.fixture(scope="module")
def recogniser(options: EngineOptions) -> TesseractRecogniser:
    return TesseractRecogniser(options)


@pytest.fixture
def other_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of language packs in which the English one goes by other names too."""
    english = tesseract._language_packs().folder / "eng.traineddata"
    folder = tmp_path / "tessdata"
    folder.mkdir()
    for pack in ("eng", "ukr", "fra"):
        shutil.copy(english, folder / f"{pack}.traineddata")
    configs = english.parent / "configs"
    shutil.copytree(configs, folder / "configs")
    monkeypatch.setenv("TESSDATA_PREFIX", str(folder))
    tesseract._language_packs.cache_clear()
    yield folder
    tesseract._language_packs.cache_clear()


def draw(
    text: str, *, size: int = 32, margin: int = 3, ink: str = "black", paper: str = "white"
) -> np.ndarray:
    import font_roboto

    font = ImageFont.truetype(font_roboto.Roboto, size)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("RGB", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin), paper)
    ImageDraw.Draw(picture).text((margin - left, margin - top), text, fill=ink, font=font)
    return np.asarray(picture)[:, :, ::-1].copy()


def page_of(*texts: str) -> PageImage:
    pixels = np.full((120 * len(texts) + 60, 900, 3), 255, np.uint8)
    for row, text in enumerate(texts):
        line = draw(text)
        pixels[60 + 120 * row : 60 + 120 * row + line.shape[0], 60 : 60 + line.shape[1]] = line
    return PageImage(1, pixels, 200)


def test_a_page_is_read_line_by_line(options: EngineOptions) -> None:
    text = create_engine("tesseract", options).read(page_of(*SENTENCES))
    assert [line.text for line in text.lines] == list(SENTENCES)
    assert all(0.7 < line.confidence <= 1 for line in text.lines)


def test_lines_found_by_others_are_read_many_at_once(recogniser: TesseractRecogniser) -> None:
    assert [one.text for one in recogniser.recognise([draw(text) for text in SENTENCES])] == list(SENTENCES)
    assert recogniser.recognise([]) == []


def test_more_lines_than_one_process_takes_come_back_in_their_order(
    recogniser: TesseractRecogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tesseract, "_LINES_AT_ONCE", 2)
    assert [one.text for one in recogniser.recognise([draw(text) for text in SENTENCES])] == list(SENTENCES)


def test_a_line_is_read_the_same_alone_and_among_others(recogniser: TesseractRecogniser) -> None:
    pictures = [draw(text, size=size) for size in (14, 40) for text in SENTENCES]
    assert recogniser.recognise(pictures) == [recogniser.recognise([picture])[0] for picture in pictures]


def test_a_line_without_text_does_not_shift_the_others(recogniser: TesseractRecogniser) -> None:
    blank = np.full((30, 200, 3), 255, np.uint8)
    speck = np.zeros((1, 1, 3), np.uint8)
    readings = recogniser.recognise([blank, draw(SENTENCES[0]), speck, draw(SENTENCES[1])])
    assert (readings[0].text, readings[0].confidence) == ("", 0.0)
    assert [readings[1].text, readings[3].text] == list(SENTENCES[:2])


def test_light_text_that_touches_the_edge_of_its_cutting_is_read(recogniser: TesseractRecogniser) -> None:
    (reading,) = recogniser.recognise([draw("Gardens near the harbour", margin=0, ink="white", paper="navy")])
    assert reading.text == "Gardens near the harbour"


def test_a_line_longer_than_tesseract_takes_is_scaled_down(recogniser: TesseractRecogniser) -> None:
    line = draw(SENTENCES[0], size=100)
    wide = np.full((line.shape[0], 40_000, 3), 255, np.uint8)
    wide[:, 100 : 100 + line.shape[1]] = line
    assert recogniser.recognise([wide])[0].text == SENTENCES[0]


def test_confidence_is_weighted_by_length_and_words_without_one_do_not_count() -> None:
    words = [
        Word((1, 1, 1, 1), "abcdefghi", 1.0, 0, 0, 9, 9),
        Word((1, 1, 1, 1), "x", 0.0, 0, 0, 9, 9),
        Word((1, 1, 1, 1), "?", None, 0, 0, 9, 9),
    ]
    assert confidence_of(words) == 0.9
    assert confidence_of(words[2:]) == 0.0


def test_rows_without_a_word_are_passed_over_and_minus_one_is_no_confidence() -> None:
    table = {
        "page_num": [1, 1, 1],
        "block_num": [1, 1, 1],
        "par_num": [1, 1, 1],
        "line_num": [0, 1, 1],
        "text": ["", "שלום", "עולם"],
        "conf": [-1, "96.5", -1],
        "left": [0, 300, 100],
        "top": [0, 10, 10],
        "width": [900, 80, 80],
        "height": [90, 20, 20],
    }
    # Of Hebrew, Tesseract reports the rightmost word first: the order in which it is read.
    assert [(word.text, word.confidence) for word in words_of(table)] == [("שלום", 0.965), ("עולם", None)]


def test_all_missing_packages_are_named(options: EngineOptions) -> None:
    wanted = replace(options, languages=("uk", "en", "zh-TW", "tlh"))
    with pytest.raises(ModelsMissing) as error:
        create_engine("tesseract", wanted)
    assert "apt-get install tesseract-ocr-ukr tesseract-ocr-chi-tra tesseract-ocr-tlh." in str(error.value)
    assert "tlh: no language that Textmill knows" in str(error.value)


def test_a_code_never_leads_out_of_the_folder_of_packs(options: EngineOptions) -> None:
    with pytest.raises(ModelsMissing, match="no language pack"):
        create_engine("tesseract", replace(options, languages=("../../etc/passwd",)))


def test_where_tesseract_is_missing_its_package_is_named(
    options: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tesseract, "_PROGRAM", "/nowhere/tesseract")
    tesseract._language_packs.cache_clear()
    with pytest.raises(ModelsMissing, match="apt-get install tesseract-ocr"):
        create_engine("tesseract", options)
    assert tesseract.installed_packs() == frozenset()


def test_several_languages_are_read_together(options: EngineOptions, other_packs: Path) -> None:
    engine = create_engine("tesseract", replace(options, languages=("uk", "fr", "uk")))
    assert engine.model.endswith(":ukr+fra")
    assert engine.read(page_of(SENTENCES[0])).text == SENTENCES[0]


def test_auto_goes_to_tesseract_for_a_script_that_the_model_does_not_know(
    options: EngineOptions, other_packs: Path
) -> None:
    engine = create_engine("auto", replace(options, languages=("uk",)))
    assert engine.name == "tesseract"
    assert engine.read(page_of(SENTENCES[2])).text == SENTENCES[2]
    (other_packs / "ukr.traineddata").unlink()
    tesseract._language_packs.cache_clear()
    with pytest.raises(ModelsMissing, match=r"apt-get install tesseract-ocr-ukr\."):
        create_engine("auto", replace(options, languages=("uk",)))


def test_modes_languages_and_packs_are_in_the_fingerprint(options: EngineOptions, other_packs: Path) -> None:
    first = create_engine("tesseract", options)
    others = [
        create_engine("tesseract", replace(options, tesseract_psm=11)),
        create_engine("tesseract", replace(options, tesseract_oem=3)),
        create_engine("tesseract", replace(options, languages=("en", "fr"))),
        create_engine("tesseract", replace(options, languages=("fr", "en"))),
        TesseractRecogniser(options),
    ]
    with (other_packs / "eng.traineddata").open("ab") as pack:
        pack.write(b"newer")
    tesseract._digest.cache_clear()
    others.append(create_engine("tesseract", options))
    assert len({first.fingerprint, *(one.fingerprint for one in others)}) == 7


@pytest.mark.parametrize("psm", [0, 2])
def test_modes_that_give_no_text_are_refused(options: EngineOptions, psm: int) -> None:
    with pytest.raises(SettingsError, match=f"TEXTMILL_TESSERACT_PSM is {psm}"):
        create_engine("tesseract", replace(options, tesseract_psm=psm))


def test_an_engine_mode_for_which_the_pack_has_nothing_is_refused(options: EngineOptions) -> None:
    with pytest.raises(SettingsError, match="TEXTMILL_TESSERACT_OEM 0"):
        create_engine("tesseract", replace(options, tesseract_oem=0))


def test_sparse_text_is_read_in_its_mode(options: EngineOptions) -> None:
    engine = create_engine("tesseract", replace(options, tesseract_psm=11))
    assert SENTENCES[1] in engine.read(page_of(*SENTENCES[:2])).text


def test_one_process_uses_one_thread(options: EngineOptions) -> None:
    create_engine("tesseract", replace(options, threads=4))
    assert os.environ["OMP_THREAD_LIMIT"] == "1"
