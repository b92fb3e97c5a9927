"""Read the media of a folder with Textmill, as a benchmark needs it.

The engine and the media modules are the pipeline's own, with the settings of the environment; Airflow, the
staging area and the warehouse have no part in it. Runs in the OCR environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from textmill.fetching.sniffing import sniff
from textmill.media import Medium, media_options, open_medium
from textmill.page import Page, WrittenPage
from textmill.reading.page_reader import PageReader, create_reader
from textmill.records import TextLayerUse
from textmill.settings import Settings, load

PAGE_BREAK = "\f"
"""Between the texts of a medium's pages."""

ENGINE = "paddle"
LANGUAGES = ("en",)
PDF_DPI = 200
"""The default of the pipeline's parameter of this name."""

_REPOSITORY = Path(__file__).resolve().parents[1]


def text_of(page: Page, reader: PageReader) -> str:
    """Return the text of a page, read unless it is there already."""
    return page.content.text if isinstance(page, WrittenPage) else reader.read(page).text.text


def open_for_bench(path: Path, settings: Settings, text_layer: TextLayerUse = TextLayerUse.NEVER) -> Medium:
    """Open a medium as the pipeline would, but for text layers: mostly the reading of pictures is measured.

    Raises:
        MediumError: the file is no medium, or cannot be opened.
    """
    found = sniff(path, name=path.name)
    options = media_options(settings, dpi=PDF_DPI, text_layer=text_layer, languages=LANGUAGES)
    return open_medium(path, found.kind, found.mime, name=path.name, options=options)


def make_reader(settings: Settings) -> PageReader:
    """Build the reader with the pipeline's default parameters."""
    return create_reader(
        settings, engine=ENGINE, languages=LANGUAGES, preprocessing="auto", second_opinion="auto"
    )


def effective_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of the environment; unless they name another folder, models are those of the state."""
    settings = load()
    if environ.get("TEXTMILL_MODELS_DIR"):
        return settings
    state = Path(environ.get("TEXTMILL_STATE") or _REPOSITORY / ".textmill").expanduser().resolve()
    return settings.model_copy(update={"models_dir": state / "models"})
