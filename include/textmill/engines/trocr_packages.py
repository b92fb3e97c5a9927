"""Where PyTorch and Transformers are: in a folder of their own inside the OCR environment.

`make setup-trocr` puts them there. Not among the other packages, as modelscope, which PaddleOCR brings along
and imports, imports PyTorch wherever it finds it: that would cost every OCR process seconds and 200 MB.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from textmill.errors import ModelsMissing

FOLDER = "trocr"


def make_importable() -> None:
    """Let this process import PyTorch and Transformers. Safe to repeat.

    Raises:
        ModelsMissing: they are not installed.
    """
    folder = str(Path(sys.prefix) / FOLDER)
    # At the end: what the OCR environment has itself comes first.
    if folder not in sys.path and Path(folder).is_dir():
        sys.path.append(folder)
    absent = [package for package in ("torch", "transformers") if find_spec(package) is None]
    if absent:
        raise ModelsMissing(
            f"The engine trocr needs {' and '.join(absent)}, which the OCR environment {sys.prefix} does not "
            f"have: run `make setup-trocr`."
        )
