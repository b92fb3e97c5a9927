"""Text files as media: plain text, RTF and HTML. Form feeds separate pages; long pages are cut.

Lines are outlined in character cells: a page is as wide as its longest line and as high as it has lines, and
a line's text is the page's row from its outline's left to its right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from textmill.errors import DamagedText, MediumError, TooManyBytes
from textmill.fingerprints import fingerprint
from textmill.media import html, rtf
from textmill.media.decoding import Decoded, cleaned, decode, decoder_model
from textmill.media.medium import MediaOptions
from textmill.page import PageText, WrittenPage
from textmill.records import LineRecord

PAGE_CHARACTERS = 100_000
"""A longer page is continued on another one, from a line end where there is one."""
LINE_CHARACTERS = 10_000
"""A longer line is several of the warehouse's lines; its column holds 65,535 bytes."""

_HTML_TYPES = ("text/html", "application/xhtml+xml")
_RTF_TYPES = ("text/rtf", "application/rtf")
_VERSION = 1
"""To be raised when the same file would give another text."""


class TextMedium:
    """A text file, read and decoded as a whole when it is opened."""

    def __init__(self, path: Path, mime: str, *, name: str, options: MediaOptions) -> None:
        _refuse_size(name, path.stat().st_size, "", options)
        self._reader, decoded, library = _read(path.read_bytes(), mime, name)
        # What the warehouse is sent: other encodings need half as many bytes, or a quarter.
        _refuse_size(name, len(decoded.text.encode()), " as UTF-8", options)
        self._model = f"{decoded.encoding} ({library})"
        self._remarks = decoded.remarks
        self._pages = list(split_pages(decoded.text, most=options.max_pages))
        self.page_count = len(self._pages)
        options.refuse_pages(name, self.page_count)
        self._fingerprint = fingerprint(reader=self._reader, model=self._model, **text_rules())

    def __enter__(self) -> TextMedium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pages = []

    def page(self, page_no: int) -> WrittenPage:
        """Return one page with its lines."""
        text = self._pages[page_no - 1]
        rows = text.split("\n")
        width, height = max(1, *map(len, rows)), len(rows)
        return WrittenPage(
            page_no=page_no,
            content=PageText(text, tuple(_lines(rows))),
            source="text_file",
            width=width,
            height=height,
            dpi=None,
            ink=sum(len("".join(row.split())) for row in rows) / (width * height),
            reader=self._reader,
            model=self._model,
            fingerprint=self._fingerprint,
            remarks=self._remarks,
        )


def split_pages(text: str, *, most: int) -> Iterator[str]:
    """Cut a text into pages at form feeds and where a page grows too long; empty last pages are dropped.

    Of a text with more than `most` form feeds, the rest is one page: it is going to be refused.
    """
    pages = text.split("\f", most + 1)
    while len(pages) > 1 and not pages[-1].strip():
        pages.pop()
    for page in pages:
        yield from _affordable_parts(page.strip("\n") if page.strip() else "")


def _affordable_parts(page: str) -> Iterator[str]:
    start = 0
    while len(page) - start > PAGE_CHARACTERS:
        end = start + PAGE_CHARACTERS
        cut = next(
            (found for mark in ("\n", " ") if (found := page.rfind(mark, start + 1, end + 1)) > start), end
        )
        yield page[start:cut].strip("\n")
        start = cut + (page[cut] in "\n ")
    yield page[start:].strip("\n") if start else page


def _refuse_size(name: str, size: int, what: str, options: MediaOptions) -> None:
    if size > options.max_text_bytes:
        raise TooManyBytes(
            f"{name} is text of {size:,} bytes{what}; TEXTMILL_MAX_TEXT_BYTES allows "
            f"{options.max_text_bytes:,}."
        )


def _lines(rows: list[str]) -> Iterator[LineRecord]:
    line_no = 0
    for row_no, row in enumerate(rows):
        text = row.strip()
        indent = len(row) - len(row.lstrip())
        for start in range(0, len(text), LINE_CHARACTERS):
            part = text[start : start + LINE_CHARACTERS]
            line_no += 1
            yield LineRecord(
                line_no=line_no, text=part, confidence=1.0, polygon=_cells(indent + start, row_no, len(part))
            )


def _cells(left: int, top: int, length: int) -> tuple[tuple[float, float], ...]:
    right, bottom = left + length, top + 1
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _read(content: bytes, mime: str, name: str) -> tuple[str, Decoded, str]:
    """Return what read the content (`text`, `rtf` or `html`), its text, and the library behind it."""
    if mime in _RTF_TYPES:
        return "rtf", _read_rtf(content, name), rtf.reader_model()
    decoded = decode(content, name=name)
    if mime in _HTML_TYPES:
        # Entities can stand for control characters too.
        shown = cleaned(html.visible_text(decoded.text), name=name, encoding=decoded.encoding)
        return "html", replace(shown, remarks=decoded.remarks + shown.remarks), html.reader_model()
    return "text", decoded, decoder_model()


def _read_rtf(content: bytes, name: str) -> Decoded:
    try:
        text, code_page = rtf.rtf_text(content)
        return cleaned(text, name=name, encoding=code_page)
    except (MediumError, MemoryError):
        raise
    except Exception as error:  # striprtf trips over damaged files in many ways
        raise DamagedText(
            f"{name} starts like RTF but is damaged: no text can be had. Save it again.", detail=repr(error)
        ) from error


def text_rules() -> dict[str, str | int]:
    """Return what a page's fingerprint has besides its reader and its model."""
    return {
        "version": _VERSION,
        "decoder": decoder_model(),
        "page_characters": PAGE_CHARACTERS,
        "line_characters": LINE_CHARACTERS,
    }


def text_libraries() -> dict[str, str]:
    """Return the library behind each reader, as it stands in a page's model behind the encoding."""
    return {"text": decoder_model(), "rtf": rtf.reader_model(), "html": html.reader_model()}
