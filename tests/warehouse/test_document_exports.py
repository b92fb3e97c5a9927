"""One document as a file: out of the warehouse, and with its original from wherever that still is."""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from loaded_document import has_text, load
from sqlalchemy import Engine, text

from textmill.access import NoConnections
from textmill.errors import ExportError
from textmill.exports.document.described import DocumentFormat
from textmill.exports.document.writing import DocumentExporter, ExportedDocument
from textmill.records import Kind
from textmill.settings import Settings
from textmill.staging import Staging

NOW = datetime(2026, 11, 24, 12)
PNG = "samples/memo-moving.png"

Export = Callable[..., ExportedDocument]


@pytest.fixture
def settings(tmp_path: Path, repository: Path) -> Settings:
    return Settings(
        staging_dir=tmp_path / "staging",
        exports=str(tmp_path / "exports"),
        ocr_python=repository / ".venv" / "ocr" / "bin" / "python",
        sources_file=tmp_path / "sources.yaml",
    )


@pytest.fixture
def export(warehouse: Engine, settings: Settings) -> Export:
    exporter = DocumentExporter(warehouse, Staging(settings.staging_dir), settings, NoConnections())
    return exporter.export


@pytest.fixture
def scan(tmp_path: Path, repository: Path) -> Path:
    """A picture in the inbox."""
    folder = tmp_path / "in"
    folder.mkdir()
    return Path(shutil.copy(repository / PNG, folder / "memo.png"))


@pytest.fixture
def loaded(warehouse: Engine, ingest_run_id: int, scan: Path) -> Path:
    """The same, with text in the warehouse."""
    load(warehouse, ingest_run_id, scan.as_uri(), scan.read_bytes())
    return scan


# --- text, hOCR, ALTO ----------------------------------------------------------------------------------


def test_formats_of_text_go_beside_the_exports_by_the_day(
    export: Export, loaded: Path, tmp_path: Path
) -> None:
    digest = hashlib.sha256(loaded.read_bytes()).hexdigest()
    for wanted, ending in (("txt", ".txt"), ("hocr", ".hocr"), ("alto", ".alto.xml")):
        exported = export(DocumentFormat(wanted), uri=str(loaded))
        assert exported.path == tmp_path / "exports/documents-on-request" / f"memo.png-{digest[:8]}{ending}"
        assert "zebra" in exported.path.read_text(encoding="utf-8")


def test_a_document_is_found_by_path_address_and_content(
    export: Export, loaded: Path, tmp_path: Path
) -> None:
    digest = hashlib.sha256(loaded.read_bytes()).hexdigest()
    names: list[dict[str, Any]] = [{"uri": str(loaded)}, {"uri": loaded.as_uri()}, {"sha256": digest.upper()}]
    found = [export(DocumentFormat.TXT, out=tmp_path / "a.txt", **name).facts for name in names]
    assert {(one.sha256, one.uri) for one in found} == {(digest, loaded.as_uri())}


def test_many_pages_come_in_order(
    warehouse: Engine, ingest_run_id: int, export: Export, tmp_path: Path
) -> None:
    load(warehouse, ingest_run_id, "file:///in/long.pdf", b"long", pages=45)
    exported = export(DocumentFormat.HOCR, uri="file:///in/long.pdf", out=tmp_path / "long.hocr")
    numbers = re.findall(r'id="page_(\d+)"', exported.path.read_text(encoding="utf-8"))
    assert [int(number) for number in numbers] == list(range(1, 46))


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"uri": "/in/nothing.png"}, "Nothing was ever read at file:///in/nothing.png"),
        ({"sha256": "f" * 64}, "No document with the SHA-256 f"),
        ({}, "Name one document"),
        ({"uri": "file:///in/a", "sha256": "f" * 64}, "Name one document"),
    ],
)
def test_what_there_is_not_is_said_in_a_sentence(
    export: Export, named: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ExportError, match=sentence):
        export(DocumentFormat.TXT, **named)


def test_a_folder_that_is_not_there_is_said_in_a_sentence(
    export: Export, loaded: Path, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=r"There is no folder .*none for a\.txt: make it first"):
        export(DocumentFormat.TXT, uri=str(loaded), out=tmp_path / "none" / "a.txt")


