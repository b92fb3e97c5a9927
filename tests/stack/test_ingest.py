from pathlib import Path

import pytest

from stack import ingest
from stack.errors import StackError
from stack.paths import Paths
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


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "samples").mkdir()
    return Paths(tmp_path, tmp_path / "state")


def test_the_source_has_to_exist(paths: Paths) -> None:
    with pytest.raises(StackError, match="There is no file or folder"):
        ingest.source_of(str(paths.repository / "nowhere"), paths)


@pytest.mark.parametrize("form", ["in box", "./in box", "{here}/in box", "file://{here}/in%20box"])
def test_a_local_source_is_handed_on_as_an_absolute_path(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    (paths.repository / "in box").mkdir()
    monkeypatch.chdir(paths.repository)
    expected = str(paths.repository / "in box")
    assert ingest.source_of(form.format(here=paths.repository), paths) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "s3://scans/2026/",
        "s3://my_conn@scans/2026/",
        "abfs://scans@account.dfs.core.windows.net/2026/",
        "https://example.org/lists/urls.csv",
        "gs://scans/a.txt",
    ],
)
def test_uris_are_handed_on_as_they_are(paths: Paths, uri: str) -> None:
    assert ingest.source_of(uri, paths) == uri


def test_a_password_in_a_uri_is_refused_and_not_repeated(paths: Paths) -> None:
    with pytest.raises(StackError, match=r"for example\.org") as refusal:
        ingest.source_of("https://me:hunter2@example.org/list.txt", paths)
    assert "hunter2" not in str(refusal.value)


def test_without_a_source_the_catalogue_is_read_and_without_a_catalogue_the_samples(paths: Paths) -> None:
    assert ingest.source_of(None, paths) == str(paths.samples)
    paths.sources_file.write_text("sources: []\n")
    assert ingest.source_of(None, paths) == ""
    assert ingest.source_of("", paths) == ""


def test_a_source_may_be_named_but_a_file_of_that_name_goes_first(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "catalogue_names", lambda path: ("invoices",))
    monkeypatch.chdir(paths.repository)
    assert ingest.source_of("invoices", paths) == "invoices"
    (paths.repository / "invoices").mkdir()
    assert ingest.source_of("invoices", paths) == str(paths.repository / "invoices")


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
    known = progress(batches_total=0, media_found=7, media_unchanged=5)
    assert ingest.describe(known, "running") == "looking for media: 7 media found, 5 of them unchanged"


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
