"""The sample media agree with their ground truth and with their generator."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from tools.make_samples.__main__ import write_sample
from tools.make_samples.documents import PAGE_BREAK, SAMPLES, Sample
from tools.make_samples.others import other_samples

FOLDER = Path(__file__).resolve().parents[2] / "samples"
TRUTH_SUFFIX = ".gt.txt"
SUFFIXES = {".png", ".jpg", ".tif", ".pdf"}
LARGEST_TOTAL_BYTES = 6_000_000

MEDIA = sorted(path for path in FOLDER.iterdir() if path.suffix in SUFFIXES)


def truth_of(medium: Path) -> Path:
    """The ground truth file beside a medium."""
    return medium.with_name(f"{medium.stem}{TRUTH_SUFFIX}")


def page_count(medium: Path) -> int:
    """Pages of a PDF, frames of an image."""
    if medium.suffix == ".pdf":
        with pypdfium2.PdfDocument(medium) as document:
            return len(document)
    with Image.open(medium) as image:
        return getattr(image, "n_frames", 1)


def sample(name: str) -> Sample:
    """The declared sample with this file name."""
    return next(each for each in SAMPLES if each.name == name)


def test_every_medium_has_ground_truth_and_the_other_way_round() -> None:
    truths = {path.name for path in FOLDER.glob(f"*{TRUTH_SUFFIX}")}
    assert {truth_of(medium).name for medium in MEDIA} == truths


def test_the_folder_holds_what_the_generator_declares() -> None:
    assert [medium.name for medium in MEDIA] == sorted(each.name for each in SAMPLES)


def test_texts_archive_and_video_are_what_the_generator_writes() -> None:
    for name, content in other_samples().items():
        assert (FOLDER / name).read_bytes() == content, name


def test_there_is_enough_and_it_is_small() -> None:
    several_pages = [medium for medium in MEDIA if medium.suffix == ".pdf" and page_count(medium) > 1]
    kinds = {medium.name.partition("-")[0] for medium in MEDIA}

    assert len(MEDIA) >= 12
    assert len(several_pages) >= 3
    assert {"letter", "invoice", "table", "columns", "newspaper", "report"} <= kinds
    assert sum(medium.stat().st_size for medium in MEDIA) < LARGEST_TOTAL_BYTES


@pytest.mark.parametrize("medium", MEDIA, ids=lambda medium: medium.name)
def test_ground_truth_has_text_for_each_page(medium: Path) -> None:
    pages = truth_of(medium).read_text(encoding="utf-8").split(PAGE_BREAK)

    assert len(pages) == page_count(medium)
    assert all(page.strip() for page in pages)


@pytest.mark.parametrize("name", ["invoice-studio.pdf", "report-bridge.pdf"])
def test_a_vector_pdf_carries_its_ground_truth_as_text(name: str) -> None:
    medium = FOLDER / name
    truth = truth_of(medium).read_text(encoding="utf-8")
    with pypdfium2.PdfDocument(medium) as document:
        text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    assert sorted(text.split()) == sorted(truth.split())


@pytest.mark.parametrize("name", ["report-minutes.pdf", "report-saltmarsh.pdf", "columns-clocks.pdf"])
def test_a_scanned_pdf_carries_no_text(name: str) -> None:
    with pypdfium2.PdfDocument(FOLDER / name) as document:
        assert not any(page.get_textpage().get_text_bounded().strip() for page in document)


@pytest.mark.parametrize("name", ["memo-moving.png", "letter-orchard.jpg", "invoice-studio.pdf"])
def test_generating_again_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    declared = sample(name)

    write_sample(declared, tmp_path)

    for file in (name, declared.truth_name):
        assert (tmp_path / file).read_bytes() == (FOLDER / file).read_bytes()
