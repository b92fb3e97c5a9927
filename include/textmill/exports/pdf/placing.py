"""From the pixels in which a page was read to the points of the PDF page on which its text is laid."""

from __future__ import annotations

from dataclasses import dataclass

from textmill.media.pdf_geometry import PageFrame
from textmill.records import PageRecord, Point


@dataclass(frozen=True)
class Placing:
    """How a page that was read lies on a page of a PDF.

    Attributes:
        frame: of the PDF's page; its resolution does not matter.
        width, height: of the page as it was read, in pixels.
        turn: degrees clockwise by which what the frame shows was turned before it was read.
    """

    frame: PageFrame
    width: int
    height: int
    turn: int

    @classmethod
    def of(cls, record: PageRecord, frame: PageFrame, *, shown_turned: int = 0) -> Placing:
        """Return where the text of a page lies.

        Args:
            shown_turned: degrees clockwise of the page's rotation of which the frame knows already.
        """
        return cls(frame, record.width, record.height, (record.rotation - shown_turned) % 360)

    def point(self, pixel: Point) -> Point:
        """Return the point in user space under a pixel of the page that was read."""
        across, down = self._shown(pixel)
        frame = self.frame
        wide, high = frame.right - frame.left, frame.top - frame.bottom
        match frame.turn:
            case 90:
                return frame.left + down * wide, frame.bottom + across * high
            case 180:
                return frame.right - across * wide, frame.bottom + down * high
            case 270:
                return frame.right - down * wide, frame.top - across * high
            case _:
                return frame.left + across * wide, frame.top - down * high

    def _shown(self, pixel: Point) -> tuple[float, float]:
        """Return how far across and down a pixel is on the page before it was turned, in shares of it."""
        across, down = pixel[0] / self.width, pixel[1] / self.height
        match self.turn:
            case 90:
                return down, 1 - across
            case 180:
                return 1 - across, 1 - down
            case 270:
                return 1 - down, across
            case _:
                return across, down
