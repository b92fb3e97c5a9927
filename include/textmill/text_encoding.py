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
_SEPARATORS = frozenset("\n\r\t \u3000\u3001\u3002\uff0c\uff0e")
"""Every text has them. Read in the wrong byte order, they become rare or unassigned characters."""
_ALLOWED_CONTROLS = frozenset("\t\n\v\f\r\b\x07\x1b\x85")
_LEAST_SPACES = 0.01
_LEAST_USUAL = 0.9
"""Share of characters that a text has from the writing that it is taken to be in."""
_LONGEST_WORD = 40
_EAST_ASIAN = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
_COMMON_ROWS = {
    "gb2312": range(0xB0, 0xD8),
    "euc_jp": range(0xB0, 0xD0),
    "big5": range(0xA4, 0xC7),
    "euc_kr": range(0xB0, 0xC9),
}
"""Where national standards list the characters in common use, by the first of two bytes: level 1 of GB 2312
and of JIS X 0208, the frequent ones of Big5, the syllables of KS X 1001. Each is at most a fifth of the code
points for ideographs or syllables, so numbers taken for characters seldom hit one; a text nearly always does.
"""
_KANA = frozenset(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FB, 0x30FC)))
_IN_ANY_EAST_ASIAN = (
    _KANA
    | _SEPARATORS
    | frozenset(map(chr, (*range(0x20, 0x7F), *range(0x300C, 0x3012), *range(0xFF01, 0xFF5F))))
    | frozenset("\u2014\u2018\u2019\u201c\u201d\u2026")
)
_MOST_OF_ONE_BYTE = 0.6


def byte_order_mark(content: bytes) -> str | None:
    """Return the codec that the byte order mark at the start of `content` calls for, None without one."""
    for mark, codec in _BOMS:
        if content.startswith(mark):
            return "utf-16" if codec == "utf-32" and len(content) % 4 else codec
    return None


def unmarked_wide_encoding(content: bytes) -> str | None:
    """Return the byte order of UTF-16 or UTF-32 without a byte order mark, None for anything else.

    Text in these encodings has NUL bytes: every space and line end does. As nearly every pair of bytes is
    some ideograph, that characters are assigned says little: they must be those of a writing, with the spaces
    or stops that it has. Numbers, samples and pixels are not.
    """
    head = content[:HEAD_BYTES]
    if b"\0" not in head:
        return None
    readings = ((_read(head, codec), codec) for codec, unit in _WIDE.items() if len(head) % unit == 0)
    plausible = [(text, codec) for text, codec in readings if text and _is_plausible(text)]
    return max(plausible, key=lambda one: _separators(one[0]))[1] if plausible else None


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
        and commonest <= max(len(head) * _MOST_OF_ONE_BYTE, 1)
        and (spaces >= len(head) * _LEAST_SPACES or _is_in_east_asian_code(head))
    )


def _is_in_east_asian_code(head: bytes) -> bool:
    """Return whether this is Chinese, Japanese or Korean, which do without spaces, in a code of their own."""
    readings = (_read(head, codec) for codec in _EAST_ASIAN)
    return any(text and _is_plausible(text) and _is_east_asian(Counter(text)) for text in readings)


def _read(head: bytes, codec: str) -> str | None:
    """Decode the start of a file; a character that its end cuts through is left out."""
    try:
        return codecs.getincrementaldecoder(codec)().decode(head, final=False)
    except UnicodeDecodeError:
        return None


def _is_plausible(text: str) -> bool:
    """Return whether `text` is written in an alphabet or as in East Asia, with spaces or stops.

    It has nearly no control characters and no code points without a meaning.
    """
    found = Counter(text)
    implausible = sum(
        number
        for character, number in found.items()
        if is_control(character) or unicodedata.category(character) in ("Cn", "Co", "Cs")
    )
    if implausible > len(text) * _MOST_IMPLAUSIBLE:
        return False
    return _is_alphabetic(found) or _is_east_asian(found)


def _is_alphabetic(found: Counter[str]) -> bool:
    """Return whether these are characters of one alphabet, perhaps beside Latin, in words."""
    size = found.total()
    scripts: Counter[str] = Counter()
    for character, number in found.items():
        if character < "\u3000" and character.isalpha():
            scripts[unicodedata.name(character, "").partition(" ")[0]] += number
    letters = scripts.total()
    del scripts["LATIN"]
    strays = letters and sum(number for _, number in scripts.most_common()[1:])
    beyond = sum(number for character, number in found.items() if character >= "\u3000")
    spaces = sum(found[character] for character in "\n\r\t ")
    is_one_word = size <= _LONGEST_WORD and all(" " < character < "\x7f" for character in found)
    return (
        beyond <= size * (1 - _LEAST_USUAL)
        and strays <= letters * (1 - _LEAST_USUAL)
        and (spaces >= size * _LEAST_SPACES or is_one_word)
    )


def _is_east_asian(found: Counter[str]) -> bool:
    """Return whether these are characters in common use in one East Asian country, with stops or kana."""
    size = found.total()
    marks = sum(number for character, number in found.items() if character in _SEPARATORS | _KANA)
    if marks < size * _LEAST_SPACES:
        return False
    anywhere = sum(number for character, number in found.items() if character in _IN_ANY_EAST_ASIAN)
    return any(
        anywhere
        + sum(n for one, n in found.items() if one not in _IN_ANY_EAST_ASIAN and _is_common(one, code))
        >= size * _LEAST_USUAL
        for code in _COMMON_ROWS
    )


def _is_common(character: str, code: str) -> bool:
    encoded = character.encode(code, errors="ignore")
    return len(encoded) == 2 and encoded[0] in _COMMON_ROWS[code]


def _separators(text: str) -> int:
    return sum(text.count(character) for character in _SEPARATORS)
