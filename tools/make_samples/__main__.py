"""Write the samples: `python -m tools.make_samples [--out DIR]`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from tools.make_samples.documents import SAMPLES, Sample
from tools.make_samples.others import other_samples

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "samples"


@contextmanager
def plain_arithmetic() -> Iterator[None]:
    """Keep OpenCV to code paths that do not depend on the processor, and restore its setting after."""
    before = cv2.useOptimized()
    cv2.setUseOptimized(False)
    try:
        yield
    finally:
        cv2.setUseOptimized(before)


def write_sample(sample: Sample, folder: Path) -> int:
    """Write a sample and its ground truth; returns the medium's size in bytes."""
    with plain_arithmetic():
        contents = sample.files()
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return len(contents[sample.name])


def main() -> None:
    """Write every sample into the chosen folder and list what was written."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_samples", description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER, help="folder to write to")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for sample in SAMPLES:
        size = write_sample(sample, folder)
        total += size
        print(f"{sample.name:28}{size / 1024:9.1f} KiB")
    others = other_samples()
    for name, content in others.items():
        (folder / name).write_bytes(content)
        total += len(content)
        print(f"{name:28}{len(content) / 1024:9.1f} KiB")
    print(f"{len(SAMPLES) + len(others)} media{total / 1024:30.1f} KiB")


if __name__ == "__main__":
    main()
