"""The neural networks of PaddleOCR's models, and what runs them.

Whatever runs it, a network that finds lines gives a map of probabilities, and one that reads lines gives
`LineSteps`: what stands at each time step, not the probability of each of thousands of characters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np

WEIGHTS_FILE = "inference.onnx"
INT8_FILES = ("int8.xml", "int8.bin")
"""A network with 8-bit integers, beside its weights; see `textmill.engines.quantising`."""

BLANK = 0
"""Index of the class for nothing; the space is the last class."""


class Runtime(StrEnum):
    """What computes a network."""

    OPENVINO = "openvino"
    ONNXRUNTIME = "onnxruntime"


class Precision(StrEnum):
    """In what numbers a network is computed."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


def files_of(precision: Precision) -> tuple[str, ...]:
    """Return the files besides the weights that a network is computed from."""
    return INT8_FILES if precision is Precision.INT8 else ()


def is_quantised(folder: Path) -> bool:
    """Tell whether a network with 8-bit integers is in the folder of a model."""
    return all((folder / one).exists() for one in INT8_FILES)


@dataclass(frozen=True)
class Computing:
    """How the networks are computed.

    Attributes:
        device: `cpu` or `gpu:N`.
        finding, reading: the precision of the network that finds lines, and of the one that reads them.
        lines_at_once: lines of one width that are read together: on a GPU. On a CPU more take almost as long
            a line, and each number of lines is another shape of which OpenVINO keeps the code.
        why: for whoever runs Textmill, a sentence.
    """

    runtime: Runtime
    finding: Precision = Precision.FP32
    reading: Precision = Precision.FP32
    lines_at_once: int = 1
    threads: int = 1
    device: str = "cpu"
    why: str = ""


@dataclass(frozen=True)
class LineSteps:
    """What a network sees in a line, from left to right; all arrays have one entry per time step.

    Attributes:
        classes: int array: the class that is written there, or `BLANK`.
        probability: float array: what the network gives that class.
        space: float array: what it gives the space.
        among_all: tells what stands there when every class may, which takes longer; None where `classes` were
            chosen among all.
    """

    classes: Any
    probability: Any
    space: Any
    among_all: Callable[[], LineSteps] | None = None


class FindingNetwork(Protocol):
    """Computes a network that finds lines."""

    def probabilities(self, picture: Any) -> Any:
        """Return a float array (rows, columns) for a float array of shape (1, 3, rows, columns)."""
        ...


class ReadingNetwork(Protocol):
    """Computes a network that reads lines."""

    def steps(self, pictures: Any) -> list[LineSteps]:
        """Return what stands in each line of a float array of shape (lines, 3, height, width)."""
        ...


@dataclass(frozen=True)
class Classes:
    """The characters that a network which reads lines can write, and how likely they are in a text.

    Attributes:
        weights: float array of shape (classes,) by which probabilities are multiplied to choose between
            characters; whether there is one, and the probability that is reported, go without.
        usual: int array: the classes that texts in the languages asked for may hold, `BLANK` first, the space
            last; None where that may be any.
    """

    weights: Any
    usual: Any = None


def steps_of(probabilities: Any, weights: Any) -> LineSteps:
    """Choose the class of each time step.

    Args:
        probabilities: float array of shape (time steps, classes); each row sums to 1.
        weights: see `Classes`.
    """
    classes = probabilities.argmax(axis=1)
    written = classes != BLANK
    classes[written] = 1 + (probabilities[written, 1:] * weights[1:]).argmax(axis=1)
    rows = np.arange(len(classes))
    return LineSteps(classes, probabilities[rows, classes], probabilities[:, -1].copy())


def memory_error(error: Exception) -> MemoryError | None:
    """Return what a runtime's error means, if that is that there was no memory: they have no error for it.

    The words are `can't alloc` or `Failed to allocate` (OpenVINO), and `std::bad_alloc` (both).
    """
    return MemoryError(str(error)) if "alloc" in str(error) else None


def finding_network(folder: Path, computing: Computing) -> FindingNetwork:
    """Load a network that finds lines from the folder of its model."""
    if computing.runtime is Runtime.OPENVINO:
        from textmill.engines.openvino_networks import OpenVinoFinding

        return OpenVinoFinding(folder, computing)
    from textmill.engines.onnx_networks import OnnxFinding

    return OnnxFinding(folder, computing)


def reading_network(folder: Path, computing: Computing, classes: Classes) -> ReadingNetwork:
    """Load a network that reads lines from the folder of its model."""
    if computing.runtime is Runtime.OPENVINO:
        from textmill.engines.openvino_networks import OpenVinoReading

        return OpenVinoReading(folder, computing, classes)
    from textmill.engines.onnx_networks import OnnxReading

    return OnnxReading(folder, computing, classes)
