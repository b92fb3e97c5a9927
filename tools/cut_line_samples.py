"""Cut lines out of the sample media and keep them in the package; see `textmill.engines.line_samples`.

Run in the OCR environment: `PYTHONPATH=.:include .venv/ocr/bin/python -m tools.cut_line_samples`.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

from bench.corpus import find_originals
from bench.reading import LANGUAGES, effective_settings, open_for_bench
from textmill.engines import paddle
from textmill.engines.line_samples import LINE_SAMPLES
from textmill.engines.lines import cut_out
from textmill.engines.protocol import engine_options
from textmill.page import PageImage
from textmill.preprocessing.preprocessor import Preprocessor

_SAMPLES = Path(__file__).resolve().parents[1] / "samples"
_EVERY = 5
"""One line of so many."""
_HEIGHT = 48
_WHOLE_MINUTE = (1980, 1, 1, 0, 0, 0)
"""The same archive every time."""


def lines() -> Iterator[Any]:
    """Yield the lines of all sample pages."""
    settings = effective_settings(os.environ)
    options = replace(engine_options(settings, LANGUAGES), device="cpu", cpu_precision="fp32")
    detector = paddle.create_detector(options)
    preprocessor = Preprocessor("auto")
    for original in find_originals(_SAMPLES):
        with open_for_bench(original.path, settings) as medium:
            for page_no in range(1, (medium.page_count or 0) + 1):
                page = medium.page(page_no)
                if isinstance(page, PageImage):
                    pixels = preprocessor.prepare(page).picture.pixels
                    yield from (cut_out(pixels, outline) for outline in detector.detect(pixels))


def main() -> None:
    """Write the archive."""
    with zipfile.ZipFile(LINE_SAMPLES, "w", zipfile.ZIP_STORED) as archive:
        for number, line in enumerate(lines()):
            if number % _EVERY:
                continue
            width = max(1, round(line.shape[1] * _HEIGHT / line.shape[0]))
            small = cv2.resize(line, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
            _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 90])
            archive.writestr(zipfile.ZipInfo(f"{number:04}.jpg", _WHOLE_MINUTE), encoded.tobytes())


if __name__ == "__main__":
    main()
