"""Choose the engine, the device and the models for a run's languages on this machine.

Run as `python -m textmill.engines.device [--languages de,fr] [--engine auto]` in the OCR environment to see
what would be chosen, and why.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from textmill.engines.computing import choose_computing
from textmill.engines.device_names import device_name
from textmill.engines.gpus import CPU, DeviceChoice, Gpus, choose_device, probe_gpus
from textmill.engines.protocol import EngineOptions, engine_options
from textmill.engines.trocr_packages import make_importable
from textmill.errors import ModelsMissing, TextmillError
from textmill.languages import language_of, pack_of
from textmill.settings import load as load_settings

AUTO = "auto"
PADDLE, TESSERACT, TROCR = "paddle", "tesseract", "trocr"

SMALL_MODELS = ("PP-OCRv6_small_det", "PP-OCRv6_small_rec")
LARGE_MODELS = ("PP-OCRv6_medium_det", "PP-OCRv6_medium_rec")


@dataclass(frozen=True)
class Machine:
    """What a choice depends on.

    Attributes:
        models: the PaddleOCR models that are below the models folder.
        alphabet: the characters that a recognition model can write; None if that cannot be told.
        packs: Tesseract's language packs.
        cuda_trouble: why the runtime of an engine (`paddle`, `trocr`) cannot use CUDA; empty if it can.
    """

    gpus: Gpus
    models: frozenset[str]
    alphabet: Callable[[str], frozenset[str] | None]
    packs: frozenset[str]
    cuda_trouble: Callable[[str], str]


@dataclass(frozen=True)
class Choice:
    """What was chosen. `why` and `warnings` are sentences for whoever runs Textmill.

    Attributes:
        engine: the name of an engine, never `auto`.
        options: with a device (`cpu` or `gpu:N`) and the names of models in the place of every `auto`.
    """

    engine: str
    options: EngineOptions
    why: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def choose(name: str, options: EngineOptions, machine: Machine) -> Choice:
    """Choose for a machine. An engine from outside (`module:factory`) chooses for itself.

    Raises:
        SettingsError: TEXTMILL_DEVICE is no device.
        ModelsMissing: no engine here can read the first language.
    """
    if name not in (AUTO, PADDLE, TESSERACT, TROCR):
        return Choice(name, options)
    device = _device(PADDLE if name == AUTO else name, options, machine)
    models, models_why = _models(options, device, machine)
    nothing: tuple[str, ...] = ()
    engine, engine_why, warnings = name, nothing, nothing
    if name == AUTO:
        engine, engine_why, warnings = _engine_for(options.languages, models[1], machine)
    if engine == TESSERACT:
        chosen = replace(options, device=CPU)
        return Choice(engine, chosen, (*engine_why, "Tesseract runs on the CPU."), warnings)
    if engine == TROCR:
        models_why = (models_why[0], f"Lines are read by {options.trocr_model} (TEXTMILL_TROCR_MODEL).")
    chosen = replace(options, device=device.device, detection_model=models[0], recognition_model=models[1])
    why = (*engine_why, device.why, *models_why)
    return Choice(engine, chosen, why, (*warnings, *filter(None, [device.warning])))


def _device(engine: str, options: EngineOptions, machine: Machine) -> DeviceChoice:
    if engine == TESSERACT:
        return DeviceChoice(None, "")
    trouble = machine.cuda_trouble(engine) if machine.gpus.found else ""
    return choose_device(options.device, options.gpu_memory_mb, machine.gpus, trouble)


def _models(
    options: EngineOptions, device: DeviceChoice, machine: Machine
) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the models that find and read lines, and why these."""
    finds = _model(options.detection_model, "TEXTMILL_DETECTION_MODEL", 0, options, device, machine)
    reads = _model(options.recognition_model, "TEXTMILL_RECOGNITION_MODEL", 1, options, device, machine)
    return (finds[0], reads[0]), (f"Model {finds[0]}: {finds[1]}.", f"Model {reads[0]}: {reads[1]}.")


def _model(
    wish: str, setting: str, part: int, options: EngineOptions, device: DeviceChoice, machine: Machine
) -> tuple[str, str]:
    small, large = SMALL_MODELS[part], LARGE_MODELS[part]
    if wish != AUTO:
        absent = "" if wish in machine.models else ", though it is not below TEXTMILL_MODELS_DIR"
        return wish, f"as {setting} says{absent}"
    if device.gpu is None:
        return small, "the small model, which is made for the CPU"
    if device.gpu.free_mb < options.large_model_memory_mb:
        needed = f"{options.large_model_memory_mb} MiB (TEXTMILL_LARGE_MODEL_MEMORY_MB)"
        return small, f"the small model, as less than {needed} are free"
    if large not in machine.models:
        return small, f"the small model, as the large one, {large}, is not below TEXTMILL_MODELS_DIR"
    return large, "the large model, for which the GPU has room"


