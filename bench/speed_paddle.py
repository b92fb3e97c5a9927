"""PaddleOCR as it comes, as a contestant: `predict` in a loop in one process, with its default threads.

The same weights on ONNX Runtime; the steps for which it would fetch further models are off.
"""

from __future__ import annotations

import argparse
import os

from bench.bare_engine import package_versions
from bench.reading import effective_settings
from bench.speed_records import Answer, Job
from bench.speed_serving import serve
from bench.stock_paddle import stock_pipeline


class StockPaddle:
    """One pipeline object, used by one thread."""

    def __init__(self, threads: int | None = None) -> None:
        self._pipeline = stock_pipeline(effective_settings(os.environ), threads=threads)
        self.versions = package_versions()

    def prepare(self, job: Job) -> None:
        """Nothing: pictures are read as they are."""

    def read(self, job: Job) -> Answer:
        """See `Contestant`."""
        import cv2

        texts = []
        for page in job.pages:
            (found,) = self._pipeline.predict(cv2.imread(str(page.picture)))
            texts.append("\n".join(found["rec_texts"]))
        return Answer(texts, len(texts))


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed_paddle", description=__doc__)
    parser.add_argument("--threads", type=int, help="instead of as many as PaddleOCR takes")
    options = parser.parse_args()
    serve(lambda: StockPaddle(options.threads))


if __name__ == "__main__":
    main()
