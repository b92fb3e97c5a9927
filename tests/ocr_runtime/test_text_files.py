"""Text files become pages with the text that a reader would see, whatever they are written in."""

from __future__ import annotations

import random
import time
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ocr_batches import OPTIONS

from textmill.errors import DamagedText, MediumError, TooManyBytes, TooManyPages
from textmill.media import open_medium
from textmill.media.html import visible_text
from textmill.media.text import LINE_CHARACTERS, PAGE_CHARACTERS, split_pages
from textmill.page import WrittenPage
from textmill.records import Kind


def pages_of(
    folder: Path, content: bytes | str, mime: str = "text/plain", **options: Any
) -> list[WrittenPage]:
    path = folder / "file.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_medium(path, Kind.TEXT, mime, name="file.txt", options=replace(OPTIONS, **options)) as medium:
        pages = [medium.page(number) for number in range(1, medium.page_count + 1)]
    assert all(isinstance(page, WrittenPage) for page in pages)
    return [page for page in pages if isinstance(page, WrittenPage)]


def texts_of(folder: Path, content: bytes | str, mime: str = "text/plain", **options: Any) -> list[str]:
    return [page.content.text for page in pages_of(folder, content, mime, **options)]


# --- encodings -------------------------------------------------------------------------------------------

GERMAN = "Sehr geehrte Frau Müller,\nfür die Lieferung vom März über 1.250 € danken wir. Grüße aus Köln\n"
FRENCH = "Café à volonté\nLe règlement s'effectue à réception de la facture n° 42.\n"
POLISH = "Szanowni Państwo,\nw załączeniu przesyłamy fakturę za październik. Łukasz Wiśniewski\n"
RUSSIAN = "Уважаемые коллеги,\nнаправляем вам счёт за услуги, оказанные в октябре.\n"
GREEK = "Αγαπητοί συνάδελφοι,\nσας αποστέλλουμε το τιμολόγιο του Οκτωβρίου.\n"
JAPANESE = "十月分のサービスに関する請求書をお送りいたします。\n十四日以内にお支払いください。\n"
CHINESE = "随信附上十月份服务的发票。\n请在十四天内付款。如有任何问题，请与我们联系。\n"
KOREAN = "시월 서비스에 대한 청구서를 보내 드립니다.\n십사일 이내에 지불해 주시기 바랍니다.\n"
TURKISH = "Sayın yetkili,\nekim ayında verilen hizmetlerin faturası ektedir. Şükrü Çağlar\n"

ENCODED = [
    *((GERMAN, codec) for codec in ("utf-8", "utf-8-sig", "cp1252", "iso8859-15", "utf-16", "utf-32")),
    *((GERMAN, codec) for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")),
    *((FRENCH, codec) for codec in ("latin-1", "cp1252")),
    *((POLISH, codec) for codec in ("cp1250", "iso8859-2")),
    *((RUSSIAN, codec) for codec in ("cp1251", "koi8-r", "cp866", "iso8859-5", "utf-16-le", "utf-16-be")),
    (GREEK, "cp1253"),
    *((JAPANESE, codec) for codec in ("cp932", "euc_jp", "iso2022_jp", "utf-16-le", "utf-16-be")),
    (CHINESE, "gb18030"),
    (KOREAN, "cp949"),
    (TURKISH, "cp1254"),
]


@pytest.mark.parametrize(("text", "codec"), ENCODED)
@pytest.mark.parametrize("times", [1, 40])
def test_letters_come_out_right_in_any_encoding(tmp_path: Path, text: str, codec: str, times: int) -> None:
    assert texts_of(tmp_path, (text * times).encode(codec)) == [(text * times).strip("\n")]


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Grüße aus Köln", "latin-1"),
        ("Café à volonté", "cp1252"),
        ("El niño comió", "cp1252"),
        ("Räksmörgås", "latin-1"),
        ("Привет, мир", "koi8-r"),
        ("Привет, мир", "cp1251"),
        ("これは日本語です", "cp932"),
        ("今天天气很好", "gb18030"),
        ("שלום עולם", "cp1255"),
        ("a", "utf-8"),
        ("é", "utf-8"),
        ("hi\n", "utf-16-le"),
    ],
)
def test_a_few_words_are_enough(tmp_path: Path, text: str, codec: str) -> None:
    assert texts_of(tmp_path, text.encode(codec)) == [text.strip()]


def test_letters_beyond_ascii_are_found_at_the_end_of_a_long_file(tmp_path: Path) -> None:
    content = "plain words and nothing else\n" * 20_000 + RUSSIAN
    assert RUSSIAN.splitlines()[1] in texts_of(tmp_path, content.encode("koi8-r"))[-1]


