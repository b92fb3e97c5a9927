"""TrOCR: a Transformer that reads the lines which PaddleOCR's detector finds.

Li et al., "TrOCR: Transformer-based Optical Character Recognition with Pre-trained Models", AAAI 2023. It
knows single lines only, so it is never given a page. Needs PyTorch and Transformers (`make setup-trocr`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textmill.engines.gpus import CPU
from textmill.engines.lines import LineEngine
from textmill.engines.protocol import EngineOptions, LineReading
from textmill.engines.trocr_packages import make_importable
from textmill.errors import ModelsMissing
from textmill.fingerprints import fingerprint

_BATCH_ON_CPU = 8
_BATCH_ON_GPU = 32
"""Lines read at once. A step keeps a probability for each of some 50,000 tokens, line and beam."""
_MOST_TOKENS = 96
"""A line of 200 letters has about 60 tokens. A model that has lost its way repeats itself without end."""
_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
_OLD_WEIGHTS = "*.bin"


class TrOcrRecogniser:
    """Reads pictures of single lines in batches; see `LineRecogniser`.

    The confidence of a line is the geometric mean of the probabilities that the network gave to the tokens of
    its text, the one that ends it included; it is computed from the network's own output, before anything
    the search for the best text does to it.

    A line is scaled to a fixed size and attends to nothing but itself, so its reading does not depend on the
    batch, except that sums of floating-point numbers are rounded differently for batches of another size:
    confidences agree to some five digits, and a text could only differ where two tokens are equal to those.
    """

    name = "trocr"

    def __init__(self, model: str, *, device: str, threads: int, beams: int) -> None:
        """Load the model.

        Args:
            model: a folder, or a name on the Hugging Face hub.
            device: `cpu` or `gpu:N`.
            beams: readings followed at once; 1 takes the most probable token at each step.

        Raises:
            ModelsMissing: PyTorch, Transformers or the model is missing, or it is no TrOCR model.
        """
        make_importable()
        import torch
        import transformers

        torch.set_num_threads(threads)
        transformers.utils.logging.disable_progress_bar()
        folder = _folder_of(model)
        on_gpu = device != CPU
        self._device = f"cuda:{device.partition(':')[2]}" if on_gpu else CPU
        self._precision = torch.float16 if on_gpu else torch.float32
        self._batch = _BATCH_ON_GPU if on_gpu else _BATCH_ON_CPU
        self._prepare, self._tokens, network = _load(folder, self._precision)
        self._network = network.to(self._device).eval()
        self._generation = _generation(network, model, beams)
        digest = _digest(folder)
        self.model = f"trocr:{Path(model).name if Path(model).is_dir() else model}@{digest}"
        self.fingerprint = fingerprint(
            transformers=transformers.__version__,
            files=digest,
            precision=str(self._precision),
            beams=beams,
            most_tokens=self._generation.max_new_tokens,
        )

    def recognise(self, pictures: Sequence[Any]) -> list[LineReading]:
        """See `LineRecogniser`."""
        readings: list[LineReading] = []
        for start in range(0, len(pictures), self._batch):
            readings += self._recognise_batch(pictures[start : start + self._batch])
        return readings

    def _recognise_batch(self, pictures: Sequence[Any]) -> list[LineReading]:
        import torch

        prepared = self._prepare([picture[:, :, ::-1] for picture in pictures], return_tensors="pt")
        with torch.inference_mode():
            found = self._network.generate(
                prepared.pixel_values.to(self._device, self._precision), generation_config=self._generation
            )
            scores = self._network.compute_transition_scores(
                found.sequences, found.logits, getattr(found, "beam_indices", None), normalize_logits=True
            )
        tokens = found.sequences[:, 1:].cpu()
        texts = self._tokens.batch_decode(tokens, skip_special_tokens=True)
        confidences = _confidences(tokens, scores.float().cpu(), self._generation.eos_token_id)
        return [
            LineReading(" ".join(text.split()), confidence) if text.strip() else LineReading("", 0.0)
            for text, confidence in zip(texts, confidences, strict=True)
        ]


def create(options: EngineOptions) -> LineEngine:
    """Build the engine; see `textmill.engines.create_engine`."""
    recogniser = TrOcrRecogniser(
        options.trocr_model, device=options.device, threads=options.threads, beams=options.trocr_beams
    )
    return LineEngine(_detector(options), recogniser)


def _detector(options: EngineOptions) -> Any:
    import onnxruntime

    from textmill.engines import paddle

    # PyTorch may have a GPU that ONNX Runtime was not built for.
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        options = replace(options, device=CPU)
    return paddle.create_detector(options)


def _folder_of(model: str) -> Path:
    """Return the folder with the model's files; fetches those of a model that is named."""
    folder = Path(model)
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith(".") or model.count("/") > 1:
        raise ModelsMissing(f"There is no folder {model} (TEXTMILL_TROCR_MODEL).")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model, allow_patterns=list(_FILES)))
        if not any(folder.glob("*.safetensors")):
            folder = Path(snapshot_download(model, allow_patterns=[*_FILES, _OLD_WEIGHTS]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelsMissing(
            f"The TrOCR model {model} (TEXTMILL_TROCR_MODEL) is not on this machine and cannot be fetched "
            f"from the Hugging Face hub ({type(error).__name__}). Copy the model's folder here and put its "
            f"path into TEXTMILL_TROCR_MODEL."
        ) from error
    return folder


def _load(folder: Path, precision: Any) -> tuple[Any, Any, Any]:
    """Return what prepares pictures, what turns tokens into text, and the network."""
    from transformers import AutoImageProcessor, AutoTokenizer, VisionEncoderDecoderModel

    try:
        return (
            AutoImageProcessor.from_pretrained(folder, backend="pil", local_files_only=True),
            AutoTokenizer.from_pretrained(folder, local_files_only=True),
            VisionEncoderDecoderModel.from_pretrained(folder, local_files_only=True, dtype=precision),
        )
    except Exception as error:  # what libraries raise about half a model has no common base
        raise ModelsMissing(
            f"{folder} (TEXTMILL_TROCR_MODEL) holds no TrOCR model that Transformers can load: "
            f"{' '.join(str(error).split())[:300]}"
        ) from error


def _generation(network: Any, model: str, beams: int) -> Any:
    """Return how text is searched for: nothing random, and no ban on repeated words as in prose."""
    from transformers import GenerationConfig

    given, decoder = network.generation_config, network.config.decoder
    names = ("decoder_start_token_id", "eos_token_id", "pad_token_id")
    tokens = {name: _first_given(getattr(given, name, None), getattr(decoder, name, None)) for name in names}
    if None in tokens.values():
        raise ModelsMissing(
            f"{model} (TEXTMILL_TROCR_MODEL) does not say with which token a text begins or ends."
        )
    positions = getattr(decoder, "max_position_embeddings", None) or _MOST_TOKENS + 1
    return GenerationConfig(
        **tokens,
        num_beams=beams,
        do_sample=False,
        max_new_tokens=min(_MOST_TOKENS, positions - 1),
        use_cache=True,
        return_dict_in_generate=True,
        output_logits=True,
    )


def _first_given(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _confidences(tokens: Any, log_probabilities: Any, end: int | list[int]) -> list[float]:
    """Return the geometric mean of each row's token probabilities, up to the first token that ends a text.

    Args:
        tokens, log_probabilities: of shape (lines, steps).
        end: the tokens that end a text.
    """
    import torch

    ends = torch.isin(tokens, torch.tensor(end if isinstance(end, list) else [end]))
    counted = (ends.cumsum(dim=1) - ends.long()) == 0
    sums = torch.where(counted, log_probabilities, 0.0).sum(dim=1)
    means = (sums / counted.sum(dim=1)).exp()
    return [float(mean) for mean in means.clamp(0.0, 1.0)]


def _digest(folder: Path) -> str:
    """Return 12 hex digits over all files of the model, their names included."""
    total = hashlib.sha256()
    files = {file for pattern in (*_FILES, _OLD_WEIGHTS) for file in folder.glob(pattern)}
    for file in sorted(files):
        with file.open("rb") as opened:
            total.update(f"{file.name}:{hashlib.file_digest(opened, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:12]
