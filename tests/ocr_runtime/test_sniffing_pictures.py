"""Blank and nearly blank pages are pictures: their bytes hardly change, as those of some texts do."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from textmill.fetching.sniffing import sniff
from textmill.records import Kind

SIZES = ((1, 1), (257, 513), (600, 600), (1000, 1414), (1654, 2338), (2570, 2570))
FORMATS = {
    "JPEG": {"quality": 75},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "GIF": {},
    "BMP": {},
    "PCX": {},
    "PPM": {},
    "JPEG2000": {},
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("mode", "ground"), [("RGB", "white"), ("L", 128), ("1", 1)])
@pytest.mark.parametrize("words", ["", "Page 3"])
def test_a_blank_page_is_a_picture(
    tmp_path: Path, form: str, size: tuple[int, int], mode: str, ground: str | int, words: str
) -> None:
    picture = Image.new(mode, size, ground)
    if words:
        ImageDraw.Draw(picture).text((size[0] // 3, size[1] // 3), words, fill=0, font_size=40)
    path = tmp_path / "content"
    picture.convert("L" if mode == "1" and form in ("JPEG", "JPEG2000") else mode).save(
        path, format=form, **FORMATS[form]
    )
    assert sniff(path, name="scan").kind is Kind.IMAGE
