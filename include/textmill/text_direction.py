"""Right-to-left scripts: tell them, and put what was read from left to right into the order of reading."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def is_right_to_left(texts: Iterable[str]) -> bool:
    """Tell whether more letters are of a right-to-left script (Arabic, Hebrew …) than of any other."""
    balance = 0
    for text in texts:
        for character in text:
            if unicodedata.bidirectional(character) in _RIGHT_TO_LEFT:
                balance += 1
            elif character.isalpha():
                balance -= 1
    return balance > 0


def logical_order(text: str) -> str:
    """Return a line as it is typed, given its characters as they stand in the picture from left to right.

    The Unicode bidirectional algorithm (Unicode Standard Annex 9) turns the first into the second; for a
    line of one direction with pieces of the other it is its own inverse. Text without right-to-left
    letters comes back as it is.
    """
    if not any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return text
    from bidi.algorithm import get_display

    return str(get_display(text, base_dir="R" if is_right_to_left([text]) else "L"))
