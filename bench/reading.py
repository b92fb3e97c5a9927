"""Read the media of a folder with Textmill, as a benchmark needs it.

The engine and the media modules are the pipeline's own, with the settings of the environment; Airflow, the
staging area and the warehouse have no part in it. Runs in the OCR environment.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from textmill.engines import Engine, EngineOptions, create_engine
from textmill.errors import MediumError
from textmill.media import PageLimits, open_medium
from textmill.records import Kind
from textmill.settings import Settings, load

PAGE_BREAK = "\f"
"""Between the texts of a medium's pages."""

TRUTH_SUFFIX = ".gt.txt"
ENGINE = "paddle"
LANGUAGES = ("en",)
PDF_DPI = 200
"""The default of the pipeline's parameter of this name."""

_REPOSITORY = Path(__file__).resolve().parents[1]
_PDF_HEADER = b"%PDF-"
_PDF_HEADER_WITHIN = 1024
"""A PDF's header lies somewhere in its first 1,024 bytes (PDF Reference 1.7, implementation note 13)."""


def read_folder(folder: Path) -> dict[str, str]:
    """Read every medium that lies directly in `folder`.

    Returns the text of each medium by its file name, pages separated by PAGE_BREAK. A medium that could
    not be read is left out, and a sentence on standard error says why. Ground truth files (`*.gt.txt`) are
    not read.

    Raises:
        ModelsMissing: the models of the engine are not where the settings say.
    """
    settings = effective_settings(os.environ)
    engine = make_engine(settings)
    texts: dict[str, str] = {}
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        if path.name.endswith(TRUTH_SUFFIX):
            continue
        started = time.monotonic()
        try:
            texts[path.name] = read_medium(path, engine, settings)
        except MediumError as error:
            print(f"Left out: {error.message}", file=sys.stderr)
            continue
        print(f"{path.name}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    return texts


def read_medium(path: Path, engine: Engine, settings: Settings) -> str:
    """Return the texts of a medium's pages, separated by PAGE_BREAK.

    Raises:
        MediumError: the file is no medium, or a page of it cannot be had.
    """
    kind = kind_of(path)
    with open_medium(path, kind, name=path.name, dpi=PDF_DPI, limits=page_limits(settings)) as medium:
        pages = (medium.page(page_no) for page_no in range(1, medium.page_count + 1))
        return PAGE_BREAK.join(engine.read(page).text for page in pages)


def kind_of(path: Path) -> Kind:
    """Tell images and PDF documents by their content.

    The pipeline asks libmagic, which the OCR environment does not have.

    Raises:
        NoMedium: the file is neither.
    """
    with path.open("rb") as file:
        if _PDF_HEADER in file.read(_PDF_HEADER_WITHIN):
            return Kind.PDF
    try:
        with Image.open(path):
            return Kind.IMAGE
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise NoMedium(f"{path.name} is neither an image nor a PDF document.") from None


class NoMedium(MediumError):
    """The file is nothing that the benchmarks read."""


def make_engine(settings: Settings) -> Engine:
    """Build the engine with the pipeline's default parameters."""
    options = EngineOptions(
        languages=LANGUAGES,
        models_dir=settings.models_dir,
        threads=settings.cpu_threads,
        detection_side=settings.detection_side,
    )
    return create_engine(ENGINE, options)


def page_limits(settings: Settings) -> PageLimits:
    """The limits that the pipeline would apply."""
    return PageLimits(
        max_pixels=settings.max_pixels,
        page_pixel_budget=settings.page_pixel_budget,
        max_pages=settings.max_pages,
        page_timeout_seconds=settings.page_timeout_seconds,
    )


def effective_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of the environment; unless they name another folder, models are those of the state."""
    settings = load()
    if environ.get("TEXTMILL_MODELS_DIR"):
        return settings
    state = Path(environ.get("TEXTMILL_STATE") or _REPOSITORY / ".textmill").expanduser().resolve()
    return settings.model_copy(update={"models_dir": state / "models"})
