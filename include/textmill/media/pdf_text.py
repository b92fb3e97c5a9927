"""Pages of a PDF as they are written: from the text layer to the page that the warehouse keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium_c
from pypdfium2.version import PDFIUM_INFO

from textmill import word_plausibility
from textmill.fingerprints import fingerprint
from textmill.media import layer_choice, page_ink
from textmill.media.layer_choice import Choice
from textmill.media.medium import MediaOptions
from textmill.media.pdf_geometry import PageFrame, PlacedImage, scan_dpi
from textmill.media.run_order import rows_in_reading_order
from textmill.media.text_layer import TextLayer, TextRun, read_text_layer
from textmill.page import PageText, WrittenPage
from textmill.records import LineRecord, TextLayerUse

READER = "pdfium"
_UNJUDGED = 0.5
"""Plausibility of a doubted line in which nothing can be judged, such as a line of numbers."""


@dataclass(frozen=True)
class LoadedPage:
    """A page that pdfium has loaded.

    Attributes:
        page: pdfium's.
        own_runs: runs of text that the page had before values of a form and notes were drawn upon it; None
            where there was nothing to draw.
    """

    page_no: int
    page: Any
    frame: PageFrame
    images: list[PlacedImage]
    own_runs: int | None


def written_page(loaded: LoadedPage, options: MediaOptions) -> WrittenPage | Choice:
    """Return the page with its own text, or the choice not to take that.

    The page's text objects may be switched off on the way: close it afterwards.
    """
    use = options.text_layer
    if use is TextLayerUse.NEVER:
        return Choice(None)
    layer = read_text_layer(loaded.page, loaded.frame)
    if not layer.glyphs:
        if pdfium_c.FPDFPage_CountObjects(loaded.page.raw):
            return Choice(None, ("no text layer",))
        return _page(loaded, options, layer, 0.0, ("the page is empty",))
    choice = layer_choice.judge_text(layer, options.languages)
    if choice.layer is None and use is TextLayerUse.AUTO:
        return choice
    ink = page_ink.look_at(loaded.page, loaded.frame, loaded.images)
    if choice.layer is not None:
        choice = layer_choice.judge_sight(layer, ink, lacks_fonts=_lacks_fonts(loaded, layer))
    if choice.layer is not None:
        return _page(loaded, options, choice.layer, ink.share, ("text layer taken", *choice.remarks))
    if use is TextLayerUse.ALWAYS and layer.unmapped < layer.glyphs:
        remarks = (f"text layer taken as asked, although {choice.why_not}",)
        return _page(loaded, options, layer, ink.share, remarks, doubted=True)
    return choice


def _lacks_fonts(loaded: LoadedPage, layer: TextLayer) -> bool:
    """Tell whether text may be invisible for want of a font; not so under a scan, which hides it."""
    if not layer_choice.needs_fonts(layer) or scan_dpi(loaded.images, loaded.frame) is not None:
        return False
    return page_ink.lacks_fonts(loaded.page)


def _page(
    loaded: LoadedPage,
    options: MediaOptions,
    layer: TextLayer,
    ink: float,
    remarks: tuple[str, ...],
    *,
    doubted: bool = False,
) -> WrittenPage:
    frame = loaded.frame
    own = [run for run in layer.runs if loaded.own_runs is None or run.number < loaded.own_runs]
    rows = rows_in_reading_order(own, added=layer.runs[len(own) :])
    lines = tuple(
        LineRecord(
            line_no=number,
            text=run.text,
            confidence=_plausibility(run, options.languages) if doubted else 1.0,
            polygon=_outline(run, frame),
        )
        for number, run in enumerate((run for row in rows for run in row), start=1)
    )
    return WrittenPage(
        page_no=loaded.page_no,
        content=PageText("\n".join(" ".join(run.text for run in row) for row in rows), lines),
        source="text_layer",
        width=frame.width,
        height=frame.height,
        dpi=int(frame.dpi),
        ink=ink,
        reader=READER,
        model=f"{READER}-{PDFIUM_INFO.build}",
        fingerprint=layer_fingerprint(options),
        remarks=remarks,
    )


def _plausibility(run: TextRun, languages: tuple[str, ...]) -> float:
    share = word_plausibility.plausible_share([word.text for word in run.words], languages)
    return _UNJUDGED if share is None else min(1.0, share)


def _outline(run: TextRun, frame: PageFrame) -> tuple[tuple[float, float], ...]:
    """Return the run's outline, cut to the page: descenders may reach over its edge."""
    return tuple(
        (round(min(max(x, 0.0), frame.width), 1), round(min(max(y, 0.0), frame.height), 1))
        for x, y in run.polygon
    )


def layer_fingerprint(options: MediaOptions) -> str:
    """Return 16 hex digits that identify everything that can change the text or where it stands."""
    return fingerprint(
        pdfium=PDFIUM_INFO.build,
        rules=(layer_choice.RULES, word_plausibility.RULES),
        text_layer=options.text_layer,
        languages=options.languages,
        dpi=options.dpi,
        page_pixel_budget=options.page_pixel_budget,
    )
