"""An inbox is chosen when a stack starts, and stays until it stops."""

from pathlib import Path

import pytest

from stack import inbox
from stack.airflow_configuration import AirflowSettings, environment
from stack.errors import StackError
from stack.lifecycle import services
from stack.paths import Paths
from stack.ports import Ports


def settings(tmp_path: Path, folder: str) -> AirflowSettings:
    return AirflowSettings(Paths(tmp_path, tmp_path / "state"), Ports(1, 2, 3), slots=1, inbox=folder)


def test_without_the_setting_nothing_is_watched_and_no_triggerer_started(tmp_path: Path) -> None:
    assert inbox.wanted({}) == inbox.wanted({inbox.VARIABLE: " "}) == ""
    assert "triggerer" not in services(settings(tmp_path, ""))
    assert "triggerer" in services(settings(tmp_path, "/in"))


def test_a_relative_folder_is_made_absolute_for_processes_that_start_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in box").mkdir()
    monkeypatch.chdir(tmp_path)
    folder = inbox.wanted({inbox.VARIABLE: "in box"})
    assert folder == str(tmp_path / "in box")
    inherited = {inbox.VARIABLE: "in box"}
    assert environment(settings(tmp_path, folder), inherited)[inbox.VARIABLE] == folder


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"TEXTMILL_INBOX says .*/nowhere, which is no folder"):
        inbox.wanted({inbox.VARIABLE: str(tmp_path / "nowhere")})


@pytest.mark.parametrize("now", ["", "/in"])
def test_a_running_stack_keeps_its_inbox_and_says_so_when_another_is_named(tmp_path: Path, now: str) -> None:
    file = tmp_path / "inbox"
    inbox.remember(file, now)
    assert inbox.recall(file, {}) == now
    assert inbox.recall(file, {inbox.VARIABLE: now}) == now
    with pytest.raises(StackError, match="make stop"):
        inbox.recall(file, {inbox.VARIABLE: "/other"})


def test_a_stack_of_before_there_were_inboxes_watches_none(tmp_path: Path) -> None:
    assert inbox.recall(tmp_path / "inbox", {}) == ""
