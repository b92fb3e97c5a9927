"""The words of a line, and about where each of them stands.

Engines outline lines. A word's place is interpolated: each character takes about the share of the line that
it takes in a common proportional typeface. Good enough to mark a hit or to select text;
nothing to measure by.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from textmill.exports.document.outlines import Outline, outline_of
from textmill.records import LineRecord
from textmill.text_direction import is_right_to_left

_SPACE = 0.55
_NARROW = frozenset("iljtfrI.,:;'!|()[]`")
_WIDE = frozenset("mwMW@%—…")
_WEIGHTLESS = ("Mn", "Me", "Cf")


@dataclass(frozen=True)
class PlacedWord:
    """A word as it is typed, and its outline on the page."""

    text: str
    outline: Outline


def placed_words(line: LineRecord) -> list[PlacedWord]:
    """Return the words of a line in the order of reading; none where the line has no outline."""
    outline = outline_of(line.polygon, line.text)
    words = line.text.split()
    if outline is None or not words:
        return []
    order = visual_order(words)
    spans = dict(zip(order, _spans([words[index] for index in order]), strict=True))
    return [PlacedWord(word, outline.part(*spans[index])) for index, word in enumerate(words)]


def visual_order(words: Sequence[str]) -> list[int]:
    """Return the numbers of words in the order in which they stand from left to right.

    Whole words of the other direction are reordered as the Unicode bidirectional algorithm does (Unicode
    Standard Annex 9); a word without letters goes with its neighbours.
    """
    base = is_right_to_left(words)
    directions = _directions(words, base)
    if not any(directions):
        return list(range(len(words)))
    runs = [
        [index for index, _ in run] for _, run in groupby(enumerate(directions), key=lambda pair: pair[1])
    ]
    ordered = reversed(runs) if base else iter(runs)
    return [index for run in ordered for index in (reversed(run) if directions[run[0]] else run)]


def _directions(words: Sequence[str], base: bool) -> list[bool]:
    """Tell of each word whether it runs from right to left."""
    own: list[bool | None] = [
        is_right_to_left([word]) if any(map(str.isalpha, word)) else None for word in words
    ]
    known = [(index, one) for index, one in enumerate(own) if one is not None]
    directions = []
    for index, one in enumerate(own):
        before = next((found for place, found in reversed(known) if place < index), base)
        after = next((found for place, found in known if place > index), base)
        directions.append(one if one is not None else before if before == after else base)
    return directions


def _spans(words: Sequence[str]) -> Iterator[tuple[float, float]]:
    """Yield from where to where, in shares of the line, each word reaches; from left to right."""
    widths = [sum(map(_width, word)) or 1.0 for word in words]
    whole = sum(widths) + _SPACE * (len(words) - 1)
    position = 0.0
    for width in widths:
        yield position / whole, min(1.0, (position + width) / whole)
        position += width + _SPACE


def _width(character: str) -> float:
    """Return about how wide a character is, in widths of an `n`."""
    if character in _NARROW:
        return 0.55
    if character in _WIDE:
        return 1.5
    if unicodedata.category(character) in _WEIGHTLESS:
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 2.0
    return 1.25 if character.isupper() else 1.0
