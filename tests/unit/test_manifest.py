"""Lists of URLs as sources."""

from __future__ import annotations

import io
import random
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from textmill.errors import Reason, SourceError
from textmill.fetching.archives.members import Addresses
from textmill.records import MediaRef, Rejection, Stage
from textmill.sources import urls
from textmill.sources.listing import Listing
from textmill.sources.manifest import ManifestFormat, ManifestListing, looks_like_manifest
from textmill.sources.urls import MOST_CHARACTERS, AddressError, normalise_url, shown
from textmill.staging import read_records, write_records
from textmill.warehouse.tables import media_location

NIGHT = 1_700_000_000_000_000_000


def listing(
    content: bytes | str | BinaryIO, name: str = "list.txt", most_malformed: int = 1000
) -> ManifestListing:
    if isinstance(content, str):
        content = content.encode()

    @contextmanager
    def opened() -> Iterator[BinaryIO]:
        yield io.BytesIO(content) if isinstance(content, bytes) else content

    return ManifestListing(
        opened,
        uri=f"https://lists.example/{name}",
        source="lists",
        modified_ns=NIGHT,
        most_bytes=10**9,
        most_malformed=most_malformed,
    )


def refs(content: bytes | str, name: str = "list.txt") -> list[MediaRef]:
    found = list(listing(content, name))
    assert all(isinstance(each, MediaRef) for each in found), found
    return cast(list[MediaRef], found)


def complaints(content: bytes | str, name: str = "list.txt") -> list[str]:
    return [each.message for each in listing(content, name) if isinstance(each, Rejection)]


def uris(content: bytes | str, name: str = "list.txt") -> list[str]:
    return [each.uri for each in listing(content, name) if isinstance(each, MediaRef)]


def nanoseconds(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 10**9  # type: ignore[misc,arg-type]


# --- the three formats ------------------------------------------------------------------------------------


def test_a_text_has_a_url_a_line_with_comments_and_blank_lines() -> None:
    text = "# scans\n\nhttps://a.example/1.pdf\r\n  \thttps://a.example/2.pdf \n   # more\n"
    text += "https://a.example/3.pdf # 3"
    assert uris(text) == [f"https://a.example/{n}.pdf" for n in (1, 2, 3)]
    assert refs(text)[0] == MediaRef(uri="https://a.example/1.pdf", source="lists", modified_ns=NIGHT)


def test_a_csv_says_more_of_each_url() -> None:
    text = (
        '\ufeff"URL";"note";"SHA256";"language";"tags";"filename";"date"\r\n'
        f'https://a.example/1.pdf;"two\nlines";{"AB" * 32};'
        '"de, en";"minutes, 1990";"C:\\scans\\One.pdf";2026-01-31\r\n'
        "\r\n"
        "https://a.example/2.pdf;;;;;;\r\n"
        "https://a.example/3.pdf\r\n"
    )
    first, second, third = refs(text, "list.csv")
    assert first == MediaRef(
        uri="https://a.example/1.pdf",
        source="lists",
        modified_ns=nanoseconds(2026, 1, 31),
        sha256="ab" * 32,
        filename="One.pdf",
        languages=("de", "en"),
        tags=("minutes", "1990"),
    )
    assert second == MediaRef(uri="https://a.example/2.pdf", source="lists", modified_ns=NIGHT)
    assert third.uri == "https://a.example/3.pdf"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_stand_in_any_order_and_unknown_ones_are_ignored(delimiter: str) -> None:
    rows = [["id", "languages", "url"], ["7", "fr", "https://a.example/1.pdf"]]
    (ref,) = refs("\n".join(delimiter.join(row) for row in rows), "list.csv")
    assert (ref.uri, ref.languages) == ("https://a.example/1.pdf", ("fr",))


def test_json_lines_have_objects() -> None:
    text = (
        '{"url": "https://a.example/1.pdf", "tags": ["a; b", "c"], "language": "en de", "pages": 7}\n'
        '\n{"url": "https://a.example/2.pdf", "sha256": null, "language": ["fr"], "tags": "x;y", '
        '"date": "2026-01-31T13:00:00+01:00", "filename": "../../etc/passwd"}'
    )
    first, second = refs(text, "list.ndjson")
    assert (first.tags, first.languages, first.modified_ns) == (("a; b", "c"), ("en", "de"), NIGHT)
    assert (second.tags, second.languages, second.sha256) == (("x", "y"), ("fr",), None)
    assert (second.modified_ns, second.filename) == (nanoseconds(2026, 1, 31, 12), "passwd")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://a.example/1.pdf\n", "export"),
        ("# made by hand\nurl,tags\nhttps://a.example/1.pdf,x\n", "export"),
        ('{"url": "https://a.example/1.pdf"}\n', "export"),
        ('{"url": "https://a.example/1.pdf"}\n', "list.txt"),
        ("url\nhttps://a.example/1.pdf\n", "LIST.CSV"),
    ],
)
def test_the_first_line_tells_the_format_where_the_name_does_not(text: str, name: str) -> None:
    assert uris(text, name) == ["https://a.example/1.pdf"]


