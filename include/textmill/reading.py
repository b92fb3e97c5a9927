"""How the picture of a page becomes text: preprocessing, an engine, and where it is in doubt a second one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from textmill.engines import Engine, create_engine
from textmill.engines.protocol import engine_options, fingerprint
from textmill.page import PageImage, PageText
from textmill.preprocessing import Preprocessor
from textmill.readability import readability
from textmill.settings import Settings


@dataclass(frozen=True)
class ReadPage:
    """A page that was read.

    Attributes:
        page: the page upright; lines are outlined in its pixels.
        steps: what was done to the picture before it was read, in words.
    """

    page: PageImage
    text: PageText
    steps: tuple[str, ...]


class PageReader:
    """Reads pictures of pages. Built once per process and used by one thread.

    Attributes:
        engine: who reads first.
        fingerprint: changes whenever the same picture could give another text.
    """

    def __init__(self, engine: Engine, preprocessor: Preprocessor) -> None:
        self.engine = engine
        self._preprocessor = preprocessor
        self.fingerprint = fingerprint(engine=engine.fingerprint, preprocessing=preprocessor.fingerprint)

    def read(self, page: PageImage) -> ReadPage:
        """Read one page. May raise any Exception; the worker turns it into a rejection of the page."""
        prepared = self._preprocessor.prepare(page)
        text = self.engine.read(prepared.picture)
        return ReadPage(prepared.page, prepared.restore(text), (*page.remarks, *prepared.steps))


def create_reader(
    settings: Settings, *, engine: str, languages: tuple[str, ...], preprocessing: str, second_opinion: str
) -> PageReader:
    """Build a reader; this loads models and takes seconds, so do it once per process.

    Args:
        The wishes are those of `textmill.records.OcrRequest`.

    Raises:
        ValueError: no such engine, or no such preprocessing step.
        ModelsMissing: a model is not where the settings say.
    """
    options = engine_options(settings, languages)
    reader = create_engine(engine, options)
    preprocessor = Preprocessor(
        preprocessing,
        engine_name=reader.name,
        readability=partial(readability, reader),
        pixel_budget=settings.page_pixel_budget,
        threads=settings.cpu_threads,
    )
    return PageReader(reader, preprocessor)
