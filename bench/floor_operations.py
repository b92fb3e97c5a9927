"""How many operations the networks need for their inputs, counted from their graphs.

A multiplication with the addition that follows it is two operations, as is usual where peaks are stated in
operations a second. What is counted are convolutions and products of matrices; all else in these networks
(activations, normalisation, scaling) is little beside them and left out, so that the count is a lower bound.
Edges are counted as if a convolution did not reach beyond them. Needs OpenVINO, which reads the graphs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from textmill.engines.computing import choose_computing
from textmill.engines.lexicon import Lexicon
from textmill.engines.model_description import describe_recognition
from textmill.engines.models import detection_model, recognition_model
from textmill.engines.networks import INT8_FILES, WEIGHTS_FILE, Computing, Precision, Runtime
from textmill.engines.protocol import EngineOptions
from textmill.engines.recogniser import class_names, classes_of

Operations = Counter[Precision]
"""Operations by the numbers in which they are computed."""

_MOVES = frozenset({"Identity", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "VariadicSplit", "Slice"})
"""Change where numbers stand, not what they are made of."""
_DEQUANTISES = frozenset({"Convert", "Subtract", "Multiply"})
"""Make floats of constants with 8 bits (OpenVINO's low precision transformations)."""
_EIGHT_BITS = frozenset({"i8", "u8"})


def layer_operations(node: Any) -> int:
    """Return the operations of one layer of a graph; 0 for one that is not counted.

    Args:
        node: an operation of OpenVINO (its operation set 1); a dimension that is not known counts as 1.
    """
    count = _COUNTED.get(node.get_type_name())
    return 2 * count(node) if count else 0


def _convolution(node: Any) -> int:
    """Weights are (output channels, input channels, height, width)."""
    return math.prod(_shape(node.output(0))) * math.prod(_shape(node.input_value(1))[1:])


def _group_convolution(node: Any) -> int:
    """Weights are (groups, output channels, input channels, height, width), channels of a group."""
    return math.prod(_shape(node.output(0))) * math.prod(_shape(node.input_value(1))[2:])


def _transposed_convolution(node: Any) -> int:
    """Weights are (input channels, output channels, height, width): each input is spread by all of them."""
    return math.prod(_shape(node.input_value(0))) * math.prod(_shape(node.input_value(1))[1:])


def _product(node: Any) -> int:
    inner = _shape(node.input_value(0))[-2 if node.get_attributes()["transpose_a"] else -1]
    return math.prod(_shape(node.output(0))) * inner


_COUNTED: Mapping[str, Callable[[Any], int]] = {
    "Convolution": _convolution,
    "GroupConvolution": _group_convolution,
    "ConvolutionBackpropData": _transposed_convolution,
    "MatMul": _product,
}


def _shape(output: Any) -> list[int]:
    return [1 if one.is_dynamic else one.get_length() for one in output.get_partial_shape()]


def is_quantised(node: Any) -> bool:
    """Tell whether both inputs of a layer are there with 8 bits, so that it is computed in them."""
    return all(_has_eight_bits(node.input_value(number)) for number in (0, 1))


def _has_eight_bits(output: Any) -> bool:
    node = output.get_node()
    while node.get_type_name() in _MOVES:
        node = node.input_value(0).get_node()
    if node.get_type_name() == "FakeQuantize":
        return True
    while node.get_type_name() in _DEQUANTISES:
        node = node.input_value(0).get_node()
    return node.get_type_name() == "Constant" and node.get_element_type().get_type_name() in _EIGHT_BITS


class NetworkOperations:
    """Counts the operations of a network.

    Attributes:
        floats: the numbers in which layers are computed that are not there with 8 bits.
    """

    def __init__(self, file: Path, floats: Precision, classes: int | None = None) -> None:
        """Read the graph of a network.

        Args:
            classes: so many of its last layer are computed; None for all.
        """
        import openvino

        from textmill.engines.openvino_networks import last_layer

        self.floats = floats
        self._model = openvino.Core().read_model(file)
        layer = last_layer(self._model) if classes is not None else None
        self._last = layer.node.get_friendly_name() if layer else None
        self._classes = classes
        self._known: dict[tuple[int, ...], Operations] = {}

    def count(self, shape: Sequence[int]) -> Operations:
        """Return the operations for an input of shape (pictures, 3, height, width)."""
        pictures, one = shape[0], (1, *shape[1:])
        if one not in self._known:
            self._known[one] = self._counted(one)
        return Counter({precision: pictures * count for precision, count in self._known[one].items()})

    def _counted(self, shape: Sequence[int]) -> Operations:
        self._model.reshape(list(shape))
        found: Operations = Counter()
        for node in self._model.get_ordered_ops():
            operations = layer_operations(node)
            if self._classes is not None and node.get_friendly_name() == self._last:
                # Cut to the classes when it is loaded; the graph in the file has all.
                operations = operations // _shape(node.output(0))[-1] * self._classes
            if operations:
                found[Precision.INT8 if is_quantised(node) else self.floats] += operations
        return found


class PageOperations:
    """Counts the operations of the two networks with which the engine `paddle` reads pages.

    Attributes:
        computing: what the engine chooses for them.
        finding, reading: the networks.
    """

    def __init__(self, options: EngineOptions) -> None:
        """Find the networks that `textmill.engines.paddle` loads.

        Args:
            options: with a device and models as `textmill.engines.device` chose them.
        """
        computing = choose_computing(options)
        self.computing: Computing = computing
        folder = recognition_model(options.recognition_model, options.models_dir).folder_at_hand()
        self.finding = NetworkOperations(
            detection_model(options.detection_model, options.models_dir).folder_at_hand() / WEIGHTS_FILE,
            computing.finding,
        )
        quantised = computing.reading is Precision.INT8
        # As `textmill.engines.openvino_networks` computes what is not quantised.
        floats = _usual_floats() if quantised else computing.reading
        cut = computing.runtime is Runtime.OPENVINO
        self.reading = NetworkOperations(
            folder / (INT8_FILES[0] if quantised else WEIGHTS_FILE),
            floats,
            _usual_classes(folder, options.languages) if cut else None,
        )


def _usual_classes(folder: Path, languages: Sequence[str]) -> int | None:
    usual = classes_of(class_names(describe_recognition(folder)), Lexicon(languages)).usual
    return None if usual is None else len(usual)


def _usual_floats() -> Precision:
    return Precision.BF16 if Precision.BF16 in fast_precisions() else Precision.FP32


def fast_precisions() -> tuple[Precision, ...]:
    """Return the numbers for which this processor has instructions of its own, as OpenVINO sees it."""
    import openvino

    able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return tuple(one for one in Precision if one.name in able)
