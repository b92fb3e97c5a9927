"""The most operations a second that one core of this machine reaches, in each kind of numbers.

Measured with OpenVINO, which computes the networks too, on layers that suit it: chains of 1×1 convolutions
over many channels, which are products of large matrices, and nothing else. Of several shapes the fastest
counts.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from textmill.engines.networks import Precision

_TIMES = 5
"""Computed in each round, of which the median counts."""
_WEIGHTS_REACH = 0.2
_OUTPUT_REACH = 6.0


class Shape(NamedTuple):
    """A chain of layers over a picture of `side` × `side` pixels."""

    channels: int
    side: int
    layers: int

    @property
    def operations(self) -> int:
        """As `bench.floor_operations` counts."""
        return 2 * self.channels**2 * self.side**2 * self.layers


SHAPES = (Shape(256, 48, 8), Shape(512, 32, 6), Shape(768, 64, 3))
"""The weights of a layer of the first stay in the cache of the core, those of the last do not."""


class Peak:
    """Measures the peak in one kind of numbers."""

    def __init__(self, precision: Precision) -> None:
        generator = np.random.default_rng(1)
        self._chains = [
            (
                shape,
                _request(chain(shape, quantised=precision is Precision.INT8), precision),
                generator.random((1, shape.channels, shape.side, shape.side), dtype=np.float32),
            )
            for shape in SHAPES
        ]
        for _, request, picture in self._chains:
            request.infer([picture], share_inputs=True)

    def measure(self) -> list[float]:
        """Return the operations a second on each shape; takes a second or two."""
        return [
            shape.operations / median([_seconds(request, picture) for _ in range(_TIMES)])
            for shape, request, picture in self._chains
        ]


def best(rounds: list[list[float]]) -> float:
    """Return the highest of the shapes' medians over the rounds."""
    return max(float(median(of_shape)) for of_shape in zip(*rounds, strict=True))


def chain(shape: Shape, *, quantised: bool) -> Any:
    """Return a graph of so many layers; with 8 bits, numbers stay integers from the first layer on."""
    import openvino
    from openvino import opset13 as ops

    generator = np.random.default_rng(0)
    reach = np.float32(1 / np.sqrt(shape.channels))
    entry = ops.parameter([1, shape.channels, shape.side, shape.side], np.float32)
    numbers = entry
    for _ in range(shape.layers):
        drawn = generator.standard_normal((shape.channels, shape.channels, 1, 1), dtype=np.float32)
        weights = ops.constant(drawn * reach)
        if quantised:
            numbers = _quantised(numbers, 0.0, _OUTPUT_REACH, 256)
            weights = _quantised(weights, -_WEIGHTS_REACH, _WEIGHTS_REACH, 255)
        numbers = ops.relu(ops.convolution(numbers, weights, [1, 1], [0, 0], [0, 0], [1, 1]))
    return openvino.Model([ops.result(numbers)], [entry], "peak")


def _quantised(numbers: Any, low: float, high: float, levels: int) -> Any:
    from openvino import opset13 as ops

    lowest: Any = np.full((1, 1, 1, 1), low, np.float32)
    highest: Any = np.full((1, 1, 1, 1), high, np.float32)
    return ops.fake_quantize(numbers, lowest, highest, lowest, highest, levels)


def _request(model: Any, precision: Precision) -> Any:
    import openvino

    rules = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision is Precision.BF16 else "f32",
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    return openvino.Core().compile_model(model, "CPU", rules).create_infer_request()


def _seconds(request: Any, picture: Any) -> float:
    began = time.perf_counter()
    request.infer([picture], share_inputs=True)
    return time.perf_counter() - began