def test_the_encoding_is_told(tmp_path: Path) -> None:
    [page] = pages_of(tmp_path, RUSSIAN.encode("koi8-r"))
    assert page.model.startswith("koi8-r (")


def test_foreign_lines_do_not_spoil_a_text_in_utf8(tmp_path: Path) -> None:
    [page] = pages_of(tmp_path, GERMAN.encode() * 20 + "Grüße\n".encode("cp1252"))
    assert page.content.text.endswith("Grüße aus Köln\nGrüße")
    assert page.remarks == ("2 byte sequences that are no UTF-8 read as Windows-1252",)


@pytest.mark.parametrize("lines", [(1, 1), (1, 5), (5, 1), (3, 40)])
@pytest.mark.parametrize("utf8", [GERMAN, RUSSIAN, JAPANESE])
def test_western_lines_among_some_in_utf8(tmp_path: Path, lines: tuple[int, int], utf8: str) -> None:
    sound, foreign = utf8 * lines[0], (GERMAN + FRENCH) * lines[1]
    assert texts_of(tmp_path, sound.encode() + foreign.encode("cp1252")) == [(sound + foreign).strip()]
    assert texts_of(tmp_path, foreign.encode("cp1252") + sound.encode()) == [(foreign + sound).strip()]


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Er rief: „Das ganze\nMENÜ“,\nund spät kam auch ein Gruß\n" * 20, "cp1252"),
        (CHINESE * 200, "gb18030"),
        ("".join(f"{word}\n" for word in CHINESE * 50), "gb18030"),
        ("".join(f"{word}\n" for word in RUSSIAN.split() * 50), "cp866"),
    ],
)
def test_pairs_that_happen_to_be_utf8_do_not_mislead(tmp_path: Path, text: str, codec: str) -> None:
    assert texts_of(tmp_path, text.encode(codec)) == [text.strip()]


@pytest.mark.parametrize("utf8", ["Größe: 3 € – fünf Äpfel\n", "Ñandú, Çelik, Ý\n"])
@pytest.mark.parametrize(("text", "codec"), [(RUSSIAN, "cp1251"), (POLISH, "cp1250"), (GREEK, "cp1253")])
def test_no_file_is_damaged_because_the_wrong_encoding_gives_controls(
    tmp_path: Path, utf8: str, text: str, codec: str
) -> None:
    [read] = texts_of(tmp_path, utf8.encode() + text.encode(codec))
    assert len(read.splitlines()) == 1 + len(text.splitlines())


@pytest.mark.parametrize("text", ["吾輩は猫である。名前はまだ無い。", "結果は以下の通りです。"])
@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
def test_a_japanese_sentence_without_a_line_end(tmp_path: Path, text: str, codec: str) -> None:
    assert texts_of(tmp_path, text.encode(codec)) == [text]


def test_a_declared_encoding_is_believed_where_it_fits(tmp_path: Path) -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><body>\u0142\u0105ka</body></html>'
    assert texts_of(tmp_path, page.encode("iso8859-2"), "text/html") == ["\u0142\u0105ka"]
    xml = '<?xml version="1.0" encoding="windows-1251"?><a>\u0430\u0431</a>'
    assert "\u0430\u0431" in texts_of(tmp_path, xml.encode("cp1251"), "text/xml")[0]


@pytest.mark.parametrize("name", ["unicode_escape", "rot13", "utf-7", "no-such-thing", "idna", "zip"])
def test_no_codec_of_pythons_is_run_because_a_file_says_so(tmp_path: Path, name: str) -> None:
    page = f'<meta charset="{name}"><p>\\u0041 Grüße aus Köln</p>'
    assert texts_of(tmp_path, page.encode("cp1252"), "text/html") == ["\\u0041 Grüße aus Köln"]


# --- damage ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        random.Random(3).randbytes(5000),
        b"\0" * 1000,
        b"some words" + b"\0" * 400,
        b"\x7fELF\2\1\1" + bytes(range(32)) * 40,
        "half a character".encode("utf-16")[:-1],
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DamagedText, match=r"^file\.txt "):
        pages_of(tmp_path, content)


def test_stray_control_characters_are_left_out(tmp_path: Path) -> None:
    content = "a plain log line of usual length\n" * 20 + "\x1b[31mred\x1b[0m and \x07bell\x00\n\x1a"
    [page] = pages_of(tmp_path, content)
    assert page.content.text.endswith("\nred and bell")
    assert page.remarks == ("11 control characters left out",)


def test_too_large_a_text_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(TooManyBytes, match=r"text of 11 bytes; TEXTMILL_MAX_TEXT_BYTES allows 10"):
        pages_of(tmp_path, "12345 67890", max_text_bytes=10)


