"""Which sources a run ingests."""

from __future__ import annotations

from pathlib import Path

import pytest

from textmill.errors import SourceError
from textmill.records import SourceKind, SourceSpec
from textmill.settings import Settings
from textmill.sources.choosing import choose_sources

CATALOGUE = """
schedules: {often: "@hourly"}
sources:
  - {name: archive, location: /srv/archive, languages: [de]}
  - {name: scanner, location: /srv/scanner, schedule: often}
  - {name: old, location: /srv/old, enabled: false}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a deployment with a catalogue; the current folder has a folder `samples`."""
    (tmp_path / "samples").mkdir()
    (tmp_path / "sources.yaml").write_text(CATALOGUE)
    monkeypatch.chdir(tmp_path)
    return Settings(sources_file=tmp_path / "sources.yaml", default_source="samples")


def chosen(wish: str, settings: Settings, *, allow_private: bool = False) -> SourceSpec:
    (spec,) = choose_sources(wish, settings, schedule="nightly", allow_private=allow_private)
    return spec


def test_nothing_wished_is_all_enabled_sources_of_the_schedule(settings: Settings) -> None:
    for schedule, expected in (("nightly", ["archive"]), ("often", ["scanner"])):
        assert [spec.name for spec in choose_sources("", settings, schedule=schedule)] == expected
    with pytest.raises(SourceError, match="no schedule weekly"):
        choose_sources("", settings, schedule="weekly")


def test_nothing_wished_without_a_catalogue_is_the_default_source(settings: Settings, tmp_path: Path) -> None:
    settings.sources_file.unlink()
    (spec,) = choose_sources("", settings, schedule="whenever")
    assert spec.location == (tmp_path / "samples").as_uri()


def test_a_catalogue_with_nothing_enabled_reads_nothing(settings: Settings) -> None:
    settings.sources_file.write_text("sources: [{name: old, location: /srv/old, enabled: false}]")
    assert choose_sources("", settings, schedule="nightly") == []


def test_a_source_is_chosen_by_its_name_also_when_it_is_not_enabled(settings: Settings) -> None:
    assert chosen("archive", settings).languages == ("de",)
    assert chosen(" old ", settings).location == "file:///srv/old"


def test_a_catalogue_source_keeps_its_own_rights(settings: Settings) -> None:
    assert not chosen("archive", settings, allow_private=True).allow_private
    assert chosen("https://host.example/a.pdf", settings, allow_private=True).allow_private
    assert not chosen("https://host.example/a.pdf", settings).allow_private


def test_an_unknown_name_lists_the_names_there_are(settings: Settings) -> None:
    with pytest.raises(
        SourceError, match=r"no source and no folder of the name archiv.*archive, scanner, old"
    ):
        chosen("archiv", settings)
    settings.sources_file.unlink()
    with pytest.raises(SourceError, match=r"there is no .*sources\.yaml"):
        chosen("archive", settings)


def test_a_name_is_a_source_first_and_a_folder_otherwise(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    assert chosen("archive", settings).name == "archive"
    assert chosen("./archive", settings).location == (tmp_path / "archive").as_uri()
    assert chosen("samples", settings).location == (tmp_path / "samples").as_uri()


def test_an_address_needs_no_catalogue_that_is_right(settings: Settings, tmp_path: Path) -> None:
    settings.sources_file.write_text("sources: [")
    assert chosen(str(tmp_path / "samples"), settings).kind is SourceKind.FOLDER
    with pytest.raises(SourceError, match="no valid YAML"):
        chosen("archive", settings)
    with pytest.raises(SourceError, match="no valid YAML"):
        choose_sources("", settings, schedule="nightly")


@pytest.mark.parametrize("as_uri", [False, True])
@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("list.txt", "# scans\nhttps://a.example/1.pdf\n", SourceKind.MANIFEST),
        ("list.csv", "url,tags\n", SourceKind.MANIFEST),
        ("letter.txt", "Dear Sir,\n", SourceKind.FOLDER),
        ("prices.csv", "name,price\n", SourceKind.FOLDER),
        ("Seite #1 ü.png", "x", SourceKind.FOLDER),
        ("empty.txt", "", SourceKind.FOLDER),
    ],
)
def test_a_local_file_is_a_manifest_when_it_lists_urls(
    settings: Settings, tmp_path: Path, name: str, content: str, kind: SourceKind, as_uri: bool
) -> None:
    path = tmp_path / name
    path.write_text(content)
    spec = chosen(path.as_uri() if as_uri else str(path), settings)
    assert spec == SourceSpec(name=path.as_uri(), kind=kind, location=path.as_uri())


@pytest.mark.parametrize(
    ("wish", "location", "kind", "connection"),
    [
        ("s3://bucket/scans/", "s3://bucket/scans/", SourceKind.FOLDER, None),
        ("S3://my_s3@bucket/scans", "s3://bucket/scans", SourceKind.FOLDER, "my_s3"),
        ("gs://bucket/list.jsonl", "gs://bucket/list.jsonl", SourceKind.MANIFEST, None),
        ("abfs://az@container/x", "abfs://container/x", SourceKind.FOLDER, "az"),
        ("HTTPS://Host.Example/a b.pdf#page=2", "https://host.example/a%20b.pdf", SourceKind.URL, None),
        (
            "https://host.example/list.urls?v=2",
            "https://host.example/list.urls?v=2",
            SourceKind.MANIFEST,
            None,
        ),
    ],
)
def test_other_addresses_are_told_apart_by_their_names(
    settings: Settings, wish: str, location: str, kind: SourceKind, connection: str | None
) -> None:
    spec = chosen(wish, settings)
    assert spec == SourceSpec(name=location, kind=kind, location=location, connection=connection)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("/none/at/all", r"The source /none/at/all does not exist"),
        ("none/at/all", r"The source .*/none/at/all does not exist"),
        ("ftp://host/scans", r"The address ftp://host/scans is none that can be read; give an absolute path"),
        (
            "https://user:s3cret@host/",
            r"The address …@host/ has a user name or password in it; credentials belong",
        ),
        ("s3://key:s3cret@bucket/", r"The address …@bucket/ has something before the @ that is no id"),
        ("https://host.example/" + "x" * 2000, "is longer than 2,000 characters"),
        ("file://samples/x", "is no file: address of this machine"),
        ("a\nb", "holds a control character"),
        ("~nobody-of-this-name/scans", "The address ~nobody-of-this-name/scans is no path of this machine"),
        ("/tmp/\ud800", "is no path of this machine"),
        ("/tmp/" + "x" * 300, "cannot be read: File name too long"),
    ],
)
def test_what_cannot_be_a_source_is_one_sentence(settings: Settings, wish: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence) as error:
        chosen(wish, settings)
    assert "s3cret" not in str(error.value) and "\n" not in str(error.value)
