"""Mojibake: text that was decoded with another encoding than it was written in.

ftfy's rule of badness (Speer, "ftfy", 2019) knows the sequences that this leaves behind and that hardly any
text has otherwise; it is asked about words. What it does not know is Cyrillic in one of its old encodings
read as another: their letters lie so that small and capital ones change places.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^ \t\r\n]+")
"""A no-break space is what many a letter becomes: it ends no word here."""
_LEAST_WORDS = 2
"""One odd word is a quotation or a name."""
_LONGEST = 200
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CASE_TURNED = re.compile(r"[а-яё][А-ЯЁ]{3,}|[А-ЯЁ]?[а-яё]+[А-ЯЁ]+[а-яё]+[А-ЯЁ]")


def mojibake(text: str) -> float | None:
    """Return the share of words in which something was decoded wrongly, 0 to 1; None without words."""
    if text.isascii():
        return 0.0 if text.strip() else None
    words = bad = 0
    for match in _WORD.finditer(text):
        words += 1
        word = match[0]
        if not word.isascii():
            bad += _is_bad(word[:_LONGEST])
    if not words:
        return None
    return bad / words if bad >= _LEAST_WORDS else 0.0


@lru_cache(maxsize=32_768)
def _is_bad(word: str) -> bool:
    from ftfy.badness import is_bad

    return _REPLACEMENT in word or bool(is_bad(word)) or _CASE_TURNED.search(word) is not None
