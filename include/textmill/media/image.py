"""Images as media: each frame of a TIFF is a page, every other image has one."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import ExifTags, Image, ImageOps

from textmill.errors import DamagedImage, MediumError
from textmill.media.medium import MediaOptions
from textmill.page import PageImage

# Pillow's own guard knows one number for all callers and only warns; ours is a setting and names itself.
Image.MAX_IMAGE_PIXELS = None

_SUBFILE_TYPE = 254
_REDUCED_RESOLUTION = 1
"""TIFF 6.0, section 8: a frame with this bit is a thumbnail of another one."""

_WHITE_LEVELS = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""What can stand for white in a deep grey image; the least that no pixel exceeds is taken."""

_CLOCKWISE_TURN = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
"""Degrees clockwise that bring an image with this EXIF orientation upright (EXIF 2.3, tag 274)."""


class ImageMedium:
    """An image file opened with Pillow."""

    def __init__(self, path: Path, *, name: str, options: MediaOptions) -> None:
        self._name = name
        self._options = options
        # Given a path, Pillow maps some files into memory and gets turned ones wrong; given a file, it reads.
        self._file = path.open("rb")
        try:
            self._image = Image.open(self._file)
            self._frames = _page_frames(self._image, options.max_pages)
        except MemoryError:
            raise
        except Exception as error:  # Pillow's plugins raise whatever a damaged header makes them trip over
            self._file.close()
            raise DamagedImage(
                f"{name} starts like an image but cannot be opened as one.", detail=repr(error)
            ) from error
        self.page_count = len(self._frames)
        options.refuse_pages(name, self.page_count)

    def __enter__(self) -> ImageMedium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._image.close()
        self._file.close()

    def page(self, page_no: int) -> PageImage:
        """Decode one frame to upright 8-bit colour over white."""
        import numpy as np

        try:
            self._image.seek(self._frames[page_no - 1])
            width, height = self._image.size
            self._options.refuse_pixels(self._name, width, height, page_no)
            orientation = self._image.getexif().get(ExifTags.Base.Orientation, 1)
            dpi = _dpi(self._image)
            upright = ImageOps.exif_transpose(_to_rgb(self._image))
        except (MediumError, MemoryError):
            raise
        except Exception as error:  # as above
            raise DamagedImage(
                f"{self._name}, page {page_no}: the picture breaks off or is damaged "
                f"({str(error).rstrip('.')}). Scan or copy it again.",
                page_no=page_no if self.page_count > 1 else None,
                detail=repr(error),
            ) from error
        pixels = np.ascontiguousarray(np.asarray(upright)[:, :, ::-1])
        return PageImage(page_no, pixels, dpi, _CLOCKWISE_TURN.get(orientation, 0))


def _page_frames(image: Image.Image, most: int) -> list[int]:
    """Return the numbers of the frames that are pages; stops behind `most`, which is one too many."""
    if image.format != "TIFF":
        return [0]
    frames: list[int] = []
    number = 0
    while len(frames) <= most:
        try:
            image.seek(number)
        except EOFError:
            break
        if not int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & _REDUCED_RESOLUTION:
            frames.append(number)
        number += 1
    return frames or [0]


def _to_rgb(image: Image.Image) -> Image.Image:
    """Return the frame as RGB; transparent parts become white paper, 16 bits become 8."""
    image.load()
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _with_exif(_narrowed(image).convert("RGB"), image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return _with_exif(Image.alpha_composite(paper, layer).convert("RGB"), image)
    return image.convert("RGB")


def _narrowed(image: Image.Image) -> Image.Image:
    """Return a deep grey image as 8 bits. Scanners store 10 or 12 bits in 16, and fractions from 0 to 1."""
    import numpy as np

    grey = np.asarray(image, dtype=np.float64)
    brightest = float(grey.max(initial=0.0))
    white = next((level for level in _WHITE_LEVELS if brightest <= level), brightest)
    return Image.fromarray(np.clip(grey * (255 / white), 0, 255).round().astype(np.uint8))


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
