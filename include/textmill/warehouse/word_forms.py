"""Words as fuzzy search knows them: folded, with a shape that forgives look-alikes, and cut into grams.

Two words of which one is the other with at most k errors share pieces: cut a word into pairs of letters that
do not overlap, and each error spoils one of them at most, so all but k pairs are in the other word, moved by
k places at most (the pigeonhole principle, as in Navarro, "A guided tour to approximate string matching", ACM
Computing Surveys 33(1), 2001, section 8). The stored function `textmill_variants` looks them up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

SHORTEST, LONGEST = 3, 40
"""Letters of a word that is kept."""

_WORD = re.compile(rf"[^\W_]{{{SHORTEST},}}")
_ASCII_WORD = re.compile(rf"[a-z0-9]{{{SHORTEST},}}")  # twice as fast
# Letters that full-text collations tell from their base letter only by these marks.
_MARKS = re.compile("(?<=[a-zα-ω])[\u0300-\u036f]+")
# Scripts without spaces have an index of their own, see cjk.py.
_OTHER_SCRIPTS = re.compile(
    "[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
)
# As in include/sql/functions/textmill_shape.sql, in this order.
_MERGED = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_ALIKE = str.maketrans("0o1li528963q", "oolllszbggeg")


def words_of(text: str) -> set[str]:
    """Return the different words of a text, folded: in lower case, and Latin and Greek without accents.

    Left out are words of fewer than 3 or more than 40 letters, numbers, and words of scripts without spaces.
    """
    words = _ASCII_WORD if text.isascii() else _WORD
    return {word for word in set(words.findall(fold(text))) if _is_kept(word)}


def _is_kept(word: str) -> bool:
    if len(word) > LONGEST or word.isdigit():
        return False
    return word.isascii() or _OTHER_SCRIPTS.search(word) is None


def fold(text: str) -> str:
    """Return a text as full-text search compares it."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _MARKS.sub("", decomposed))


def shape_of(word: str) -> str:
    """Return a folded word with letters and digits that OCR takes for each other made the same."""
    for several, one in _MERGED:
        word = word.replace(several, one)
    return word.translate(_ALIKE)


def grams_of(shape: str) -> Iterator[tuple[str, int, int]]:
    """Yield pairs of letters that do not overlap, each with its number from 0 and the shape's length."""
    for place in range(len(shape) // 2):
        yield shape[2 * place : 2 * place + 2], place, len(shape)
