"""What the OCR runtime is asked when a searchable PDF is to be made, and what it answers."""

from __future__ import annotations

from textmill.records import Kind, Record


class PdfRequest(Record):
    """A searchable PDF that is wanted.

    Attributes:
        original: path of the medium's bytes.
        kind, mime, name: what they are, and what they are called in sentences.
        pages: path of a staged file of `PageRecord`, in order.
        all_frames: each frame of an animated picture is a page.
        out: path of the file to write.
    """

    original: str
    kind: Kind
    mime: str
    name: str
    pages: str
    all_frames: bool
    out: str


class PdfAnswer(Record):
    """What was written.

    Attributes:
        pages: of the PDF.
        pages_with_text: of these, the ones that were given text.
        pages_missing: numbers of pages whose picture cannot be decoded: they are blank.
    """

    pages: int
    pages_with_text: int
    pages_missing: tuple[int, ...] = ()
