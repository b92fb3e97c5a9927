from pathlib import Path

import pytest

from stack import ingest
from stack.errors import StackError
from textmill.warehouse.reporting import RunProgress


def progress(**changes: object) -> RunProgress:
    values: dict[str, object] = {
        "batches_total": 4,
        "batches_done": 1,
        "pages_total": 40,
        "pages_done": 12,
        "media_found": 9,
        "media_unchanged": 0,
        "pages_per_second": 1.25,
        "seconds_left": 83.0,
        "state": "running",
    }
    return RunProgress(**{**values, **changes})  # type: ignore[arg-type]


class FakeApi:
    """Airflow as it looks while the DAG is not read yet, then paused."""

    def __init__(self, looks_until_known: int, errors: list[str]) -> None:
        self.looks = looks_until_known
        self.errors = errors
        self.calls: list[tuple[str, object]] = []

    def dag_is_paused(self, dag_id: str) -> bool | None:
        self.looks -= 1
        return True if self.looks < 0 else None

    def import_errors(self) -> list[str]:
        return self.errors

    def unpause(self, dag_id: str) -> None:
        self.calls.append(("unpause", dag_id))

    def trigger(self, dag_id: str, conf: object) -> str:
        self.calls.append(("trigger", conf))
        return "run-1"


def test_a_run_starts_as_soon_as_the_dag_is_known(tmp_path: Path) -> None:
    api = FakeApi(looks_until_known=1, errors=[])
    assert ingest.start_run(api, tmp_path, lambda _: None) == "run-1"  # type: ignore[arg-type]
    assert api.calls == [("unpause", "media_ingest"), ("trigger", {"source": str(tmp_path)})]


def test_a_dag_that_cannot_be_read_is_no_endless_wait(tmp_path: Path) -> None:
    api = FakeApi(looks_until_known=99, errors=["media_ingest.py: SyntaxError"])
    with pytest.raises(StackError, match="SyntaxError"):
        ingest.start_run(api, tmp_path, lambda _: None)  # type: ignore[arg-type]


def test_the_source_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="There is no file or folder"):
        ingest.source_path(str(tmp_path / "nowhere"), tmp_path)


def test_the_source_is_absolute_and_defaults_to_the_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in box").mkdir()
    monkeypatch.chdir(tmp_path)
    assert ingest.source_path("in box", Path("/samples")) == tmp_path / "in box"
    assert ingest.source_path(None, tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59.0, "59 s"), (60, "1 min 00 s"), (83, "1 min 23 s"), (7500, "2 h 05 min"), (-3, "0 s")],
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert ingest.duration(seconds) == text


def test_progress_tells_batches_pages_speed_and_time_left() -> None:
    line = ingest.describe(progress(), "running")
    assert line == "batches 1/4, pages 12/40, 1.25 pages/s, 1 min 23 s left"


def test_progress_before_there_are_batches() -> None:
    assert ingest.describe(None, "queued") == "waiting for the scheduler"
    assert ingest.describe(None, "running") == "looking for media"
    found = progress(batches_total=0, media_found=7)
    assert ingest.describe(found, "running") == "looking for media: 7 media found"


def test_progress_without_a_terminal_is_a_line_only_when_something_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    now = [100.0]
    monkeypatch.setattr("stack.ingest.time.monotonic", lambda: now[0])
    view = ingest.LineView(said.append)
    for seconds, done in ((0, 1), (1, 2), (6, 3), (30, 3)):
        now[0] = 100.0 + seconds
        view.show(progress(pages_done=done, seconds_left=None), "running")
    assert [line.split(",")[1] for line in said] == [" pages 1/40", " pages 3/40"]
