"""Networks computed by OpenVINO on a CPU, in 32-bit floats, in bf16, or with 8-bit integers.

The network that reads lines ends in a layer with a class for each of some eighteen thousand characters, of
which a text in most languages uses a few hundred. That layer is cut to the usual classes, and the choice of
the class is made part of the network, so that a handful of numbers per time step leaves it. What the layer
was fed with comes out too: from that, all classes can be told where the usual ones do not fit.

Where they do not fit cannot be seen from their probabilities, which sum to 1 whatever is written: of a line
in Chinese, the class for nothing would be the surest. It is seen before they are made to sum to 1. There
the best class has about the same number at all steps of a line (18 to 33 with PP-OCRv6), but a small part of
it where the right class is missing (1 to 12). Such steps are looked up among all classes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import openvino
from openvino import opset13 as ops

from textmill.engines.networks import (
    BLANK,
    INT8_FILES,
    WEIGHTS_FILE,
    Classes,
    Computing,
    LineSteps,
    Precision,
    memory_error,
    steps_of,
)

_PASSED_THROUGH = frozenset({"Identity", "Reshape", "Convert", "FakeQuantize"})
"""Operations that may stand between a layer and what follows it, and change no number that matters here."""
_SHAPES_OF_PAGES, _SHAPES_OF_LINES = 8, 44
"""For each shape of a picture OpenVINO makes code, in some 40 ms, and keeps it: 5 to 11 MB, and up to 50 MB
of address space. So many are kept, those that were used last. Without a bound a process would grow with every
size of a page that it has ever seen."""
_ENTRIES = 35
"""Of OpenVINO's cache, for a shape of one of these networks."""
_POOR_FIT = 0.5
"""A step at which the best class has less than this part of the line's median is looked up among all classes.

Of 1,225 lines of English receipts 4 % have one."""


class OpenVinoFinding:
    """See `textmill.engines.networks.FindingNetwork`."""

    def __init__(self, folder: Path, computing: Computing) -> None:
        read = partial(openvino.Core().read_model, folder / WEIGHTS_FILE)
        self._network = _Network(read, computing.finding, computing.threads, _SHAPES_OF_PAGES)

    def probabilities(self, picture: Any) -> Any:
        """See `FindingNetwork`."""
        return self._network.run(picture)[0][0, 0]


class OpenVinoReading:
    """See `textmill.engines.networks.ReadingNetwork`."""

    def __init__(self, folder: Path, computing: Computing, classes: Classes) -> None:
        quantised = computing.reading is Precision.INT8
        self._file = folder / (INT8_FILES[0] if quantised else WEIGHTS_FILE)
        self._classes = classes
        self._weights = classes.weights
        self._usual = classes.usual
        self._is_usual = np.isin(np.arange(len(classes.weights)), classes.usual)
        self._layer: LastLayer | None = None
        # What is not quantised in the form with 8-bit integers is computed in bf16 where that is native.
        precision = Precision.BF16 if quantised and _has_bf16() else computing.reading
        self._network = _Network(self._model, precision, computing.threads, _SHAPES_OF_LINES)
        if self._layer is not None:
            # OpenBLAS takes its buffer at the first product of matrices, and tries for ever where it gets
            # none.
            self._among_all(self._layer, np.zeros((2, len(self._layer.weights)), np.float32))

    def _model(self) -> openvino.Model:
        model = openvino.Core().read_model(self._file)
        self._layer = last_layer(model) if self._usual is not None else None
        return model if self._layer is None else _reading_usual(model, self._layer, self._classes)

    def steps(self, pictures: Any) -> list[LineSteps]:
        """See `ReadingNetwork`."""
        found = self._network.run(pictures)
        if self._layer is None:
            return [steps_of(matrix, self._weights) for matrix in found[0]]
        features, values, indices = found
        return [
            self._steps(self._layer, *line) for line in zip(features, values, indices[..., 0], strict=True)
        ]

    def _among_all(self, layer: LastLayer, features: Any) -> LineSteps:
        logits = features @ layer.weights + layer.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return steps_of(powers / powers.sum(axis=1, keepdims=True), self._weights)

    def _misses_a_class(self, layer: LastLayer, features: Any) -> bool:
        likeliest = (features @ layer.weights + layer.bias).argmax(axis=1)
        return not self._is_usual[likeliest].all()

    def _steps(self, layer: LastLayer, features: Any, values: Any, indices: Any) -> LineSteps:
        blank, space, likeliest, weighted, fit = values.T
        poor = fit < _POOR_FIT * np.median(fit)
        if poor.any() and self._misses_a_class(layer, features[poor]):
            return self._among_all(layer, features)
        classes = self._usual[1 + indices]
        probability = weighted / self._weights[classes]
        empty = blank >= likeliest
        return LineSteps(
            classes=np.where(empty, BLANK, classes),
            probability=np.where(empty, blank, probability),
            space=space.copy(),
            among_all=partial(self._among_all, layer, features.copy()),
        )


