"""The lock files agree where one is written by hand."""

from __future__ import annotations

import re
from pathlib import Path


def test_both_builds_of_pytorch_are_of_one_version(repository: Path) -> None:
    version = re.compile(r"^torch==([\d.]+)", re.MULTILINE)
    names = ("requirements-torch.in", "requirements-torch.txt", "requirements-torch-cpu.txt")
    versions = [version.findall((repository / name).read_text(encoding="utf-8")) for name in names]
    assert versions[0] == versions[1] == versions[2] != []
