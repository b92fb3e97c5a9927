"""CUDA's libraries are packages of Python, which ONNX Runtime does not look for by itself."""

from __future__ import annotations

import pytest

from textmill.engines import onnx_networks


@pytest.mark.parametrize(("device", "loads"), [("gpu:1", 1), ("cpu", 0)])
def test_they_are_loaded_before_a_model_is_put_on_a_gpu_and_only_then(
    monkeypatch: pytest.MonkeyPatch, device: str, loads: int
) -> None:
    # Without a GPU there is nothing that could be loaded: that it is asked for is all that can be seen here.
    asked: list[None] = []
    monkeypatch.setattr("onnxruntime.preload_dlls", lambda: asked.append(None))
    providers = onnx_networks._providers(device)
    assert len(asked) == loads
    assert ("CUDAExecutionProvider", {"device_id": 1}) in providers or loads == 0
    assert providers[-1] == "CPUExecutionProvider"
