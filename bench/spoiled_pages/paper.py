"""Draws pages in a dozen languages: letters, columns, tables, forms, slips.

Runs in the OCR environment. Chinese is drawn where the machine has a font for it, or where the folder
`TEXTMILL_BENCH_FONTS` has one.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

_TEXTS = Path(__file__).with_name("texts")
_LATIN_FONTS = (
    "liberation/LiberationSerif-Regular.ttf",
    "liberation/LiberationSans-Regular.ttf",
    "dejavu/DejaVuSerif.ttf",
    "dejavu/DejaVuSans.ttf",
    "liberation/LiberationMono-Regular.ttf",
)
_SHARED_FONTS = Path("/usr/share/fonts/truetype")
_ELSEWHERE = {"ar": ("dejavu/DejaVuSans.ttf",), "he": ("dejavu/DejaVuSans.ttf",)}
_RIGHT_TO_LEFT = ("ar", "he")
WIDTH, HEIGHT = 1000, 1300
_MARGIN = 90

Drawn = tuple[Any, str]
"""Pixels, and the text that stands on them."""


def languages() -> tuple[str, ...]:
    """Return the languages in which pages can be drawn on this machine."""
    known = sorted(path.stem for path in _TEXTS.glob("*.txt"))
    return tuple(code for code in known if _fonts(code))


def sentences(language: str) -> list[str]:
    """Return what pages in a language are made of."""
    return (_TEXTS / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def paragraphs(language: str, chance: random.Random, count: int = 3) -> list[str]:
    """Return paragraphs of a few sentences, in an order of their own."""
    pool = sentences(language)
    chance.shuffle(pool)
    size = max(1, len(pool) // count)
    glue = "" if language == "zh" else " "
    return [glue.join(pool[at : at + size]) for at in range(0, size * count, size)]


def letter(language: str, chance: random.Random) -> Drawn:
    """Draw a page of paragraphs."""
    font = _font(language, chance, chance.choice((22, 26, 30)))
    lines: list[str] = []
    for paragraph in paragraphs(language, chance):
        lines += [*_wrapped(paragraph, font, WIDTH - 2 * _MARGIN), ""]
    return _set(lines, font, align="right" if language in _RIGHT_TO_LEFT else "left")


def columns(language: str, chance: random.Random) -> Drawn:
    """Draw a page of two columns."""
    font = _font(language, chance, 22)
    width = (WIDTH - 2 * _MARGIN - 50) // 2
    sheet, pen = _sheet()
    text = []
    for left in (_MARGIN, _MARGIN + width + 50):
        top = 110
        for paragraph in paragraphs(language, chance, 2):
            for line in [*_wrapped(paragraph, font, width), ""]:
                pen.text((left, top), line, font=font, fill=(20, 20, 20))
                text.append(line)
                top += round(font.size * 1.45)
    return _pixels(sheet), "\n".join(text)


def table(language: str, chance: random.Random) -> Drawn:
    """Draw rows of numbers under a heading."""
    font = _font(language, chance, 24)
    words = [word for one in sentences(language) for word in one.split() if len(word) > 4]
    rows = ["      ".join(chance.choice(words).strip(".,;") for _ in range(2))]
    for number in range(chance.randint(8, 24)):
        price = chance.uniform(1, 2000)
        rows.append(
            f"{number + 1:>3}    {chance.randint(1000, 99999)}    {price:9.2f}    {price * 0.19:8.2f}"
        )
    return _set(rows, font)


def form(language: str, chance: random.Random) -> Drawn:
    """Draw labels with dots or lines to fill in."""
    font = _font(language, chance, 24)
    words = [word.strip(".,;") for one in sentences(language) for word in one.split() if len(word) > 3]
    filler = chance.choice((".", "_"))
    rows = [f"{chance.choice(words).title()}: {filler * chance.randint(15, 35)}" for _ in range(12)]
    return _set([line for row in rows for line in (row, "")], font)


def slip(language: str, chance: random.Random) -> Drawn:
    """Draw a short slip: a few words, numbers and a sum."""
    font = _font(language, chance, 26)
    words = [word.strip(".,;") for one in sentences(language) for word in one.split() if len(word) > 3]
    rows = [
        chance.choice(words).upper(),
        f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/2024  14:07",
    ]
    rows += [f"{chance.choice(words)}  {chance.uniform(1, 50):.2f}" for _ in range(chance.randint(1, 4))]
    return _set([*rows, "-" * 24, f"TOTAL  {chance.uniform(20, 99):.2f} EUR"], font)


LAYOUTS = {"letter": letter, "columns": columns, "table": table, "form": form, "slip": slip}


def blank(shade: int = 250) -> Any:
    """Return an empty sheet."""
    import numpy as np

    return np.full((HEIGHT, WIDTH, 3), shade, np.uint8)


def _set(lines: list[str], font: Any, align: str = "left") -> Drawn:
    sheet, pen = _sheet()
    top, set_lines = 110, []
    for line in lines:
        if top > HEIGHT - 110:
            break
        left = WIDTH - _MARGIN - font.getlength(line) if align == "right" else _MARGIN
        pen.text((left, top), line, font=font, fill=(20, 20, 20))
        set_lines.append(line)
        top += round(font.size * 1.5)
    return _pixels(sheet), "\n".join(line for line in set_lines if line)


def _sheet() -> tuple[Any, Any]:
    from PIL import Image, ImageDraw

    sheet = Image.new("RGB", (WIDTH, HEIGHT), (250, 249, 246))
    return sheet, ImageDraw.Draw(sheet)


def _pixels(sheet: Any) -> Any:
    import numpy as np

    return np.asarray(sheet).copy()


def _wrapped(text: str, font: Any, width: int) -> Iterator[str]:
    glue, pieces = (" ", text.split(" ")) if " " in text else ("", list(text))
    line = ""
    for piece in pieces:
        longer = f"{line}{glue}{piece}" if line else piece
        if line and font.getlength(longer) > width:
            yield line
            line = piece
        else:
            line = longer
    if line:
        yield line


def _font(language: str, chance: random.Random, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(chance.choice(_fonts(language)), size)


@cache
def _fonts(language: str) -> tuple[str, ...]:
    if language == "zh":
        return _chinese_fonts()
    names = _ELSEWHERE.get(language, _LATIN_FONTS)
    return tuple(str(path) for name in names if (path := _SHARED_FONTS / name).exists())


def _chinese_fonts() -> tuple[str, ...]:
    folder = os.environ.get("TEXTMILL_BENCH_FONTS")
    if folder:
        return tuple(sorted(str(path) for path in Path(folder).rglob("*.tt[cf]")))
    found = subprocess.run(["fc-list", ":lang=zh", "file"], capture_output=True, text=True).stdout
    return tuple(sorted(line.split(":")[0] for line in found.splitlines()))[:1]
