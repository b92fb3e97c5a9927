"""Run all tests: each folder in the environment whose packages it needs."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stack.paths import Paths

OCR_FOLDERS = ("ocr_runtime", "bench", "samples", "accuracy")
_NO_TESTS_CHOSEN = 5


@dataclass(frozen=True)
class Suite:
    """Test folders and the interpreter that runs them."""

    name: str
    python: Path
    arguments: tuple[str, ...]


def suites(paths: Paths) -> list[Suite]:
    """The tests of the OCR folders run in the OCR environment, all others in Airflow's."""
    tests = paths.repository / "tests"
    ocr = [tests / name for name in OCR_FOLDERS if (tests / name).is_dir()]
    airflow = (str(tests), *(f"--ignore={folder}" for folder in ocr))
    found = [Suite("Airflow environment", paths.airflow_bin / "python", airflow)]
    if ocr:
        found.append(Suite("OCR environment", paths.ocr_python, tuple(str(folder) for folder in ocr)))
    return found


def run_all(paths: Paths, marked: str) -> int:
    """Run every suite's tests with these marks, also after one suite failed; 0 when all passed."""
    chosen = suites(paths)
    (paths.repository / ".coverage").unlink(missing_ok=True)
    results = {suite.name: _run(paths, suite, marked, last=suite is chosen[-1]) for suite in chosen}
    for name, code in results.items():
        print(f"{name}: {'passed' if code == 0 else f'FAILED (pytest exit code {code})'}", flush=True)
    return 0 if not any(results.values()) else 1


def _run(paths: Paths, suite: Suite, marked: str, *, last: bool) -> int:
    print(f"== Tests in the {suite.name}", flush=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(paths.include),
        "TEXTMILL_MODELS_DIR": str(paths.models),
        "TEXTMILL_OCR_PYTHON": str(paths.ocr_python),
        "GX_ANALYTICS_ENABLED": "false",
    }
    # One figure for both environments: each adds to the same file, the last one reports.
    coverage = ["--cov", "--cov-append", f"--cov-report={'term' if last else ''}"]
    command = [str(suite.python), "-m", "pytest", "-m", marked, *coverage, *suite.arguments]
    code = subprocess.run(command, cwd=paths.repository, env=environment).returncode
    # The choice may leave a suite without tests.
    return 0 if code == _NO_TESTS_CHOSEN else code
