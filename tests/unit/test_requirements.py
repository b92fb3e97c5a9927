"""The lock files agree where one is written by hand."""

from __future__ import annotations

import re
from pathlib import Path


def test_both_builds_of_pytorch_are_of_one_version(repository: Path) -> None:
    version = re.compile(r"^torch==([\d.]+)", re.MULTILINE)
    names = ("requirements-torch.in", "requirements-torch.txt", "requirements-torch-cpu.txt")
    versions = [version.findall((repository / name).read_text(encoding="utf-8")) for name in names]
    assert versions[0] == versions[1] == versions[2] != []


def test_the_clouds_are_installed_beside_the_same_versions(repository: Path) -> None:
    pin = re.compile(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)
    base, clouds = (
        dict(pin.findall((repository / name).read_text(encoding="utf-8")))
        for name in ("requirements.txt", "requirements-clouds.txt")
    )
    assert {"gcsfs", "adlfs"} <= clouds.keys()
    assert {name: clouds[name] for name in base.keys() & clouds.keys()} == {
        name: base[name] for name in base.keys() & clouds.keys()
    }


def test_both_builds_of_onnx_runtime_are_of_one_version_and_never_together(repository: Path) -> None:
    pin = re.compile(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)
    cpu, gpu = (
        dict(pin.findall((repository / name).read_text(encoding="utf-8")))
        for name in ("requirements-ocr.txt", "requirements-ocr-gpu.txt")
    )
    # Both fill the folder `onnxruntime`.
    assert gpu["onnxruntime-gpu"] == cpu.pop("onnxruntime")
    assert "onnxruntime" not in gpu
    assert cpu.items() <= gpu.items()
    assert all(name.startswith("nvidia-") for name in gpu.keys() - cpu.keys() - {"onnxruntime-gpu"})
