"""The benchmark of text layers: what it makes, and that it is read back as it was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import text_layer, what_became, written_pdf
from textmill.media import MediaOptions


def test_every_layout_comes_back_as_it_was_written(tmp_path: Path) -> None:
    texts = written_pdf.write(tmp_path / "a.pdf", 9, seed=5)
    assert len(set(texts)) == 9
    taken = text_layer.take_text(tmp_path / "a.pdf", texts, MediaOptions())
    assert (taken.pages, taken.differing) == (9, 0)


def test_a_page_with_another_text_is_noticed(tmp_path: Path) -> None:
    texts = written_pdf.write(tmp_path / "a.pdf", 3)
    taken = text_layer.take_text(tmp_path / "a.pdf", [texts[0], "something else", texts[2]], MediaOptions())
    assert taken.differing == 1


def test_what_became_of_a_folder_is_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written_pdf.write(tmp_path / "a.pdf", 1)
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7\n1 0 obj <<")
    assert what_became.main([str(tmp_path)]) == 0
    _, _, written, refused = capsys.readouterr().out.splitlines()
    assert written.startswith("| a.pdf | 1/1 | text_layer | 1653 x 2339 | text layer taken | ")
    assert refused.startswith("| b.pdf |  | refused |  | damaged_pdf: b.pdf starts like a PDF")
