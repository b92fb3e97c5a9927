"""Write XML as a stream: no document is in memory, however many pages it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even escaped (its production 2, Char)."""


class Markup:
    """Writes elements to a binary file in UTF-8."""

    def __init__(self, out: BinaryIO) -> None:
        # A file of bytes is fine, whatever the annotation of its argument says.
        self._xml = XMLGenerator(cast("None", out), encoding="utf-8", short_empty_elements=True)
        self._out = out

    def begin(self, doctype: str = "") -> None:
        """Write the declaration of XML, and one of the document's type."""
        self._xml.startDocument()
        self.raw(doctype)

    def finish(self) -> None:
        """End the document."""
        self._xml.endDocument()

    def raw(self, text: str) -> None:
        """Write something of our own as it is."""
        self._xml.ignorableWhitespace(text)

    @contextmanager
    def element(self, tag: str, **attributes: str | float | None) -> Iterator[None]:
        """Write an element around the block. Attributes that are None are left out; `class_` is `class`."""
        self._xml.startElement(tag, _attributes(attributes))
        yield
        self._xml.endElement(tag)

    def leaf(self, tag: str, text: str = "", /, **attributes: str | float | None) -> None:
        """Write an element that holds nothing but text."""
        with self.element(tag, **attributes):
            if text:
                self._xml.characters(clean(text))


def clean(text: str) -> str:
    """Return text with a replacement character for what XML cannot hold."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _attributes(attributes: dict[str, str | float | None]) -> AttributesImpl:
    return AttributesImpl(
        {name.rstrip("_"): clean(str(value)) for name, value in attributes.items() if value is not None}
    )
