"""Every knob is documented and can be set by an environment variable."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from textmill import settings
from textmill.settings import Settings


def test_every_setting_says_what_it_does() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTMILL_MAX_PIXELS", "5")
    assert settings.load().max_pixels == 5


def test_nonsense_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTMILL_MAX_PIXELS", "-5")
    with pytest.raises(ValidationError, match="max_pixels"):
        settings.load()
