"""What a device is called in the books, so that the pace of one machine is not taken for another's."""

from __future__ import annotations

import re
from pathlib import Path

from textmill.engines.gpus import Gpus

_LONGEST = 64
"""What the column holds."""
_CPU_FACTS = Path("/proc/cpuinfo")
_UNTELLING = re.compile(r"\((?:R|TM|C)\)|@.*|\b(?:CPU|Processor|\d+-Core)\b", re.IGNORECASE)


def device_name(device: str, gpus: Gpus, threads: int) -> str:
    """Return a name that is the same for every batch that is read on the same kind of device.

    Args:
        device: `cpu`, or `gpu:N` as an engine was given it. Anything else is the wish of an engine that
            chooses for itself, which is taken for the CPU.
        threads: of the process; more of them read faster.
    """
    for gpu in gpus.found:
        if gpu.device == device:
            return f"gpu: {gpu.name}"[:_LONGEST]
    ending = f", {threads} thread{'s' * (threads > 1)}"
    return f"cpu: {cpu_model()}"[: _LONGEST - len(ending)] + ending


def cpu_model(facts: Path = _CPU_FACTS) -> str:
    """Return the processor's name without what does not tell it from others (`proc(5)`, cpuinfo)."""
    try:
        lines = facts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "unknown"
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return " ".join(_UNTELLING.sub(" ", value).split())
    return "unknown"
