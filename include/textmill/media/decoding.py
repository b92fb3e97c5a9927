"""From the bytes of a text file to characters: which encoding it is, and what to do with its bad bytes.

Byte order marks first, then UTF-8, then what the file declares, then chardet. chardet was chosen by trial
with 30 pairs of a language and an encoding, in 16 languages: of texts of a paragraph and more it decodes all
60, where charset-normalizer decodes 42; of titles of two to four words 28 of 30 against 12.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from importlib.metadata import version

from textmill.errors import DamagedText
from textmill.text_encoding import (
    END_OF_FILE,
    byte_order_mark,
    has_few_controls,
    is_control,
    unmarked_wide_encoding,
)

_ENCODINGS = (
    "windows-1252", "iso-8859-1", "iso8859-15", "windows-1250", "iso-8859-2", "windows-1251", "koi8-r",
    "koi8-u", "ibm866", "iso-8859-5", "windows-1253", "iso-8859-7", "windows-1254", "iso-8859-9",
    "windows-1255", "iso-8859-8", "windows-1256", "iso-8859-6", "windows-1257", "iso-8859-4", "iso-8859-13",
    "windows-1258", "tis-620", "cp874", "mac-roman", "cp437", "cp850", "cp932", "shift_jis", "euc-jp",
    "gb18030", "big5", "euc-kr", "cp949",
)  # fmt: skip
"""What text files are found in. More candidates cost short texts: few bytes fit some rare code page best."""

_SAMPLE_BYTES = 200_000
_LONGEST_SAMPLE_LINE = 4_000
_LINE_BEYOND_ASCII = re.compile(rb"^[^\n]*[\x80-\xff][^\n]*\n?", re.MULTILINE)
_JAPANESE_SHIFT = re.compile(rb"\x1b\$[@B]")
_DECLARED = re.compile(
    rb"""<\?xml\b[^>]{0,500}?\bencoding\s*=\s*["']([\w.:-]{1,40})|<meta\b[^>]{0,500}?\bcharset\s*=\s*["']?([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_DECLARED_WITHIN = 8_192
_DECLARED_ONLY = (
    "ascii", "gbk", "gb2312", "iso8859-3", "iso8859-10", "iso8859-14", "iso8859-16", "cp852", "cp855",
    "cp857", "cp862", "mac-cyrillic", "mac-latin2",
)  # fmt: skip
_TRUSTED = frozenset(codecs.lookup(name).name for name in _ENCODINGS + _DECLARED_ONLY)
"""A file may not name any codec of Python's: some unpack, some interpret escapes."""
_READ_AS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
"""What files in these are really in (WHATWG Encoding Standard, 4.2)."""

_BROKEN_PER_SOUND = 20
"""One bad sequence in so many sound ones: a text in UTF-8 with foreign lines in it, not another encoding."""
_FOREIGN_PER_SOUND = 100
"""As many bad sequences to a sound one, if whole lines are UTF-8 and the others look Western."""
_LONGEST_WESTERN_RUN = 1.5
"""Bytes beyond ASCII in a row, on average: accents stand alone; letters of other writings do not."""
_RUN_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_C1 = re.compile("[\x80-\x84\x86-\x9f]")
_FOREIGN = "textmill-foreign-bytes"
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)|[@-Z\\-_])")
_LINE_ENDS = re.compile("\r\n|[\r\v\x85\u2028\u2029]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_EAST_ASIAN = frozenset(
    {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "FULLWIDTH", "HALFWIDTH"}
)
_WORDS_LOOKED_AT = 2_000


@dataclass(frozen=True)
class Decoded:
    """The characters of a text file, with one kind of line end.

    Attributes:
        encoding: Python's name of it.
        remarks: what was replaced or left out, in words.
    """

    text: str
    encoding: str
    remarks: tuple[str, ...] = ()


def decoder_model() -> str:
    """Name the library that tells encodings, with its version."""
    return f"chardet {version('chardet')}"


def decode(content: bytes, *, name: str) -> Decoded:
    """Decode a text file.

    Raises:
        DamagedText: no encoding makes sense of the bytes, or they hold something else than text.
    """
    encoding = _wide(content)
    if encoding is None:
        content = content.rstrip(END_OF_FILE)
        encoding = _eight_bit(content)
    if encoding is None:
        raise DamagedText(
            f"{name} is in no encoding that makes text of it. Save it as UTF-8 and put it back.",
            detail=f"first bytes: {content[:64]!r}",
        )
    try:
        text = content.decode(encoding, errors=_FOREIGN if encoding == "utf-8" else "strict")
    except UnicodeDecodeError as error:
        raise DamagedText(
            f"{name} is {encoding} but breaks off or is damaged at byte {error.start:,}. Copy it again.",
            detail=str(error),
        ) from error
    foreign = 0 if encoding != "utf-8" else _foreign_sequences(content)
    return cleaned(text, name=name, encoding=encoding, foreign=foreign)


def cleaned(text: str, *, name: str, encoding: str, foreign: int = 0) -> Decoded:
    """Return text with one kind of line end and without control characters.

    Args:
        foreign: how many byte sequences were read in another encoding than the text.

    Raises:
        DamagedText: it has more control characters than a text could have.
    """
    remarks = [f"{foreign:,} byte sequences that are no UTF-8 read as Windows-1252"] if foreign else []
    text = _LINE_ENDS.sub("\n", text.removeprefix("\ufeff"))
    without_codes = _TERMINAL_CODES.sub("", text)
    of_the_file = without_codes if encoding.startswith("utf") else _C1.sub("", without_codes)
    if not has_few_controls(of_the_file):  # C1 in an encoding of eight bits only says that it is another one
        raise DamagedText(
            f"{name} holds control characters as only binary files do: it is no text. Look at it by hand.",
            detail=f"first characters: {text[:64]!r}",
        )
    kept = _without_controls(without_codes)
    if len(kept) < len(text):
        remarks.append(f"{len(text) - len(kept):,} control characters left out")
    return Decoded(kept, encoding, tuple(remarks))


