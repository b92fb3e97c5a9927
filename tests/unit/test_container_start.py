"""A service waits for what it needs, and a set-up counts for the image that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from containers import probes, start, waiting


def test_waiting_ends_when_it_works_and_says_for_what_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: None)
    answers = iter([ConnectionError("refused\nand more"), ConnectionError("refused"), None])

    def works() -> None:
        if (error := next(answers)) is not None:
            raise error

    waiting.wait_until(works, "the broker")
    said = capsys.readouterr().out.splitlines()
    assert said == ["Waiting for the broker (refused)", "Waited 0 s for the broker."]


def test_nothing_is_said_about_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    waiting.wait_until(lambda: None, "the broker")
    assert capsys.readouterr().out == ""


def test_a_name_that_is_no_service_is_a_sentence() -> None:
    with pytest.raises(SystemExit, match=r"one of api-server, .*, not webserver"):
        start.main(["webserver"])


def test_a_worker_waits_for_nothing_whose_password_it_lacks() -> None:
    needed = {works for works, _ in start.NEEDS["worker"]}
    assert needed == {probes.broker_answers, probes.api_server_answers}


@pytest.mark.parametrize(
    ("arguments", "file", "measures"),
    [
        (["worker", "--queues", "ocr"], "/var/tuning.json", True),
        (["worker", "--queues", "ocr"], "", False),
        (["worker", "--queues", "default"], "/var/tuning.json", False),
        (["scheduler"], "/var/tuning.json", False),
    ],
)
def test_a_worker_for_ocr_measures_its_machine_where_the_answer_can_be_kept(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], file: str, measures: bool
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setenv("TEXTMILL_TUNING_FILE", file)
    monkeypatch.setenv("TEXTMILL_OCR_PYTHON", "/ocr/python")
    monkeypatch.setattr(start, "wait_until", lambda works, what: None)
    monkeypatch.setattr(start.subprocess, "run", lambda command, **more: ran.append(command))
    monkeypatch.setattr(start.os, "execv", lambda program, command: ran.append(command))
    start.main(arguments)
    assert ran[:-1] == ([["/ocr/python", "-m", "textmill.engines.tuning"]] if measures else [])
    assert ran[-1][1:3] == ["-m", "airflow"]


def test_another_view_or_migration_asks_for_another_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views, versions = (
        tmp_path / "sql" / "views",
        tmp_path / "textmill" / "warehouse" / "migrations" / "versions",
    )
    for folder in (views, versions):
        folder.mkdir(parents=True)
    (views / "v_page.sql").write_text("CREATE VIEW v_page AS SELECT 1")
    monkeypatch.setattr(probes, "_CORE", tmp_path)
    wanted = [probes.wanted_preparation()]
    assert probes.wanted_preparation() == wanted[0]
    (views / "v_page.sql").write_text("CREATE VIEW v_page AS SELECT 2")
    wanted.append(probes.wanted_preparation())
    (versions / "0042_more.py").touch()
    wanted.append(probes.wanted_preparation())
    (versions / "0042_more.pyc").touch()
    assert probes.wanted_preparation() == wanted[-1]
    assert len(set(wanted)) == 3
