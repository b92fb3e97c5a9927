"""From a picture in any colour model to upright 8-bit colour on white paper."""

from __future__ import annotations

from typing import Any

from PIL import Image

_WHITE_LEVELS = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""What can stand for white in a deep grey image; the least that no pixel exceeds is taken."""

_PHOTOMETRIC, _MIN_IS_WHITE = 262, 0
_SAMPLE_FORMAT, _UNSIGNED = 339, 1
"""Tags of TIFF 6.0 and the values that matter."""

_ROWS_AT_ONCE = 256
"""Deep pictures are narrowed in strips: as floating point numbers a whole one is eight times its size."""

_INVISIBLE_CONTRAST = 24
"""Grey levels between the lightest and the darkest point below which a picture shows nothing."""

CLOCKWISE_TURN = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
"""Degrees clockwise that bring an image with this orientation upright (EXIF 2.3, tag 274)."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the image as its orientation tag says that it is to be seen; unknown values change nothing."""
    method = _UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)


def on_paper(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Return a loaded image as L or RGB, and remarks on what was done that a reader should know.

    Transparent parts become white paper, or black where nothing would be seen on white; 16 bits become 8;
    inks become light. An image that is so already is returned itself.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return narrowed(image), ()
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        return _laid_on_paper(image.convert("RGBA"))
    if image.mode in ("L", "RGB"):
        return image, ()
    return image.convert("L" if image.mode == "1" else "RGB"), ()


def as_pixels(image: Image.Image) -> Any:
    """Return an image in L or RGB as a page has it.

    Returns:
        uint8 array of shape (height, width, 3), channels in the order blue, green, red.
    """
    import cv2
    import numpy as np

    # A quarter of what it takes NumPy to reverse the channels.
    return cv2.cvtColor(np.asarray(image), cv2.COLOR_GRAY2BGR if image.mode == "L" else cv2.COLOR_RGB2BGR)


def narrowed(image: Image.Image) -> Image.Image:
    """Return a deep grey image as 8 bits. Scanners store 10 or 12 bits in 16, and fractions from 0 to 1.

    A transparent shade (PNG's tRNS) becomes white. What a TIFF says of its numbers is followed here, since
    Pillow does so for shallow images only: whether 0 is white, and whether 32 bits have a sign.
    """
    import numpy as np

    tags: Any = getattr(image, "tag_v2", {})
    deep = np.asarray(image)
    if image.mode == "I" and tags and tags.get(_SAMPLE_FORMAT) in (None, _UNSIGNED, (_UNSIGNED,)):
        deep = deep.view(np.uint32)
    white = _white_level(deep)
    clear = image.info.get("transparency")
    grey = np.empty(deep.shape, dtype=np.uint8)
    for top in range(0, deep.shape[0], _ROWS_AT_ONCE):
        strip = deep[top : top + _ROWS_AT_ONCE]
        scaled = np.nan_to_num(strip.astype(np.float64) * (255 / white), posinf=255.0, neginf=0.0)
        narrow = np.clip(scaled, 0, 255).round().astype(np.uint8)
        if isinstance(clear, int):
            narrow[strip == clear] = 255
        grey[top : top + _ROWS_AT_ONCE] = narrow
    return Image.fromarray(255 - grey if tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE else grey)


def _white_level(deep: Any) -> float:
    import numpy as np

    brightest = 0.0
    for top in range(0, deep.shape[0], _ROWS_AT_ONCE):
        strip = deep[top : top + _ROWS_AT_ONCE]
        finite = strip[np.isfinite(strip)]
        brightest = max(brightest, float(finite.max(initial=0)))
    return next((level for level in _WHITE_LEVELS if brightest <= level), brightest)


def _laid_on_paper(layer: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Lay a transparent picture on white paper; one in white ink, which would not be seen, on black."""
    on_white = _laid_on("white", layer)
    if not _shows_nothing(on_white) or _is_even(layer.getchannel("A")):
        return on_white, ()
    on_black = _laid_on("black", layer)
    if _shows_nothing(on_black):
        return on_white, ()
    return on_black, ("laid on black, since nothing of it shows on white",)


def _laid_on(colour: str, layer: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", layer.size, colour)
    paper.alpha_composite(layer)
    return paper.convert("RGB")


def _shows_nothing(image: Image.Image) -> bool:
    darkest, lightest = image.convert("L").getextrema()
    return bool(lightest - darkest < _INVISIBLE_CONTRAST)


def _is_even(channel: Image.Image) -> bool:
    darkest, lightest = channel.getextrema()
    return bool(darkest == lightest)
