"""The web server shows the reports of the quality gate, and nothing beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from textmill.quality.data_docs_site import batch_page
from textmill_airflow.links import QualityReportLink
from textmill_airflow.quality_pages import read_page


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all reports, with that of one batch, beside a file that is none."""
    root = tmp_path / "reports"
    monkeypatch.setenv("TEXTMILL_DATA_DOCS", str(root))
    page = root / batch_page("run-1", 3)
    page.parent.mkdir(parents=True)
    page.write_text("<p>fine</p>")
    (page.parent / "notes.txt").write_text("not a report")
    (tmp_path / "secret.html").write_text("secret")
    return root


def test_a_report_is_found_by_its_path(reports: Path) -> None:
    assert read_page(str(batch_page("run-1", 3))) == b"<p>fine</p>"


@pytest.mark.parametrize(
    "path",
    ["../secret.html", "run/../../secret.html", "/etc/hostname", "..", "", ".", "missing.html", "\0.html"],
)
def test_nothing_beside_the_reports_is_read(reports: Path, path: str) -> None:
    assert read_page(path) is None


def test_a_link_that_leads_out_is_not_followed(reports: Path) -> None:
    (reports / "out.html").symlink_to(reports.parent / "secret.html")
    assert read_page("out.html") is None


def test_only_reports_are_read(reports: Path) -> None:
    assert read_page(str(batch_page("run-1", 3).with_name("notes.txt"))) is None


def test_a_task_links_to_the_report_of_its_batch(tmp_path: Path) -> None:
    class Task:
        batch_uri = (tmp_path / "batches" / "0003").as_uri()

    class Key:
        run_id = "run-1"

    link = QualityReportLink().get_link(Task(), ti_key=Key())  # type: ignore[arg-type]
    assert link.endswith(f"/textmill/quality/{batch_page('run-1', 3)}")
