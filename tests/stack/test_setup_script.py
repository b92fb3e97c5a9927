"""The setup script on machines that lack something; every program it may call is a stand-in."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "stack" / "setup.sh"
TOOLS = ("bash", "dirname", "mkdir", "flock", "sed", "grep", "mktemp", "tail", "rm", "sha256sum")


class Machine:
    """A project folder and a PATH with nothing on it but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.programs = folder / "programs"
        (self.project / "stack").mkdir(parents=True)
        self.programs.mkdir()
        shutil.copy(SCRIPT, self.project / "stack" / "setup.sh")
        for name in TOOLS:
            (self.programs / name).symlink_to(str(shutil.which(name)))
        self.put("id", "echo 1000")
        self.put("getent", "exit 0")

    def put(self, name: str, script: str) -> None:
        program = self.programs / name
        program.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        program.chmod(0o755)

    def has_packages(self, *absent: str) -> None:
        """Debian's package manager, which says of every package but the absent ones that it is installed."""
        said = "".join(f"case $name in {name}|*t64) continue;; esac; " for name in absent) or ":; "
        loop = (
            f'for name in "$@"; do case $name in -*|*Status*) continue;; esac; {said}echo "ii  $name"; done'
        )
        self.put("dpkg-query", loop)

    def set_up(self) -> tuple[int, str]:
        environment = {"PATH": str(self.programs), "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
        command = ["bash", "stack/setup.sh"]
        done = subprocess.run(command, cwd=self.project, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_rights_the_command_for_an_administrator_is_named(machine: Machine) -> None:
    machine.has_packages("tesseract-ocr", "postgresql")
    code, said = machine.set_up()
    assert code == 1
    assert "Ask an administrator to run: apt-get install tesseract-ocr postgresql" in said


def test_a_network_that_is_away_is_a_sentence(machine: Machine) -> None:
    machine.has_packages("libgl1")
    machine.put("sudo", 'shift; exec "$@"')
    machine.put("apt-get", "echo \"E: Could not resolve 'deb.debian.org'\"; exit 100")
    code, said = machine.set_up()
    assert code == 1
    assert "The package lists could not be fetched.\nThe network seems to be the reason" in said


def test_a_full_disk_is_a_sentence(machine: Machine) -> None:
    machine.has_packages("libgl1")
    machine.put("sudo", 'shift; exec "$@"')
    machine.put("apt-get", "echo 'write error (28: No space left on device)'; exit 100")
    _, said = machine.set_up()
    assert "The disk is full" in said


def test_only_what_is_missing_is_installed(machine: Machine) -> None:
    machine.has_packages("libgl1")
    machine.put("sudo", 'shift; exec "$@"')
    machine.put("env", 'shift; exec "$@"')
    machine.put("apt-get", f'echo "$@" >> {machine.project}/asked')
    _, said = machine.set_up()
    assert (machine.project / "asked").read_text().splitlines() == [
        "update -q",
        "install -q -y --no-install-recommends libgl1",
    ]
    assert "Python 3.11 is missing" in said


def test_another_python_is_refused_by_name(machine: Machine) -> None:
    machine.has_packages()
    machine.put("python3", "exit 1")
    code, said = machine.set_up()
    assert code == 1
    assert said.startswith("Python 3.11 is missing")
