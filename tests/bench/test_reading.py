"""What benchmarks read with."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.reading import effective_settings


def test_models_are_those_of_the_state_unless_the_settings_say_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEXTMILL_MODELS_DIR", raising=False)
    assert effective_settings({"TEXTMILL_STATE": str(tmp_path)}).models_dir == tmp_path / "models"
    assert effective_settings({}).models_dir.parts[-2:] == (".textmill", "models")

    monkeypatch.setenv("TEXTMILL_MODELS_DIR", str(tmp_path / "elsewhere"))
    chosen = effective_settings({"TEXTMILL_MODELS_DIR": "set", "TEXTMILL_STATE": str(tmp_path)})
    assert chosen.models_dir == tmp_path / "elsewhere"
