"""How well an engine reads a picture: the evidence for which way up a page is."""

from __future__ import annotations

from typing import Any

from textmill.engines import Engine
from textmill.page import PageImage
from textmill.records import LineRecord


def readability(engine: Engine, pixels: Any) -> float:
    """Return the mean confidence of the lines, each weighted by its length; lines that stand upright count 0.

    They count 0 since engines turn such lines before they read them, and so read a page that lies on its side
    as confidently as an upright one.

    Args:
        pixels: uint8 array of shape (height, width, 3), channels in the order blue, green, red.
    """
    lines = engine.read(PageImage(page_no=1, pixels=pixels, dpi=None)).lines
    characters = sum(len(line.text) for line in lines)
    if not characters:
        return 0.0
    return sum(line.confidence * len(line.text) for line in lines if not _on_end(line)) / characters


def _on_end(line: LineRecord) -> bool:
    across = [x for x, _ in line.polygon]
    down = [y for _, y in line.polygon]
    return len(line.text) > 1 and max(down) - min(down) > max(across) - min(across)
