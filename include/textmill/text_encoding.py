"""Whether bytes are text, and which encoding of Unicode they show.

Used where types are told and where text is read: pure Python, for both environments. Encodings of eight bits
are told apart in `textmill.media.decoding`.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter

HEAD_BYTES = 65_536
"""As much of a file as is looked at."""

END_OF_FILE = b"\x1a"
"""What DOS programs write behind the last line."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 before UTF-16: its mark in little-endian order begins with the other's."""

_WIDE = {"utf-32-le": 4, "utf-32-be": 4, "utf-16-le": 2, "utf-16-be": 2}
"""Codecs with the bytes of a unit; a file is a whole number of them."""
_MOST_IMPLAUSIBLE = 0.01
"""Share of control characters, unassigned or private code points that a text may have."""
_TELLING = frozenset("\n\r\t \u3000\u3001\u3002")
"""Read in the wrong byte order, these become rare or unassigned characters."""
_ALLOWED_CONTROLS = frozenset("\t\n\v\f\r\b\x07\x1b\x85")
_LEAST_SPACES = 0.01
_MOST_OF_ONE_BYTE = 0.6


def byte_order_mark(content: bytes) -> str | None:
    """Return the codec that the byte order mark at the start of `content` calls for, None without one."""
    for mark, codec in _BOMS:
        if content.startswith(mark):
            return "utf-16" if codec == "utf-32" and len(content) % 4 else codec
    return None


def unmarked_wide_encoding(content: bytes) -> str | None:
    """Return the byte order of UTF-16 or UTF-32 without a byte order mark, None for anything else.

    Text in these encodings has NUL bytes: every space and line end does. Read in the wrong order it becomes
    unassigned code points; so does binary data, which moreover has control characters.
    """
    head = content[:HEAD_BYTES]
    if b"\0" not in head:
        return None
    readings = ((_read(head, codec), codec) for codec, unit in _WIDE.items() if len(head) % unit == 0)
    plausible = [(text, codec) for text, codec in readings if text and _is_plausible(text)]
    return max(plausible, key=lambda one: _telling(one[0]))[1] if plausible else None


def has_few_controls(text: str) -> bool:
    """Return whether at most one in a hundred characters is a control character that no text has."""
    controls = sum(number for character, number in Counter(text).items() if is_control(character))
    return controls <= len(text) * _MOST_IMPLAUSIBLE


def is_control(character: str) -> bool:
    """Return whether this is a control character that has no business in a text."""
    return unicodedata.category(character) == "Cc" and character not in _ALLOWED_CONTROLS


def looks_like_text(content: bytes) -> bool:
    """Return whether bytes, the first of a file or all of it, can be read as text in some encoding."""
    head = content[:HEAD_BYTES]
    wide = byte_order_mark(head) or unmarked_wide_encoding(head)
    head = head if wide else head.rstrip(END_OF_FILE)
    if not head:
        return False
    text = _read(head, wide or "utf-8")
    return has_few_controls(text) if text is not None else _looks_like_eight_bit_text(head)


def _looks_like_eight_bit_text(head: bytes) -> bool:
    """Tell text in an unknown encoding of eight bits from tables of numbers, samples and pixels."""
    controls = sum(head.count(code) for code in range(32) if chr(code) not in _ALLOWED_CONTROLS)
    spaces = sum(head.count(code) for code in b" \n\r\t")
    commonest = max(head.count(code) for code in range(256))
    return (
        controls <= len(head) * _MOST_IMPLAUSIBLE
        and spaces >= len(head) * _LEAST_SPACES
        and commonest <= max(len(head) * _MOST_OF_ONE_BYTE, 1)
    )


def _read(head: bytes, codec: str) -> str | None:
    """Decode the start of a file; a character that its end cuts through is left out."""
    try:
        return codecs.getincrementaldecoder(codec)().decode(head, final=False)
    except UnicodeDecodeError:
        return None


def _is_plausible(text: str) -> bool:
    """Return whether `text` has nearly no control characters and no code points without a meaning."""
    implausible = sum(
        number
        for character, number in Counter(text).items()
        if is_control(character) or unicodedata.category(character) in ("Cn", "Co", "Cs")
    )
    return implausible <= len(text) * _MOST_IMPLAUSIBLE


def _telling(text: str) -> int:
    return sum(text.count(character) for character in _TELLING)
