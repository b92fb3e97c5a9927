"""Reports of the quality gate: what they say, how large they get, and where they lie."""

from __future__ import annotations

import dataclasses
import threading
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from textmill.access import NoConnections
from textmill.errors import SourceError
from textmill.quality.checks import MEASURED
from textmill.quality.data_docs_site import batch_page, location, run_page
from textmill.quality.page_measures import PageMeasures
from textmill.quality.publishing import publish
from textmill.quality.reports import batch_report, run_report
from textmill.quality.verdicts import verdicts
from textmill.records import BatchQuality, Outcome, PageVerdict
from textmill.settings import Settings
from textmill.staging import Staging

RUN = "manual__2026-11-24T12:00:00+00:00"
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)> $PARAMETER ${x} {{ 7*7 }} {% raw %} 'a"


class Seen(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def quality(batch_no: int, **changes: Any) -> BatchQuality:
    figures: dict[str, Any] = {"pages": 3, "warned": 1, "quarantined": 1, "checks": {"mojibake": 2}}
    return BatchQuality(batch_no=batch_no, judged_at="2026-11-24 12:00:00", **(figures | changes))


def page(number: int, **changes: Any) -> PageMeasures:
    good: dict[str, Any] = {
        "sha256": "a" * 64,
        "page_no": number,
        "name": f"{HOSTILE}, page {number}",
        "ink": 0.05,
        "width": 100,
        "height": 200,
        "confidence": 0.98,
        "pages_settled": 1,
        "page_count": 1,
        "text_length": 300,
    }
    return PageMeasures(**(good | dict.fromkeys(map(str, MEASURED), 0.0) | changes))


@pytest.fixture(scope="module")
def report() -> str:
    """Of a batch with one good and 10,000 bad pages, in a file with a hostile name."""
    from textmill.quality.gate import judge
    from textmill.quality.validation_sections import validation_sections

    pages = [page(1), *(page(number, mojibake=number / 10_001) for number in range(2, 10_002))]
    judged = judge(pages, Settings(), run_id=HOSTILE, batch_no=3)
    found = list(verdicts(pages, judged.failures, Settings()))
    warned = sum(one.outcome is Outcome.WARNING for one in found)
    refused = sum(one.outcome is Outcome.QUARANTINED for one in found)
    assert (refused, warned) == (9001, 900)
    figures = quality(3, pages=10_001, warned=warned, quarantined=refused, problem=f"it is {HOSTILE}")
    sections = validation_sections(judged.validation)
    return batch_report(figures, pages, found, run_id=HOSTILE, sections=sections)


def test_a_report_tells_pages_checks_figures_and_limits_in_words(report: str) -> None:
    text = " ".join(Seen(report).text.split())
    assert "10,001 pages: 100 accepted, 900 accepted with a warning, 9,001 quarantined" in text
    assert "The first 500 of 9,901" in text
    assert "the text was decoded with the wrong encoding: 10 % (limit 10 %, TEXTMILL_QUALITY_MOJIBAKE" in text
    assert "Mojibake: the text was decoded with the right encoding. Quarantines a page above 0.1 " in text
    assert "9001 unexpected values found. ≈90% of 10001 total rows" in text
    assert "No text: a page without text is blank." in text


def test_names_of_files_are_shown_and_do_nothing(report: str) -> None:
    for html in (report, run_report([quality(0, problem=HOSTILE)], run_id=HOSTILE)):
        seen = Seen(html)
        assert HOSTILE in seen.text
        assert {"script", "img"}.isdisjoint(seen.tags)
        assert [name for name, _ in seen.attributes if name.startswith("on")] == []


def test_a_report_needs_nothing_from_elsewhere(report: str) -> None:
    leads = [str(value) for name, value in Seen(report).attributes if name in ("src", "href")]
    assert [lead for lead in leads if "//" in lead] == []
    assert not {"link", "iframe", "object"} & Seen(report).tags


def test_thousands_of_bad_pages_make_no_large_report(report: str) -> None:
    assert len(report) < 500_000


def test_places_can_be_told_apart_and_need_no_escaping() -> None:
    assert str(batch_page(RUN, 3)) == f"{run_page(RUN).parent}/batch-0003.html"
    assert str(run_page(RUN).parent).startswith("manual__2026-11-24T12-00-00-00-00.")
    others = [RUN, RUN.replace("+", "-"), "a/../../b", "..", "", "x" * 5000, "日本"]
    pages = [run_page(one) for one in others]
    assert len(set(pages)) == len(others)
    assert all(len(one.parts) == 2 and len(str(one)) < 200 and ".." not in one.parts for one in pages)


def test_reports_lie_in_the_staging_area_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    assert location(Settings(staging_dir=tmp_path)) == str(tmp_path / "data_docs")
    assert location(Settings(data_docs="s3://reports/gate")) == "s3://reports/gate"


# --- publishing -----------------------------------------------------------------------------------------


LOCK = threading.Lock()
"""Stands for the lock of the warehouse, which holds on all machines."""


def put(tmp_path: Path, batch_no: int, text: str, **changes: Any) -> str:
    staging = Staging(tmp_path / "staging")
    staging.run(RUN).batch(batch_no).folder.mkdir(parents=True, exist_ok=True)
    return publish(
        text,
        quality(batch_no, **changes),
        staging=staging,
        run_id=RUN,
        settings=Settings(staging_dir=tmp_path / "staging", data_docs=str(tmp_path / "docs")),
        connections=NoConnections(),
        lock=LOCK,
    )


def test_a_retried_batch_replaces_its_report(tmp_path: Path) -> None:
    put(tmp_path, 0, "first")
    address = put(tmp_path, 0, "second", pages=7)
    site = (tmp_path / "docs" / run_page(RUN)).parent
    assert sorted(path.name for path in site.iterdir()) == ["batch-0000.html", "index.html"]
    assert (site / "batch-0000.html").read_text() == "second"
    assert address == (site / "batch-0000.html").as_uri()
    index = Seen((site / "index.html").read_text())
    assert index.text.count("Batch 0") == 1
    assert "7 pages in 1 batch:" in index.text


def test_batches_that_publish_at_once_all_stand_on_the_page_of_the_run(tmp_path: Path) -> None:
    threads = [threading.Thread(target=put, args=(tmp_path, number, "x")) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index = Seen((tmp_path / "docs" / run_page(RUN)).read_text())
    assert [f"Batch {number}" for number in range(12) if f"Batch {number}" not in index.text] == []


def test_what_a_killed_process_left_does_not_break_the_next_report(tmp_path: Path) -> None:
    run = Staging(tmp_path / "staging").run(RUN)
    torn = run.batch(1).folder
    torn.mkdir(parents=True)
    (torn / "quality.json.part").write_text('{"batch_no": 1, "pa')
    site = (tmp_path / "docs" / run_page(RUN)).parent
    site.mkdir(parents=True)
    (site / "index.html.part").write_text("<htm")
    put(tmp_path, 0, "x")
    assert "3 pages in 1 batch:" in Seen((site / "index.html").read_text()).text


def test_an_object_store_without_a_connection_is_refused_in_words(tmp_path: Path) -> None:
    settings = Settings(data_docs="s3://reports")
    with pytest.raises(SourceError, match="s3://reports cannot be read here"):
        publish(
            "x",
            quality(0),
            staging=Staging(tmp_path),
            run_id=RUN,
            settings=settings,
            connections=NoConnections(),
            lock=LOCK,
        )


def test_a_page_that_was_accepted_stands_in_no_report() -> None:
    fine = PageVerdict(sha256="a" * 64, page_no=1, outcome=Outcome.ACCEPTED)
    flagged = PageVerdict(sha256="a" * 64, page_no=2, outcome=Outcome.WARNING, checks=("mojibake",))
    pages = [dataclasses.replace(page(1), name="fine"), dataclasses.replace(page(2), name="flagged")]
    text = Seen(batch_report(quality(0), pages, [fine, flagged], run_id=RUN, sections="")).text
    assert "flagged" in text
    assert "fine" not in text