def test_a_text_that_grows_as_utf8_is_measured_as_such(tmp_path: Path) -> None:
    size = len(RUSSIAN.encode("koi8-r"))
    with pytest.raises(TooManyBytes, match=r"as UTF-8; TEXTMILL_MAX_TEXT_BYTES"):
        pages_of(tmp_path, RUSSIAN.encode("koi8-r"), max_text_bytes=size)


def test_too_many_pages_name_the_setting(tmp_path: Path) -> None:
    with pytest.raises(TooManyPages, match="TEXTMILL_MAX_PAGES allows 2"):
        pages_of(tmp_path, "a\fb\fc", max_pages=2)


@pytest.mark.parametrize("mime", ["text/plain", "text/html", "text/rtf"])
def test_nothing_but_a_sentence_escapes_for_hostile_bytes(tmp_path: Path, mime: str) -> None:
    wholes = {
        "text/plain": GERMAN.encode("utf-16"),
        "text/html": f"<table><tr><td hidden>{GERMAN}<pre>x</table>&#xD800;&#12;".encode(),
        "text/rtf": rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset204 A;}}\f0\u1234?\'e4\uc1 text\par}",
    }
    chance = random.Random(mime)
    for _ in range(150):
        content = bytearray(wholes[mime])
        for _ in range(chance.randrange(1, 12)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        with suppress(MediumError):
            for page in pages_of(tmp_path, bytes(content), mime):
                page.content.text.encode()


# --- pages and lines -------------------------------------------------------------------------------------


def test_form_feeds_separate_pages_and_line_ends_are_one_kind(tmp_path: Path) -> None:
    assert texts_of(tmp_path, "one\r\ntwo\rthree\n\ffour\n\f\n") == ["one\ntwo\nthree", "four"]


def test_empty_pages_in_between_keep_their_number(tmp_path: Path) -> None:
    assert texts_of(tmp_path, "one\f\fthree") == ["one", "", "three"]


@pytest.mark.parametrize("content", ["\n", "   ", "\ufeff", "\f\f"])
def test_a_text_without_letters_is_a_blank_page(tmp_path: Path, content: str) -> None:
    [page] = pages_of(tmp_path, content)
    assert (page.content.text, page.content.lines, page.ink) == ("", (), 0)
    assert page.width >= 1 and page.height >= 1


def test_lines_are_outlined_in_cells(tmp_path: Path) -> None:
    [page] = pages_of(tmp_path, "Heading\n\n    indented  \n")
    assert (page.width, page.height) == (14, 3)
    assert [line.text for line in page.content.lines] == ["Heading", "indented"]
    assert page.content.lines[1].polygon == ((4, 2), (12, 2), (12, 3), (4, 3))
    assert [line.line_no for line in page.content.lines] == [1, 2]
    assert page.content.confidence == 1
    assert page.ink == pytest.approx(15 / (14 * 3))
    assert (page.source, page.reader, page.dpi) == ("text_file", "text", None)


def test_a_long_text_is_cut_at_line_ends() -> None:
    lines = [f"line {number} of many" for number in range(20_000)]
    pages = list(split_pages("\n".join(lines), most=100))
    assert len(pages) == -(-len("\n".join(lines)) // PAGE_CHARACTERS)
    assert all(len(page) <= PAGE_CHARACTERS for page in pages)
    assert "\n".join(pages).split("\n") == lines


def test_a_text_without_line_ends_is_cut_anyhow_and_loses_nothing(tmp_path: Path) -> None:
    content = "".join(f'{{"number":{number}}},' for number in range(40_000))
    pages = pages_of(tmp_path, content, "application/json")
    assert "".join(page.content.text for page in pages) == content
    for page in pages:
        assert "".join(line.text for line in page.content.lines) == page.content.text
        assert max(len(line.text) for line in page.content.lines) == LINE_CHARACTERS
        assert page.content.lines[1].polygon[0] == (LINE_CHARACTERS, 0)


def test_a_line_fits_its_column_in_the_warehouse(tmp_path: Path) -> None:
    for page in pages_of(tmp_path, "\U0001f600" * 50_000):
        assert max(len(line.text.encode()) for line in page.content.lines) <= 65_535


def test_the_fingerprint_tells_readers_and_encodings_apart(tmp_path: Path) -> None:
    plain, again = (pages_of(tmp_path, GERMAN)[0].fingerprint for _ in range(2))
    windows = pages_of(tmp_path, GERMAN.encode("cp1252"))[0].fingerprint
    html = pages_of(tmp_path, GERMAN, "text/html")[0].fingerprint
    assert plain == again
    assert len({plain, windows, html}) == 3


# --- RTF -------------------------------------------------------------------------------------------------


def test_rtf_is_read_without_its_markup(tmp_path: Path) -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}{\info{\title Hidden}}\f0 "
        rb"Gr\'fc\'dfe \u8364? {\b bold} \u-10179?\u-8704?\par second line\page third\\pagename\par "
        rb"{\pict\pngblip " + b"89504e470d0a1a0a" * 4000 + rb"}end}"
    )
    [first, second] = pages_of(tmp_path, source, "text/rtf")
    assert first.content.text == "Grüße € bold \U0001f600\nsecond line"
    assert second.content.text == "third\\pagename\nend"
    assert (first.reader, first.model[:6]) == ("rtf", "cp1252")


