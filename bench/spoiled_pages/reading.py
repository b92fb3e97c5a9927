"""Read the pictures of the labelled set, as the pipeline does, and keep what was read.

Runs in the OCR environment. What was read is kept beside the state and read again only when the reader or the
picture changed: the set takes a quarter of an hour.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from bench.metrics import Score
from bench.spoiled_pages.specimens import LabelledPage, Specimen, sha256_of
from textmill.errors import ModelsMissing
from textmill.page import PageImage
from textmill.page_records import read_record
from textmill.reading.page_reader import PageReader, create_reader
from textmill.records import PageRecord
from textmill.settings import Settings


class Readings:
    """What was read before, in a file of one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self._known[entry["key"]] = entry["page"]

    def get(self, key: str) -> PageRecord | None:
        """Return the page of this key."""
        found = self._known.get(key)
        return PageRecord.model_validate(found) if found else None

    def keep(self, key: str, page: PageRecord) -> None:
        """Remember a page."""
        self._known[key] = page.model_dump(mode="json")
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "page": self._known[key]}, ensure_ascii=False) + "\n")


def read_all(specimens: Iterable[Specimen], settings: Settings, kept: Path) -> Iterator[LabelledPage]:
    """Yield the pages that were read; what no engine here can read is left out, with a sentence."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    readings = Readings(kept)

    @cache
    def reader(languages: tuple[str, ...], preprocessing: str) -> PageReader | None:
        try:
            return create_reader(
                settings,
                engine="auto",
                languages=languages,
                preprocessing=preprocessing,
                second_opinion="auto",
            )
        except ModelsMissing as error:
            print(f"Left out: {error}", file=sys.stderr)
            return None

    for one in specimens:
        known = reader(one.languages, one.preprocessing)
        if known is not None:
            yield _labelled(one, _read(one, known, readings))


def _read(one: Specimen, reader: PageReader, readings: Readings) -> PageRecord:
    pixels = one.draw()
    key = hashlib.sha256(f"{reader.fingerprint}{one.name}".encode() + pixels.tobytes()).hexdigest()
    if page := readings.get(key):
        return page
    began = time.monotonic()
    found = reader.read(PageImage(page_no=1, pixels=pixels[:, :, ::-1].copy(), dpi=None))
    milliseconds = round((time.monotonic() - began) * 1000)
    record = read_record(sha256_of(one.name), found, reader, milliseconds)
    readings.keep(key, record)
    print(f"{one.name}: {milliseconds} ms", file=sys.stderr)
    return record


def _labelled(one: Specimen, page: PageRecord) -> LabelledPage:
    f1 = Score.of(one.truth, page.text).word_f1 if one.truth else None
    return LabelledPage(
        name=one.name, base=one.base, flaw=one.flaw, languages=one.languages, page=page, word_f1=f1
    )
