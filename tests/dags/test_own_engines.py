"""Engines of one's own are offered where a setting names them, and nowhere else."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def dags(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(repository / "dags"))
    yield
    sys.modules.pop("media_ingest", None)


def offered() -> list[str]:
    sys.modules.pop("media_ingest", None)
    module = importlib.import_module("media_ingest")
    engines: list[str] = module.PARAMS["engine"].schema["enum"]
    return engines


def test_by_default_the_form_offers_what_comes_with_textmill(dags: None) -> None:
    assert offered() == ["auto", "paddle", "tesseract", "trocr"]


def test_the_form_offers_engines_that_the_setting_names(dags: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTMILL_OWN_ENGINES", "mine:fast, mine:slow,")
    assert offered()[4:] == ["mine:fast", "mine:slow"]
