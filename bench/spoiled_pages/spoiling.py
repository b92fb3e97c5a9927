"""What happens to pages between the printer and the scanner: from a little wear to beyond reading.

Pixels are uint8 arrays of shape (height, width, 3). Runs in the OCR environment.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Pixels = Any
Change = Callable[[Pixels, random.Random], Pixels]


def worn(pixels: Pixels, chance: random.Random) -> Pixels:
    """Wear a page as good pages are worn: paper, grain, a slight blur or skew, faded ink."""
    import cv2
    import numpy as np

    which = chance.choice(("clean", "grain", "soft", "skew", "faded", "grey"))
    if which == "grain":
        return noisy(pixels, chance, sigma=12)
    if which == "soft":
        return blurred(pixels, chance, sigma=1.0)
    if which == "faded":
        return (pixels * 0.5 + 118).astype(np.uint8)
    if which == "grey":
        return (pixels * 0.8).astype(np.uint8)
    if which == "skew":
        height, width = pixels.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), chance.uniform(-1.5, 1.5), 1)
        return cv2.warpAffine(pixels, turn, (width, height), borderValue=(250, 249, 246))
    return pixels


def blurred(pixels: Pixels, _: random.Random, *, sigma: float) -> Pixels:
    """Put a page out of focus."""
    import cv2

    return cv2.GaussianBlur(pixels, (0, 0), sigma)


def shaken(pixels: Pixels, chance: random.Random, *, length: int) -> Pixels:
    """Move the camera while the picture is taken: `length` pixels along or across the lines."""
    import cv2
    import numpy as np

    kernel: Any = np.zeros((length, length), np.float32)
    kernel[length // 2, :] = 1 / length
    return cv2.filter2D(pixels, -1, kernel if chance.random() < 0.7 else kernel.T)


def noisy(pixels: Pixels, chance: random.Random, *, sigma: float) -> Pixels:
    """Add grain."""
    import numpy as np

    grains = np.random.default_rng(chance.randrange(2**32)).normal(0, sigma, pixels.shape[:2])
    return np.clip(pixels + grains[..., None], 0, 255).astype(np.uint8)


def peppered(pixels: Pixels, chance: random.Random, *, share: float) -> Pixels:
    """Turn a share of the pixels black or white, in clumps as a bad fax line does."""
    import cv2
    import numpy as np

    field = np.random.default_rng(chance.randrange(2**32)).random(pixels.shape[:2]).astype(np.float32)
    field = cv2.GaussianBlur(field, (0, 0), 1.2)
    low, high = np.quantile(field, (share / 2, 1 - share / 2))
    spoiled = pixels.copy()
    spoiled[field < low] = 10
    spoiled[field > high] = 250
    return spoiled


def upside_down(pixels: Pixels, _: random.Random) -> Pixels:
    """Turn a page by 180 degrees."""
    return pixels[::-1, ::-1].copy()


def sideways(pixels: Pixels, _: random.Random, *, turns: int) -> Pixels:
    """Turn a page by `turns` quarters against the clock."""
    import numpy as np

    return np.rot90(pixels, turns).copy()


def cut(pixels: Pixels, chance: random.Random, *, share: float) -> Pixels:
    """Cut a page through its lines, on the left or the right: `share` of the width of its print is lost."""
    import numpy as np

    dark = (pixels.mean(axis=2) < np.median(pixels.mean(axis=2)) - 48).mean(axis=0)
    inked = np.flatnonzero(dark > 0.004)
    left, right = (int(inked[0]), int(inked[-1])) if inked.size else (0, pixels.shape[1] - 1)
    width = round((right - left) * share)
    if chance.random() < 0.5:
        return pixels[:, left + width :].copy()
    return pixels[:, : right - width].copy()


def smudged(pixels: Pixels, chance: random.Random) -> Pixels:
    """Spill ink and coffee over a page, wipe it, and fold the corner."""
    import cv2

    spoiled = pixels.copy()
    height, width = spoiled.shape[:2]
    for _ in range(chance.randint(2, 9)):
        centre = (chance.randint(0, width), chance.randint(0, height))
        axes = (chance.randint(8, 130), chance.randint(6, 60))
        shade = chance.randint(20, 150)
        thickness = chance.choice((-1, -1, 6))
        cv2.ellipse(spoiled, centre, axes, chance.randint(0, 180), 0, 360, (shade,) * 3, thickness)
    for _ in range(chance.randint(0, 5)):
        start = (chance.randint(0, width), chance.randint(0, height))
        end = (start[0] + chance.randint(-400, 400), start[1] + chance.randint(-200, 200))
        cv2.line(spoiled, start, end, (chance.randint(30, 120),) * 3, chance.randint(2, 14))
    return cv2.GaussianBlur(spoiled, (0, 0), chance.uniform(1, 5))


def halftone(pixels: Pixels, chance: random.Random) -> Pixels:
    """Cover a page with a screen of dots, crosses or strokes, as a coarsely printed picture has."""
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    step = chance.choice((18, 22, 28, 34))
    shape = chance.choice(("dot", "cross", "stroke", "ring"))
    picture = np.full_like(pixels, 245)
    light = cv2.resize(
        np.random.default_rng(chance.randrange(2**32)).random((7, 5)).astype(np.float32), (width, height)
    )
    for y in range(step, height - step, step):
        for x in range(step, width - step, step):
            size = round(step * 0.55 * float(light[y, x]))
            _dot(picture, shape, x, y, size)
    return picture


def _dot(picture: Pixels, shape: str, x: int, y: int, size: int) -> None:
    import cv2

    ink = (30, 30, 30)
    if size < 2:
        return
    if shape == "dot":
        cv2.circle(picture, (x, y), size, ink, -1)
    elif shape == "ring":
        cv2.circle(picture, (x, y), size, ink, 2)
    elif shape == "cross":
        cv2.line(picture, (x - size, y), (x + size, y), ink, 2)
        cv2.line(picture, (x, y - size), (x, y + size), ink, 2)
    else:
        cv2.line(picture, (x - size, y + size), (x + size, y - size), ink, 2)
