from pathlib import Path

import pytest

from stack import secrets_store
from stack.errors import StackError


def test_secrets_are_generated_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = secrets_store.load_or_create(folder)
    assert secrets_store.load_or_create(folder) == first
    assert secrets_store.load(folder) == first
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_two_stacks_share_no_secret(tmp_path: Path) -> None:
    one, two = (vars(secrets_store.load_or_create(tmp_path / name)) for name in ("one", "two"))
    assert not set(one.values()) & set(two.values())
    assert len(set(one.values())) == len(one)


def test_secrets_stay_out_of_messages(tmp_path: Path) -> None:
    secrets = secrets_store.load_or_create(tmp_path)
    assert not any(value in repr(secrets) for value in vars(secrets).values())


def test_an_empty_file_of_a_broken_start_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "jwt_secret").touch()
    assert len(secrets_store.load_or_create(tmp_path).jwt_secret) > 80


def test_without_a_start_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="make run"):
        secrets_store.load(tmp_path)


def test_a_private_file_is_replaced_whatever_its_mode_was(tmp_path: Path) -> None:
    file = tmp_path / "options"
    file.write_text("old")
    file.chmod(0o644)
    secrets_store.write_private(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600
