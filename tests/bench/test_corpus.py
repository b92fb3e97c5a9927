"""Copies that differ in their bytes and show the same pixels."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from bench import corpus
from bench.corpus import CorpusError, build, find_originals, marked, page_count
from textmill.fetching.sniffing import sniff
from textmill.records import Kind


def picture(shade: int = 200) -> Image.Image:
    """A small picture in which every pixel is different from its neighbours."""
    image = Image.new("RGB", (37, 23))
    image.putdata([((x * 7) % 256, (y * 11) % 256, shade) for y in range(23) for x in range(37)])
    return image


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One medium of each kind, six pages together, and a file that is no medium."""
    folder = tmp_path / "source"
    folder.mkdir()
    picture().save(folder / "a.png")
    picture().save(folder / "b.jpg", dpi=(200, 200))
    picture().save(folder / "c.tif", save_all=True, append_images=[picture(10)])
    picture().save(folder / "d.pdf", save_all=True, append_images=[picture(90)])
    (folder / "a.gt.txt").write_text("text")
    return folder


def frames(path: Path) -> list[bytes]:
    with Image.open(path) as image:
        return [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(image)]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_copies_differ_in_bytes_and_show_the_same_pixels(source: Path, tmp_path: Path) -> None:
    built = build(source, tmp_path / "out", 15)

    copies = sorted(built.folder.iterdir())
    assert len({digest(path) for path in copies}) == len(copies) == built.media
    for name in ("a.png", "b.jpg", "c.tif"):
        stem, suffix = name.split(".")
        found = [path for path in copies if path.name.startswith(f"{stem}.")]
        assert len(found) >= 2
        assert all(frames(path) == frames(source / name) for path in found)
        assert {path.suffix for path in found} == {f".{suffix}"}


def test_copies_differ_from_their_originals_too(source: Path, tmp_path: Path) -> None:
    built = build(source, tmp_path / "out", 1)

    originals = {digest(path) for path in source.iterdir()}
    assert not originals & {digest(path) for path in built.folder.iterdir()}


def test_copies_of_a_pdf_can_be_drawn(source: Path, tmp_path: Path) -> None:
    from pdf2image import convert_from_path

    built = build(source, tmp_path / "out", 15)

    drawn = [
        [page.tobytes() for page in convert_from_path(path)]
        for path in [source / "d.pdf", *sorted(built.folder.glob("*.pdf"))]
    ]
    assert len(drawn) >= 3
    assert all(pages == drawn[0] for pages in drawn)


def test_copies_are_recognised_by_their_content(source: Path, tmp_path: Path) -> None:
    built = build(source, tmp_path / "out", 1)

    found = [sniff(path, name=path.name).kind for path in sorted(built.folder.iterdir())]
    assert found == [Kind.IMAGE] * 3 + [Kind.PDF]


def test_all_media_take_turns_until_there_are_pages_enough(source: Path, tmp_path: Path) -> None:
    built = build(source, tmp_path / "out", 8)

    assert built.pages == 8
    assert sorted(path.name for path in built.folder.iterdir()) == [
        "a.0000.png",
        "a.0001.png",
        "b.0000.jpg",
        "b.0001.jpg",
        "c.0000.tif",
        "d.0000.pdf",
    ]
    assert built.media == 6


def test_every_medium_is_there_at_least_once(source: Path, tmp_path: Path) -> None:
    built = build(source, tmp_path / "out", 1)

    assert (built.media, built.pages) == (4, 6)
    assert [original.pages for original in built.originals] == [1, 1, 2, 2]


def test_pages_are_counted(source: Path) -> None:
    assert [page_count(path) for path in sorted(source.glob("?.[jpt]*"))] == [1, 1, 2, 2]


def test_a_comment_goes_behind_the_first_jpeg_segment(tmp_path: Path) -> None:
    picture().save(tmp_path / "b.jpg")
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(marked((tmp_path / "b.jpg").read_bytes(), "copy 3"))

    with Image.open(copy) as image:
        assert image.info["comment"] == b"copy 3"
        assert image.info["jfif"]


def test_a_remark_in_a_png_is_a_valid_chunk(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    copy = tmp_path / "copy.png"
    copy.write_bytes(marked((tmp_path / "a.png").read_bytes(), "copy 3"))

    with Image.open(copy) as image:
        image.verify()
        assert image.info["Comment"] == "copy 3"


def test_other_content_is_refused() -> None:
    with pytest.raises(CorpusError, match="neither PNG"):
        marked(b"text", "copy 1")


def test_a_folder_without_media_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(CorpusError, match="holds no PNG"):
        build(tmp_path, tmp_path / "out", 1)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is not a folder"):
        find_originals(tmp_path / "nowhere")


def test_a_pdf_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and nothing more")
    with pytest.raises(CorpusError, match=r"broken\.pdf cannot be opened"):
        corpus.page_count(broken)
