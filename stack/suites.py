"""Run all tests: each folder in the environment whose packages it needs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stack.paths import Paths

OCR_FOLDERS = ("ocr_runtime", "bench", "samples", "accuracy")
WAITING_FOLDER = "integration"
"""Its tests wait for servers, schedulers and processes most of the time: others run meanwhile."""
CONTAINERS_FOLDER = "containers"
"""Its tests want an image and an engine; `make test-containers` runs them."""
_NO_TESTS_CHOSEN = 5


@dataclass(frozen=True)
class Suite:
    """Test folders and the interpreter that runs them."""

    name: str
    python: Path
    arguments: tuple[str, ...]


def suites(paths: Paths) -> list[Suite]:
    """Tests of the OCR folders run in the OCR environment, all others in Airflow's, those that wait apart."""
    tests = paths.repository / "tests"
    ocr = [tests / name for name in OCR_FOLDERS if (tests / name).is_dir()]
    waiting = [tests / WAITING_FOLDER] if (tests / WAITING_FOLDER).is_dir() else []
    python = paths.airflow_bin / "python"
    apart = [tests / CONTAINERS_FOLDER] if (tests / CONTAINERS_FOLDER).is_dir() else []
    airflow = (str(tests), *(f"--ignore={folder}" for folder in (*ocr, *waiting, *apart)))
    found = [Suite("Integration in the Airflow environment", python, (str(folder),)) for folder in waiting]
    found.append(Suite("Airflow environment", python, airflow))
    if ocr:
        found.append(Suite("OCR environment", paths.ocr_python, tuple(str(folder) for folder in ocr)))
    return found


def run_all(paths: Paths, marked: str) -> int:
    """Run every suite's tests with these marks, side by side; 0 when all passed.

    The first one waits a good deal for servers and processes, the others reckon. It is shown as it goes, the
    others when they are through.
    """
    chosen = suites(paths)
    with ThreadPoolExecutor(len(chosen)) as pool:
        runs = [pool.submit(_run, paths, suite, marked, is_shown=suite is chosen[0]) for suite in chosen]
        codes = [run.result() for run in runs]
    _report_coverage(paths, chosen)
    for suite, code in zip(chosen, codes, strict=True):
        print(f"{suite.name}: {'passed' if code == 0 else f'FAILED (pytest exit code {code})'}", flush=True)
    return 0 if not any(codes) else 1


def _coverage_file(paths: Paths, suite: Suite) -> Path:
    return paths.repository / f".coverage.{suite.name.split()[0].lower()}"


def _run(paths: Paths, suite: Suite, marked: str, *, is_shown: bool) -> int:
    coverage = _coverage_file(paths, suite)
    coverage.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(paths.include),
        "TEXTMILL_MODELS_DIR": str(paths.models),
        "TEXTMILL_OCR_PYTHON": str(paths.ocr_python),
        "GX_ANALYTICS_ENABLED": "false",
        "COVERAGE_FILE": str(coverage),
    }
    command = [str(suite.python), "-m", "pytest", "-m", marked, "--cov", "--cov-report=", *suite.arguments]
    title = f"== Tests: {suite.name}"
    if is_shown:
        print(title, flush=True)
    done = subprocess.run(
        command,
        cwd=paths.repository,
        env=environment,
        stdout=None if is_shown else subprocess.PIPE,
        stderr=None if is_shown else subprocess.STDOUT,
    )
    if not is_shown:
        print(f"{title}\n{done.stdout.decode(errors='replace')}", end="", flush=True)
    # The choice may leave a suite without tests.
    return 0 if done.returncode == _NO_TESTS_CHOSEN else done.returncode


def _report_coverage(paths: Paths, chosen: Sequence[Suite]) -> None:
    """Show one figure for all environments."""
    files = [str(file) for suite in chosen if (file := _coverage_file(paths, suite)).exists()]
    coverage = [str(paths.airflow_bin / "python"), "-m", "coverage"]
    if files:
        subprocess.run([*coverage, "combine", "--quiet", *files], cwd=paths.repository, check=False)
        subprocess.run([*coverage, "report"], cwd=paths.repository, check=False)
