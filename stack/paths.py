"""Where everything of one stack lies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError

REPOSITORY = Path(__file__).resolve().parents[1]
STATE_MARK = "textmill-state"


@dataclass(frozen=True)
class Paths:
    """All files and folders of one stack, derived from the repository and a state folder."""

    repository: Path
    state: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Paths:
        """The stack that TEXTMILL_STATE names; without it the one in `.textmill` of the project."""
        state = environ.get("TEXTMILL_STATE") or str(REPOSITORY / ".textmill")
        return cls(repository=REPOSITORY, state=Path(state).expanduser().resolve())

    @property
    def secrets(self) -> Path:
        """Passwords and keys, a file each."""
        return self.state / "secrets"

    @property
    def mariadb(self) -> Path:
        """The data of the warehouse server."""
        return self.state / "mariadb"

    @property
    def postgres(self) -> Path:
        """The data of the server for Airflow's metadata."""
        return self.state / "postgres"

    @property
    def airflow(self) -> Path:
        """Airflow's home: its generated configuration."""
        return self.state / "airflow"

    @property
    def staging(self) -> Path:
        """What the pipeline leaves between its stages."""
        return self.state / "staging"

    @property
    def models(self) -> Path:
        """The folders of the OCR models."""
        return self.state / "models"

    @property
    def exports(self) -> Path:
        """Where exports go, unless TEXTMILL_EXPORTS names another place."""
        return self.state / "exports"

    @property
    def logs(self) -> Path:
        """One log file a service; below it the logs of the tasks."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Small files about what is running now: ports, sockets, process ids."""
        return self.state / "run"

    @property
    def airflow_bin(self) -> Path:
        """The programs of Airflow's environment, which is also ours."""
        return self.repository / ".venv" / "airflow" / "bin"

    @property
    def ocr_python(self) -> Path:
        """The interpreter of the OCR runtime."""
        return self.repository / ".venv" / "ocr" / "bin" / "python"

    @property
    def include(self) -> Path:
        """The folder of the core package, which is imported from there and not installed."""
        return self.repository / "include"

    @property
    def samples(self) -> Path:
        """The media that are read when none are named."""
        return self.repository / "samples"

    @property
    def sources_file(self) -> Path:
        """The catalogue of sources, unless TEXTMILL_SOURCES_FILE names another; it may be missing."""
        return self.repository / "sources.yaml"

    def create(self) -> None:
        """Make the folders; the state itself may be entered by others, what is inside may not.

        The database servers run under an account of their own when a stack belongs to root, and
        that account has to pass through the state folder to reach its data.
        """
        if self._holds_foreign_files():
            raise StackError(
                f"{self.state} holds other files and is no state folder of Textmill: "
                "set TEXTMILL_STATE to a new or an empty folder."
            )
        self.state.mkdir(mode=0o755, parents=True, exist_ok=True)
        (self.state / STATE_MARK).touch()
        for folder in (self.secrets, self.airflow, self.staging, self.exports, self.logs, self.run):
            folder.mkdir(mode=0o700, exist_ok=True)
        self.models.mkdir(exist_ok=True)

    def _holds_foreign_files(self) -> bool:
        if self.is_state() or not self.state.exists():
            return False
        # A run of the OCR side alone may have written models before there was a state around them.
        return any(entry.name != self.models.name for entry in self.state.iterdir())

    def is_state(self) -> bool:
        """Whether the state folder was made by `create`; nothing else is ever removed."""
        return (self.state / STATE_MARK).is_file()