def test_a_manifest_is_a_listing_whose_media_have_nothing_in_common_but_its_name() -> None:
    manifest: Listing = listing("https://a.example/1.pdf\nhttps://b.example/2.pdf")
    assert len(list(manifest)) == 2
    assert manifest.prefix is None and manifest.covers("https://c.example/") and manifest.unlisted == []


def test_an_empty_manifest_names_nothing() -> None:
    assert list(listing(b"")) == list(listing(b"\n# nothing\n")) == []


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-31", nanoseconds(2026, 1, 31)),
        ("2026-01-31T12:30:05", nanoseconds(2026, 1, 31, 12, 30, 5)),
        ("2026-01-31 12:30:05Z", nanoseconds(2026, 1, 31, 12, 30, 5)),
        ("2026-01-31T00:30:00.000001-02:00", nanoseconds(2026, 1, 31, 2, 30) + 1000),
        ("1890-05-01", nanoseconds(1890, 5, 1)),
    ],
)
def test_dates_are_utc_unless_they_say_otherwise(moment: str, expected: int) -> None:
    (ref,) = refs(f"url,date\nhttps://a.example/1.pdf,{moment}\n", "list.csv")
    assert ref.modified_ns == expected


# --- malformed lines --------------------------------------------------------------------------------------


def test_a_malformed_line_goes_to_quarantine_by_its_number_and_the_rest_goes_on() -> None:
    manifest = listing("https://a.example/1.pdf\nscans/2.pdf\nhttps://a.example/3.pdf\n")
    first, second, third = manifest
    assert isinstance(first, MediaRef) and isinstance(third, MediaRef)
    assert second == Rejection(
        uri="https://lists.example/list.txt#line=2",
        sha256=None,
        page_no=None,
        stage=Stage.DISCOVER,
        reason=Reason.MALFORMED_LINE,
        message="list.txt, line 2: it has an address that is no http or https URL: scans/2.pdf.",
        permanent=True,
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"ftp://a.example/1.pdf", "of the scheme ftp, not http or https"),
        (b"javascript:alert(1)", "no http or https URL"),
        (b"https:///1.pdf", "no valid host"),
        (b"https://a b.example/1.pdf", "no valid host"),
        (b"http://[::1", "no valid URL"),
        (b"https://a.example:99999/", "no valid URL"),
        (b"https://a.example\\@b.example/", "credentials belong in a connection"),
        (b"https://a.example/\x00.pdf", "control character"),
        (b"https://a.example/\x1b[31m.pdf", "control character"),
        (b"https://a.example/\xff.pdf", "not UTF-8"),
        (b"https://a.example/" + b"x" * 70_000, "longer than 65,536 bytes"),
        (b"https://a.example/" + b"x" * 17_000, "longer than 15,000 characters"),
        (b"https://" + b"a" * 64 + b".example/", "no valid host"),
        (("https://" + "ü" * 7000 + "/").encode(), "no valid host"),
    ],
)
def test_an_address_that_cannot_be_fetched_is_malformed(line: bytes, complaint: str) -> None:
    (message,) = complaints(b"https://a.example/0.pdf\n" + line + b"\nhttps://a.example/2.pdf\n")
    assert message.startswith("list.txt, line 2: it ") and complaint in message
    assert message.isprintable() and len(message) < 250
    assert len(uris(line + b"\nhttps://a.example/2.pdf\n")) == 1


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ('"url": ""', "has no URL"),
        ('"link": "https://a.example/"', "has no URL"),
        ('"url": ["https://a.example/"]', "url that is no text"),
        ('"url": "https://a.example/\\u0000"', "control character"),
        ('"url": "https://a.example/\\ud800"', "no valid URL"),
        ('"sha256": "abc"', "sha256 that is not 64 hexadecimal digits"),
        ('"sha256": 7', "sha256 that is no text"),
        ('"language": "english"', "'english', which is no ISO 639-1 code"),
        ('"language": {"en": 1}', "neither text nor a list"),
        ('"date": "31.1.2026"', "date that is not of ISO 8601"),
        ('"date": "2026-02-30"', "date that is not of ISO 8601"),
        ('"date": "0001-01-01T00:00:00+14:00"', "date that is not"),
        ('"date": "9999-12-31"', "not between 1700 and 2262"),
        ('"tags": ["a\\tb"]', "control characters"),
        ('"tags": ["\\udc00"]', "no valid text"),
        ('"tags": [[]]', "no text"),
        ('"filename": "scans/.."', "names no file"),
        ('"filename": "a\\u0000.pdf"', "names no file"),
        ('"filename": "\\ud800.pdf"', "no valid text"),
        ('"url": "https://a.example/"', None),
    ],
)
def test_a_field_that_says_nothing_sensible_is_malformed(fields: str, complaint: str | None) -> None:
    url = "" if "url" in fields or "link" in fields else '"url": "https://a.example/1.pdf", '
    messages = complaints(f"{{{url}{fields}}}", "list.jsonl")
    assert [complaint in message for message in messages] == ([True] if complaint else [])


