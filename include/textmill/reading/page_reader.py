"""How the picture of a page becomes text: preprocessing, an engine, and other readings of doubtful lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from textmill.engines import Engine, create_engine
from textmill.engines.protocol import engine_options
from textmill.fingerprints import fingerprint
from textmill.page import PageImage, PageText
from textmill.preprocessing.preprocessor import Preprocessor
from textmill.reading import blank_pages
from textmill.reading.calibration import Calibration
from textmill.reading.empty_pages import EmptyPages, page_engines
from textmill.reading.readability import readability
from textmill.reading.second_opinion import SecondOpinion
from textmill.reading.second_readers import AUTO, second_readers
from textmill.settings import Settings

_BLANK = "blank, so not read"
"""What the record of a page says that was shown to no engine."""


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
        calibration: what makes its confidences mean the share of right lines.
        second_opinion: who reads doubtful lines again; None for nobody.
        empty_pages: who looks again at pages on which nothing was found; None for nobody.
        skips_blank: pages that are surely blank are shown to nobody.
        fingerprint: changes whenever the same picture could give another text or another confidence.
    """

    def __init__(
        self,
        engine: Engine,
        preprocessor: Preprocessor,
        calibration: Calibration | None = None,
        second_opinion: SecondOpinion | None = None,
        empty_pages: EmptyPages | None = None,
        *,
        skips_blank: bool = False,
    ) -> None:
        self.engine = engine
        self.preprocessor = preprocessor
        self.calibration = calibration or Calibration()
        self.second_opinion = second_opinion
        self.empty_pages = empty_pages
        self.skips_blank = skips_blank
        self.fingerprint = fingerprint(
            engine=engine.fingerprint,
            preprocessing=preprocessor.fingerprint,
            calibration=self.calibration.digest,
            second_opinion=second_opinion.fingerprint if second_opinion else None,
            empty_pages=empty_pages.fingerprint if empty_pages else None,
            blank_pages=blank_pages.RULES if skips_blank else None,
        )

    def read(self, page: PageImage) -> ReadPage:
        """Read one page. May raise any Exception; the worker turns it into a rejection of the page."""
        if self.skips_blank and blank_pages.is_surely_blank(page.pixels):
            return ReadPage(page, PageText("", ()), (*page.remarks, _BLANK))
        prepared = self.preprocessor.prepare(page)
        text = self.calibrated(self.engine.read(prepared.picture))
        if self.empty_pages and not text.lines:
            text = self.empty_pages.look_again(prepared.picture)
        elif self.second_opinion:
            text = self.second_opinion.reconsider(prepared.picture, text)
        return ReadPage(prepared.page, prepared.restore(text), (*page.remarks, *prepared.steps))

    def calibrated(self, text: PageText) -> PageText:
        """Return a page with calibrated confidences instead of the engine's own."""
        known = self.calibration.confidence
        lines = [
            line.model_copy(update={"confidence": known(self.engine.name, line.text, line.confidence)})
            for line in text.lines
        ]
        return PageText(text=text.text, lines=tuple(lines))


def create_reader(
    settings: Settings, *, engine: str, languages: tuple[str, ...], preprocessing: str, second_opinion: str
) -> PageReader:
    """Build a reader; this loads models and takes seconds, so do it once per process.

    Args:
        The wishes are those of `textmill.records.OcrRequest`.

    Raises:
        ValueError: no such engine, or no such preprocessing step.
        ModelsMissing: a model is not where the settings say, or the engine that is named for second opinions
            cannot be had.
    """
    import cv2

    # OpenCV would use every core for a picture, whatever OMP_NUM_THREADS says.
    cv2.setNumThreads(settings.cpu_threads)
    options = engine_options(settings, languages)
    first = create_engine(engine, options)
    preprocessor = Preprocessor(
        preprocessing,
        engine_name=first.name,
        readability=partial(readability, first),
        pixel_budget=settings.page_pixel_budget,
        threads=settings.cpu_threads,
    )
    calibration = Calibration.load()
    readers = second_readers(second_opinion, first, options)
    below = settings.second_opinion_below
    second = SecondOpinion(first.name, readers, calibration, below=below) if readers else None
    if second_opinion != AUTO:
        return PageReader(first, preprocessor, calibration, second, skips_blank=True)
    empty_pages = EmptyPages(page_engines(first, options), calibration, at_least=below)
    return PageReader(first, preprocessor, calibration, second, empty_pages, skips_blank=True)
