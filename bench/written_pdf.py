"""A born-digital PDF with its source text: prose in one and two columns, and tables, set by reportlab."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

_PAGE = (595.0, 842.0)
_SIZE = 10.0
_LEADING = 13.0
_TOP, _BOTTOM = 790.0, 60.0
_LEFT, _WIDTH, _GUTTER = 55.0, 485.0, 25.0
_FONT = "Helvetica"
_COMMON_WORDS = 4000
_TABLE_COLUMNS = (_LEFT, _LEFT + 210, _LEFT + 300, _LEFT + 400)


def write(path: Path, pages: int, *, seed: int = 1) -> list[str]:
    """Write a document of `pages` pages and return the text of each in reading order.

    Every third page has one column, two columns, or a table under a paragraph.
    """
    from reportlab.pdfgen.canvas import Canvas

    chance = random.Random(seed)
    words = _words()
    sheet = Canvas(str(path), pagesize=_PAGE, invariant=True)
    texts = []
    for number in range(pages):
        layout = (_one_column, _two_columns, _table)[number % 3]
        placed = list(layout(chance, words))
        sheet.setFont(_FONT, _SIZE)
        for x, y, text in placed:
            sheet.drawString(x, y, text)
        sheet.showPage()
        texts.append(_text(placed))
    sheet.save()
    return texts


_Placed = tuple[float, float, str]


def _words() -> list[str]:
    from wordfreq import top_n_list

    return [word for word in top_n_list("en", _COMMON_WORDS, wordlist="small") if word.isascii()]


def _text(placed: list[_Placed]) -> str:
    """Join what stands on one line by a space, as a row of a table is read."""
    rows: list[tuple[float, list[str]]] = []
    for x, y, text in placed:
        if rows and rows[-1][0] == y and x > _LEFT:
            rows[-1][1].append(text)
        else:
            rows.append((y, [text]))
    return "\n".join(" ".join(row) for _, row in rows)


def _one_column(chance: random.Random, words: list[str]) -> Iterator[_Placed]:
    yield from _column(chance, words, _LEFT, _TOP, _BOTTOM, _WIDTH)


def _two_columns(chance: random.Random, words: list[str]) -> Iterator[_Placed]:
    width = (_WIDTH - _GUTTER) / 2
    yield _LEFT, _TOP, _sentence(chance, words)[:60].rstrip()
    for x in (_LEFT, _LEFT + width + _GUTTER):
        yield from _column(chance, words, x, _TOP - 2 * _LEADING, _BOTTOM, width)


def _table(chance: random.Random, words: list[str]) -> Iterator[_Placed]:
    yield from _column(chance, words, _LEFT, _TOP, _TOP - 10 * _LEADING, _WIDTH)
    y = _TOP - 12 * _LEADING
    while y > _BOTTOM:
        cells = (
            f"{chance.choice(words).capitalize()} {chance.choice(words)}",
            f"{chance.randrange(1, 200)} kg",
            f"{chance.randrange(1, 10_000) / 100:.2f}",
            f"{chance.choice('ABCD')}-{chance.randrange(1000, 9999)}",
        )
        yield from ((x, y, cell) for x, cell in zip(_TABLE_COLUMNS, cells, strict=True))
        y -= _LEADING


def _column(
    chance: random.Random, words: list[str], x: float, top: float, bottom: float, width: float
) -> Iterator[_Placed]:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    y, line = top, ""
    while y > bottom:
        for word in _sentence(chance, words).split():
            longer = f"{line} {word}".strip()
            if stringWidth(longer, _FONT, _SIZE) <= width:
                line = longer
                continue
            if y > bottom:
                yield x, y, line
            y, line = y - _LEADING, word


def _sentence(chance: random.Random, words: list[str]) -> str:
    chosen = [chance.choice(words) for _ in range(chance.randrange(6, 16))]
    chosen[chance.randrange(1, len(chosen))] += ","
    if chance.random() < 0.2:
        chosen.insert(2, f"{chance.randrange(1, 3000):,}")
    return f"{' '.join(chosen).capitalize()}."
