"""Pictures of lines on which networks are quantised and timed: cut out of the sample media.

Written by `python -m tools.cut_line_samples`. They are in the package so that a machine without the sample
media, a container for one, comes to the same result.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textmill.engines.model_description import describe_recognition

LINE_SAMPLES = Path(__file__).with_name("line_samples.zip")

_GRID = 32
_WIDEST = 1600


def line_samples() -> list[Any]:
    """Return pictures of lines, each a uint8 array of shape (height, width, 3)."""
    with zipfile.ZipFile(LINE_SAMPLES) as archive:
        return [_decoded(archive.read(name)) for name in sorted(archive.namelist())]


def _decoded(file: bytes) -> Any:
    # By Pillow, as OpenCV needs libraries of the system that are not there where an image is built.
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))[..., ::-1]


def scaled_samples(folder: Path, pictures: Sequence[Any]) -> list[Any]:
    """Return what the model in `folder` gets of each line: a float array of shape (1, 3, height, width)."""
    described = describe_recognition(folder)
    return [_scaled(picture, described.height, described.reads_rgb) for picture in pictures]


def _scaled(picture: Any, height: int, reads_rgb: bool) -> Any:
    natural = height * picture.shape[1] / picture.shape[0]
    width = min(max(_GRID, round(natural / _GRID) * _GRID), _WIDEST)
    line = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))
    if reads_rgb:
        line = line[..., ::-1]
    return line.transpose(2, 0, 1)[np.newaxis].astype(np.float32, order="C") / 127.5 - 1.0
