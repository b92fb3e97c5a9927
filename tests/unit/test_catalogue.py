"""The catalogue of sources."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from textmill.errors import SourceError
from textmill.records import SourceKind, SourceSpec
from textmill.sources.catalogue import Catalogue, catalogue_names, load_catalogue, schedules


def catalogue(folder: Path, text: str) -> Catalogue:
    (folder / "sources.yaml").write_text(text, encoding="utf-8")
    return load_catalogue(folder / "sources.yaml")


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(SourceError) as error:
        catalogue(folder, text)
    return str(error.value).replace(f"{folder}/", "").split("\n")


def test_the_example_shows_every_kind(repository: Path) -> None:
    example = load_catalogue(repository / "sources.example.yaml")
    specs = {source.spec.name: source.spec for source in example.sources}
    assert example.schedules == {"nightly": "0 0 * * *", "hourly": "15 * * * *"}
    assert {name: spec.kind.value for name, spec in specs.items()} == {
        "archive": "folder",
        "scanner": "folder",
        "invoices": "folder",
        "reports": "manifest",
        "intranet": "manifest",
        "gazette": "url",
    }
    assert [spec.name for spec in example.of_schedule("nightly")] == [
        "archive",
        "invoices",
        "reports",
        "intranet",
    ]
    assert [spec.name for spec in example.of_schedule("hourly")] == ["scanner"]
    assert example.find("gazette") == specs["gazette"] and example.find("none") is None
    assert specs["invoices"] == SourceSpec(
        name="invoices",
        kind=SourceKind.FOLDER,
        location="s3://company-invoices/2026/",
        connection="invoices_s3",
        exclude=("*.xml",),
        max_file_bytes=200_000_000,
        most_media=20_000,
    )
    assert specs["archive"].languages == ("de", "en") and specs["archive"].tags == ("archive", "minutes")
    assert specs["scanner"].stable_seconds == 60 and specs["scanner"].engine == "tesseract"
    assert specs["intranet"].allow_private and specs["reports"].requests_per_host == 2


@pytest.mark.parametrize(
    ("location", "uri", "kind"),
    [
        ("/srv/scans", "file:///srv/scans", "folder"),
        ("/srv/scans 2026/", "file:///srv/scans%202026", "folder"),
        ("file:///srv/scans%202026", "file:///srv/scans%202026", "folder"),
        ("file:/srv/scans", "file:///srv/scans", "folder"),
        ("scans", "file://{here}/scans", "folder"),
        ("./lists/../all.csv", "file://{here}/all.csv", "manifest"),
        ("S3://bucket", "s3://bucket", "folder"),
        ("s3://bucket/a/list.jsonl", "s3://bucket/a/list.jsonl", "manifest"),
        ("s3://bucket/Akten/März #1?", "s3://bucket/Akten/M%C3%A4rz%20%231%3F", "folder"),
        ("gs://bucket/100%", "gs://bucket/100%25", "folder"),
        ("abfs://container/scans", "abfs://container/scans", "folder"),
        (
            "abfs://container@account.dfs.core.windows.net/scans",
            "abfs://container@account.dfs.core.windows.net/scans",
            "folder",
        ),
        ("HTTP://Host.Example:80", "http://host.example/", "url"),
        ("https://host.example/list.TXT?v=1", "https://host.example/list.TXT?v=1", "manifest"),
        ("https://host.example/get?file=list.txt", "https://host.example/get?file=list.txt", "url"),
    ],
)
def test_the_location_shows_the_kind(tmp_path: Path, location: str, uri: str, kind: str) -> None:
    (source,) = catalogue(tmp_path, f"sources: [{{name: a, location: '{location}'}}]").sources
    assert source.spec.location == uri.format(here=tmp_path) and source.spec.kind.value == kind
    assert source.spec.connection is None


def test_an_object_store_may_name_its_connection_as_airflow_does(tmp_path: Path) -> None:
    (source,) = catalogue(tmp_path, "sources: [{name: a, location: 's3://my_s3@bucket/scans'}]").sources
    assert (source.spec.location, source.spec.connection) == ("s3://bucket/scans", "my_s3")


def test_an_empty_catalogue_has_no_sources(tmp_path: Path) -> None:
    for text in ("", "# nothing yet\n", "schedules:\nsources:\n", "sources: []"):
        found = catalogue(tmp_path, text)
        assert found.names == () and found.of_schedule("nightly") == []
        assert found.schedules == {"nightly": "0 0 * * *"}


def test_a_schedule_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"sources\.yaml has no schedule weekly; it has nightly, often\."):
        catalogue(tmp_path, "schedules: {often: '@hourly'}").of_schedule("weekly")


@pytest.mark.parametrize(
    ("written", "expression"),
    [("'0 2 * * *'", "0 2 * * *"), ("' 0  2 * * 1-5 '", "0 2 * * 1-5"), ("'@weekly'", "0 0 * * 0")],
)
def test_schedules_are_cron_expressions(tmp_path: Path, written: str, expression: str) -> None:
    assert catalogue(tmp_path, f"schedules: {{nightly: {written}}}").schedules == {"nightly": expression}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("- a", "sources.yaml: the file must have the fields schedules and sources."),
        ("source: []", "sources.yaml: 'source' is no field; the fields are schedules and sources."),
        ("sources: {a: 1}", "sources.yaml: sources must be a list: a dash begins each source."),
        (
            "schedules: [a]",
            'sources.yaml: schedules must have a line for each, such as nightly: "0 2 * * *".',
        ),
        (
            "sources: [a]",
            "sources.yaml: source number 1 must have fields, of which name and location are needed.",
        ),
        (
            "schedules: {Often: '@hourly'}",
            "sources.yaml: schedule 'Often': the name must be small letters, digits and _, a letter first, "
            "at most 50 characters.",
        ),
    ],
)
def test_what_is_no_catalogue_is_one_sentence(tmp_path: Path, text: str, mistake: str) -> None:
    assert mistakes(tmp_path, text) == [mistake]


@pytest.mark.parametrize(
    "cron", ["'0 0 * *'", "'0 0 * * * *'", "'61 0 * * *'", "5", "'@never'", "''", "null"]
)
def test_a_schedule_that_is_no_cron_expression_is_a_mistake(tmp_path: Path, cron: str) -> None:
    (mistake,) = mistakes(tmp_path, f"schedules: {{often: {cron}}}")
    assert "schedule often: must be a cron expression of five fields" in mistake


@pytest.mark.parametrize(
    ("fields", "mistake"),
    [
        ("location: /a", ", name: is missing"),
        ("name: a", "'a' (number 1), location: is missing"),
        ("name: a/b, location: /a", "'a/b' (number 1), name: must be letters, digits, dots, - and _"),
        ("name: 2026-01-31, location: /a", ", name: must be text; put in quotes"),
        ("name: a, location: /a, 5: x", "5: is no field; names of fields are text"),
        ('name: a, location: /a, "x\\ny: {0}": x', "'x\\ny: {0}': is no field; the fields are"),
        ("name: a, location: /a, folder: x", "folder: is no field; the fields are name, location, kind"),
        ("name: a, location: /a, kind: files", "kind: must be one of 'folder', 'manifest' or 'url'"),
        ("name: a, location: /a, engine: best", "engine: must be one of 'auto', 'paddle'"),
        ("name: a, location: /a, enabled: 1", "enabled: must be true or false"),
        ("name: a, location: /a, include: '*.pdf'", "include: must be a list, such as [a, b]"),
        (
            "name: a, location: /a, exclude: [x, '!y']",
            "exclude[2]: The glob '!y' begins with an exclamation mark",
        ),
        ("name: a, location: /a, languages: [no]", "languages[1]: must be text; put in quotes"),
        ("name: a, location: /a, languages: [german]", "languages: has 'german', which is no ISO 639-1 code"),
        ("name: a, location: /a, tags: [5]", "tags[1]: must be text"),
        ("name: a, location: /a, schedule: weekly", "schedule: must be one of nightly"),
        ("name: a, location: /a, limits: 5", "limits: must have fields of its own"),
        (
            "name: a, location: /a, limits: {pages: 5}",
            "limits.pages: is no field; the fields are max_file_bytes",
        ),
        ("name: a, location: /a, limits: {most_media: 0}", "limits.most_media: must be more than 0"),
        ("name: a, location: /a, limits: {most_media: 1.5}", "limits.most_media: must be a whole number"),
        (
            "name: a, location: /a, limits: {max_file_bytes: 2 GB}",
            "limits.max_file_bytes: must be a whole number",
        ),
        ("name: a, location: /a, limits: {stable_seconds: -1}", "limits.stable_seconds: must be at least 0"),
        ("name: a, location: /a, limits: {stable_seconds: .inf}", "stable_seconds: must be a finite number"),
        ("name: a, location: /a, connection: 'a b'", "connection: must be the id of an Airflow connection"),
        ("name: a, location: ''", "location: the address is empty"),
        (
            "name: a, location: 'ftp://host/a'",
            "location: the address is none that can be read; give an absolute",
        ),
        ("name: a, location: 'file://host/a'", "location: the address is no file: address of this machine"),
        ("name: a, location: 's3:bucket'", "location: the address has no bucket; write s3://bucket/folder"),
        ("name: a, location: 's3://a b/'", "location: the address has no valid bucket"),
        ("name: a, location: 'https://'", "location: the address has no valid host"),
        ("name: a, location: /a, kind: url", "kind: a url has an http: or https: address"),
        ("name: a, location: 'https://h/', kind: folder", "kind: a web site cannot be listed as a folder is"),
        (
            "name: a, location: /a.csv, include: ['*']",
            "include and exclude: these are for folders, and this is a man",
        ),
        ("name: a, location: 's3://x@b/', connection: y", "connection: the location names another one"),
    ],
)
def test_a_mistake_names_the_source_and_the_field(tmp_path: Path, fields: str, mistake: str) -> None:
    (found,) = mistakes(tmp_path, f"sources: [{{{fields}}}]")
    assert found.startswith("sources.yaml: source ") and mistake in found and found.endswith(".")
    assert "\n" not in found


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = "sources: [{name: a, location: /a, kind: x, tags: y}, {name: b, location: ''},"
    found = mistakes(tmp_path, text + "{name: A, location: /c}, {name: a, location: /d}]")
    assert [each.partition(":")[2].partition(":")[0] for each in found] == [
        " source 'a' (number 1), kind",
        " source 'a' (number 1), tags",
        " source 'b' (number 2), location",
        " source 'a' (number 4), name",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        "location: 'https://user:s3cret@host/'",
        "location: 's3://key:s3cret@bucket/'",
        "location: 'ftp://user:s3cret@bucket/'",
        "location: 'abfs://user:s3cret@account.dfs.core.windows.net/'",
        "location: /a, connection: 's3://key:s3cret@'",
        "location: /a, password: s3cret",
        "location: /a, kind: s3cret",
        "location: /a, tags: [*s3cret]",
        "location: /a, tags: [!s3cret a]",
        "location: /a, tags: [&s3cret a, &s3cret b]",
        "location: /a, tags: 's3cret",
    ],
)
def test_secrets_in_the_wrong_place_are_not_repeated(tmp_path: Path, fields: str) -> None:
    found = mistakes(tmp_path, f"sources: [{{name: a, {fields}}}]")
    assert found and not any("s3cret" in mistake for mistake in found)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("sources:\n  - name: a\n   location: /a\n", ", line 3, column "),
        (
            "schedules:\n  often: * * * * *\n",
            ", line 2, column 11: this is no valid YAML (a value that begins with *",
        ),
        ("sources: []\nsources: []\n", ", line 2, column 1: this is no valid YAML (a name stands here that"),
        ("a: !!python/object/apply:os.system [id]", "a value that begins with ! needs quotation marks"),
        ("sources: [}", ", line 1, column 11: this is no valid YAML"),
        ("a: \x00", "holds a control character"),
        ("a: 2026-13-45", "a date or number that does not exist"),
        ("a: !!timestamp x", "a wrong tag"),
        ("a: !!bool x", "a wrong tag"),
        ("? [a]\n: b\n", "is no valid YAML"),
        ("[" * 2000, "is no valid YAML"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(tmp_path: Path, text: str, mistake: str) -> None:
    (found,) = mistakes(tmp_path, text)
    assert found.startswith("sources.yaml") and mistake in found


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    (tmp_path / "large.yaml").write_bytes(b"#" * 5_000_000)
    for name, mistake in (
        ("none.yaml", r"\(TEXTMILL_SOURCES_FILE\) cannot be read: No such file"),
        ("latin.yaml", "is not UTF-8"),
        ("large.yaml", "is larger than"),
        ("", "cannot be read: Is a directory"),
    ):
        with pytest.raises(SourceError, match=mistake):
            load_catalogue(tmp_path / name)


def test_a_dag_file_gets_what_is_right_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    assert catalogue_names(path) == () and schedules(path) == {"nightly": "0 0 * * *"}
    path.write_text("schedules: {often: '@hourly', X: 1}\nsources: [{name: a, location: /a}, {name: b}]")
    assert catalogue_names(path) == ("a",) and schedules(path) == {
        "nightly": "0 0 * * *",
        "often": "0 * * * *",
    }
    path.write_text("sources: [")
    assert catalogue_names(path) == () and schedules(path) == {"nightly": "0 0 * * *"}


def test_a_catalogue_is_read_again_only_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("sources: [{name: a, location: /a}]")
    assert catalogue_names(path) == ("a",)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda *_: pytest.fail("opened"))
        assert catalogue_names(path) == ("a",) and load_catalogue(path).names == ("a",)
    path.write_text("sources: [{name: b, location: /a}]")
    os.utime(path, (1, 1))
    assert catalogue_names(path) == ("b",)


def test_a_dag_file_imports_neither_yaml_nor_cron_for_a_catalogue(repository: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from textmill.sources import catalogue; "
        "catalogue.schedules(Path('/none.yaml')); "
        "print([name for name in ('yaml', 'croniter', 'yarl', 'pathspec') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(repository / "include")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
