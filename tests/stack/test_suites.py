from pathlib import Path

import pytest

from stack import suites
from stack.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A project whose interpreters only note how they were called, and fail when told to."""
    paths = Paths(tmp_path, tmp_path / "state")
    for folder in ("unit", "stack", "integration", "ocr_runtime", "accuracy", "containers"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
    for python in (paths.airflow_bin / "python", paths.ocr_python):
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/calls\nexit $(cat {tmp_path}/code)\n')
        python.chmod(0o755)
    return paths


def test_every_folder_runs_once_and_where_its_packages_are(paths: Paths) -> None:
    (paths.repository / "code").write_text("0")
    assert suites.run_all(paths, "not slow") == 0
    calls = sorted((paths.repository / "calls").read_text().splitlines(), key=len)
    waiting, ocr, airflow = calls
    tests = paths.repository / "tests"
    apart = ("ocr_runtime", "accuracy", "integration", "containers")
    ignored = " ".join(f"--ignore={tests}/{name}" for name in apart)
    coverage = "--cov --cov-report="
    assert airflow.endswith(f"airflow/bin/python -m pytest -m not slow {coverage} {tests} {ignored}")
    assert waiting.endswith(f"airflow/bin/python -m pytest -m not slow {coverage} {tests}/integration")
    folders = f"{tests}/ocr_runtime {tests}/accuracy"
    assert ocr.endswith(f"ocr/bin/python -m pytest -m not slow {coverage} {folders}")


@pytest.mark.parametrize(("pytest_code", "result"), [("1", 1), ("5", 0)])
def test_failing_tests_fail_the_whole_and_no_tests_do_not(
    paths: Paths, pytest_code: str, result: int, capfd: pytest.CaptureFixture[str]
) -> None:
    (paths.repository / "code").write_text(pytest_code)
    assert suites.run_all(paths, "slow") == result
    said = capfd.readouterr().out
    assert said.count("FAILED" if result else "passed") == 3
