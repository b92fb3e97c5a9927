"""The shell programs of `containers/`: what every container starts with, and what finds docker or podman."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

# --- containers/entrypoint ----------------------------------------------------------------------------------


def start(repository: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    entrypoint = repository / "containers" / "entrypoint"
    variables = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        [entrypoint, "sh", "-c", command], env=variables, capture_output=True, text=True, check=False
    )


def test_a_worker_that_starts_forgets_that_its_predecessor_was_drained(
    repository: Path, tmp_path: Path
) -> None:
    drain_file = tmp_path / "draining"
    drain_file.touch()
    assert start(repository, "true", TEXTMILL_DRAIN_FILE=str(drain_file)).returncode == 0
    assert not drain_file.exists()
    assert start(repository, "true", TEXTMILL_DRAIN_FILE=str(drain_file)).returncode == 0


def test_an_account_without_a_name_gets_one(repository: Path, tmp_path: Path) -> None:
    unknown = tmp_path / "id"
    unknown.write_text("#!/bin/sh\necho 'cannot find name for user ID 12345' >&2\nexit 1\n")
    unknown.chmod(0o755)
    done = start(repository, "echo $USER $LOGNAME", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.stdout.split() == ["textmill", "textmill"]


def test_a_home_that_cannot_be_written_is_replaced(repository: Path, tmp_path: Path) -> None:
    assert start(repository, "echo $HOME", HOME=str(tmp_path / "absent")).stdout.strip() == "/tmp"
    assert start(repository, "echo $HOME", HOME=str(tmp_path)).stdout.strip() == str(tmp_path)


def test_the_command_takes_the_place_of_the_entrypoint_and_ends_as_it_ends(repository: Path) -> None:
    assert start(repository, "umask; exit 3").returncode == 3
    assert start(repository, "umask").stdout.strip() == "0002"


# --- containers/engine --------------------------------------------------------------------------------------


@pytest.fixture
def machine(repository: Path, tmp_path: Path) -> object:
    """Call `containers/engine` where nothing is installed but the given programs, each an `sh` body."""

    def call(*arguments: str, choice: str = "", **programs: str) -> tuple[str, str]:
        for name, body in programs.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text(f"#!/bin/sh\n{body}\n")
            program.chmod(0o755)
        done = subprocess.run(
            ["/bin/sh", repository / "containers" / "engine", *arguments],
            env={"PATH": str(tmp_path), "CONTAINER_ENGINE": choice},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip(), done.stderr.strip()

    return call


@pytest.mark.parametrize(
    ("programs", "engine"),
    [
        ({"docker": "exit 0"}, "docker"),
        ({"podman": "exit 0"}, "podman"),
        ({"docker": "exit 0", "podman": "exit 0"}, "docker"),
        ({"docker": "exit 1", "podman": "exit 0"}, "podman"),
    ],
)
def test_docker_is_taken_where_it_answers_and_podman_elsewhere(
    machine, programs: dict[str, str], engine: str
) -> None:  # type: ignore[no-untyped-def]
    assert machine(**programs) == (engine, "")


def test_one_may_say_which_engine_is_taken(machine) -> None:  # type: ignore[no-untyped-def]
    both = {"docker": "exit 0", "podman": "exit 0"}
    assert machine(choice="podman", **both) == ("podman", "")
    assert "There is no program nerdctl here (CONTAINER_ENGINE)." in machine(choice="nerdctl", **both)[1]


@pytest.mark.parametrize(
    ("programs", "compose"),
    [
        ({"docker": "exit 0"}, "docker compose"),
        ({"docker": '[ "$1" = version ]', "docker_compose": "exit 0"}, "docker-compose"),
        ({"podman": "exit 0", "podman_compose": "exit 0"}, "podman-compose"),
        ({"podman": "exit 0"}, "podman compose"),
    ],
)
def test_compose_files_are_run_by_what_belongs_to_the_engine(
    machine, programs: dict[str, str], compose: str
) -> None:  # type: ignore[no-untyped-def]
    assert machine("compose", **programs) == (compose, "")


def test_what_is_missing_is_said_in_a_sentence(machine) -> None:  # type: ignore[no-untyped-def]
    assert "Neither docker nor podman is installed" in machine()[1]
    assert "nothing that runs compose files" in machine("compose", podman="exit 1")[1]


def test_a_daemon_that_does_not_answer_is_told_from_a_missing_one(machine) -> None:  # type: ignore[no-untyped-def]
    assert "its daemon does not answer" in machine(docker="exit 1")[1]
