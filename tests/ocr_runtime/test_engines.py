"""The real engines on real pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ocr_batches import OPTIONS

from bench.metrics import Score
from textmill.engines import Engine, EngineOptions, create_engine
from textmill.engines.models import detection_model, prepare_models, recognition_model
from textmill.errors import ModelsMissing
from textmill.media import open_medium
from textmill.page import PageImage, PageText
from textmill.records import Kind, LineRecord, TextLayerUse


@pytest.fixture(scope="module")
def options(models_dir: Path) -> EngineOptions:
    return EngineOptions(languages=("en",), models_dir=models_dir, threads=1, detection_side=1440)


@pytest.fixture(scope="module")
def paddle(options: EngineOptions) -> Engine:
    return create_engine("paddle", options)


def read(engine: Engine, path: Path, page_no: int = 1) -> PageText:
    kind = Kind.PDF if path.suffix == ".pdf" else Kind.IMAGE
    options = replace(OPTIONS, text_layer=TextLayerUse.NEVER)
    with open_medium(path, kind, "any/thing", name=path.name, options=options) as medium:
        page = medium.page(page_no)
        assert isinstance(page, PageImage)
        return engine.read(page)


def score(engine: Engine, path: Path) -> Score:
    truth = path.with_suffix(".gt.txt").read_text(encoding="utf-8").partition("\f")[0]
    return Score.of(truth, read(engine, path).text)


@pytest.mark.parametrize(
    ("sample", "character_error_rate", "word_f1"),
    [
        ("letter-guesthouse.png", 0.02, 0.97),
        ("invoice-marine.tif", 0.05, 0.95),
        ("table-ferry.png", 0.02, 0.97),
        ("columns-garden.jpg", 0.05, 0.96),
        ("newspaper-harbour.jpg", 0.08, 0.95),
        ("report-minutes.pdf", 0.03, 0.96),
    ],
)
def test_paddle_reads_what_is_written_in_the_order_of_reading(
    paddle: Engine, samples: Path, sample: str, character_error_rate: float, word_f1: float
) -> None:
    found = score(paddle, samples / sample)
    assert found.character_error_rate <= character_error_rate
    assert found.word_f1 >= word_f1


def test_paddle_gives_the_same_text_twice(paddle: Engine, samples: Path) -> None:
    assert read(paddle, samples / "memo-fax.tif") == read(paddle, samples / "memo-fax.tif")


def test_lines_lie_on_the_page_and_are_numbered(paddle: Engine, samples: Path) -> None:
    lines = read(paddle, samples / "table-ferry.png").lines
    assert [line.line_no for line in lines] == list(range(1, len(lines) + 1))
    assert all(0 <= x <= 992 and 0 <= y <= 700 for line in lines for x, y in line.polygon)
    assert all(0.5 < line.confidence <= 1 for line in lines)


def test_a_blank_page_has_no_text_and_no_confidence(paddle: Engine, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (600, 800), 250).save(tmp_path / "blank.png")
    blank = read(paddle, tmp_path / "blank.png")
    assert (blank.text, blank.lines, blank.confidence, blank.confidence_low) == ("", (), None, None)


def test_the_fingerprint_changes_with_what_can_change_the_text(paddle: Engine, models_dir: Path) -> None:
    other = create_engine("paddle", EngineOptions(("en",), models_dir, threads=2, detection_side=1440))
    assert other.fingerprint == paddle.fingerprint
    other = create_engine("paddle", EngineOptions(("en",), models_dir, threads=1, detection_side=960))
    assert other.fingerprint != paddle.fingerprint


def test_tesseract_is_the_second_opinion(options: EngineOptions, samples: Path) -> None:
    assert score(create_engine("tesseract", options), samples / "letter-guesthouse.png").word_f1 > 0.9


def test_a_missing_language_pack_names_its_package(models_dir: Path) -> None:
    options = EngineOptions(("en", "uk"), models_dir, threads=1, detection_side=1440)
    with pytest.raises(ModelsMissing, match="tesseract-ocr-ukr"):
        create_engine("tesseract", options)


def test_unknown_engines_are_refused_by_name(options: EngineOptions) -> None:
    with pytest.raises(ValueError, match="no engine called 'abbyy'"):
        create_engine("abbyy", options)


def test_missing_models_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(ModelsMissing, match=r"textmill\.engines\.models --out"):
        recognition_model("auto", tmp_path)


def test_models_are_prepared_once(tmp_path: Path) -> None:
    prepare_models(tmp_path)
    assert detection_model("auto", tmp_path).folder == tmp_path / "PP-OCRv6_small_det"
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    prepare_models(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == written


def test_confidence_is_weighted_by_length_and_its_low_end_is_kept() -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    lines = tuple(
        LineRecord(line_no=number, text=text, confidence=confidence, polygon=corners)
        for number, (text, confidence) in enumerate([("a" * 9, 1.0), ("b", 0.0)], start=1)
    )
    assert PageText("", lines).confidence == 0.9
    assert PageText("", lines).confidence_low == 0.0