@pytest.mark.parametrize(
    "line",
    [
        '{"url": "https://a.example/"',
        "[]",
        "7",
        '"https://a.example/"',
        "[" * 60_000,
        "1" * 5000,
        "{'url': 1}",
    ],
)
def test_what_is_no_json_object_is_malformed(line: str) -> None:
    text = f'{line}\n{{"url": "https://a.example/2.pdf"}}'
    assert "line 1: it is no JSON" in complaints(text, "list.jsonl")[0]
    assert uris(text, "list.jsonl") == ["https://a.example/2.pdf"]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ('"https://a.example/1.pdf,x', "opens a quotation that is not closed"),
        ('"https://a.example/1.pdf" x,y', "is no CSV"),
        ("https://a.example/a,b,c.pdf", "has 3 columns, but the header 2"),
        (",x", "has no URL"),
    ],
)
def test_a_broken_row_costs_its_own_line_only(row: str, complaint: str) -> None:
    others = [f"https://a.example/{number}.pdf,x" for number in range(2000)]
    text = "\n".join(["url,tags", others[0], row, *others[1:]])
    assert len(uris(text, "list.csv")) == 2000
    (message,) = complaints(text, "list.csv")
    assert "line 3: it" in message and complaint in message


def test_two_stray_quotation_marks_do_not_swallow_what_is_between_them() -> None:
    rows = [
        "url,tags",
        '"https://a.example/1.pdf',
        "https://a.example/2.pdf,x",
        '"https://a.example/3.pdf',
        "",
    ]
    assert uris("\n".join(rows), "list.csv") == ["https://a.example/2.pdf"]
    assert len(complaints("\n".join(rows), "list.csv")) == 2


def test_a_broken_line_within_quotation_marks_costs_both() -> None:
    text = b'url,note\nhttps://a.example/1.pdf,"one\n\xff\ntwo"\nhttps://a.example/2.pdf,x\n'
    assert uris(text, "list.csv") == ["https://a.example/2.pdf"]


def test_line_numbers_count_the_lines_of_the_file() -> None:
    text = '# made by hand\n\nurl,note\nhttps://a.example/1.pdf,"two\nlines"\n\nnothing,x\n'
    assert "line 7:" in complaints(text, "list.csv")[0]


def test_a_url_with_a_malformed_field_is_unknown_and_not_gone() -> None:
    manifest = listing("url,language\nhttps://a.example/1.pdf,english\n", "list.csv")
    assert len(list(manifest)) == 1
    assert manifest.unlisted == ["https://a.example/1.pdf"]


def test_a_url_named_again_counts_once() -> None:
    assert uris("https://a.example/1.pdf\nHTTPS://A.example:443/1.pdf#page=2\n") == [
        "https://a.example/1.pdf"
    ]
    assert complaints("https://a.example/1.pdf\nhttps://a.example/1.pdf\n") == []


def test_a_url_of_which_two_lines_say_different_things_is_what_the_first_says() -> None:
    text = "url,tags\nhttps://a.example/1.pdf,x\nhttps://a.example/1.pdf,y\nhttps://a.example/1.pdf,x\n"
    found = [each for each in listing(text, "list.csv") if isinstance(each, MediaRef)]
    assert [ref.tags for ref in found] == [("x",)]
    (message,) = complaints(text, "list.csv")
    assert "line 3: it says something else of a URL than an earlier line" in message


