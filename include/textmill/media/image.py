"""Images as media: each frame of a TIFF is a page, every other image has one."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from textmill.errors import DamagedImage
from textmill.media.medium import PageLimits
from textmill.page import PageImage

# Pillow's own guard knows one number for all callers and only warns; ours is a setting and names itself.
Image.MAX_IMAGE_PIXELS = None

_CLOCKWISE_TURN = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
"""Degrees clockwise that bring an image with this EXIF orientation upright (EXIF 2.3, tag 274)."""


class ImageMedium:
    """An image file opened with Pillow."""

    def __init__(self, path: Path, *, name: str, limits: PageLimits) -> None:
        self._name = name
        self._limits = limits
        try:
            self._image = Image.open(path)
            frames = int(getattr(self._image, "n_frames", 1))
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
            raise DamagedImage(
                f"{name} starts like an image but cannot be opened as one.", detail=str(error)
            ) from error
        self.page_count = frames if self._image.format == "TIFF" else 1
        limits.refuse_pages(name, self.page_count)

    def __enter__(self) -> ImageMedium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._image.close()

    def page(self, page_no: int) -> PageImage:
        """Decode one frame to upright 8-bit colour over white."""
        import numpy as np

        try:
            self._image.seek(page_no - 1)
            width, height = self._image.size
            self._limits.refuse_pixels(self._name, width, height, page_no)
            orientation = self._image.getexif().get(ExifTags.Base.Orientation, 1)
            dpi = _dpi(self._image)
            upright = ImageOps.exif_transpose(_to_rgb(self._image))
        except (OSError, ValueError, SyntaxError, EOFError, OverflowError) as error:
            raise DamagedImage(
                f"{self._name}, page {page_no}: the picture breaks off or is damaged "
                f"({str(error).rstrip('.')}). Scan or copy it again.",
                page_no=page_no if self.page_count > 1 else None,
                detail=repr(error),
            ) from error
        pixels = np.ascontiguousarray(np.asarray(upright)[:, :, ::-1])
        return PageImage(page_no, pixels, dpi, _CLOCKWISE_TURN.get(orientation, 0))


def _to_rgb(image: Image.Image) -> Image.Image:
    """Return the frame as RGB; transparent parts become white paper, 16 bits become 8."""
    image.load()
    if image.mode.startswith("I;16") or image.mode == "I":
        narrowed = image.convert("I").point(lambda value: value / 257)
        return _with_exif(narrowed.convert("L").convert("RGB"), image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return _with_exif(Image.alpha_composite(paper, layer).convert("RGB"), image)
    return image.convert("RGB")


def _with_exif(converted: Image.Image, original: Image.Image) -> Image.Image:
    converted.info["exif"] = original.getexif().tobytes()
    return converted


def _dpi(image: Image.Image) -> int | None:
    """Return the horizontal resolution, or None when it is missing or absurd."""
    declared: Any = image.info.get("dpi")
    try:
        dpi = round(float(declared[0]))
    except (TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None
    return dpi if 30 <= dpi <= 4800 else None
