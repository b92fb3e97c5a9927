"""The container image is made of what the repository has, for settings that the code knows.

`make test-containers` runs it; here it is only read.
"""

from __future__ import annotations

import fnmatch
import re
import shlex
import stat
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from textmill.settings import Settings

COMPILERS = re.compile(r"gcc|g\+\+|clang|make|build-essential|pkg-config|.*-dev")
OF_ONE_MACHINE = {
    # The servers have images of their own.
    "mariadb-server-core", "mariadb-client-core", "postgresql",
    # What compiles is in another stage; what its result is linked with is in the image.
    "default-libmysqlclient-dev", "pkg-config", "gcc",
    # The Dockerfile takes the two libraries out of it, the base image has the certificates.
    "libgl1", "ca-certificates", "util-linux",
}  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile; `stage` is the name of the stage it belongs to."""

    stage: str
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def copied(self) -> list[str]:
        """What a COPY takes from the checkout."""
        if self.name != "COPY" or self.words[0].startswith("--from="):
            return []
        return [word for word in self.words if not word.startswith("--")][:-1]


def instructions(dockerfile: str) -> list[Instruction]:
    """Take a Dockerfile apart: comments go, continued lines are joined."""
    code = "\n".join(line for line in dockerfile.splitlines() if not line.lstrip().startswith("#"))
    found, stage = [], ""
    for line in code.replace("\\\n", " ").splitlines():
        name, _, text = line.strip().partition(" ")
        if name == "FROM":
            stage = text.rpartition(" AS ")[2]
        if name:
            found.append(Instruction(stage, name, text.strip()))
    return found


@pytest.fixture(scope="module")
def steps(repository: Path) -> list[Instruction]:
    return instructions((repository / "Dockerfile").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def final(steps: list[Instruction]) -> list[Instruction]:
    return [step for step in steps if step.stage == "final"]


def environment(final: list[Instruction]) -> dict[str, str]:
    pairs = (word.partition("=") for step in final if step.name == "ENV" for word in step.words)
    return {name: value for name, _, value in pairs}


def installed(steps: list[Instruction]) -> set[str]:
    """Return the packages that apt-get installs."""
    commands = [part for step in steps if step.name == "RUN" for part in re.split(r";|&&", step.text)]
    lists = [command.split()[2:] for command in commands if command.split()[:2] == ["apt-get", "install"]]
    return {word for words in lists for word in words if re.match(r"[a-z0-9]", word)}


def is_sent(path: str, rules: list[str]) -> bool:
    """Tell whether a path is part of the build context: the last rule that fits it or a folder of it decides.

    Enough of Docker's pattern language (docs.docker.com, ".dockerignore files") for the file at hand.
    """
    sent = True
    ways = [str(way) for way in (PurePosixPath(path), *PurePosixPath(path).parents)][:-1]
    for rule in rules:
        pattern = rule.removeprefix("!")
        names = [PurePosixPath(way).name for way in ways] if pattern.startswith("**/") else ways
        if any(fnmatch.fnmatchcase(name, pattern.removeprefix("**/")) for name in names if "/" not in name):
            sent = rule.startswith("!")
    return sent


@pytest.fixture(scope="module")
def ignored(repository: Path) -> list[str]:
    lines = (repository / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_everything_that_is_copied_exists_and_is_sent_to_the_build(
    repository: Path, steps: list[Instruction], ignored: list[str]
) -> None:
    copied = [path for step in steps for path in step.copied]
    assert {"include", "plugins", "containers", "dags", "samples", "requirements.txt"} <= set(copied)
    assert [path for path in copied if not (repository / path).exists() or not is_sent(path, ignored)] == []


@pytest.mark.parametrize(
    "path",
    [
        ".git", ".venv/ocr/bin/python", ".textmill/secrets/fernet_key", ".env", "tests/conftest.py",
        "docs/media.md", "bench/load.py", "stack/setup.sh", "sources.yaml", "secrets/warehouse",
        "dags/__pycache__/x.pyc",
        "include/textmill/__pycache__/page.cpython-311.pyc",
    ],
)  # fmt: skip
def test_history_state_secrets_and_tests_are_not_sent_to_the_build(ignored: list[str], path: str) -> None:
    assert not is_sent(path, ignored)


def test_every_stage_starts_from_the_base_image_that_is_asked_for(steps: list[Instruction]) -> None:
    starts = {step.stage: step.text.split()[0] for step in steps if step.name == "FROM"}
    assert starts["builder"] == starts["final"] == "${BASE_IMAGE}"
    assert {start for start in starts.values() if start not in starts} == {"${BASE_IMAGE}"}
    assert steps[0] == Instruction("", "ARG", "BASE_IMAGE=python:3.11-slim-bookworm")


def test_compilers_stay_behind(steps: list[Instruction], final: list[Instruction]) -> None:
    assert {"gcc", "pkg-config"} <= installed(steps)
    assert [name for name in installed(final) if COMPILERS.fullmatch(name)] == []
    assert [step.copied for step in final if step.copied] == [], "only what another stage made comes in"


def test_the_image_has_the_system_packages_of_one_machine(repository: Path, final: list[Instruction]) -> None:
    setup = (repository / "stack" / "setup.sh").read_text(encoding="utf-8")
    listed = re.search(r"^readonly packages=\((.*?)\)", setup, re.MULTILINE | re.DOTALL)
    assert listed is not None
    assert set(listed[1].split()) - OF_ONE_MACHINE - installed(final) == set()


def test_what_changes_most_often_is_copied_last(final: list[Instruction]) -> None:
    folders = [PurePosixPath(step.words[-1]).name for step in final if step.name == "COPY"]
    assert folders[1:] == ["airflow", "ocr", "models", "samples", "include", "plugins", "containers", "dags"]
    assert final[-1].name == "COPY", "every layer behind it would be made anew with it"


def test_dags_come_by_no_stage_that_installs_anything(steps: list[Instruction]) -> None:
    stages = {step.stage for step in steps if "dags" in step.copied}
    assert stages == {"code"}
    assert not any("install" in step.text for step in steps if step.stage == "code")


def test_writing_the_models_depends_on_what_it_imports_and_no_more(
    repository: Path, steps: list[Instruction]
) -> None:
    copied = {path for step in steps if step.stage == "models" for path in step.copied}
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, textmill.engines.models\n"
            "for name, module in sys.modules.items():\n"
            "    if name.split('.')[0] == 'textmill': print(module.__file__)",
        ],
        env={"PYTHONPATH": str(repository / "include")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {str(Path(line).relative_to(repository)) for line in shown.stdout.split()} == copied


def test_the_image_gives_no_setting_that_the_code_does_not_know(final: list[Instruction]) -> None:
    given = {name for name in environment(final) if name.startswith("TEXTMILL_")}
    assert given - {f"TEXTMILL_{name.upper()}" for name in Settings.model_fields} == set()
    assert {"TEXTMILL_STAGING_DIR", "TEXTMILL_MODELS_DIR", "TEXTMILL_DRAIN_FILE"} <= given


def test_no_secret_is_part_of_the_image(steps: list[Instruction]) -> None:
    told = [step for step in steps if step.name in {"ENV", "ARG"}]
    assert [step for step in told if re.search(r"PASSWORD|SECRET|TOKEN|_KEY", step.text)] == []


def test_it_runs_as_an_account_without_rights_below_an_init_that_collects_children(
    repository: Path, final: list[Instruction]
) -> None:
    said = {step.name: step.text for step in final}
    assert said["USER"] == "50000:0"
    assert said["STOPSIGNAL"] == "SIGTERM"
    assert said["ENTRYPOINT"] == '["/usr/bin/tini", "--", "/opt/textmill/containers/entrypoint"]'
    assert (repository / "containers" / "entrypoint").stat().st_mode & stat.S_IXOTH


def test_it_says_the_version_of_the_project(repository: Path, final: list[Instruction]) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    labels = next(step.words for step in final if step.name == "LABEL")
    assert f"org.opencontainers.image.version={project['version']}" in labels
