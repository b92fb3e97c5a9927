"""Mojibake: text that was decoded with another encoding than it was written in.

ftfy's rule of badness (Speer, "ftfy", 2019) knows the sequences that this leaves behind and that hardly any
text has otherwise; it is asked about words. What it does not know is Cyrillic in an old encoding: read as
another of these, small and capital letters change places; read as Latin, every letter has an accent.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SPACE = re.compile(r"[ \t\r\n]+")
"""A no-break space is what many a letter becomes: it ends no word here."""
_TELLING = re.compile("[\x80-\u2eff\ufffd]")
"""No mojibake is made of ASCII and Eastern characters alone."""
_LEAST_WORDS = 2
"""One odd word is a quotation or a name."""
_LONGEST = 200
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CASE_TURNED = re.compile("[а-яё][А-ЯЁ]{3,}")
_DOS = re.compile(r"[^\W\d_][├┬]\S")
"""UTF-8 as DOS reads it; in tables drawn with these signs no letter is before them."""
_ALL_ACCENTED = re.compile("[À-ÖØ-öø-ÿ]{4,}")


def mojibake(text: str) -> float | None:
    """Return the share of words in which something was decoded wrongly, 0 to 1; None without words."""
    if text.isascii():
        return 0.0 if text.strip() else None
    words = [word for word in _SPACE.split(text) if word]
    if not words:
        return None
    bad = sum(_is_bad(word[:_LONGEST]) for word in words if _TELLING.search(word))
    return bad / len(words) if bad >= _LEAST_WORDS else 0.0


@lru_cache(maxsize=32_768)
def _is_bad(word: str) -> bool:
    from ftfy.badness import is_bad

    return (
        _REPLACEMENT in word
        or _DOS.search(word) is not None
        or _ALL_ACCENTED.search(word) is not None
        or _CASE_TURNED.search(word) is not None
        or bool(is_bad(word))
    )