def test_a_file_is_there_whole_or_as_it_was(
    export: Export, loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.hocr"
    out.write_text("before")

    def break_off(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("textmill.exports.document.writing.write_hocr", break_off)
    with pytest.raises(KeyboardInterrupt):
        export(DocumentFormat.HOCR, uri=str(loaded), out=out)
    assert out.read_text() == "before"
    assert list(tmp_path.glob(".*")) == []


# --- PDF, and where its original is ---------------------------------------------------------------------


def test_a_picture_becomes_a_searchable_pdf(
    export: Export, loaded: Path, tmp_path: Path, settings: Settings
) -> None:
    exported = export(DocumentFormat.PDF, uri=str(loaded), out=tmp_path)
    assert exported.path.parent == tmp_path
    assert exported.pages == 1
    assert has_text(exported.path)
    assert list((settings.staging_dir / "exports").iterdir()) == []


def test_an_original_that_changed_is_taken_from_the_content_store(
    export: Export, loaded: Path, tmp_path: Path, settings: Settings
) -> None:
    content = loaded.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    kept = settings.staging_dir / "content" / digest[:2] / digest
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    loaded.write_bytes(b"something else")
    assert has_text(export(DocumentFormat.PDF, uri=str(loaded), out=tmp_path / "a.pdf").path)


def test_an_original_that_is_nowhere_any_more_is_said_in_a_sentence(
    export: Export, loaded: Path, tmp_path: Path
) -> None:
    loaded.write_bytes(b"something else")
    with pytest.raises(ExportError, match=r"The original of memo\.png .* is nowhere any more"):
        export(DocumentFormat.PDF, uri=str(loaded), out=tmp_path / "a.pdf")
    loaded.unlink()
    with pytest.raises(ExportError, match=r"memo\.png was gone|gone when it was to be read"):
        export(DocumentFormat.PDF, uri=str(loaded), out=tmp_path / "a.pdf")
    assert not (tmp_path / "a.pdf").exists()
    assert "Dear" in export(DocumentFormat.TXT, uri=str(loaded), out=tmp_path / "a.txt").path.read_text()


def test_an_original_in_an_archive_in_an_archive_is_unpacked(
    warehouse: Engine, ingest_run_id: int, export: Export, scan: Path, tmp_path: Path
) -> None:
    content = scan.read_bytes()
    scan.unlink()
    inner, outer = scan.with_name("inner.zip"), scan.with_name("outer.zip")
    for path, name, what in ((inner, "a/memo 1.png", content), (outer, "inner.zip", b"")):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, what or inner.read_bytes())
    about = {"kind": Kind.ARCHIVE, "mime": "application/zip", "pages": 0}
    outer_id = load(warehouse, ingest_run_id, outer.as_uri(), outer.read_bytes(), **about)
    within = f"{outer.as_uri()}!inner.zip"
    inner_id = load(warehouse, ingest_run_id, within, inner.read_bytes(), archive_id=outer_id, **about)
    inner.unlink()
    member = f"{within}!a/memo%201.png"
    load(warehouse, ingest_run_id, member, content, archive_id=inner_id)
    assert has_text(export(DocumentFormat.PDF, uri=member, out=tmp_path / "a.pdf").path)
    typed = f"{outer}!inner.zip!a/memo 1.png"
    assert export(DocumentFormat.TXT, uri=typed, out=tmp_path / "a.txt").facts.uri == member
    with pytest.raises(ExportError, match="is an archive: export what lies in it"):
        export(DocumentFormat.TXT, uri=str(outer))


def test_an_original_at_another_of_its_addresses_is_taken_from_there(
    warehouse: Engine, ingest_run_id: int, export: Export, loaded: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(loaded, loaded.with_name("copy.png")))
    load(warehouse, ingest_run_id, copy.as_uri(), copy.read_bytes())
    loaded.unlink()
    assert has_text(export(DocumentFormat.PDF, uri=str(loaded), out=tmp_path / "a.pdf").path)


def test_text_files_and_videos_have_no_pages_to_show(
    warehouse: Engine, ingest_run_id: int, export: Export
) -> None:
    load(warehouse, ingest_run_id, "file:///in/a.mp4", b"film", kind=Kind.VIDEO, mime="video/mp4")
    with pytest.raises(ExportError, match="neither a picture nor a PDF"):
        export(DocumentFormat.PDF, uri="file:///in/a.mp4")


def test_what_the_runtime_refuses_comes_back_as_a_sentence(
    warehouse: Engine, ingest_run_id: int, export: Export, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan.write_bytes(scan.read_bytes()[:2000])
    load(warehouse, ingest_run_id, scan.as_uri(), scan.read_bytes())
    with pytest.raises(ExportError, match=r"memo\.png, page 1: the picture breaks off or is damaged"):
        export(DocumentFormat.PDF, uri=str(scan))
    monkeypatch.setenv("TEXTMILL_MAX_PIXELS", "1000")
    with pytest.raises(ExportError, match="TEXTMILL_MAX_PIXELS allows"):
        export(DocumentFormat.PDF, uri=str(scan))


def test_a_document_of_a_snapshot_is_not_a_mixture(
    warehouse: Engine, ingest_run_id: int, loaded: Path
) -> None:
    from textmill.exports.document.reading import stored_document

    with stored_document(warehouse, uri=str(loaded)) as document:
        with warehouse.begin() as connection:
            connection.execute(text("UPDATE page SET text = 'other'"))
        assert [one.text for one in document.pages()] != ["other"]
