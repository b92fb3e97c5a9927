"""The comparison's side of contestants: who there is, and how one is started, asked and stopped."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.speed_records import Answer, Entrant, Job

REPOSITORY = Path(__file__).resolve().parents[1]
OCR_PYTHON = REPOSITORY / ".venv" / "ocr" / "bin" / "python"
OCRMYPDF_PYTHON = REPOSITORY / ".venv" / "bench" / "bin" / "python"

OURS = "Textmill"
STOCK = "stock PaddleOCR"
RAPIDOCR = "RapidOCR"
TESSERACT = "Tesseract"
OCRMYPDF = "OCRmyPDF"
SCRIPT = "aiohttp script"

AUTO = "auto"
"""The precision that Textmill chooses for itself."""

_START_SECONDS = 300.0
_READ_SECONDS = 900.0
_STOP_SECONDS = 10.0
_TOLD_CHARACTERS = 800

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
_OURS_ALONE = {**_ONE_THREAD, "TEXTMILL_CPU_THREADS": "1"}


class ContestantFailed(Exception):
    """A contestant could not start, or not read; the message is a sentence with what it said last."""


@dataclass(frozen=True)
class Specification:
    """How a contestant is started.

    Attributes:
        module: what is run, with its arguments.
        environment: what is set besides the environment that everybody has.
    """

    name: str
    description: str
    module: tuple[str, ...]
    python: Path = OCR_PYTHON
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ours: bool = False


def ours(precision: str, processes: int) -> Specification:
    """Textmill without Airflow, at a precision of its networks."""
    module = ("bench.speed_ours", "--processes", str(processes))
    reads = f"{processes} single-threaded processes; text layers are taken, of videos what changed is read"
    if precision == AUTO:
        return Specification(OURS, reads, module, environment=_OURS_ALONE, is_ours=True)
    return Specification(
        f"{OURS} {precision}",
        f"the same with all networks in {precision}",
        (*module, "--precision", precision),
        environment={**_OURS_ALONE, "TEXTMILL_CPU_PRECISION": precision},
        is_ours=True,
    )


def stock(threads: int | None = None) -> Specification:
    """PaddleOCR's own pipeline."""
    module = ("bench.speed_paddle", *(("--threads", str(threads)) if threads else ()))
    reads = "`predict` on ONNX Runtime in a loop, the same weights, its default threads; reads pictures"
    return Specification(STOCK, reads, module)


def others(cores: int) -> list[Specification]:
    """Everybody but us, as good as they get on a machine of so many cores."""
    return [
        stock(),
        Specification(
            RAPIDOCR,
            "its own code with its default models and settings in a loop; reads pictures",
            ("bench.speed_rapidocr",),
        ),
        Specification(
            TESSERACT,
            f"{cores} processes at a time with one thread each, default settings, English; reads pictures",
            ("bench.speed_tesseract", "--processes", str(cores)),
            environment=_ONE_THREAD,
        ),
        Specification(
            OCRMYPDF,
            f"`--jobs {cores}`, all pictures in one PDF, text alone (`--sidecar`); PDFs that carry their "
            "text are copied without OCR (`--skip-text`), and pdftotext takes the text",
            ("bench.speed_ocrmypdf", "--jobs", str(cores)),
            python=OCRMYPDF_PYTHON,
        ),
        Specification(
            SCRIPT,
            f"aiohttp and {cores} threads with a PaddleOCR each, pictures squeezed to 640 x 640 first",
            ("bench.speed_script", "--threads", str(cores)),
        ),
    ]


class RunningContestant:
    """A contestant's process, ready to read."""

    def __init__(self, specification: Specification, log: Path) -> None:
        """Start it and wait until it is ready; raises ContestantFailed when it does not get so far."""
        self.specification = specification
        self._log = log
        if not specification.python.exists():
            raise ContestantFailed(
                f"{specification.name} was left out: {specification.python} is not there (make setup-bench)."
            )
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [str(specification.python), "-m", *specification.module],
                cwd=REPOSITORY,
                env=_environment(specification, log.parent),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        try:
            told = self._next_answer(_START_SECONDS)
        except ContestantFailed:
            self.stop()
            raise
        self.entrant = Entrant(
            specification.name, specification.description, specification.is_ours, told["versions"]
        )

    @property
    def pid(self) -> int:
        """The process under which all of its others are."""
        return self._process.pid

    def prepare(self, job: Job) -> None:
        """Have it do what is not timed."""
        self._ask("prepare", job)

    def read(self, job: Job) -> Answer:
        """Have it read a job that was prepared."""
        return Answer(**self._ask("read", job))

    def stop(self) -> None:
        """End it and all that it started."""
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        # Its session is its own: a program that it started goes too.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def _ask(self, wish: str, job: Job) -> Any:
        request = json.dumps({"do": wish, "job": job.as_json()}) + "\n"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure("ended") from None
        return self._next_answer(_READ_SECONDS)

    def _next_answer(self, seconds: float) -> Any:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        if not ready:
            raise self._failure(f"did not answer within {seconds:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._failure("ended")
        return json.loads(line)

    def _failure(self, what: str) -> ContestantFailed:
        told = self._log.read_text(encoding="utf-8", errors="replace").strip()[-_TOLD_CHARACTERS:]
        return ContestantFailed(f"{self.specification.name} {what}; what it said last: {told or 'nothing'}")


def start_all(
    specifications: Sequence[Specification], folder: Path, say: Callable[[str], None]
) -> tuple[list[RunningContestant], list[str]]:
    """Start contestants one after the other; returns those that are ready, and a sentence for each other."""
    running, left_out = [], []
    for number, specification in enumerate(specifications):
        say(f"Starting {specification.name}…")
        try:
            running.append(RunningContestant(specification, folder / f"contestant-{number}.log"))
        except ContestantFailed as failure:
            say(str(failure))
            left_out.append(str(failure))
    return running, left_out


def _environment(specification: Specification, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "include")]),
        # As the pipeline starts its OCR processes.
        "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
        # Removed with the comparison's own, also after a contestant that had to be killed.
        "TMPDIR": str(folder),
        **specification.environment,
    }
