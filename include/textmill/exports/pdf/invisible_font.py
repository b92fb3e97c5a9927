"""A font for text that nobody is to see: it makes it selectable and searchable.

A composite font (PDF 32000-1:2008, 9.7) whose character codes are dealt out as they are needed, so that all
of Unicode can be had in one font: its ToUnicode map says what each of them stands for. All codes show the one
glyph of an embedded TrueType program: a box as high as the font, without which some viewers would have no
place to mark. It is drawn in the text rendering mode that leaves no trace.
"""

from __future__ import annotations

import struct
from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

GLYPH_WIDTH = 500
"""Of every glyph, in thousandths of the font size; its height is the font size."""
_UNITS = 1000
_VERSION = 0x00010000
_BOX = 1
"""Number of the glyph."""
_BOX_STEPS = (0, 0, GLYPH_WIDTH, 0, 0, _UNITS, 0, -_UNITS)
"""From corner to corner, clockwise from the bottom left: four across, then four up."""
_MOST_CODES = 0xFFFF
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_ENTRIES_A_BLOCK = 100
"""More a `bfchar` operator takes not (Adobe Technical Note 5411)."""


class InvisibleFont:
    """The font of one document. Pages may refer to `object` at once; `finish` fills it in."""

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self._codes = {_UNKNOWN: 1}
        self.object: Any = pdf.make_indirect(Dictionary(Type=Name.Font))

    def encoded(self, text: str) -> str:
        """Return text as a hexadecimal string of this font's codes."""
        return "".join(f"{self._code(character):04X}" for character in text)

    def finish(self) -> None:
        """Complete the font, once all text is encoded."""
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name.TextmillInvisible,
            Flags=5,  # of one width, and symbolic
            FontBBox=Array([0, 0, GLYPH_WIDTH, _UNITS]),
            ItalicAngle=0,
            Ascent=_UNITS,
            Descent=0,
            CapHeight=_UNITS,
            StemV=80,
            FontFile2=self._stream(font_program(), Length1=len(font_program())),
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name.TextmillInvisible,
            CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0),
            CIDToGIDMap=self._stream(struct.pack(">H", _BOX) * (len(self._codes) + 1)),
            DW=GLYPH_WIDTH,
            FontDescriptor=self._pdf.make_indirect(descriptor),
        )
        self.object.Subtype = Name.Type0
        self.object.BaseFont = Name.TextmillInvisible
        self.object.Encoding = Name("/Identity-H")
        self.object.DescendantFonts = Array([self._pdf.make_indirect(descendant)])
        self.object.ToUnicode = self._stream(self._to_unicode())

    def _code(self, character: str) -> int:
        if character not in self._codes and len(self._codes) >= _MOST_CODES:
            character = _UNKNOWN
        return self._codes.setdefault(character, len(self._codes) + 1)

    def _stream(self, data: bytes, **entries: Any) -> Any:
        return self._pdf.make_indirect(Stream(self._pdf, data, Dictionary(**entries)))

    def _to_unicode(self) -> bytes:
        entries = [f"<{code:04X}> <{_utf_16(character)}>" for character, code in self._codes.items()]
        blocks = [
            entries[start : start + _ENTRIES_A_BLOCK] for start in range(0, len(entries), _ENTRIES_A_BLOCK)
        ]
        lines = [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            "<0000> <FFFF>",
            "endcodespacerange",
            *(line for block in blocks for line in (f"{len(block)} beginbfchar", *block, "endbfchar")),
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end",
        ]
        return "\n".join(lines).encode("ascii")


def _utf_16(character: str) -> str:
    return character.encode("utf-16-be", errors="replace").hex().upper()


def font_program() -> bytes:
    """Return a TrueType font with the box for its only glyph, and those tables alone that PDF asks for.

    PDF 32000-1:2008, 9.9; the tables are described in the OpenType specification.
    """
    box = struct.pack(">hhhhhHH4B8h", 1, 0, 0, GLYPH_WIDTH, _UNITS, 3, 0, *[1] * 4, *_BOX_STEPS) + bytes(2)
    tables = {
        b"glyf": box,
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh",
            *(
                _VERSION,
                _VERSION,
                0,
                0x5F0F3CF5,
                0b11,
                _UNITS,
                0,
                0,
                0,
                0,
                GLYPH_WIDTH,
                _UNITS,
                0,
                8,
                2,
                0,
                0,
            ),
        ),
        b"hhea": struct.pack(">IhhhH11hH", _VERSION, _UNITS, 0, 0, GLYPH_WIDTH, 0, 0, 0, 1, *[0] * 7, 1),
        # Of the first glyph, which stands for missing ones, and of the box.
        b"hmtx": struct.pack(">Hhh", GLYPH_WIDTH, 0, 0),
        b"loca": struct.pack(">HHH", 0, 0, len(box) // 2),
        b"maxp": struct.pack(">IH13H", _VERSION, 2, 4, 1, 0, 0, 2, *[0] * 8),
    }
    directory = struct.pack(">IHHHH", _VERSION, len(tables), 64, 2, len(tables) * 16 - 64)
    position = len(directory) + 16 * len(tables)
    body = b""
    for tag, data in tables.items():
        directory += struct.pack(">4sIII", tag, _checksum(data), position + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    whole = directory + body
    adjustment = (0xB1B0AFBA - _checksum(whole)) & 0xFFFFFFFF
    place = whole.index(tables[b"head"]) + 8
    return whole[:place] + struct.pack(">I", adjustment) + whole[place + 4 :]


def _checksum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    total: int = sum(struct.unpack(f">{len(padded) // 4}I", padded))
    return total & 0xFFFFFFFF
