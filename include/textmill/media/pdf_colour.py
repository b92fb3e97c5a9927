"""Whether a page of a PDF can show any colour."""

from __future__ import annotations

from typing import Any

import pypdfium2.raw as pdfium_c

from textmill.media.pdf_geometry import objects_of

_MOST_IMAGES = 64
"""Pages with more are not looked through."""


def is_grey(page: Any) -> bool:
    """Tell whether a pdfium page surely shows nothing but shades of grey.

    Only pages of images are: all of them in DeviceGray (PDF 32000-1:2008, 8.6.4.2), as scanners write them.
    Whether text and drawings have a colour cannot be told for certain: a glyph of a Type 3 font may bring its
    own, and so may the border of a link.
    """
    if pdfium_c.FPDFPage_GetAnnotCount(page.raw):
        return False
    metadata = pdfium_c.FPDF_IMAGEOBJ_METADATA()
    for number, one in enumerate(objects_of(page), start=1):
        if number > _MOST_IMAGES or pdfium_c.FPDFPageObj_GetType(one) != pdfium_c.FPDF_PAGEOBJ_IMAGE:
            return False
        if not pdfium_c.FPDFImageObj_GetImageMetadata(one, page.raw, metadata):
            return False
        if metadata.colorspace != pdfium_c.FPDF_COLORSPACE_DEVICEGRAY:
            return False
    return True
