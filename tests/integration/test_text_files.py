"""Text files through the whole DAG: nothing is recognised, everything arrives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow.utils.state import DagRunState
from sqlalchemy import Engine, text

Ingest = Callable[..., Any]

RUSSIAN = "Уважаемые коллеги,\nнаправляем вам счёт за услуги, оказанные в октябре.\n"


def test_text_files_arrive_as_they_are(warehouse: Engine, ingest: Ingest, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "letter.txt").write_bytes(RUSSIAN.encode("koi8-r"))
    (folder / "pages.log").write_text("first page\n\fsecond page\n")
    (folder / "one-line.json").write_text("[" + ",".join(f'"item {n}"' for n in range(60_000)) + "]")
    (folder / "page.html").write_text("<title>no</title><table><tr><td>Tea<td>3 &euro;</table>")
    (folder / "blank.txt").write_text("\n\n")
    (folder / "rubbish.txt").write_bytes(b"words, and then " + bytes(range(1, 32)) * 3)
    assert ingest(folder).state == DagRunState.SUCCESS

    with warehouse.connect() as connection:
        documents = connection.execute(text("SELECT uri, kind, mime, text, status FROM v_document")).all()
        pages = connection.execute(text("SELECT DISTINCT text_source, engine, confidence FROM v_page")).all()
        refused = connection.execute(text("SELECT uri, reason FROM v_quarantine")).all()
    found = {Path(document.uri).name: document for document in documents}
    assert {document.kind for document in documents} == {"text"}
    assert found["letter.txt"].text == RUSSIAN.strip()
    assert found["pages.log"].text == "first page\fsecond page"
    assert found["one-line.json"].text.replace("\f", " ") == (folder / "one-line.json").read_text()
    assert found["one-line.json"].mime == "application/json"
    assert (found["page.html"].text, found["page.html"].mime) == ("Tea\t3 €", "text/html")
    assert (found["blank.txt"].text, found["blank.txt"].status) == ("", "loaded")
    assert set(pages) == {("text_file", "text", 1.0), ("text_file", "html", 1.0), ("text_file", "text", None)}
    assert [(Path(entry.uri).name, entry.reason) for entry in refused] == [
        ("rubbish.txt", "unrecognised_content")
    ]
