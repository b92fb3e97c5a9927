"""Make the form of a network with 8-bit integers: twice as fast as bf16 on processors with VNNI.

The network is quantised after training (Jacob et al., "Quantization and training of neural networks for
efficient integer-arithmetic-only inference", CVPR 2018) by NNCF: from some lines it learns between which
bounds the numbers inside the network move. Attention and the normalisation of layers stay in floats, as for
a transformer, and so does the last layer, which is cut to the characters of the languages when it is loaded.
NNCF's correction of biases is off: on this network it ruins the result (1 of 300 time steps right).

Run by `textmill.engines.tuning`, and as `python -m textmill.engines.quantising FOLDER` where an image is
built for other machines. NNCF is imported nowhere else.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openvino

from textmill.engines.line_samples import line_samples, scaled_samples
from textmill.engines.networks import INT8_FILES, WEIGHTS_FILE
from textmill.engines.openvino_networks import last_layer


def quantise(folder: Path) -> bool:
    """Write the form with 8-bit integers of the network that reads lines into the folder of its model.

    Returns:
        False when it is no network of which that can be made.
    """
    model = openvino.Core().read_model(folder / WEIGHTS_FILE)
    layer = last_layer(model)
    if layer is None:
        return False
    quantised = _quantised(model, layer.node.get_friendly_name(), scaled_samples(folder, line_samples()))
    partial = folder / f"int8.{os.getpid()}.part.xml"
    openvino.save_model(quantised, partial, compress_to_fp16=False)
    # The description names no file of weights: they are in the file beside it of the same stem.
    description, weights = INT8_FILES
    partial.with_suffix(".bin").replace(folder / weights)
    partial.replace(folder / description)
    return True


def _quantised(model: openvino.Model, last: str, inputs: Sequence[Any]) -> openvino.Model:
    # Without this, NNCF reports each use over the network.
    os.environ["NNCF_CI"] = "1"
    import nncf
    from nncf.quantization.advanced_parameters import (
        AdvancedQuantizationParameters,
        AdvancedSmoothQuantParameters,
    )

    logging.getLogger("nncf").setLevel(logging.WARNING)
    return nncf.quantize(
        model,
        nncf.Dataset(inputs),
        subset_size=len(inputs),
        preset=nncf.QuantizationPreset.MIXED,
        model_type=nncf.ModelType.TRANSFORMER,
        ignored_scope=nncf.IgnoredScope(names=[last]),
        advanced_parameters=AdvancedQuantizationParameters(
            disable_bias_correction=True,
            smooth_quant_alphas=AdvancedSmoothQuantParameters(convolution=-1, matmul=-1),
        ),
    )


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m textmill.engines.quantising", description=__doc__)
    parser.add_argument("folder", type=Path, help="of a model that reads lines")
    folder = parser.parse_args().folder
    if not quantise(folder):
        parser.exit(1, f"{folder} holds no network that can be quantised.\n")


if __name__ == "__main__":
    main()