@pytest.mark.parametrize(
    "line",
    [
        "https://user:s3cret@a.example/1.pdf",
        "https://s3cret@a.example/1.pdf",
        "ftp://user:s3cret@a.example/1.pdf",
        "user:s3cret@a.example/1.pdf",
        "https://user:s3cret\uff20a.example/1.pdf",
        "https://user:s3cret/x@a.example:x/1.pdf",
        "https://a.example:port/1.pdf?token=s3cret",
        '{"url": "https://user:s3cret@a.example/1.pdf", "password": "s3cret"}',
        '{"url": "https://user:s3cret\\u0040a.example/1.pdf"}',
        '{"url": "https://user:s3cret@a.example/1.pdf"',
        '{"url": "https://a.example/1.pdf", "password": "s3cret',
    ],
)
def test_a_password_appears_nowhere(line: str) -> None:
    name = "list.jsonl" if line.startswith("{") else "list.txt"
    manifest = listing(line, name)
    (rejection,) = manifest
    assert isinstance(rejection, Rejection)
    assert "s3cret" not in rejection.model_dump_json() and manifest.unlisted == []


def test_more_malformed_lines_than_allowed_refuse_the_manifest() -> None:
    with pytest.raises(
        SourceError, match=r"more than 2 malformed lines \(TEXTMILL_MAX_MALFORMED_LINES\).*line 3"
    ):
        list(listing("a\nb\nc\nd\n", most_malformed=2))
    assert len(list(listing("a\nb\n", most_malformed=2))) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "address,note\nhttps://a.example/,x\n",
            r"no column url in its first line, which names 'address', 'note'",
        ),
        ("https://a.example/\n", "no column url"),
        ("", "which names nothing"),
        ("x" * 70_000, "The header of .*, in line 1, is longer than 65,536 bytes"),
        ('url,"tags\n', "The header of .*, in line 1, opens a quotation that is not closed"),
        ("url,tags,URL\n", "two columns for url"),
        ("url,language,languages\n", "two columns for language"),
    ],
)
def test_a_csv_without_its_column_is_refused_as_a_whole(text: str, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        list(listing(text, "list.csv"))


def test_a_manifest_that_is_too_large_is_refused() -> None:
    manifest = ManifestListing(
        lambda: io.BytesIO(b"https://a.example/1.pdf\n" * 100),
        uri="file:///list.txt",
        source="lists",
        modified_ns=None,
        most_bytes=1000,
        most_malformed=10,
    )
    with pytest.raises(SourceError, match=r"larger than 1,000 bytes \(TEXTMILL_MAX_MANIFEST_BYTES\)"):
        list(manifest)


class Endless:
    """A stream of `left` bytes that repeats `piece`, and never gives as much as is asked for."""

    def __init__(self, piece: bytes, left: int) -> None:
        self.piece, self.left = piece, left

    def read(self, size: int) -> bytes:
        size = min(size, self.left, 10_007)
        self.left -= size
        return (self.piece * (size // len(self.piece) + 1))[:size]


@pytest.mark.parametrize(
    ("piece", "name"),
    [
        (b"x", "list.txt"),
        (b'"', "list.csv"),
        (b'x,"\n', "list.csv"),
        (b'x,"y\n",', "list.csv"),
        (b"[", "list.jsonl"),
        (b"\x00", "list.csv"),
    ],
)
def test_hostile_streams_stay_in_bounded_memory(piece: bytes, name: str) -> None:
    stream = Endless(piece, 20_000_000)
    head = io.BytesIO(b"url,tags\n" if name.endswith("csv") else b"")

    class Joined:
        def read(self, size: int) -> bytes:
            return head.read(size) or stream.read(size)

    tracemalloc.start()
    try:
        list(listing(cast(BinaryIO, Joined()), name, most_malformed=20))
    except SourceError as error:
        assert "malformed lines" in str(error)
    else:
        assert stream.left == 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


def test_blocks_of_any_size_give_the_same_lines() -> None:
    content = "".join(f"https://a.example/{n}-ü.pdf\r\n" for n in range(300)).encode()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(random.Random(self.tell()).randint(1, 50))

    assert list(listing(Slow(content))) == list(listing(content))


def test_references_survive_the_staging_area(tmp_path: Path) -> None:
    text = '{"url": "https://a.example/ü.pdf", "tags": ["ä"], "filename": "ö.pdf", "date": "2026-01-31"}'
    found = refs(text, "list.jsonl")
    write_records(tmp_path / "refs.jsonl", found, MediaRef)
    assert list(read_records(tmp_path / "refs.jsonl", MediaRef)) == found


# --- a manifest or a medium -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.txt", b"\xef\xbb\xbf# scans\r\n\r\nhttps://a.example/1.pdf\r\n", ManifestFormat.TEXT),
        ("a.TXT", b"HTTP://a.example/1.pdf", ManifestFormat.TEXT),
        ("a.urls", b"https://a.example/1.pdf\n", ManifestFormat.TEXT),
        ("a.txt", b"url,tags\nhttps://a.example/1.pdf,x\n", ManifestFormat.CSV),
        ("a.txt", b"Dear Sir,\nsee https://a.example/1.pdf\n", None),
        ("a.txt", b"https://a.example/ is a page worth reading.\n", None),
        ("a.txt", b"", None),
        ("a.txt", b"# only comments\n", None),
        ("a.txt", b"\xff\xfeh\x00t\x00t\x00p\x00", None),
        ("a.csv", b'id;"URL"\n1;https://a.example/\n', ManifestFormat.CSV),
        ("a.csv", b"name,price\nbread,3\n", None),
        ("a.csv", b"https://a.example/1.pdf\n", None),
        ("a.jsonl", b'{"id": 1, "url": "https://a.example/"}\n{', ManifestFormat.JSON_LINES),
        ("a.ndjson", b'{"text": "x"}\n', None),
        ("a.jsonl", b"{", None),
        ("a.jsonl", b"[1]", None),
        ("a.md", b"https://a.example/1.pdf\n", None),
        ("txt", b"https://a.example/1.pdf\n", None),
        ("a.txt", b"x" * 65_536, None),
    ],
)
def test_a_list_of_urls_is_told_from_a_text(name: str, head: bytes, expected: ManifestFormat | None) -> None:
    assert looks_like_manifest(head, name) is expected


# --- URLs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("HTTPS://A.Example:443", "https://a.example/"),
        ("http://a.example:80/x#y", "http://a.example/x"),
        ("http://a.example:8080?q=1", "http://a.example:8080/?q=1"),
        ("https://bücher.example/ü b", "https://xn--bcher-kva.example/%C3%BC%20b"),
        ("https://a.example/x/../%7Ey/./z", "https://a.example/~y/z"),
        ("https://a.example/%c3%bc", "https://a.example/%C3%BC"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("http://[::FFFF]:80/", "http://[::ffff]/"),
        ("https://a_b.example./x", "https://a_b.example./x"),
    ],
)
def test_a_url_has_one_normal_form(written: str, normal: str) -> None:
    assert normalise_url(written) == normal
    assert normalise_url(normal) == normal