class LastLayer(NamedTuple):
    """The layer that tells classes apart.

    Attributes:
        node: the operation, a matrix multiplication.
        weights: float array of shape (features, classes).
        bias: float array of shape (classes,).
    """

    node: Any
    weights: Any
    bias: Any


def last_layer(model: openvino.Model) -> LastLayer | None:
    """Return the last layer of a network that reads lines; None if the network does not end as usual."""
    softmax = _before(model.get_results()[0].input_value(0))
    if softmax.get_type_name() != "Softmax":
        return None
    addition = _before(softmax.input_value(0))
    if addition.get_type_name() != "Add":
        return None
    product, bias = _before(addition.input_value(0)), _before(addition.input_value(1))
    if product.get_type_name() != "MatMul" or bias.get_type_name() != "Constant":
        return None
    weights = _before(product.input_value(1))
    if weights.get_type_name() != "Constant" or any(product.get_attributes()[one] for one in _TRANSPOSED):
        return None
    return LastLayer(product, weights.get_data(), bias.get_data().reshape(-1))


_TRANSPOSED = ("transpose_a", "transpose_b")


def _before(output: Any) -> Any:
    node = output.get_node()
    while node.get_type_name() in _PASSED_THROUGH:
        node = node.input_value(0).get_node()
    return node


def _reading_usual(model: openvino.Model, layer: LastLayer, classes: Classes) -> openvino.Model:
    """Return the network with its last layer cut to the usual classes, and the choice among them made."""
    features = layer.node.input_value(0)
    weights = np.ascontiguousarray(layer.weights[:, classes.usual], np.float32)
    bias = np.ascontiguousarray(layer.bias[classes.usual], np.float32)
    logits = ops.add(ops.matmul(features, weights, False, False), bias)
    probabilities = ops.softmax(logits, -1)
    blank = _columns(probabilities, 0, 1)
    space = _columns(probabilities, len(bias) - 1, len(bias))
    written = _columns(probabilities, 1, len(bias))
    likeliest = ops.reduce_max(written, np.array([-1]), keep_dims=True)
    expected = ops.multiply(written, np.asarray(classes.weights[classes.usual[1:]], np.float32))
    best = ops.topk(expected, np.int64(1), -1, "max", "none", "i32")
    fit = ops.reduce_max(logits, np.array([-1]), keep_dims=True)
    values = ops.concat([blank, space, likeliest, best.output(0), fit], -1)
    results = [ops.result(output) for output in (features, values, best.output(1))]
    return openvino.Model(results, model.get_parameters(), "lines")


def _columns(matrix: Any, start: int, end: int) -> Any:
    return ops.slice(matrix, [start], [end], [1], [-1])


def _has_bf16() -> bool:
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class _Network:
    """A network that is ready to be computed."""

    def __init__(
        self, read: Callable[[], openvino.Model], precision: Precision, threads: int, shapes: int
    ) -> None:
        self._read = read
        self._settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision is Precision.BF16 else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            # Processes are placed by whoever starts them; pinned, two of them would share a core.
            "ENABLE_CPU_PINNING": False,
            "CPU_RUNTIME_CACHE_CAPACITY": shapes * _ENTRIES,
        }
        self._request: openvino.InferRequest | None = self._compiled()

    def run(self, array: Any) -> list[Any]:
        """Return what comes out, in arrays of their own.

        Raises:
            MemoryError: more is needed than this process may have.
        """
        # One that stopped half-way is left with shapes that do not fit each other: of the next picture it
        # would make something else, or nothing.
        request, self._request = self._request or self._compiled(), None
        try:
            # Not infer(): that raises nothing where memory runs out, and returns what came out the time
            # before.
            request.start_async([array], share_inputs=True)
            request.wait()
        except RuntimeError as error:
            raise memory_error(error) or error from None
        self._request = request
        return [tensor.data.copy() for tensor in request.output_tensors]

    def _compiled(self) -> openvino.InferRequest:
        return openvino.Core().compile_model(self._read(), "CPU", self._settings).create_infer_request()
