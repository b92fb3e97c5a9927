"""The environment of processes of the OCR runtime: what they need, and nothing that is secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from textmill.settings import Settings

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
_STACK_MARK = "TEXTMILL_SUPERVISED"
"""By this the local stack finds all processes that are its own."""


def child_environment(parent: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Return the environment of an OCR process whose parent has this one."""
    core = Path(__file__).parents[1]
    passed_on = {name: parent[name] for name in _PASSED_ON if name in parent}
    ours = {f"TEXTMILL_{name.upper()}" for name in Settings.model_fields} | {_STACK_MARK}
    textmill_settings = {name: parent[name] for name in ours if name in parent}
    return {
        **passed_on,
        **textmill_settings,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(core), settings.ocr_pythonpath])),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(settings.cpu_threads),
        "OMP_THREAD_LIMIT": str(settings.cpu_threads),
        # PaddleX probes for model hubs when it is imported; there is nothing to download here.
        "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
    }