def _engine_for(
    languages: tuple[str, ...], model: str, machine: Machine
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the engine for these languages, why, and warnings. The first language decides."""
    characters = machine.alphabet(model)
    if characters is None:
        return PADDLE, (f"Engine paddle: which languages {model} can write cannot be told.",), ()
    if not languages:
        return PADDLE, ("Engine paddle, as no language is given.",), ()
    first, *others = languages
    trouble = _unwritable(first, characters, model)
    if trouble and pack_of(first) in machine.packs:
        return TESSERACT, (f"Engine tesseract: {trouble}",), ()
    if trouble and language_of(first) is None:
        return PADDLE, (f"Engine paddle, although {trouble}",), (trouble,)
    if trouble:
        raise ModelsMissing(f"{trouble} {_install(first)}")
    why = f"Engine paddle: {model} can write {_named(first)}."
    if others:
        why += " The first language decides."
    return PADDLE, (why,), tuple(filter(None, (_unwritable(one, characters, model) for one in others)))


def _unwritable(code: str, characters: frozenset[str], model: str) -> str:
    """Return a sentence if the model cannot write the language, or an empty string."""
    language = language_of(code)
    if language is None:
        return f"{code} is no language that Textmill knows, so nobody can say whether {model} can write it."
    missing = language.missing_from(characters)
    if not missing:
        return ""
    return f"{model} cannot write {language.name}: it lacks {len(missing)} letters, {missing[0]} among them."


def _named(code: str) -> str:
    language = language_of(code)
    return language.name if language else code


def _install(code: str) -> str:
    language = language_of(code)
    assert language is not None
    return (
        f"Tesseract can, with the language pack {language.pack}, which is not installed: "
        f"apt-get install {language.package}."
    )


def resolve(name: str, options: EngineOptions) -> Choice:
    """Choose for this machine; see `choose`, and `choose_computing` for how networks are computed."""
    choice = choose(name, options, probe(options.models_dir))
    if choice.engine != PADDLE:
        return choice
    return replace(choice, why=(*choice.why, choose_computing(choice.options).why))


def device_in_use(name: str, options: EngineOptions) -> str:
    """Return what the device is called on which an engine that was built with these options runs."""
    return device_name(resolve(name, options).options.device, probe_gpus(), options.threads)


def probe(models_dir: Path) -> Machine:
    """Look at this machine. What is costly to find out is found out when it is asked for."""
    from textmill.engines.tesseract import installed_packs

    models = (path.parent.name for path in models_dir.glob("*/inference.yml"))
    return Machine(
        gpus=probe_gpus(),
        models=frozenset(models),
        alphabet=lambda model: _alphabet(models_dir / model / "inference.yml"),
        packs=installed_packs(),
        cuda_trouble=_cuda_trouble,
    )


@lru_cache(maxsize=4)
def _alphabet(description: Path) -> frozenset[str] | None:
    import yaml

    if not description.exists():
        return None
    described = yaml.load(description.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    characters = described.get("PostProcess", {}).get("character_dict")
    return frozenset(characters) if characters else None


def _cuda_trouble(engine: str) -> str:
    if engine == TROCR:
        return _cuda_trouble_of_torch()
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return ""
    return (
        f"ONNX Runtime {onnxruntime.__version__} is installed without CUDA; "
        f"put onnxruntime-gpu in the place of onnxruntime in the OCR environment."
    )


def _cuda_trouble_of_torch() -> str:
    try:
        make_importable()
    except ModelsMissing as error:
        return str(error)
    import torch

    if torch.cuda.is_available():
        return ""
    return f"PyTorch {torch.__version__} cannot use CUDA here; see requirements-torch.txt."


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description="Show which engine, device and models would be chosen.")
    parser.add_argument("--engine", default=AUTO)
    parser.add_argument("--languages", default="en", help="ISO 639-1 codes, the most likely first")
    arguments = parser.parse_args()
    languages = tuple(code.strip() for code in arguments.languages.split(",") if code.strip())
    try:
        choice = resolve(arguments.engine, engine_options(load_settings(), languages))
    except TextmillError as error:
        parser.exit(1, f"{error}\n")
    sys.stdout.write(f"{_described(choice)}\n")


def _described(choice: Choice) -> str:
    options = choice.options
    models = {
        PADDLE: (options.detection_model, options.recognition_model),
        TROCR: (options.detection_model, options.trocr_model),
    }.get(choice.engine, ())
    facts = {"Engine": choice.engine, "Device": options.device, "Models": ", ".join(models)}
    lines = [f"{name:9}{value}" for name, value in facts.items() if value]
    return "\n".join([*lines, *(f"  {why}" for why in choice.why), *(f"! {one}" for one in choice.warnings)])


if __name__ == "__main__":
    main()
