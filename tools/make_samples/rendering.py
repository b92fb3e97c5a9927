"""Draw pages: as pixels for what pretends to be a scan, or as a vector PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from tools.make_samples.faces import Face
from tools.make_samples.pixels import Colour, Pixels
from tools.make_samples.typesetting import Box, Line, Page, Rule, Stamp, Style

POINTS_PER_INCH = 72

# Letters are drawn larger and averaged down: soft edges, as a scanner's sensor sees them.
OVERSAMPLING = 2

STAMP_INK = 0.85


def render_image(page: Page, dpi: int) -> Pixels:
    """The page as RGB pixels, height x width x 3, at `dpi` dots per inch."""
    scale = dpi / POINTS_PER_INCH * OVERSAMPLING
    size = (round(page.width * scale), round(page.height * scale))
    image = Image.new("RGB", size, page.paper)
    draw = ImageDraw.Draw(image)
    for mark in page.marks:
        if isinstance(mark, Line):
            _draw_line(draw, mark, scale)
        elif isinstance(mark, Rule):
            ends = [(x * scale, y * scale) for x, y in (mark.start, mark.end)]
            draw.line(ends, fill=mark.colour, width=max(1, round(mark.thickness * scale)))
        elif isinstance(mark, Box):
            (x, y), (width, height) = mark.corner, mark.size
            edges = (x * scale, y * scale, (x + width) * scale, (y + height) * scale)
            draw.rectangle(edges, fill=mark.colour)
        else:
            _press_stamp(image, mark, scale)
    return np.asarray(image.reduce(OVERSAMPLING))


def render_pdf(pages: Sequence[Page]) -> bytes:
    """The pages as a PDF with embedded fonts and real text, without dates or random identifiers."""
    target = io.BytesIO()
    canvas = Canvas(target, invariant=1, pageCompression=1)
    for page in pages:
        canvas.setPageSize((page.width, page.height))
        for mark in page.marks:
            _write_mark(canvas, mark, page.height)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


@cache
def _font(face: Face, pixels: float) -> ImageFont.FreeTypeFont:
    # The basic layout engine gives the same glyphs with and without libraqm.
    return ImageFont.truetype(str(face.path), pixels, layout_engine=ImageFont.Layout.BASIC)


def _draw_line(draw: ImageDraw.ImageDraw, line: Line, scale: float) -> None:
    """Letter by letter, because the renderer rounds advances to pixels and long words would drift."""
    font = _font(line.style.face, line.style.size * scale)
    for word in line.words:
        x = word.x
        for letter in word.text:
            place = (x * scale, line.baseline * scale)
            draw.text(place, letter, font=font, fill=line.style.colour, anchor="ls")
            x += line.style.width(letter)


def _press_stamp(image: Image.Image, stamp: Stamp, scale: float) -> None:
    """Ink the stamp over the image; what is printed below stays readable through it."""
    ink = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(ink)
    cx, cy = (length * scale for length in stamp.centre)
    half_width, half_height = (length * scale / 2 for length in stamp.size)
    outline = (cx - half_width, cy - half_height, cx + half_width, cy + half_height)
    draw.rounded_rectangle(outline, radius=4 * scale, outline=255, width=round(1.6 * scale))
    font = _font(stamp.style.face, stamp.style.size * scale)
    for text, baseline in _stamp_baselines(stamp):
        draw.text((cx, cy + baseline * scale), text, font=font, fill=255, anchor="ms")
    ink = ink.rotate(stamp.degrees, resample=Image.Resampling.BILINEAR, center=(cx, cy))
    ink = ink.point([round(level * STAMP_INK) for level in range(256)])
    darker = Image.new("RGB", image.size, stamp.style.colour)
    image.paste(darker, mask=ink)


def _stamp_baselines(stamp: Stamp) -> list[tuple[str, float]]:
    """Each line with its baseline below the stamp's centre."""
    leading = stamp.style.leading
    first = -leading * (len(stamp.lines) - 1) / 2 + stamp.style.size * 0.36
    return [(text, first + number * leading) for number, text in enumerate(stamp.lines)]


def _pdf_font(style: Style) -> str:
    name = style.face.name
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, str(style.face.path)))
    return name


def _write_mark(canvas: Canvas, mark: Line | Rule | Box | Stamp, height: float) -> None:
    """Write one mark; PDF measures y upwards from the bottom edge."""
    if isinstance(mark, Line):
        _write_line(canvas, mark, height)
    elif isinstance(mark, Rule):
        canvas.setStrokeColorRGB(*_unit(mark.colour))
        canvas.setLineWidth(mark.thickness)
        canvas.line(mark.start[0], height - mark.start[1], mark.end[0], height - mark.end[1])
    elif isinstance(mark, Box):
        canvas.setFillColorRGB(*_unit(mark.colour))
        (x, y), (width, box_height) = mark.corner, mark.size
        canvas.rect(x, height - y - box_height, width, box_height, stroke=0, fill=1)
    else:
        _write_stamp(canvas, mark, height)


def _write_line(canvas: Canvas, line: Line, height: float) -> None:
    canvas.setFillColorRGB(*_unit(line.style.colour))
    canvas.setFont(_pdf_font(line.style), line.style.size)
    for number, word in enumerate(line.words, start=1):
        # The space is written too, so that text extraction need not guess it from the distance.
        text = word.text if number == len(line.words) else f"{word.text} "
        canvas.drawString(word.x, height - line.baseline, text)


def _write_stamp(canvas: Canvas, stamp: Stamp, height: float) -> None:
    width, stamp_height = stamp.size
    canvas.saveState()
    canvas.translate(stamp.centre[0], height - stamp.centre[1])
    canvas.rotate(stamp.degrees)
    canvas.setStrokeColorRGB(*_unit(stamp.style.colour))
    canvas.setFillColorRGB(*_unit(stamp.style.colour))
    canvas.setLineWidth(1.6)
    canvas.roundRect(-width / 2, -stamp_height / 2, width, stamp_height, 4)
    canvas.setFont(_pdf_font(stamp.style), stamp.style.size)
    for text, baseline in _stamp_baselines(stamp):
        canvas.drawCentredString(0, -baseline, text)
    canvas.restoreState()


def _unit(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (level / 255 for level in colour)
    return red, green, blue
