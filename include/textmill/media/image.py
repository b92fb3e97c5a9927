"""Images as media: each frame of a TIFF is a page, an animation has one or as many as are asked for."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pillow_heif
from PIL import AvifImagePlugin, ExifTags, Image, PngImagePlugin

from textmill.errors import DamagedImage, MediumError, TooManyPixels
from textmill.media.medium import MediaOptions
from textmill.media.pixels import CLOCKWISE_TURN, as_pixels, on_paper, turned_upright
from textmill.page import PageImage
from textmill.records import AnimationFrames

# Pillow opens the formats of this list only: among the others are some that start programs (PostScript).
_FORMATS = (
    "JPEG", "PNG", "TIFF", "BMP", "DIB", "GIF", "WEBP", "HEIF", "AVIF", "JPEG2000", "PPM", "PCX",
)  # fmt: skip
_ANIMATED = ("GIF", "WEBP", "PNG", "AVIF", "HEIF")

# A process of ours has the threads that its settings say, not one per core.
pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Pillow's own guard knows one number for all callers; ours is a setting, and set around each call below.
Image.MAX_IMAGE_PIXELS = None
# Its warning that an image has more than half of what is allowed helps nobody.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

# Photoshop writes megabytes of notes into PNGs; Pillow refuses the picture for more than one.
PngImagePlugin.MAX_TEXT_CHUNK = 16 * 1024**2

_SUBFILE_TYPE = 254
_REDUCED_RESOLUTION = 1
"""TIFF 6.0, section 8: a frame with this bit is a thumbnail of another one."""
_MAX_ORIENTATION = 8
_CLAIMED_PIXELS = re.compile(r"\((\d+) pixels\)")
"""In the sentence of Pillow's error."""


@dataclass(frozen=True)
class _Frame:
    """One page: its number in the file, and its orientation tag, None where decoding has to come first."""

    number: int
    orientation: int | None = None


class ImageMedium:
    """An image file opened with Pillow."""

    def __init__(self, path: Path, *, name: str, options: MediaOptions) -> None:
        self._name = name
        self._options = options
        # Given a path, Pillow maps some files into memory and gets turned ones wrong; given a file, it reads.
        self._file = path.open("rb")
        try:
            with self._as_damage(None), _pixels_bounded(options.max_pixels):
                self._image = self._open()
                self._frames = _page_frames(self._image, options)
            self.page_count = len(self._frames)
            options.refuse_pages(name, self.page_count)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> ImageMedium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._image.close()
        self._file.close()

    def page(self, page_no: int) -> PageImage:
        """Decode one frame to upright 8-bit colour over white."""
        frame = self._frames[page_no - 1]
        with self._as_damage(page_no), _pixels_bounded(self._options.max_pixels):
            self._go_to(frame)
            self._options.refuse_pixels(self._name, self._image.width, self._image.height, page_no)
            dpi = _dpi(self._image)
            # Before anything is asked of it: Pillow decodes a PNG to look for EXIF behind its pixels and,
            # after a failure, takes what it has for the whole.
            self._image.load()
            orientation = frame.orientation or orientation_of(self._image)
            picture, remarks = on_paper(self._image)
            if self._image.format != "TIFF":  # which Pillow turns itself
                picture = turned_upright(picture, orientation)
            pixels = as_pixels(picture)
        return PageImage(page_no, pixels, dpi, CLOCKWISE_TURN.get(orientation, 0), remarks)

    def _open(self) -> Image.Image:
        self._file.seek(0)
        return Image.open(self._file, formats=_FORMATS)

    def _go_to(self, frame: _Frame) -> None:
        """Seek a frame; what was decoded of the others is given up where the library would keep it."""
        if self._image.format == "HEIF" and self._image.tell() != frame.number:
            self._image = self._open()
        self._image.seek(frame.number)

    @contextmanager
    def _as_damage(self, page_no: int | None) -> Iterator[None]:
        """Turn whatever Pillow and its plugins trip over in a hostile file into an error that says so."""
        try:
            yield
        except (MediumError, MemoryError):
            raise
        except Image.DecompressionBombError as error:
            raise self._too_large(error, page_no) from error
        except Exception as error:
            if page_no is None:
                raise DamagedImage(
                    f"{self._name} starts like an image but cannot be opened as one: it is damaged, or of a "
                    f"rare variety. Save it as PNG and put it back.",
                    detail=repr(error),
                ) from error
            raise DamagedImage(
                f"{self._name}, page {page_no}: the picture breaks off or is damaged "
                f"({str(error).rstrip('.')}). Scan or copy it again.",
                page_no=page_no if self.page_count > 1 else None,
                detail=repr(error),
            ) from error

    def _too_large(self, error: Image.DecompressionBombError, page_no: int | None) -> TooManyPixels:
        claimed = _CLAIMED_PIXELS.search(str(error))
        pixels = f"{int(claimed.group(1)):,} pixels, more than the" if claimed else "more pixels than the"
        return TooManyPixels(
            f"{self._name}{f', page {page_no}' if page_no else ''} has {pixels} "
            f"{self._options.max_pixels:,} that TEXTMILL_MAX_PIXELS allows.",
            page_no=page_no,
            detail=str(error),
        )


@contextmanager
def _pixels_bounded(most: int) -> Iterator[None]:
    """Have Pillow refuse larger pictures while it opens a file, before it makes room for them.

    Its own limit is one number for all callers; it warns above it and refuses above its double.
    """
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = most / 2
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _page_frames(image: Image.Image, options: MediaOptions) -> Sequence[_Frame]:
    """Return the frames that are pages; stops behind the most allowed, which is one too many."""
    if image.format == "TIFF":
        return _tiff_frames(image, options.max_pages)
    if options.animation_frames is AnimationFrames.ALL and image.format in _ANIMATED:
        count = min(getattr(image, "n_frames", 1), options.max_pages + 1)
        if count > 1:
            return [_Frame(number) for number in range(count)]
    return [_Frame(image.tell())]


def _tiff_frames(image: Image.Image, most: int) -> Sequence[_Frame]:
    frames: list[_Frame] = []
    number = 0
    while len(frames) <= most:
        try:
            image.seek(number)
        except EOFError:
            break
        except MemoryError:
            raise
        except Exception:  # the pages before are whole; this one says what is wrong when it is asked for
            if number == 0:
                raise
            return [*frames, _Frame(number, 1)]
        tags: Any = image.tag_v2
        if not int(tags.get(_SUBFILE_TYPE, 0)) & _REDUCED_RESOLUTION:
            frames.append(_Frame(number, orientation_of(image)))
        number += 1
    return frames or [_Frame(0, 1)]


def orientation_of(image: Image.Image) -> int:
    """Return the orientation tag, 1 (upright) where it is missing or no number from 1 to 8."""
    try:
        declared = image.getexif().get(ExifTags.Base.Orientation, 1)
    except MemoryError:
        raise
    except Exception:  # a damaged note beside a picture that may be whole
        return 1
    return declared if isinstance(declared, int) and 1 <= declared <= _MAX_ORIENTATION else 1


def _dpi(image: Image.Image) -> int | None:
    """Return the horizontal resolution, or None when it is missing or absurd."""
    declared: Any = image.info.get("dpi")
    try:
        dpi = round(float(declared[0]))
    except (TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None
    return dpi if 30 <= dpi <= 4800 else None
