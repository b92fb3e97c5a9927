"""The protocol between the worker and whatever reads pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from textmill.page import PageImage, PageText
from textmill.settings import Settings


@dataclass(frozen=True)
class EngineOptions:
    """What an engine may be told. All of it can change the text, except where, how fast and how long.

    Attributes:
        languages: ISO 639-1 codes, the most likely first.
        detection_side: to find lines, pages get the area of an A4 page with this long side (pixels).
        page_seconds: after this long, an engine that can give a page up does so.
        The others are settings of the same name.
    """

    languages: tuple[str, ...]
    models_dir: Path
    threads: int
    detection_side: int
    page_seconds: float = 300.0
    device: str = "auto"
    gpu_memory_mb: int = 2048
    large_model_memory_mb: int = 8192
    detection_model: str = "auto"
    recognition_model: str = "auto"
    tesseract_psm: int = 3
    tesseract_oem: int = 1
    trocr_model: str = "microsoft/trocr-base-printed"
    trocr_beams: int = 1
    cpu_runtime: str = "auto"
    cpu_precision: str = "auto"
    tuning_file: Path | None = None


def engine_options(settings: Settings, languages: tuple[str, ...]) -> EngineOptions:
    """Return the options for a run in these languages on a deployment with these settings."""
    return EngineOptions(
        languages=languages,
        models_dir=settings.models_dir,
        threads=settings.cpu_threads,
        detection_side=settings.detection_side,
        page_seconds=settings.page_timeout_seconds,
        device=settings.device,
        gpu_memory_mb=settings.gpu_memory_mb,
        large_model_memory_mb=settings.large_model_memory_mb,
        detection_model=settings.detection_model,
        recognition_model=settings.recognition_model,
        tesseract_psm=settings.tesseract_psm,
        tesseract_oem=settings.tesseract_oem,
        trocr_model=settings.trocr_model,
        trocr_beams=settings.trocr_beams,
        cpu_runtime=settings.cpu_runtime,
        cpu_precision=settings.cpu_precision,
        tuning_file=settings.tuning_file,
    )


@dataclass(frozen=True)
class LineReading:
    """What a recogniser made of the picture of one line.

    Attributes:
        text: without leading and trailing spaces; empty when nothing was recognised.
        confidence: the recogniser's own, not calibrated, 0 to 1.
    """

    text: str
    confidence: float


class LineDetector(Protocol):
    """Finds the lines of a page.

    Attributes:
        model: the model behind it, with its version.
        fingerprint: changes whenever the same page could give other outlines.
    """

    model: str
    fingerprint: str

    def detect(self, pixels: Any) -> list[Any]:
        """Return the outlines of lines, each a float array of shape (4, 2) clockwise from the top left.

        Args:
            pixels: uint8 array of shape (height, width, 3), channels in the order blue, green, red.
        """
        ...


class LineRecogniser(Protocol):
    """Reads pictures of single lines.

    Attributes:
        name: the engine's name in the warehouse.
        model: the model behind it, with its version.
        fingerprint: changes whenever the same picture could give another text.
    """

    name: str
    model: str
    fingerprint: str

    def recognise(self, pictures: Sequence[Any]) -> list[LineReading]:
        """Read upright lines, each a uint8 array of shape (height, width, 3); one reading for each.

        A line's reading does not depend on which other lines are read along with it.
        """
        ...


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
