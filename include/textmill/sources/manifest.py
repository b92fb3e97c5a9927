"""A list of URLs as a source: plain text, CSV or JSON lines."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from itertools import chain
from typing import Any, BinaryIO

from textmill.errors import MalformedLine, SourceError
from textmill.records import MediaRef, Rejection, Stage
from textmill.sources.csv_entries import CsvRows, Row
from textmill.sources.manifest_entries import FIELDS, EntryError, EntryReader
from textmill.sources.manifest_lines import Line, TooManyBytesRead, read_lines
from textmill.staging import name_of

HEAD_BYTES = 65_536
"""As much of a file as tells whether it is a manifest."""

_URL_ALONE = re.compile(r"https?://\S+", re.IGNORECASE)
_DELIMITERS = ",;\t"
_MOST_COLUMNS_SHOWN = 20
_MOST_REMEMBERED = 5_000_000
"""URLs that are remembered, some 100 bytes each: what is named again beyond that many comes twice."""

_Entry = tuple[int, MediaRef | EntryError]


class ManifestFormat(StrEnum):
    """How a manifest is written."""

    TEXT = "txt"
    CSV = "csv"
    JSON_LINES = "jsonl"


_SUFFIXES = {
    "txt": ManifestFormat.TEXT,
    "urls": ManifestFormat.TEXT,
    "csv": ManifestFormat.CSV,
    "jsonl": ManifestFormat.JSON_LINES,
    "ndjson": ManifestFormat.JSON_LINES,
}


def format_of_name(name: str) -> ManifestFormat | None:
    """Return the format that a file of this name has if it is a manifest at all; None: it is none."""
    _, dot, suffix = name.rpartition(".")
    return _SUFFIXES.get(suffix.lower()) if dot else None


def looks_like_manifest(head: bytes, name: str) -> ManifestFormat | None:
    """Return the format of a file that is a list of URLs, or None where the file is a medium itself.

    The first line tells that is neither blank nor a comment. In JSON lines it is an object with a `url`, in
    CSV it names a column `url`; in a file named as a text it is one of these, or a URL and nothing else.

    Args:
        head: the first `HEAD_BYTES` of the file, or all of a shorter one.
        name: its name, path or address.
    """
    by_name = format_of_name(name)
    if by_name is None:
        return None
    lines = read_lines(io.BytesIO(head), most_bytes=len(head))
    text = next((line.text for line in lines if _says_something(line)), None)
    found = _format_of_line(text or "")
    return found if found is by_name or by_name is ManifestFormat.TEXT else None


def _format_of_line(text: str) -> ManifestFormat | None:
    if _URL_ALONE.fullmatch(text.strip()):
        return ManifestFormat.TEXT
    if text.lstrip().startswith("{"):
        try:
            return ManifestFormat.JSON_LINES if "url" in _json_object(text) else None
        except EntryError:
            return None
    return ManifestFormat.CSV if _delimiter(text) else None


def _says_something(line: Line) -> bool:
    return line.text is None or not (line.text == "" or line.text.isspace() or line.text.lstrip()[0] == "#")


class ManifestListing:
    """The references that a manifest names, in its order. Satisfies `textmill.sources.listing.Listing`.

    A line that is malformed becomes a rejection at the address of the manifest with `#line=17`, and the rest
    goes on. A URL that is named again counts once; when the later line says something else of it, that line
    is malformed. See docs/sources.md for the formats.

    Attributes:
        unlisted: URLs of malformed lines, as far as they can be told: what is wrong with the line does not
            take the medium away.

    Args:
        open_stream: opens the manifest; called once, and closed at the end of the iteration.
        uri: its address, without secrets.
        source: name of the source.
        modified_ns: when it was modified, in nanoseconds since 1970, for entries without a date.
        most_bytes: a longer manifest is refused.
        most_malformed: a manifest with more malformed lines is refused.
    """

    def __init__(
        self,
        open_stream: Callable[[], AbstractContextManager[BinaryIO]],
        *,
        uri: str,
        source: str,
        modified_ns: int | None,
        most_bytes: int,
        most_malformed: int,
    ) -> None:
        self._open_stream = open_stream
        self._uri = uri
        self._address = uri.partition("?")[0]  # for people: a query may hold a signature
        self._name = name_of(uri)
        self._entries = EntryReader(source, modified_ns)
        self._most_bytes = most_bytes
        self._most_malformed = most_malformed
        self._said: dict[int, int] = {}
        self._unlisted: list[str] = []
        self.settling: list[str] = []

    @property
    def unlisted(self) -> Sequence[str]:
        """URLs of malformed lines."""
        return self._unlisted

    @property
    def prefix(self) -> None:
        """None: URLs of one manifest need have nothing in common."""
        return None

    def covers(self, uri: str) -> bool:
        """True: whatever a manifest does not name any more, it gave up."""
        return True

    def __iter__(self) -> Iterator[MediaRef | Rejection]:
        """Stream references and rejections.

        Raises:
            SourceError: it is too long, has too many malformed lines, or has no column `url`.
        """
        malformed = 0
        for number, entry in self._read():
            checked = entry if isinstance(entry, EntryError) else self._once(entry)
            if isinstance(checked, EntryError):
                malformed += 1
                rejection = self._rejection(number, checked)
                if malformed > self._most_malformed:
                    raise SourceError(
                        f"{self._address} has more than {self._most_malformed} malformed lines "
                        f"(TEXTMILL_MAX_MALFORMED_LINES) and is refused as a whole. The last of them: "
                        f"{rejection.message}"
                    )
                yield rejection
            elif checked is not None:
                yield checked

    def _read(self) -> Iterator[_Entry]:
        with self._open_stream() as stream:
            lines = read_lines(stream, most_bytes=self._most_bytes)
            try:
                yield from self._entries_of(lines)
            except TooManyBytesRead:
                raise SourceError(
                    f"{self._address} is larger than {self._most_bytes:,} bytes "
                    f"(TEXTMILL_MAX_MANIFEST_BYTES)."
                ) from None

    def _entries_of(self, lines: Iterator[Line]) -> Iterator[_Entry]:
        first = next((line for line in lines if _says_something(line)), None)
        form = format_of_name(self._name)
        if form is None or form is ManifestFormat.TEXT:
            form = _format_of_line(first.text or "" if first else "") or ManifestFormat.TEXT
        lines = chain([first] if first else [], lines)
        if form is ManifestFormat.CSV:
            return self._of_csv(lines)
        return self._of_lines(
            lines, self._of_json if form is ManifestFormat.JSON_LINES else self._entries.bare
        )

    def _of_lines(self, lines: Iterator[Line], read: Callable[[str], MediaRef]) -> Iterator[_Entry]:
        for line in lines:
            if line.text is None:
                yield line.number, EntryError(line.problem)
            elif _says_something(line):
                try:
                    yield line.number, read(line.text)
                except EntryError as error:
                    yield line.number, error

    def _of_json(self, text: str) -> MediaRef:
        return self._entries.reference(
            {FIELDS[key]: value for key, value in _json_object(text).items() if key in FIELDS}
        )

    def _of_csv(self, lines: Iterator[Line]) -> Iterator[_Entry]:
        header = next(lines, Line(1, ""))
        rows = CsvRows(chain([header], lines), _delimiter(header.text or "") or _DELIMITERS[0])
        names = next(rows, Row(1, []))
        if names.problem:
            raise SourceError(f"The header of {self._address}, in line {names.number}, {names.problem}.")
        columns = self._columns(names.cells)
        rows.unbroken = columns["url"]
        for row in rows:
            problem = row.problem or _surplus(row.cells, len(names.cells))
            if problem:
                yield row.number, EntryError(problem)
                continue
            try:
                yield (
                    row.number,
                    self._entries.reference(
                        {field: row.cells[at] for field, at in columns.items() if at < len(row.cells)}
                    ),
                )
            except EntryError as error:
                yield row.number, error

    def _columns(self, names: Sequence[str]) -> dict[str, int]:
        """Return at which column each field stands."""
        columns: dict[str, int] = {}
        for at, name in enumerate(names):
            field = FIELDS.get(name.strip().lower())
            if field in columns:
                raise SourceError(f"{self._address} has two columns for {field}: one of them must go.")
            if field:
                columns[field] = at
        if "url" not in columns:
            found = ", ".join(repr(name.strip()[:40]) for name in names[:_MOST_COLUMNS_SHOWN])
            raise SourceError(
                f"{self._address} has no column url in its first line, which names {found or 'nothing'}. "
                "See docs/sources.md for what a manifest looks like."
            )
        return columns

    def _once(self, ref: MediaRef) -> MediaRef | EntryError | None:
        """Return the reference the first time; then None, or what is wrong when it says something else.

        Addresses go by Python's hash: it is keyed anew in each process, so nobody can make two of them
        collide, and of a million two do so by chance once in 30 million manifests.
        """
        key = hash(ref.uri)
        said = hash((ref.sha256, ref.languages, ref.tags, ref.filename, ref.modified_ns))
        before = self._said.get(key)
        if before is None:
            if len(self._said) < _MOST_REMEMBERED:
                self._said[key] = said
            return ref
        if before == said:
            return None
        return EntryError("says something else of a URL than an earlier line, which counts")

    def _rejection(self, number: int, error: EntryError) -> Rejection:
        if error.url is not None:
            self._unlisted.append(error.url)
        return Rejection.of(
            MalformedLine(f"{self._name}, line {number}: it {error}."),
            uri=f"{self._uri}#line={number}",
            sha256=None,
            stage=Stage.DISCOVER,
        )


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        entry = json.loads(text)
    except json.JSONDecodeError as error:
        # The line itself is not shown: what cannot be parsed may hold anything.
        raise EntryError(f"is no JSON ({error.msg}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise EntryError("is no JSON that can be read (too deep, or a number too long)") from None
    if not isinstance(entry, dict):
        raise EntryError("is no JSON object")
    return entry


def _delimiter(header: str) -> str | None:
    """Return what stands between the columns of a CSV header with a column `url`, or None."""
    for delimiter in _DELIMITERS:
        names = [name.strip(' \t"').lower() for name in header.split(delimiter)]
        if "url" in names:
            return delimiter
    return None


def _surplus(cells: Sequence[str], columns: int) -> str:
    if any(cells[columns:]):
        return f"has {len(cells)} columns, but the header {columns}; put what holds a comma in quotes"
    return ""
