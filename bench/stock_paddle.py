"""Measure PaddleOCR as it comes: its own pipeline with the same weights, `predict` in a loop in one process.

The page images are those that the pipeline's media modules yield, and the steps for which PaddleOCR would
fetch further models are off; everything else is at PaddleOCR's defaults, also the number of threads. Runs in
the OCR environment; the last line on standard output holds a `Reading` and the time of each medium as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.bare_engine import package_versions
from bench.corpus import Original, find_originals
from bench.measurements import MediumTime, Reading
from bench.process_memory import peak_memory_mb
from bench.reading import effective_settings, open_for_bench
from textmill.engines import models_folder
from textmill.engines.models import DETECTION, RECOGNITION
from textmill.lifeline import die_with_parent
from textmill.page import PageImage
from textmill.settings import Settings


class StockReader:
    """Reads media with PaddleOCR's own pipeline and adds up where the time goes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pipeline = stock_pipeline(settings)
        self.opening_seconds = 0.0
        self.engine_seconds = 0.0

    def read(self, original: Original) -> MediumTime:
        """Read every page of a medium."""
        path = original.path
        began = time.monotonic()
        engine_seconds = 0.0
        with open_for_bench(path, self._settings) as medium:
            for page_no in range(1, medium.page_count + 1):
                page = medium.page(page_no)
                opened = time.monotonic()
                if isinstance(page, PageImage):
                    self._pipeline.predict(page.pixels)
                engine_seconds += time.monotonic() - opened
            pages = medium.page_count
        seconds = time.monotonic() - began
        self.engine_seconds += engine_seconds
        self.opening_seconds += seconds - engine_seconds
        return MediumTime(path.name, pages, seconds)


def measure(folder: Path) -> tuple[Reading, list[MediumTime]]:
    """Read every medium directly in `folder` once."""
    originals = find_originals(folder)
    began = time.monotonic()
    reader = StockReader(effective_settings(os.environ))
    loaded = time.monotonic()
    media = [reader.read(original) for original in originals]
    ended = time.monotonic()
    reading = Reading(
        processes=1,
        pages=sum(medium.pages for medium in media),
        load_seconds=loaded - began,
        read_seconds=ended - loaded,
        opening_seconds=reader.opening_seconds,
        engine_seconds=reader.engine_seconds,
        peak_memory_mb=[peak_memory_mb()],
        versions=package_versions(),
    )
    return reading, media


def stock_pipeline(settings: Settings, threads: int | None = None) -> Any:
    """Build PaddleOCR's own pipeline without the steps for which it would fetch further models.

    Args:
        threads: for each network; None for PaddleOCR's default.
    """
    from paddleocr import PaddleOCR

    return PaddleOCR(
        engine="onnxruntime",
        engine_config={"intra_op_num_threads": threads} if threads else None,
        text_detection_model_name=DETECTION,
        text_detection_model_dir=str(models_folder(settings.models_dir, DETECTION)),
        text_recognition_model_name=RECOGNITION,
        text_recognition_model_dir=str(models_folder(settings.models_dir, RECOGNITION)),
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=False,
    )


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.stock_paddle", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of media, each page of which is read")
    options = parser.parse_args()
    die_with_parent(os.getppid())
    reading, media = measure(options.folder)
    print(json.dumps({"reading": asdict(reading), "media": [asdict(medium) for medium in media]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
