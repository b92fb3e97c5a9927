"""From the picture of a page to the picture that an engine reads, and back to the page's own pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from textmill.fingerprints import fingerprint
from textmill.page import PageImage, PageText
from textmill.preprocessing.borders import remove_borders
from textmill.preprocessing.geometry import mapped_back, turned
from textmill.preprocessing.limits import ASKED_FOR, Limits, limits_for
from textmill.preprocessing.orientation import OrientationModel, Readability, Uprighter
from textmill.preprocessing.picture import Picture
from textmill.preprocessing.steps import binarise, deskew, enlarge, flatten_illumination, remove_noise
from textmill.preprocessing.wishes import STEPS, parse_wish

_VERSION = 2
"""To be raised when a step gives other pixels than before: pages are then read again."""
_PIXEL_BUDGET = 40_000_000

_Step = Callable[[Picture], Picture]


@dataclass(frozen=True)
class PreparedPage:
    """A page that is ready to be read.

    Attributes:
        picture: what the engine gets.
        page: the page upright and otherwise as it came: lines are outlined in its pixels.
        steps: what was done, in words, for the page's record.
        matrix: maps pixels of `page` to those of `picture` (see `textmill.preprocessing.geometry`).
    """

    picture: PageImage
    page: PageImage
    steps: tuple[str, ...] = ()
    matrix: Any = field(default_factory=lambda: np.eye(3))

    def restore(self, text: PageText) -> PageText:
        """Return what was read with its outlines in the pixels of `page`, clipped to it."""
        if np.array_equal(self.matrix, np.eye(3)):
            return text
        return mapped_back(text, self.matrix, self.page.width, self.page.height)


class Preprocessor:
    """Prepares pages. Used by one thread.

    Attributes:
        fingerprint: changes whenever the same page could come out differently.
    """

    def __init__(
        self,
        wish: str,
        *,
        engine_name: str = "paddle",
        readability: Readability | None = None,
        pixel_budget: int = _PIXEL_BUDGET,
        threads: int = 1,
    ) -> None:
        """Loads a model if pages are to be turned upright.

        Args:
            wish: see `textmill.preprocessing.wishes.parse_wish`.
            engine_name: who will read; what pays for one engine costs another.
            readability: asked before a page is turned.
            pixel_budget: no step enlarges a page beyond this.
            threads: of the model.

        Raises:
            ValueError: the wish has an unknown name in it.
            ModelsMissing: the weights of the orientation model are not installed.
        """
        named = parse_wish(wish)
        names = tuple(STEPS) if named is None else named
        limits = limits_for(engine_name) if named is None else ASKED_FOR
        self._steps = _pixel_steps(names, limits, pixel_budget)
        self._uprighter: Uprighter | None = None
        if "orientation" in names:
            self._uprighter = Uprighter(OrientationModel(threads=threads), readability)
        self.fingerprint = _fingerprint(names, limits, pixel_budget, self._uprighter) if names else "none"

    def prepare(self, page: PageImage) -> PreparedPage:
        """Return the page as an engine should get it."""
        upright, words = self._upright(page)
        picture = Picture(upright.pixels, upright.dpi, steps=words)
        for step in self._steps:
            picture = step(picture)
        return PreparedPage(
            picture=replace(upright, pixels=picture.pixels, dpi=picture.dpi),
            page=upright,
            steps=picture.steps,
            matrix=picture.matrix,
        )

    def _upright(self, page: PageImage) -> tuple[PageImage, tuple[str, ...]]:
        turn = self._uprighter.turn_needed(page.pixels) if self._uprighter else 0
        if not turn:
            return page, ()
        rotation = (page.rotation + turn) % 360
        return replace(page, pixels=turned(page.pixels, turn), rotation=rotation), (f"turned {turn}°",)


def _pixel_steps(names: tuple[str, ...], limits: Limits, pixel_budget: int) -> list[_Step]:
    """Return the steps behind `orientation` in the order in which they are done."""
    steps: dict[str, _Step] = {
        "borders": lambda picture: remove_borders(picture, limits.border_share),
        "denoise": lambda picture: remove_noise(picture, limits.speck_share, limits.grain),
        "illumination": lambda picture: flatten_illumination(picture, limits.unevenness),
        "deskew": lambda picture: deskew(picture, limits.skew, pixel_budget),
        "upscale": lambda picture: enlarge(picture, limits.enlarged_below, pixel_budget),
        "threshold": lambda picture: binarise(picture, limits.threshold_unevenness),
    }
    return [steps[name] for name in names if name in steps]


def _fingerprint(
    names: tuple[str, ...], limits: Limits, pixel_budget: int, uprighter: Uprighter | None
) -> str:
    return fingerprint(
        version=_VERSION,
        opencv=cv2.__version__,
        steps=names,
        limits=asdict(limits),
        pixel_budget=pixel_budget,
        orientation=uprighter.fingerprint if uprighter else None,
    )
