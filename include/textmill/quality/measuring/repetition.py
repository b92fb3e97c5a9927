"""Repeated text: pages of a medium that say the same, as when a feeder is stuck or an engine is.

Keeps eight bytes of each page, whatever its length.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from hashlib import blake2b

_LEAST_LETTERS = 40
"""Pages with fewer letters and digits may well say the same: a number, a heading, `left blank`."""
_LEAST_OTHERS = 4
"""A second copy is common, a fifth is not: in short documents a page's twins are held against so many."""


class RepeatedTexts:
    """Counts the texts of each medium, and then tells of each page how many others have its text."""

    def __init__(self) -> None:
        self._texts: dict[str, Counter[bytes]] = defaultdict(Counter)

    def note(self, medium: str, text: str) -> bytes | None:
        """Take a page in; returns the key of its text, None for too little text."""
        bare = "".join(filter(str.isalnum, text.casefold()))
        if len(bare) < _LEAST_LETTERS:
            return None
        key = blake2b(bare.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._texts[medium][key] += 1
        return key

    def share(self, medium: str, key: bytes | None) -> float | None:
        """Return the share of the other pages with text that have the text of this key, 0 to 1."""
        if key is None:
            return None
        texts = self._texts[medium]
        return (texts[key] - 1) / max(texts.total() - 1, _LEAST_OTHERS)