def test_links_in_rtf_are_read_as_they_are_seen(tmp_path: Path) -> None:
    link = r'{\field{\*\fldinst{HYPERLINK "http://example.org"}}{\fldrslt{ the page}}}'
    assert texts_of(tmp_path, rf"{{\rtf1 See {link}, or HYPERLINK.}}", "text/rtf") == [
        "See  the page, or HYPERLINK."
    ]


def test_hostile_fields_cost_no_time(tmp_path: Path) -> None:
    started = time.monotonic()
    with suppress(MediumError):
        pages_of(tmp_path, r"{\rtf1 " + r'{\field{\*\fldinst{HYPERLINK "' * 20_000 + "}", "text/rtf")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("code_page", ["10000", "99999"])
def test_a_code_page_that_is_not_known_costs_a_letter_not_the_text(tmp_path: Path, code_page: str) -> None:
    [text] = texts_of(tmp_path, rf"{{\rtf1\ansi\ansicpg{code_page} caf\'8e}}", "text/rtf")
    assert text.startswith("caf")


def test_rtf_in_another_code_page(tmp_path: Path) -> None:
    letters = "".join(f"\\'{byte:02x}" for byte in "Привет".encode("cp1251"))
    source = rf"{{\rtf1\ansi\ansicpg1251 {letters}}}"
    assert texts_of(tmp_path, source, "text/rtf") == ["Привет"]


# --- HTML ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\ntwo\nthree"),
        ("<p>some <b>bold</b>\n  words</p>", "some bold words"),
        ("<h1>T&eacute;a &amp; &#8364;3&nbsp;000</h1>", "Téa & €3 000"),
        ("<title>no</title><style>p{}</style><script>'<p>no</p>'</script><p>yes</p>", "yes"),
        ("<!-- no --><noscript>no</noscript><template><p>no</p></template>yes", "yes"),
        ("<p hidden>no</p><div style='color:red; DISPLAY : none'>no <p>no</p></div><p>yes</p>", "yes"),
        ("<p>yes<p hidden>never closed<p>also", "yes\nalso"),
        ("<input hidden>seen<br hidden>still", "seenstill"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        (
            "<table><tr><th>Item<th>Price<tr><td><p>Tea</p><p>green</p><td>3</table>",
            "Item\tPrice\nTea green\t3",
        ),
        ("<table><tr><td></td><td>x</td></tr></table>", "\tx"),
        ("<table><tr><td><table><tr><td>a<td>b<tr><td>c<td>d</table><td><p>e<p>f</table>", "a\tb\nc\td\ne f"),
        ("<pre>  keep\n    this</pre>after", "  keep\n    this\nafter"),
        ("<select><option>A<option>B</select>", "A\nB"),
        ("soft&shy;ly<wbr>does<span>it</span>", "softlydoesit"),
        ("<p>unclosed <b>and <i>crossed</b> tags</i>", "unclosed and crossed tags"),
        ("<svg><title>no</title><text>drawn</text></svg>", "drawn"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("", ""),
    ],
)
def test_html_is_what_a_browser_shows(source: str, shown: str) -> None:
    assert visible_text(source) == shown


@pytest.mark.parametrize("unit", ["<div>", "<b ", "<!", "<!--", "&#", "</", '<a href="', "<table><tr><td>"])
def test_hostile_html_costs_neither_time_nor_memory(unit: str) -> None:
    tracemalloc.start()
    shown = visible_text("<p>start</p>" + unit * (300_000 // len(unit)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shown.startswith("start")
    assert peak < 30_000_000


def test_a_page_of_html_in_the_file_s_own_encoding(tmp_path: Path) -> None:
    [page] = pages_of(tmp_path, f"<html><body><p>{RUSSIAN}</p></body></html>".encode("koi8-r"), "text/html")
    assert page.content.text == " ".join(RUSSIAN.split())
    assert (page.reader, page.source) == ("html", "text_file")
