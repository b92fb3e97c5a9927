"""The protocol between the worker and whatever reads pages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

from textmill.page import PageImage
from textmill.records import LineRecord


@dataclass(frozen=True)
class EngineOptions:
    """What an engine may be told. All of it can change the text, except where, how fast and how long.

    Attributes:
        languages: ISO 639-1 codes, the most likely first.
        detection_side: long side in pixels to which pages are scaled down to find lines.
        page_seconds: after this long, an engine that can give a page up does so.
    """

    languages: tuple[str, ...]
    models_dir: Path
    threads: int
    detection_side: int
    page_seconds: float = 300.0


@dataclass(frozen=True)
class PageText:
    """What an engine read on a page, in reading order."""

    text: str
    lines: tuple[LineRecord, ...]

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the lines, each weighted by its length; None on a page without text."""
        weight = sum(len(line.text) for line in self.lines)
        if not weight:
            return None
        return sum(line.confidence * len(line.text) for line in self.lines) / weight

    @property
    def confidence_low(self) -> float | None:
        """Mean confidence of the worst tenth of the lines: shows the ruined corner that a mean hides."""
        if not self.lines:
            return None
        ranked = sorted(line.confidence for line in self.lines)
        return fmean(ranked[: max(1, len(ranked) // 10)])


class Engine(Protocol):
    """Reads pages. Built once per process and used by one thread.

    Attributes:
        name: the engine's name in the warehouse.
        model: the models behind it, with their versions.
        fingerprint: changes whenever the same page could give another text.
    """

    name: str
    model: str
    fingerprint: str

    def read(self, page: PageImage) -> PageText:
        """Read one page. May raise any Exception; the worker turns it into a rejection of the page."""
        ...


def fingerprint(**ingredients: Any) -> str:
    """Return 16 hex digits that identify everything that can change an engine's text."""
    canonical = json.dumps(ingredients, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