def _wide(content: bytes) -> str | None:
    return byte_order_mark(content) or unmarked_wide_encoding(content)


def _eight_bit(content: bytes) -> str | None:
    if content.isascii():
        return "iso2022_jp" if _decodes_japanese(content) else "utf-8"
    if _is_utf8(content):
        return "utf-8"
    return _declared(content) or _detected(content)


def _decodes_japanese(content: bytes) -> bool:
    return _JAPANESE_SHIFT.search(content) is not None and _decodes(content, "iso2022_jp")


def _is_utf8(content: bytes) -> bool:
    """Return whether this is UTF-8, at least for the most part: logs collect lines from everywhere."""
    if _decodes(content, "utf-8"):
        return True
    readable = content.decode("utf-8", errors="ignore")
    sound = len(readable) - len(readable.encode("ascii", errors="ignore"))
    return _foreign_sequences(content) * _BROKEN_PER_SOUND <= sound or _has_western_lines(content)


def _has_western_lines(content: bytes) -> bool:
    """Return whether lines that are wholly UTF-8 stand among lines in a Western encoding of eight bits.

    Two letters of a Western encoding that happen to be UTF-8 are rare and yield letters of several alphabets.
    """
    lines = [found.group() for found in _LINE_BEYOND_ASCII.finditer(content)]
    sound = b"".join(line for line in lines if _decodes(line, "utf-8")).decode("utf-8")
    foreign = b"".join(line for line in lines if not _decodes(line, "utf-8"))
    runs = _RUN_BEYOND_ASCII.findall(foreign)
    letters = sum(not character.isascii() for character in sound)
    return (
        letters * _FOREIGN_PER_SOUND >= len(runs)
        and sum(map(len, runs)) <= len(runs) * _LONGEST_WESTERN_RUN
        and has_few_controls(sound)
        and not _mixes_scripts(sound)
    )


def _foreign_sequences(content: bytes) -> int:
    if _decodes(content, "utf-8"):
        return 0
    marked = content.decode("utf-8", errors="replace").count("\ufffd")
    return marked - content.count("\ufffd".encode())


def _declared(content: bytes) -> str | None:
    """Return the encoding that HTML or XML declares, if the content decodes with it."""
    found = _DECLARED.search(content, 0, _DECLARED_WITHIN)
    if found is None:
        return None
    try:
        name = codecs.lookup((found.group(1) or found.group(2)).decode("ascii")).name
    except LookupError:
        return None
    wider = _READ_AS.get(name, name)
    return wider if name in _TRUSTED and _decodes(content, wider) else None


def _detected(content: bytes) -> str | None:
    """Return the likeliest encoding that decodes everything, preferring words of one script."""
    import chardet

    sample = _sample(content)
    found = chardet.detect_all(
        sample, ignore_threshold=True, prefer_superset=False, compat_names=False, include_encodings=_ENCODINGS
    )
    names = [_READ_AS.get(str(one["encoding"]), str(one["encoding"])) for one in found if one["encoding"]]
    able = [name for name in names if _decodes(content, name)]
    able.sort(key=lambda name: not has_few_controls(sample.decode(name, errors="ignore")))
    unmixed = (name for name in able if not _mixes_scripts(sample.decode(name, errors="ignore")))
    return next(unmixed, able[0] if able else None)


def _sample(content: bytes) -> bytes:
    """Return lines that tell encodings apart: of a long text, those that are not mere ASCII."""
    if len(content) <= _SAMPLE_BYTES:
        return content
    lines: list[bytes] = []
    size = 0
    for line in _LINE_BEYOND_ASCII.finditer(content):
        if line.end() - line.start() > _LONGEST_SAMPLE_LINE:
            continue
        lines.append(line.group())
        size += len(lines[-1])
        if size > _SAMPLE_BYTES:
            break
    return b"".join(lines) or content[:_SAMPLE_BYTES]


def _mixes_scripts(text: str) -> bool:
    """Return whether words mix scripts, as they do when a Western text is read as Cyrillic."""
    words = [word.group() for word, _ in zip(_WORD.finditer(text), range(_WORDS_LOOKED_AT), strict=False)]
    beyond_ascii = [word for word in words if not word.isascii()]
    mixed = sum(len(_scripts(word)) > 1 for word in beyond_ascii)
    return mixed * 4 > len(beyond_ascii)


def _scripts(word: str) -> set[str]:
    """Return the alphabets in a word, by the names of its letters; those of East Asia, which mix, are one."""
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
    return {"CJK" if script in _EAST_ASIAN else script for script in scripts}


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _without_controls(text: str) -> str:
    unwanted = {character for character in set(text) if is_control(character) or character in "\b\x07\x1b"}
    return text.translate(dict.fromkeys(map(ord, unwanted))) if unwanted else text


def _from_windows(error: UnicodeError) -> tuple[str, int]:
    """Stand in for bytes that are no UTF-8 with what they mean in Windows-1252."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error(_FOREIGN, _from_windows)