def test_urls_that_are_taken_as_they_are_are_normal() -> None:
    draw = random.Random(7)
    alphabet = [
        *"abzAZ019-._~!$&'()*+,;=:@%/?#[]|^`{}\"<>\\ ",
        "%20",
        "%C3%BC",
        "%41",
        "%2F",
        "/..",
        "/./",
        "//",
        "ü",
    ]
    taken = 0
    for _ in range(20_000):
        url = "https://a.example/" + "".join(draw.choices(alphabet, k=draw.randint(0, 8)))
        if urls._PLAIN.fullmatch(url):
            taken += 1
            assert urls._normalised(url) == url
    assert taken > 1000


@pytest.mark.parametrize(
    "text", ["", "http", "http:", "http://", "https://:80/", "http://[::g]/", "http://[fe80::1%25x]/"]
)
def test_what_has_no_host_is_no_url(text: str) -> None:
    with pytest.raises(AddressError):
        normalise_url(text)


def test_what_is_shown_of_an_address_is_short_and_no_secret() -> None:
    assert shown("https://a.example/1.pdf?sig=abc") == "https://a.example/1.pdf?…"
    assert shown("https://u:p@w@a.example/1.pdf") == "…@a.example/1.pdf"
    assert len(shown("x" * 1000)) == 81
    assert shown("a\x1b[31m\nb").isprintable()


def test_names_of_what_lies_in_an_archive_at_the_longest_url_fit_into_the_warehouse() -> None:
    url = "https://a.example/".ljust(MOST_CHARACTERS, "x")
    assert normalise_url(url) == url
    addresses = Addresses(url)
    assert addresses.of("a name") is None
    longest = max(len(addresses.of_refused(name)) for name in ("a" * 300, "\N{GRINNING FACE}" * 300))
    assert longest + len("#10000") <= media_location.c.uri.type.length
