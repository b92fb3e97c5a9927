"""Reading a folder for a benchmark, with an engine that tells what it was given."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from bench import reading
from bench.reading import effective_settings, read_folder
from textmill.page import PageImage, PageText
from textmill.preprocessing import Preprocessor
from textmill.reading import PageReader


class NamingEngine:
    """Reads from every page its number and its size."""

    name = "naming"
    model = "none"
    fingerprint = "0"

    def read(self, page: PageImage) -> PageText:
        return PageText(text=f"{page.page_no}: {page.width}x{page.height}", lines=())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    reader = PageReader(NamingEngine(), Preprocessor("none"))
    monkeypatch.setattr(reading, "make_reader", lambda settings: reader)
    Image.new("RGB", (30, 20), "white").save(tmp_path / "a.png")
    Image.new("RGB", (72, 36), "white").save(tmp_path / "b.pdf", save_all=True, append_images=[])
    frames = [Image.new("L", (8 * width, 8), "white") for width in (1, 2)]
    frames[0].save(tmp_path / "c.tif", save_all=True, append_images=frames[1:])
    (tmp_path / "a.gt.txt").write_text("text")
    return tmp_path


def test_pages_are_joined_by_form_feeds(folder: Path) -> None:
    assert read_folder(folder) == {"a.png": "1: 30x20", "b.pdf": "1: 200x100", "c.tif": "1: 8x8\f2: 16x8"}


def test_what_cannot_be_read_is_left_out_with_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:60])
    (folder / "rubbish.md").write_bytes(bytes(range(1, 256)) * 9)

    assert set(read_folder(folder)) == {"a.png", "b.pdf", "c.tif"}

    said = capsys.readouterr().err
    assert "Left out: broken.png" in said
    assert "Left out: rubbish.md" in said
    assert "a.gt.txt" not in said


def test_models_are_those_of_the_state_unless_the_settings_say_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEXTMILL_MODELS_DIR", raising=False)
    assert effective_settings({"TEXTMILL_STATE": str(tmp_path)}).models_dir == tmp_path / "models"
    assert effective_settings({}).models_dir.parts[-2:] == (".textmill", "models")

    monkeypatch.setenv("TEXTMILL_MODELS_DIR", str(tmp_path / "elsewhere"))
    chosen = effective_settings({"TEXTMILL_MODELS_DIR": "set", "TEXTMILL_STATE": str(tmp_path)})
    assert chosen.models_dir == tmp_path / "elsewhere"
