"""Secrets of containers are made once, for those who need them, in the forms in which programs read them."""

from __future__ import annotations

import stat
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from containers.secrets import GENERATED, generate


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_the_first_start_makes_every_secret_and_later_ones_change_none(tmp_path: Path) -> None:
    assert generate(tmp_path) == sum(len(names) for names in GENERATED.values())
    first = contents(tmp_path)
    assert generate(tmp_path) == 0
    assert contents(tmp_path) == first
    passwords = [first[name] for name in first if name.endswith("password")]
    assert len(set(passwords)) == len(passwords) == 6
    assert min(map(len, passwords)) >= 32


def test_keys_are_what_airflow_takes(tmp_path: Path) -> None:
    generate(tmp_path)
    Fernet((tmp_path / "airflow" / "fernet_key").read_text())
    assert len((tmp_path / "airflow" / "jwt_secret").read_text()) >= 64


def test_files_end_without_a_newline_as_airflow_takes_what_a_command_prints(tmp_path: Path) -> None:
    generate(tmp_path)
    assert not [name for name, text in contents(tmp_path).items() if text.endswith("\n") and "." not in name]


def test_nobody_but_owner_and_group_may_read(tmp_path: Path) -> None:
    generate(tmp_path)
    for path in tmp_path.rglob("*"):
        assert not path.stat().st_mode & stat.S_IRWXO, path
        assert path.is_dir() or not path.stat().st_mode & stat.S_IWGRP, path


def test_a_secret_of_ones_own_is_kept_and_quoted_where_it_is_part_of_something(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "password").write_text('p@ss/"wo\\rd\n')
    generate(tmp_path)
    assert (tmp_path / "broker" / "password").read_text() == 'p@ss/"wo\\rd\n'
    url = urlsplit((tmp_path / "broker" / "url").read_text())
    assert (url.hostname, url.port, url.path) == ("redis", 6379, "/0")
    assert url.password == "p%40ss%2F%22wo%5Crd"
    assert (tmp_path / "broker" / "redis.conf").read_text() == 'requirepass "p@ss/\\"wo\\\\rd"\n'


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "admin_password").touch()
    generate(tmp_path)
    assert (tmp_path / "ui" / "admin_password").read_text()


def test_half_a_file_of_a_start_that_was_interrupted_is_in_nobodys_way(tmp_path: Path) -> None:
    generate(tmp_path)
    first = contents(tmp_path)
    (tmp_path / "metadata" / ".password.1").write_text("hal")
    generate(tmp_path)
    assert {name: text for name, text in contents(tmp_path).items() if "/." not in name} == first
