"""Chinese, Japanese and Korean text in pieces that any full-text index takes.

Full-text indexes take words apart at spaces, which these scripts lack or use otherwise. MySQL has a parser
that cuts text into pairs of letters (ngram), MariaDB has none; so the pairs are made here and kept in a
column of their own, which both servers index alike. The stored function `textmill_cjk` makes the same pieces
of what somebody looks for: a phrase of pairs is a piece of text, in the middle of a sentence as well.

Pieces are ASCII, so that no collation takes two letters for one, no server's shortest word is too long, and
letters beyond the Basic Multilingual Plane, which are no letters to full-text parsers, are found:

- two letters that follow each other: their UTF-16 in hexadecimal, `67714eac` for 東京;
- the last letter of a run by itself, so that each letter is at the beginning of some piece;
- any other word: `t_` and the word in lower case, its letters that are not ASCII in hexadecimal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

# As in include/sql/functions/textmill_cjk.sql. Half-width kana and compatibility forms are normalised first.
_LETTERS = (
    "\u1100-\u11ff\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"
)
_HAS_LETTERS = re.compile(f"[{_LETTERS}\uf900-\ufaff\uff66-\uff9f]")
# Where a line ends, a word goes on; where a paragraph ends, it does not.
_RUN_OR_WORD = re.compile(
    rf"[{_LETTERS}](?:[^\S\n\f]*\n?[^\S\n\f]*[{_LETTERS}])*|[^\W_{_LETTERS}]+", re.UNICODE
)
_IS_LETTER = re.compile(f"[{_LETTERS}]")
LONGEST_WORD = 40
"""Letters of a word that count; what goes on after them is cut off."""


def cjk_pieces(text: str) -> str | None:
    """Return the pieces of a text, separated by spaces; None when it has no CJK letters."""
    if text.isascii() or _HAS_LETTERS.search(text) is None:
        return None
    return " ".join(_pieces(unicodedata.normalize("NFKC", text)))


def _pieces(text: str) -> Iterator[str]:
    for match in _RUN_OR_WORD.finditer(text):
        if _IS_LETTER.match(match[0]):
            codes = [_code(letter) for letter in match[0] if not letter.isspace()]
            yield from (first + second for first, second in pairwise(codes))
            yield codes[-1]
        else:
            word = match[0][:LONGEST_WORD].lower()
            yield "t_" + "".join(letter if letter.isascii() else _code(letter) for letter in word)


def _code(letter: str) -> str:
    return letter.encode("utf-16-be").hex()
