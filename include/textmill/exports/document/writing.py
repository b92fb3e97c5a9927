"""Export one document to a file that is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import Engine

from textmill.access import Connections
from textmill.errors import ExportError, SourceError
from textmill.exports.document.alto import write_alto
from textmill.exports.document.described import DocumentFacts, DocumentFormat
from textmill.exports.document.hocr import write_hocr
from textmill.exports.document.names import file_name
from textmill.exports.document.originals import Originals
from textmill.exports.document.plain_text import write_plain_text
from textmill.exports.document.reading import StoredDocument, stored_document
from textmill.exports.pdf.process import make_pdf
from textmill.exports.pdf.request import PdfAnswer, PdfRequest
from textmill.records import Kind, PageRecord, SourceSpec
from textmill.settings import Settings
from textmill.sources.catalogue import load_catalogue
from textmill.staging import Staging, fsync_folder, path_of, write_records
from textmill.trash import remove_left_behind

_DOCUMENTS = "documents-on-request"
_WORKPLACE = "document-in-work-"


@dataclass(frozen=True)
class ExportedDocument:
    """A document that was exported.

    Attributes:
        pages: of the file; for a PDF of the original, else those with text in the warehouse.
        pages_missing: of a PDF made of pictures, the pages that cannot be decoded: they are blank.
    """

    path: Path
    facts: DocumentFacts
    pages: int
    pages_missing: tuple[int, ...] = ()


class DocumentExporter:
    """Exports documents of one deployment.

    Args:
        connections: open the places at which originals lie; only PDF needs them.
    """

    def __init__(
        self, warehouse: Engine, staging: Staging, settings: Settings, connections: Connections
    ) -> None:
        self._warehouse = warehouse
        self._staging = staging
        self._settings = settings
        self._connections = connections

    def export(
        self,
        wanted: DocumentFormat,
        *,
        uri: str | None = None,
        sha256: str | None = None,
        out: Path | None = None,
    ) -> ExportedDocument:
        """Write a document.

        Args:
            uri: an address at which it lies or lay, or a path.
            out: the file to write, or a folder for it; None for a folder beside the exports by the day.

        Raises:
            ExportError: there is no such document, or it cannot be had in this format.
        """
        with stored_document(self._warehouse, uri=uri, sha256=sha256) as document:
            if wanted is DocumentFormat.PDF and document.facts.kind not in (Kind.PDF, Kind.IMAGE):
                raise ExportError(
                    f"{document.facts.name} is neither a picture nor a PDF and has no pages to show: ask for "
                    f"txt, hocr or alto."
                )
            target = self._target(out, document.facts, wanted)
            with _whole_file(target) as partial:
                answer = self._write(document, wanted, partial)
        return ExportedDocument(target, document.facts, answer.pages, answer.pages_missing)

    def _target(self, out: Path | None, facts: DocumentFacts, wanted: DocumentFormat) -> Path:
        if out is None:
            if urlsplit(self._settings.exports).scheme not in ("", "file"):
                raise ExportError(
                    "Say to which file or folder the document goes: exports lie in an object store."
                )
            folder = path_of(self._settings.exports).expanduser().absolute() / _DOCUMENTS
            folder.mkdir(parents=True, exist_ok=True)
            return folder / file_name(facts, wanted)
        if out.is_dir():
            return out / file_name(facts, wanted)
        if not out.absolute().parent.is_dir():
            raise ExportError(f"There is no folder {out.absolute().parent} for {out.name}: make it first.")
        return out

    def _write(self, document: StoredDocument, wanted: DocumentFormat, path: Path) -> PdfAnswer:
        facts = document.facts
        if wanted is DocumentFormat.PDF:
            return self._write_pdf(document, path)
        with path.open("wb") as out:
            match wanted:
                case DocumentFormat.HOCR:
                    write_hocr(out, facts, document.pages())
                case DocumentFormat.ALTO:
                    write_alto(out, facts, document.pages())
                case _:
                    write_plain_text(out, document.pages())
        return PdfAnswer(pages=facts.pages, pages_with_text=facts.pages)

    def _write_pdf(self, document: StoredDocument, path: Path) -> PdfAnswer:
        facts = document.facts
        with _workplace(self._settings.staging_dir / "exports") as folder:
            originals = Originals(
                document.connection,
                self._staging,
                self._settings,
                self._connections,
                folder / "original",
                self._sources(),
            )
            request = PdfRequest(
                original=str(originals.find(facts)),
                kind=facts.kind,
                mime=facts.mime,
                name=facts.name,
                pages=str(folder / "pages.jsonl"),
                all_frames=(facts.page_count or 1) > 1,
                out=str(path),
            )
            write_records(Path(request.pages), document.pages(), PageRecord)
            return make_pdf(request, self._settings, pages=facts.page_count or facts.pages)

    def _sources(self) -> Mapping[str, SourceSpec]:
        """Return what the catalogue says of sources; nothing where there is none that can be read."""
        if not self._settings.sources_file.exists():
            return {}
        try:
            catalogue = load_catalogue(self._settings.sources_file)
        except SourceError:
            return {}
        return {source.spec.name: source.spec for source in catalogue.sources}


@contextmanager
def _whole_file(target: Path) -> Iterator[Path]:
    """Yield where to write; only when the block ends well is the file in its place."""
    partial = target.with_name(f".{uuid4().hex}.part")
    try:
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(target)
        fsync_folder(target.parent)
    except OSError as error:  # a folder that is not there, a full disk
        raise ExportError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _workplace(root: Path) -> Iterator[Path]:
    """Yield a folder for what an export needs meanwhile; what killed ones left behind is removed."""
    root.mkdir(parents=True, exist_ok=True)
    remove_left_behind(root, f"{_WORKPLACE}*")  # nothing else: somebody may export to this very folder
    with TemporaryDirectory(dir=root, prefix=_WORKPLACE) as folder:
        yield Path(folder)
