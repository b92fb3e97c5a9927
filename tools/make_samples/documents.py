"""The samples: what each one says, how it is set, worn, scanned, and in which format it is kept.

A sample's kind is its name up to the first hyphen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tools.make_samples import encoding, layouts
from tools.make_samples.content import letters, press, reports, trade
from tools.make_samples.defects import (
    blur,
    coffee_ring,
    crease,
    fade,
    grain,
    gutter_shadow,
    lamp,
    photograph,
    show_through,
    skew,
    specks,
    tint,
)
from tools.make_samples.layouts import A5, B5, CUTTING, STAMP_VIOLET, book, sans, serif, stamp
from tools.make_samples.pixels import Pixels
from tools.make_samples.rendering import render_image, render_pdf
from tools.make_samples.typesetting import Page

Defect = Callable[[Pixels], Pixels]

# Between pages in a ground truth file.
PAGE_BREAK = "\f"


@dataclass(frozen=True)
class Sample:
    """One medium: its file name, its pages, and how the pages become the bytes of the file."""

    name: str
    pages: Callable[[], Sequence[Page]]
    encode: Callable[[Sequence[Page]], bytes]

    @property
    def truth_name(self) -> str:
        """Name of the ground truth file beside the medium."""
        return f"{self.name.rpartition('.')[0]}.gt.txt"

    def files(self) -> dict[str, bytes]:
        """Names and contents of the medium and its ground truth."""
        pages = self.pages()
        truth = PAGE_BREAK.join(f"{page.text}\n" for page in pages)
        return {self.name: self.encode(pages), self.truth_name: truth.encode()}


def worn(pages: Sequence[Page], dpi: int, *defects: Defect) -> list[Pixels]:
    """Each page at `dpi` dots per inch after all the defects, in order."""
    scans = []
    for page in pages:
        pixels = render_image(page, dpi)
        for defect in defects:
            pixels = defect(pixels)
        scans.append(pixels)
    return scans


def as_png(*defects: Defect, dpi: int, greys: int = 16) -> Callable[[Sequence[Page]], bytes]:
    """Encode one page as a PNG."""
    return lambda pages: encoding.png(worn(pages, dpi, *defects)[0], dpi, greys=greys)


def as_jpeg(
    *defects: Defect, dpi: int, quality: int, colour: bool = True
) -> Callable[[Sequence[Page]], bytes]:
    """Encode one page as a JPEG."""
    return lambda pages: encoding.jpeg(worn(pages, dpi, *defects)[0], dpi, quality=quality, colour=colour)


def as_fax(*defects: Defect, dpi: int, threshold: int = 150) -> Callable[[Sequence[Page]], bytes]:
    """Encode one page as a bilevel TIFF."""
    return lambda pages: encoding.tiff_fax(worn(pages, dpi, *defects)[0], dpi, threshold=threshold)


def as_grey_tiff(*defects: Defect, dpi: int) -> Callable[[Sequence[Page]], bytes]:
    """Encode one page as a greyscale TIFF."""
    return lambda pages: encoding.tiff_grey(worn(pages, dpi, *defects)[0], dpi)


def as_scanned_pdf(*passes: Sequence[Defect], dpi: int, quality: int) -> Callable[[Sequence[Page]], bytes]:
    """Encode pages as a PDF of grey images; page n passes the scanner with the defects of pass n."""

    def encode(pages: Sequence[Page]) -> bytes:
        return encoding.pdf_of_greys(_passed(pages, passes, dpi), dpi, quality=quality)

    return encode


def as_faxed_pdf(
    *passes: Sequence[Defect], dpi: int, threshold: int = 150
) -> Callable[[Sequence[Page]], bytes]:
    """Encode pages as a PDF of bilevel images; passes as in as_scanned_pdf."""

    def encode(pages: Sequence[Page]) -> bytes:
        return encoding.pdf_of_faxes(_passed(pages, passes, dpi), dpi, threshold=threshold)

    return encode


def _passed(pages: Sequence[Page], passes: Sequence[Sequence[Defect]], dpi: int) -> list[Pixels]:
    """Defects are taken from the passes in turn, so that neighbouring pages differ."""
    return [worn([page], dpi, *passes[number % len(passes)])[0] for number, page in enumerate(pages)]


RECEIVED = stamp(
    ("RECEIVED", "12 MAY 2015", "PARKS OFFICE"),
    centre=(430, 640),
    size=(150, 74),
    letters=15,
    degrees=9,
    colour=STAMP_VIOLET,
)
PAID = stamp(("PAID", "29 JUNE 2021"), centre=(176, 474), size=(150, 66), letters=19, degrees=12)

LETTERS = (
    Sample(
        "letter-guesthouse.png",
        lambda: [layouts.letter(letters.GUESTHOUSE, serif(11), head="centre")],
        as_png(partial(skew, degrees=1.2), partial(blur, sigma=0.6), dpi=150),
    ),
    Sample(
        "letter-archive.jpg",
        lambda: [layouts.letter(letters.ARCHIVE, book(11), margin=76)],
        as_jpeg(
            partial(tint, paper=(246, 234, 206)),
            partial(coffee_ring, centre=(0.74, 0.3), radius=0.13, depth=0.55),
            partial(crease, at=0.34, depth=0.28, direction="across"),
            partial(crease, at=0.67, depth=0.28, direction="across"),
            partial(skew, degrees=-0.9, border=(40, 38, 36)),
            partial(grain, sigma=3.0, seed=11),
            dpi=150,
            quality=58,
        ),
    ),
    Sample(
        "letter-landlord.jpg",
        lambda: [layouts.letter(letters.LANDLORD, sans(11.5), margin=70)],
        as_jpeg(
            partial(photograph, tilt=0.02, margin=0.04, table=(96, 70, 48)),
            partial(lamp, centre=(0.2, 0.15), depth=0.42),
            partial(blur, sigma=0.7),
            partial(grain, sigma=3.5, seed=12),
            dpi=150,
            quality=55,
        ),
    ),
    Sample(
        "letter-orchard.jpg",
        lambda: [layouts.letter(letters.ORCHARD, serif(10.5), size=A5, margin=46, head="right")],
        as_jpeg(
            partial(fade, strength=0.42, patchiness=0.3, seed=21),
            partial(tint, paper=(250, 244, 228)),
            partial(crease, at=0.5, depth=0.25, direction="down"),
            partial(grain, sigma=2.5, seed=22),
            dpi=200,
            quality=55,
        ),
    ),
    Sample(
        "letter-council.jpg",
        lambda: [layouts.letter(letters.COUNCIL, serif(11.5), stamp=RECEIVED)],
        as_jpeg(partial(skew, degrees=-1.6), partial(grain, sigma=2.5, seed=23), dpi=150, quality=60),
    ),
    Sample(
        "memo-fax.tif",
        lambda: [layouts.memo(letters.FAX, sans(12))],
        as_fax(partial(skew, degrees=0.7), partial(specks, share=0.003, seed=31), dpi=200),
    ),
    Sample(
        "memo-moving.png",
        lambda: [layouts.memo(letters.STAFF, sans(11.5))],
        as_png(partial(fade, strength=0.25), dpi=100),
    ),
)

TRADE = (
    Sample(
        "invoice-bicycles.jpg",
        lambda: [layouts.invoice(trade.BICYCLES, sans(10.5), shading=(222, 230, 240), stamp=PAID)],
        as_jpeg(partial(skew, degrees=0.8), partial(grain, sigma=2.0, seed=41), dpi=200, quality=50),
    ),
    Sample(
        "invoice-marine.tif",
        lambda: [layouts.invoice(trade.HARDWARE, serif(11))],
        as_fax(partial(skew, degrees=-1.1), partial(specks, share=0.0015, seed=42), dpi=300),
    ),
    Sample(
        "invoice-studio.pdf",
        lambda: [
            layouts.invoice(trade.STUDIO, sans(10), shading=(236, 236, 228)),
            layouts.terms("Terms of work", trade.STUDIO_TERMS, "Invoice SH-1093, page 2 of 2", sans(10.5)),
        ],
        render_pdf,
    ),
    Sample(
        "receipt-grocer.jpg",
        lambda: [layouts.receipt(sans(8.5))],
        as_jpeg(
            partial(fade, strength=0.3, patchiness=0.25, seed=51),
            partial(photograph, tilt=0.03, margin=0.06, table=(60, 66, 74)),
            partial(lamp, centre=(0.8, 0.1), depth=0.3),
            partial(grain, sigma=3.0, seed=52),
            dpi=300,
            quality=55,
        ),
    ),
    Sample(
        "form-library.jpg",
        lambda: [layouts.form(sans(10.5))],
        as_jpeg(
            partial(skew, degrees=1.9),
            partial(lamp, centre=(1.0, 0.0), depth=0.22),
            partial(grain, sigma=2.0, seed=61),
            dpi=150,
            quality=60,
        ),
    ),
    Sample(
        "table-ferry.png",
        lambda: [layouts.table(trade.FERRY, sans(12), size=(595, 420), shading=(226, 232, 236))],
        as_png(dpi=120),
    ),
    Sample(
        "table-rainfall.tif",
        lambda: [layouts.table(trade.RAINFALL, book(11), size=(595, 600), ruled=True)],
        as_grey_tiff(
            partial(skew, degrees=-0.6), partial(gutter_shadow, side="left", reach=0.09, depth=0.6), dpi=150
        ),
    ),
)

PRESS = (
    Sample(
        "columns-garden.jpg",
        lambda: layouts.columned(press.GARDEN, book(11.5), pages=1, size=B5),
        as_jpeg(
            partial(show_through, strength=0.1),
            partial(skew, degrees=0.5),
            partial(gutter_shadow, side="right", reach=0.07, depth=0.6),
            partial(grain, sigma=2.5, seed=71),
            dpi=150,
            quality=58,
            colour=False,
        ),
    ),
    Sample(
        "columns-clocks.pdf",
        lambda: layouts.columned(press.CLOCKS, serif(11.5), pages=2, size=A5, margin=42, align="justify"),
        as_scanned_pdf(
            (partial(skew, degrees=0.6), partial(gutter_shadow, side="right", reach=0.07, depth=0.5)),
            (partial(skew, degrees=-0.8), partial(gutter_shadow, side="left", reach=0.07, depth=0.5)),
            dpi=200,
            quality=45,
        ),
    ),
    Sample(
        "newspaper-harbour.jpg",
        lambda: [layouts.newspaper(press.HARBOUR, book(12), size=CUTTING, columns=3)],
        as_jpeg(
            partial(show_through, strength=0.12),
            partial(tint, paper=(238, 222, 190)),
            partial(crease, at=0.5, depth=0.22, direction="across"),
            partial(skew, degrees=-0.5, border=(238, 222, 190)),
            partial(grain, sigma=3.0, seed=81),
            dpi=150,
            quality=55,
        ),
    ),
    Sample(
        "newspaper-market.png",
        lambda: [layouts.newspaper(press.MARKET, serif(11), size=(460, 560), columns=2)],
        as_png(partial(fade, strength=0.2), partial(blur, sigma=0.8), dpi=200, greys=12),
    ),
)

REPORTS = (
    Sample(
        "report-bridge.pdf",
        lambda: layouts.report(reports.BRIDGE, book(12.5), size=B5, chapter_room=500),
        render_pdf,
    ),
    Sample(
        "report-saltmarsh.pdf",
        lambda: layouts.report(reports.SURVEY, serif(11), size=A5, margin=44, chapter_room=400),
        as_scanned_pdf(
            (partial(skew, degrees=1.4), partial(grain, sigma=2.0, seed=91)),
            (partial(lamp, centre=(0.9, 0.9), depth=0.3), partial(skew, degrees=-0.7)),
            (partial(skew, degrees=-2.1), partial(blur, sigma=0.7)),
            (partial(fade, strength=0.35), partial(crease, at=0.5, depth=0.2, direction="across")),
            dpi=200,
            quality=42,
        ),
    ),
    Sample(
        "report-minutes.pdf",
        lambda: layouts.report(reports.MINUTES, sans(10.5), size=A5, margin=44),
        as_faxed_pdf(
            (partial(skew, degrees=-0.4), partial(specks, share=0.0008, seed=95)),
            (partial(skew, degrees=1.0), partial(specks, share=0.0008, seed=96)),
            dpi=200,
        ),
    ),
)

SAMPLES: tuple[Sample, ...] = (*LETTERS, *TRADE, *PRESS, *REPORTS)
