"""The text of an RTF file (striprtf)."""

from __future__ import annotations

import codecs
import re
from importlib.metadata import version

_CODE_PAGE = re.compile(rb"\\ansicpg(\d{1,5})")
_PAGE_BREAK = re.compile(r"(?<!\\)\\page(?![a-zA-Z]) ?")
_FORM_FEED_ESCAPE = r"\'0c"
_HEX_DUMP = re.compile(r"[0-9a-fA-F]{512,}+|(?:[0-9a-fA-F]{32,}+\s++){8,}+")
"""The bytes of pictures: megabytes that would be looked at letter by letter, only to be skipped."""
_FIELD = re.compile(r"(?<!\\)\{(?=\\field\b)")
_LINK = re.compile("HYPER(?=LINK)", re.IGNORECASE)
_DEFAULT_CODE_PAGE = "cp1252"


def reader_model() -> str:
    """Name the library that reads RTF, with its version."""
    return f"striprtf {version('striprtf')}"


def rtf_text(content: bytes) -> tuple[str, str]:
    """Return the text of an RTF file and the code page that it declares; page breaks become form feeds.

    Raises:
        Exception: whatever striprtf trips over in a damaged file.
    """
    from striprtf.striprtf import rtf_to_text

    code_page = _declared_code_page(content)
    source = content.decode(code_page, errors="replace")
    source = _PAGE_BREAK.sub(lambda _: _FORM_FEED_ESCAPE, _HEX_DUMP.sub("", source))
    text: str = rtf_to_text(_with_links_broken(source), encoding=code_page, errors="replace")
    # Characters beyond U+FFFF are written as two halves (RTF 1.9.1, \\uN).
    return text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace"), code_page


def _with_links_broken(source: str) -> str:
    """Keep striprtf from looking for links, whose addresses nobody sees: the search is quadratic in a line.

    A line end within RTF means nothing, but ends the search.
    """
    return _LINK.sub(lambda found: found.group() + "\n", _FIELD.sub("\n{", source))


def _declared_code_page(content: bytes) -> str:
    declared = _CODE_PAGE.search(content[:4096])
    if declared is None:
        return _DEFAULT_CODE_PAGE
    code_page = f"cp{declared.group(1).decode()}"
    try:
        codecs.lookup(code_page)
    except LookupError:
        return _DEFAULT_CODE_PAGE
    return code_page
