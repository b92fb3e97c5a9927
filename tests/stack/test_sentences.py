import errno
from pathlib import Path

import pytest

from stack import __main__ as command_line
from stack import machine
from stack.commands import run_to_end
from stack.errors import DISK_FULL, StackError, sentence_for


def test_a_full_disk_is_a_sentence() -> None:
    assert sentence_for(OSError(errno.ENOSPC, "No space left on device")) == DISK_FULL


def test_refused_access_names_the_file() -> None:
    assert "/state/secrets" in sentence_for(
        PermissionError(errno.EACCES, "Permission denied", "/state/secrets")
    )


def test_a_failing_program_is_quoted_without_its_secrets() -> None:
    with pytest.raises(StackError) as raised:
        run_to_end(
            ["sh", "-c", "cat; exit 3"], failure="It broke", stdin="no hunter2 here", hidden=["hunter2"]
        )
    assert str(raised.value) == "It broke. It said:\n    no ******** here"


def test_a_program_that_ran_out_of_disk_is_not_quoted() -> None:
    with pytest.raises(StackError, match="The disk is full"):
        run_to_end(["sh", "-c", "echo 'write: No space left on device'; exit 1"], failure="It broke")


def test_a_missing_program_is_a_sentence() -> None:
    with pytest.raises(StackError, match="textmill-no-such-program is missing"):
        run_to_end(["textmill-no-such-program"], failure="It broke")


def test_a_nearly_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LEAST_FREE_BYTES", 1 << 62)
    with pytest.raises(StackError, match=r"Only \d+\.\d GB are free"):
        machine.check_disk(tmp_path / "not" / "there" / "yet")


@pytest.mark.parametrize("text", ["0", "two", "-1"])
def test_slots_have_to_be_a_number(text: str) -> None:
    with pytest.raises(StackError, match="TEXTMILL_OCR_SLOTS"):
        machine.ocr_slots({"TEXTMILL_OCR_SLOTS": text})


def test_slots_default_to_the_machine() -> None:
    assert machine.ocr_slots({"TEXTMILL_OCR_SLOTS": "7"}) == 7
    assert machine.ocr_slots({}) >= 1


@pytest.mark.parametrize("command", ["sql", "password"])
def test_commands_that_need_a_running_stack_say_so(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEXTMILL_STATE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["stack", command])
    assert command_line.main() == 1
    assert capsys.readouterr().err.startswith("Textmill is not running: start it with `make run`")


def test_only_a_state_folder_is_ever_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    monkeypatch.setenv("TEXTMILL_STATE", str(tmp_path))
    for command in ("clean", "models"):
        monkeypatch.setattr("sys.argv", ["stack", command])
        assert command_line.main() == 1
    assert precious.read_text() == "years of work"
    assert "is no state folder of Textmill" in capsys.readouterr().err
