import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from stack import secrets_store, summary
from stack.airflow_api import FailedTask
from stack.airflow_configuration import AirflowSettings
from stack.lifecycle import Running
from stack.paths import Paths
from stack.ports import Ports
from textmill.warehouse.reporting import MediumLine, QuarantineLine, RunSummary


def a_summary(media: list[MediumLine], quarantined: list[QuarantineLine]) -> RunSummary:
    return RunSummary(
        state="success",
        media_found=41,
        media_loaded=40,
        media_unchanged=0,
        media_quarantined=1,
        pages_loaded=97,
        pages_quarantined=1,
        confidence=0.9514,
        seconds=83.2,
        pages_per_second=1.166,
        media=media,
        quarantined=quarantined,
    )


def printed(run: RunSummary, source: Path | str) -> str:
    console = Console(file=io.StringIO(), width=140)
    console.print(summary.tables(run, str(source)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_totals_one_line_of_text_per_medium_and_reasons(tmp_path: Path) -> None:
    media = [
        MediumLine((tmp_path / "a [b] é.pdf").as_uri(), "pdf", "loaded", 3, 0.97, "Dear [bold]Sir[/bold]")
    ]
    quarantined = [
        QuarantineLine((tmp_path / "locked.pdf").as_uri(), None, "encrypted", "It wants a password")
    ]
    text = printed(a_summary(media, quarantined), tmp_path)
    for expected in ("40", "97", "0.951", "1 min 24 s", "1.17", "│ a [b] é.pdf ", "Dear [bold]Sir[/bold]"):
        assert expected in text
    assert "│ locked.pdf " in text
    assert "It wants a password" in text


def test_media_of_an_object_store_are_named_below_it_and_others_by_their_address() -> None:
    media = [
        MediumLine("s3://scans/2026/May/a%20b.png", "image", "loaded", 1, 0.9, "Dear Sir"),
        MediumLine("https://example.org/c.png", "image", "loaded", 1, 0.9, "Dear Madam"),
    ]
    text = printed(a_summary(media, []), "s3://scans/2026")
    assert "│ May/a b.png " in text
    assert "│ https://example.org/c.png " in text
    assert "│ s3://scans/2026/May/a%20b.png " in printed(a_summary(media, []), "")


def test_media_without_pages_say_so(tmp_path: Path) -> None:
    media = [
        MediumLine((tmp_path / "box.zip").as_uri(), "archive", "partial", 0, None, ""),
        MediumLine((tmp_path / "box.zip").as_uri() + "!a%20b.png#2", "image", "loaded", 1, 0.9, "Dear Sir"),
        MediumLine((tmp_path / "silent.mp4").as_uri(), "video", "loaded", 0, None, ""),
    ]
    lines = printed(a_summary(media, []), tmp_path).splitlines()
    rows = {line.split("│")[1].strip(): line for line in lines if line.count("│") > 4}
    assert "–" in rows["box.zip"] and "its members are media of their own" in rows["box.zip"]
    assert "Dear Sir" in rows["box.zip!a b.png#2"]
    assert " 0 " in rows["silent.mp4"] and "(no text)" in rows["silent.mp4"]


def test_long_lists_are_capped_and_say_so(tmp_path: Path) -> None:
    media = [
        MediumLine(f"file:///elsewhere/{number}.png", "image", "loaded", 1, None, "") for number in range(33)
    ]
    text = printed(a_summary(media, []), tmp_path)
    assert "file:///elsewhere/29.png" in text
    assert "file:///elsewhere/30.png" not in text
    assert "… and 3 more" in text
    assert "Quarantined" not in text


def test_a_failure_names_tasks_and_logs_but_no_password(tmp_path: Path) -> None:
    paths = Paths(tmp_path, tmp_path / "state")
    secrets = secrets_store.load_or_create(paths.secrets)
    running = Running(AirflowSettings(paths, Ports(8081, 2, 3), slots=1), secrets)
    tasks = [FailedTask("batch.ocr", 7, "failed"), FailedTask("report", -1, "failed")]
    text = summary.failure(tasks, running, "run-1", "the source gone: it is not there")
    assert text.startswith("The run failed: the source gone: it is not there")
    assert (
        "batch.ocr [7]: http://127.0.0.1:8081/dags/media_ingest/runs/run-1/tasks/batch.ocr/mapped/7" in text
    )
    assert "report: http://127.0.0.1:8081/dags/media_ingest/runs/run-1/tasks/report\n" in text
    assert str(paths.logs / "tasks") in text
    assert secrets.airflow_admin not in text + summary.next_steps(running)


def test_what_earlier_runs_put_aside_is_not_forgotten(tmp_path: Path) -> None:
    text = printed(replace(a_summary([], []), open_entries=3), tmp_path)
    assert "3 entries of earlier runs still in quarantine" in text
