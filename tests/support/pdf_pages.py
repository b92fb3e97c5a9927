"""PDFs made on the spot: written, scanned, locked, damaged."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pikepdf
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

A4 = (595.0, 842.0)
INVISIBLE = 3
"""Text rendering mode of OCR programs (PDF 32000-1:2008, 9.3.6)."""

PROSE = [
    "The ferry leaves the harbour at a quarter past seven and reaches the",
    "island before noon. Those who want to stay overnight should ask for a",
    "room in the white house behind the church; the landlady has four beds",
    "and a stove. In winter nobody lives there but the keeper of the light,",
    "who rows across on Sundays to fetch his letters, bread and paraffin.",
    "Twice a year a doctor comes along, looks at his teeth and goes again.",
    "On clear days both coasts can be seen from the gallery of the tower,",
    "and the children of the village count the ships that pass below it.",
]

Draw = Callable[[Canvas], None]


def write(path: Path, *pages: Draw, size: tuple[float, float] = A4, **canvas: Any) -> Path:
    """Write a PDF with one page for each function."""
    sheet = Canvas(str(path), pagesize=size, invariant=True, **canvas)
    for draw in pages:
        draw(sheet)
        sheet.showPage()
    sheet.save()
    return path


def lines(
    texts: Sequence[str], *, x: float = 60, top: float = 780, size: float = 11, mode: int | None = None
) -> Draw:
    """Lines below each other."""

    def draw(sheet: Canvas) -> None:
        for number, text in enumerate(texts):
            written = sheet.beginText(x, top - number * size * 1.4)
            written.setFont("Helvetica", size)
            if mode is not None:
                written.setTextRenderMode(mode)
            written.textOut(text)
            sheet.drawText(written)

    return draw


def picture(image: Image.Image, box: tuple[float, float, float, float]) -> Draw:
    """An image over a box: left, bottom, width, height in points."""
    return lambda sheet: sheet.drawImage(ImageReader(image), *box) and None


def together(*draws: Draw) -> Draw:
    """Several things on one page, the first undermost."""

    def draw(sheet: Canvas) -> None:
        for one in draws:
            one(sheet)

    return draw


def scan_of(path: Path, *, dpi: int) -> Image.Image:
    """The first page of a PDF as a scanner would see it."""
    from pdf2image import convert_from_path

    return convert_from_path(str(path), dpi=dpi)[0].convert("L")


def give_meanings(path: Path, meanings: Mapping[str, str]) -> Path:
    """Let the fonts of a PDF claim that they show other characters (ToUnicode, 9.10.3)."""
    pairs = [f"<{ord(code):02x}> <{text.encode('utf-16-be').hex()}>" for code, text in meanings.items()]
    blocks = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Other def /CMapType 2 def\n"
        f"1 begincodespacerange <00> <ff> endcodespacerange\n{body}\nendcmap end end"
    )
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        for page in document.pages:
            for font in page.Resources.Font.values():
                font.ToUnicode = document.make_stream(cmap.encode())
        document.save(path)
    return path


def edited(path: Path, edit: Callable[[pikepdf.Pdf], None], **save: Any) -> Path:
    """Change a PDF in place."""
    with pikepdf.open(io.BytesIO(path.read_bytes())) as document:
        edit(document)
        document.save(path, **save)
    return path


def locked(path: Path, *, user: str, owner: str = "the owner's") -> Path:
    """Encrypt a PDF in place."""
    return edited(path, lambda _: None, encryption=pikepdf.Encryption(user=user, owner=owner))
