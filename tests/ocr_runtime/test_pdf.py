"""PDF pages: their own text where it can be trusted, else a picture, and always a word about why."""

from __future__ import annotations

import random
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from ocr_batches import OPTIONS
from pdf_pages import (
    A4,
    INVISIBLE,
    PROSE,
    Draw,
    edited,
    give_meanings,
    lines,
    locked,
    picture,
    scan_of,
    together,
    write,
)
from PIL import Image, ImageDraw

from textmill.errors import (
    DamagedPdf,
    PasswordProtected,
    TooManyPages,
    TooManyPixels,
    UnsupportedFormat,
)
from textmill.media import Medium, open_medium
from textmill.page import Page, PageImage, WrittenPage
from textmill.records import Kind, TextLayerUse

TEXT = "\n".join(PROSE)
WHOLE_PAGE = (0, 0, *A4)


def opened(path: Path, **changes: Any) -> Medium:
    options = replace(OPTIONS, **{"dpi": 100} | changes)
    return open_medium(path, Kind.PDF, "application/pdf", name=path.name, options=options)


def first_page(path: Path, **changes: Any) -> Page:
    with opened(path, **changes) as medium:
        return medium.page(1)


def written(path: Path, **changes: Any) -> WrittenPage:
    page = first_page(path, **changes)
    assert isinstance(page, WrittenPage), page.remarks
    return page


def drawn(path: Path, **changes: Any) -> PageImage:
    page = first_page(path, **changes)
    assert isinstance(page, PageImage), page.content.text
    return page


def scanned(tmp_path: Path, dpi: int = 100) -> Image.Image:
    return scan_of(write(tmp_path / "original.pdf", lines(PROSE)), dpi=dpi)


# --- written pages -----------------------------------------------------------------------------------


def test_written_text_arrives_as_it_was_written(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", lines(PROSE), lines(PROSE[::-1]))
    with opened(path) as medium:
        second, first = medium.page(2), medium.page(1)
    assert isinstance(first, WrittenPage) and isinstance(second, WrittenPage)
    assert first.content.text == TEXT
    assert second.content.text.splitlines() == PROSE[::-1]
    assert [line.line_no for line in first.content.lines] == list(range(1, 9))
    assert first.content.confidence == 1.0
    assert (first.source, first.reader, first.remarks) == ("text_layer", "pdfium", ("text layer taken",))
    assert first.model.startswith("pdfium-")


def test_never_means_that_the_page_is_drawn(tmp_path: Path) -> None:
    page = drawn(write(tmp_path / "a.pdf", lines(PROSE)), text_layer=TextLayerUse.NEVER)
    assert (page.dpi, page.remarks) == (100, ())


def test_hyphens_and_ligatures_stay_what_a_reader_sees(tmp_path: Path) -> None:
    source = [
        "The long-distance flight was an oppor-",
        "tunity to offer five co~",
        "operating offices a file.",
    ]
    path = write(tmp_path / "a.pdf", lines([*source, *PROSE]))
    give_meanings(path, {code: code for code in string.printable if code.isprintable()} | {"~": "\u00ad"})
    read = written(path).content.text.splitlines()[:3]
    assert read == [source[0], "tunity to offer five co-", source[2]]


def test_ligatures_become_their_letters(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", lines(["The o#ce is @ne", *PROSE]))
    give_meanings(path, {one: one for one in string.ascii_letters + " ,;."} | {"#": "ﬃ", "@": "ﬁ"})
    assert written(path).content.text.startswith("The office is fine\n")


def test_raised_figures_do_not_break_a_line(tmp_path: Path) -> None:
    def formula(sheet: Any) -> None:
        sheet.setFont("Helvetica", 11)
        sheet.drawString(60, 800, "Energy is mc")
        sheet.setFont("Helvetica", 7)
        sheet.drawString(123, 804, "2")
        sheet.setFont("Helvetica", 11)
        sheet.drawString(130, 800, "as everybody knows")

    page = written(write(tmp_path / "a.pdf", together(formula, lines(PROSE))))
    assert page.content.text.startswith("Energy is mc2 as everybody knows\n")


NARROW = [
    [
        "The first column tells",
        "of a ferry that left",
        "the harbour at seven",
        "and was never seen",
        "by anyone again.",
    ],
    [
        "The second column has",
        "a list of everything",
        "that was on board and",
        "who had paid for what",
        "on that morning.",
    ],
]


def _columns(order: list[tuple[int, int]]) -> Draw:
    cells = [lines([NARROW[column][row]], x=60 + 250 * column, top=760 - 16 * row) for column, row in order]
    return together(lines(["A heading that stands over both of the columns"], top=790), *cells)


@pytest.mark.parametrize("drawing", ["down", "across", "at random"])
def test_columns_are_read_one_after_the_other_however_they_were_drawn(tmp_path: Path, drawing: str) -> None:
    order = [(column, row) for column in range(2) for row in range(5)]
    if drawing == "across":
        order.sort(key=lambda place: place[1])
    if drawing == "at random":
        random.Random(3).shuffle(order)
    page = written(write(tmp_path / "a.pdf", _columns(order)))
    heading, *rest = page.content.text.splitlines()
    assert heading == "A heading that stands over both of the columns"
    assert rest == NARROW[0] + NARROW[1]


@pytest.mark.parametrize("shuffled", [False, True])
def test_tables_are_read_row_by_row(tmp_path: Path, shuffled: bool) -> None:
    rows = [
        ["Apples", "12 kg", "4.20"],
        ["Pears", "7 kg", "3.85"],
        ["Quinces", "1 kg", "9.00"],
        ["Total", "20 kg", "17.05"],
    ]
    cells = [(x, y, cell) for y, row in enumerate(rows) for x, cell in enumerate(row)]
    if shuffled:
        random.Random(1).shuffle(cells)
    draws = [lines([cell], x=60 + 150 * x, top=780 - 20 * y) for x, y, cell in cells]
    page = written(write(tmp_path / "a.pdf", together(*draws)))
    assert page.content.text.splitlines() == [" ".join(row) for row in rows]
    assert len(page.content.lines) == 12


def test_right_to_left_text_is_in_the_order_of_reading(tmp_path: Path) -> None:
    words = ["שלום", "עולם", "טוב", "מאוד", "היום", "בבית", "ספר", "גדול"]
    letters = sorted(set("".join(words)))
    code_of = {letter: chr(ord("A") + at) for at, letter in enumerate(letters)}
    first, second = " ".join(words[:4]), " ".join(words[4:])
    shown = ["".join(code_of.get(one, one) for one in line[::-1]) for line in (first, second)]
    path = write(tmp_path / "a.pdf", lines(shown))
    give_meanings(path, {code: letter for letter, code in code_of.items()} | {" ": " "})
    assert written(path, languages=("he",)).content.text.splitlines() == [first, second]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_outlines_lie_on_the_letters_of_turned_and_cropped_pages(tmp_path: Path, turn: int) -> None:
    def edit(document: pikepdf.Pdf) -> None:
        document.pages[0].Rotate = turn
        document.pages[0].CropBox = [30, 400, 580, 810]

    upright = {
        0: lines(PROSE),
        90: _turned(90, (100, 410)),
        180: _turned(180, (535, 500)),
        270: _turned(270, (300, 800)),
    }
    path = edited(write(tmp_path / "a.pdf", upright[turn]), edit)
    page, picture_of_it = written(path), drawn(path, text_layer=TextLayerUse.NEVER)
    assert (page.width, page.height) == (picture_of_it.width, picture_of_it.height)
    assert page.content.text == TEXT
    ink = picture_of_it.pixels.mean(axis=2) < 128
    covered = np.zeros_like(ink)
    for line in page.content.lines:
        (left, top), (right, _), (_, bottom), _ = line.polygon
        assert left < right and top < bottom, "clockwise from the top left of an upright line"
        area = slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)
        assert ink[area].any()
        covered[area] = True
    assert not ink[~covered].any()


def _turned(angle: int, origin: tuple[float, float]) -> Draw:
    """Prose that stands upright on a page that is shown turned by `angle`."""

    def draw(sheet: Any) -> None:
        sheet.saveState()
        sheet.translate(*origin)
        sheet.rotate(angle)
        lines(PROSE, x=0, top=0)(sheet)
        sheet.restoreState()

    return draw


def test_lines_that_run_upwards_begin_at_the_bottom(tmp_path: Path) -> None:
    page = written(write(tmp_path / "a.pdf", _turned(90, (200, 200))))
    assert page.content.text == TEXT
    (x0, y0), (x1, y1), _, _ = page.content.lines[0].polygon
    assert y0 > y1 and x0 == pytest.approx(x1)


def test_what_is_cropped_away_is_no_text(tmp_path: Path) -> None:
    def crop(document: pikepdf.Pdf) -> None:
        document.pages[0].CropBox = [0, 726, 595, 842]

    page = written(edited(write(tmp_path / "a.pdf", lines(PROSE)), crop))
    assert page.content.text.splitlines() == PROSE[:4]


@pytest.mark.parametrize(
    "text",
    [
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
        "Genir pawb yn rhydd ac yn gydradd â'i gilydd mewn urddas a hawliau.",
        "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa.",
        "Gizon-emakume guztiak aske jaiotzen dira, duintasun eta eskubide berberak dituztela",
        "4711 0815 17.05 3,141.59 +41 44 668 18 00 2024-09-30 12:45 SH-1093 99 % 1/2",
        "Wojciechowski Przybylski Nakamura Okonkwo Vandenberghe McAllister GmbH",
    ],
)
def test_unexpected_languages_names_and_numbers_are_text_too(tmp_path: Path, text: str) -> None:
    assert written(write(tmp_path / "a.pdf", lines([text])), languages=("en",)).content.text == text


@pytest.mark.parametrize(
    ("font", "text"),
    [("HeiseiMin-W3", "すべての人間は、生まれながらにして"), ("STSong-Light", "在尊严和权利上一律平等")],
)
def test_fonts_that_nobody_here_has_are_no_reason_to_lose_text(tmp_path: Path, font: str, text: str) -> None:
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import registerFont

    def draw(sheet: Any) -> None:
        registerFont(UnicodeCIDFont(font))
        sheet.setFont(font, 12)
        sheet.drawString(60, 700, text)

    assert written(write(tmp_path / "a.pdf", draw)).content.text == text


def test_an_empty_page_is_not_drawn(tmp_path: Path) -> None:
    page = written(write(tmp_path / "a.pdf", lambda _: None))
    assert (page.content.text, page.ink, page.remarks) == ("", 0.0, ("the page is empty",))


# --- text layers that are not taken --------------------------------------------------------------------


def test_a_scan_has_no_text_layer(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", picture(scanned(tmp_path), WHOLE_PAGE))
    assert drawn(path).remarks == ("no text layer",)
    assert drawn(path, text_layer=TextLayerUse.ALWAYS).remarks == ("no text layer",)


@pytest.mark.parametrize(
    ("layer", "plausible"), [(PROSE, True), (["Qlxe fzrvw lkvhq hgt", "xzptv bnwq rtfh"], False)]
)
def test_the_layer_of_an_ocr_program_is_taken_only_when_asked_for(
    tmp_path: Path, layer: list[str], plausible: bool
) -> None:
    draw = together(picture(scanned(tmp_path), WHOLE_PAGE), lines(layer, mode=INVISIBLE))
    path = write(tmp_path / "a.pdf", draw)
    (remark,) = drawn(path).remarks
    assert remark.startswith("text layer refused: ")
    page = written(path, text_layer=TextLayerUse.ALWAYS)
    assert page.content.text.splitlines() == layer
    assert page.content.confidence is not None
    assert page.content.confidence > 0.95 if plausible else page.content.confidence < 0.4
    assert page.remarks[0].startswith("text layer taken as asked, although ")


def _white(sheet: Any) -> None:
    sheet.setFillColorRGB(1, 1, 1)
    lines(PROSE)(sheet)


def _transparent(sheet: Any) -> None:
    sheet.setFillAlpha(0)
    lines(PROSE)(sheet)


@pytest.mark.parametrize("hidden", ["under the scan", "white", "transparent"])
def test_text_that_nobody_sees_is_refused_whatever_hides_it(tmp_path: Path, hidden: str) -> None:
    scan = picture(scanned(tmp_path), WHOLE_PAGE)
    draws = {
        "under the scan": together(lines(PROSE), scan),
        "white": _white,
        "transparent": together(scan, _transparent),
    }
    (remark,) = drawn(write(tmp_path / "a.pdf", draws[hidden])).remarks
    assert remark.startswith("text layer refused: nothing of it is seen")


def test_hidden_words_among_visible_ones_are_left_out(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.pdf", together(lines(PROSE), lines(["ignore all of this"], top=300, mode=INVISIBLE))
    )
    page = written(path)
    assert page.content.text == TEXT
    assert page.remarks == ("text layer taken", "4 hidden words of the text layer left out")


@pytest.mark.parametrize(
    "stamp", [["Page 7 of 12"], ["Received by the archive on Monday", "File number 4711"]]
)
def test_a_stamp_on_a_scan_is_not_the_page(tmp_path: Path, stamp: list[str]) -> None:
    draw = together(picture(scanned(tmp_path), WHOLE_PAGE), lines(stamp, top=60))
    (remark,) = drawn(write(tmp_path / "a.pdf", draw)).remarks
    assert "of what looks like writing on the page is not in it" in remark


def test_letters_drawn_as_shapes_are_missed_in_the_layer(tmp_path: Path) -> None:
    def shapes(sheet: Any) -> None:
        for row in range(30):
            for column in range(60):
                sheet.circle(70 + 7 * column, 700 - 16 * row, 2.5)

    path = write(tmp_path / "a.pdf", together(shapes, lines(["Figures 1 to 9"], top=30)))
    assert "is not in it" in drawn(path).remarks[0]


@pytest.mark.parametrize("furniture", ["rules", "photo", "tinted"])
def test_rules_photos_and_tints_are_no_writing(tmp_path: Path, furniture: str) -> None:
    def rules(sheet: Any) -> None:
        sheet.grid([50 + 50 * x for x in range(11)], [100 + 20 * y for y in range(30)])

    def tinted(sheet: Any) -> None:
        sheet.setFillColorRGB(0.8, 0.9, 1)
        for row in range(0, 30, 2):
            sheet.rect(50, 100 + 20 * row, 500, 20, stroke=0, fill=1)
        sheet.setFillColorRGB(0, 0, 0)

    noise = np.random.default_rng(7).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    photo = Image.fromarray(noise).resize((800, 600), Image.Resampling.BICUBIC)
    draws = {"rules": rules, "tinted": tinted, "photo": picture(photo, (60, 100, 470, 350))}
    assert written(write(tmp_path / "a.pdf", together(draws[furniture], lines(PROSE)))).content.text == TEXT


def test_glyphs_without_meaning_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", lines(PROSE))
    meanings = {one: one for one in string.printable if one.isprintable()} | {"e": "\ufffd", "t": "\ue123"}
    (remark,) = drawn(give_meanings(path, meanings)).remarks
    share = sum(TEXT.count(one) for one in "et") / len("".join(TEXT.split()))
    assert remark == f"text layer refused: {share * 100:.0f} % of its glyphs have no Unicode"


@pytest.mark.parametrize("seed", range(4))
def test_letters_in_disguise_are_no_words(tmp_path: Path, seed: int) -> None:
    letters = list(string.ascii_letters)
    random.Random(seed).shuffle(letters)
    path = write(tmp_path / "a.pdf", lines(PROSE))
    (remark,) = drawn(give_meanings(path, dict(zip(string.ascii_letters, letters, strict=True)))).remarks
    assert remark.startswith("text layer refused: its letters form words to ")


def test_characters_of_the_wrong_half_of_unicode_are_no_words(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", lines(PROSE))
    swapped = {one: chr(ord(one) << 8) for one in string.ascii_letters}
    assert (
        drawn(give_meanings(path, swapped))
        .remarks[0]
        .startswith("text layer refused: its letters form words to ")
    )


def test_numbered_glyphs_are_no_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", lines(["(cid:12)(cid:7) and so on", *PROSE]))
    assert "(cid:12)" in drawn(path).remarks[0]


def test_each_page_is_decided_by_itself(tmp_path: Path) -> None:
    scan = picture(scanned(tmp_path), WHOLE_PAGE)
    with opened(write(tmp_path / "a.pdf", lines(PROSE), scan, lines(PROSE))) as medium:
        kinds = {number: type(medium.page(number)) for number in (3, 2, 1, 2, 3)}
    assert kinds == {1: WrittenPage, 2: PageImage, 3: WrittenPage}


# --- forms and notes -------------------------------------------------------------------------------------


def _form(sheet: Any) -> None:
    lines(["Name of the applicant:", "Town and country:", "Date of application:"], size=20)(sheet)
    for number, value in enumerate(("Ada Lovelace", "London, England", "10 December 1842")):
        sheet.acroForm.textfield(
            name=f"field{number}", value=value, x=300, y=772 - 28 * number, width=200, height=22, fontSize=12
        )


def test_what_was_filled_into_a_form_stands_beside_its_question(tmp_path: Path) -> None:
    page = written(write(tmp_path / "a.pdf", _form))
    assert page.content.text.splitlines() == [
        "Name of the applicant: Ada Lovelace",
        "Town and country: London, England",
        "Date of application: 10 December 1842",
    ]


def test_values_without_an_appearance_are_read_too(tmp_path: Path) -> None:
    def strip(document: pikepdf.Pdf) -> None:
        document.Root.AcroForm.NeedAppearances = True
        for field in document.Root.AcroForm.Fields:
            del field.AP

    assert "Ada Lovelace" in written(edited(write(tmp_path / "a.pdf", _form), strip)).content.text


def test_long_documents_are_opened_anew_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textmill.media.pdf._PAGES_BETWEEN_REOPENINGS", 2)
    path = locked(write(tmp_path / "a.pdf", _form, lines(PROSE)), user="s3cret")
    with opened(path, passwords=("s3cret",)) as medium:
        pages = [medium.page(number) for number in (1, 2, 1, 2, 1)]
    texts = [page.content.text for page in pages if isinstance(page, WrittenPage)]
    assert texts[1::2] == [TEXT, TEXT]
    assert len(set(texts[::2])) == 1 and "Ada Lovelace" in texts[0]


def test_a_dynamic_form_is_no_document(tmp_path: Path) -> None:
    def dynamic(document: pikepdf.Pdf) -> None:
        document.Root.NeedsRendering = True

    path = edited(write(tmp_path / "a.pdf", lines(["Please wait..."])), dynamic)
    with pytest.raises(UnsupportedFormat, match="dynamic XFA form"):
        opened(path)


# --- locked ------------------------------------------------------------------------------------------------


def test_an_empty_password_needs_no_candidate(tmp_path: Path) -> None:
    path = locked(write(tmp_path / "a.pdf", lines(PROSE)), user="")
    assert written(path).content.text == TEXT
    assert (drawn(path, text_layer=TextLayerUse.NEVER).pixels < 128).any()


@pytest.mark.parametrize("password", ["s3cret", "schlüssel"])
def test_candidates_are_tried_for_text_and_for_drawing(tmp_path: Path, password: str) -> None:
    path = locked(write(tmp_path / "a.pdf", lines(PROSE)), user=password)
    page = written(path, passwords=("wrong", password))
    assert page.content.text == TEXT
    assert page.remarks[0] == "opened with a password of TEXTMILL_PDF_PASSWORDS_FILE"
    picture_of_it = drawn(path, passwords=("wrong", password), text_layer=TextLayerUse.NEVER)
    assert (picture_of_it.pixels < 128).any()


@pytest.mark.parametrize("passwords", [(), ("wr0ng-guess", "another")])
def test_without_the_password_the_sentence_says_where_to_put_it(
    tmp_path: Path, passwords: tuple[str, ...]
) -> None:
    path = locked(write(tmp_path / "a.pdf", lines(PROSE)), user="s3cret")
    with pytest.raises(PasswordProtected, match="TEXTMILL_PDF_PASSWORDS_FILE") as refusal:
        opened(path, passwords=passwords)
    assert not any(password in f"{refusal.value}{refusal.value.detail}" for password in passwords)


def test_no_decrypted_copy_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    path = locked(write(tmp_path / "a.pdf", lines(PROSE)), user="s3cret")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with opened(path, passwords=("s3cret",)) as medium:
        medium.page(1)
        assert list((tmp_path / "tmp").iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# --- damaged -----------------------------------------------------------------------------------------------


def _broken_table(content: bytes) -> bytes:
    return content.replace(b"startxref", b"startxerf").replace(b"0000000000 65535 f", b"9999999999 65535 f")


@pytest.mark.parametrize(
    ("damage", "repaired"),
    [
        (_broken_table, True),
        (lambda content: content[: content.rindex(b"xref\n")], True),
        (lambda content: b"Content-Type: application/pdf\r\n\r\n" * 3 + content, False),
        (lambda content: content + b"\0" * 3000, False),
    ],
    ids=["wrong table", "cut off", "junk before", "junk behind"],
)
def test_what_can_be_repaired_is_read(tmp_path: Path, damage: Any, repaired: bool) -> None:
    path = write(tmp_path / "a.pdf", lines(PROSE), lines(PROSE))
    path.write_bytes(damage(path.read_bytes()))
    with opened(path) as medium:
        page = medium.page(2)
        assert medium.page_count == 2
    assert isinstance(page, WrittenPage)
    assert page.content.text == TEXT
    assert "repaired" in page.remarks or not repaired
    assert (drawn(path, text_layer=TextLayerUse.NEVER).pixels < 128).any()


def test_a_page_count_that_lies_is_put_right(tmp_path: Path) -> None:
    def lie(document: pikepdf.Pdf) -> None:
        document.Root.Pages.Count = 5000

    with opened(edited(write(tmp_path / "a.pdf", lines(PROSE)), lie)) as medium:
        assert medium.page_count == 1
        assert isinstance(medium.page(1), WrittenPage)


def test_a_document_without_pages_is_damaged(tmp_path: Path) -> None:
    with pikepdf.new() as document:
        document.save(tmp_path / "a.pdf")
    with pytest.raises(DamagedPdf, match="no page can be found"):
        opened(tmp_path / "a.pdf")


def test_a_page_tree_that_bites_its_tail_ends(tmp_path: Path) -> None:
    def knot(document: pikepdf.Pdf) -> None:
        document.Root.Pages.Kids.append(document.Root.Pages)
        document.Root.Pages.Count = 9

    with opened(edited(write(tmp_path / "a.pdf", lines(PROSE)), knot)) as medium:
        page = medium.page(1)
    assert isinstance(page, WrittenPage)
    assert page.content.text == TEXT


@pytest.mark.parametrize("keep", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_half_a_file_is_read_or_refused_with_a_sentence(tmp_path: Path, keep: float) -> None:
    path = write(tmp_path / "a.pdf", *[lines(PROSE)] * 4)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    try:
        with opened(path) as medium:
            assert all(medium.page(number) for number in range(1, medium.page_count + 1))
    except DamagedPdf as refusal:
        assert "a.pdf" in refusal.message


# --- sizes ------------------------------------------------------------------------------------------------


def test_a_huge_page_says_both_resolutions(tmp_path: Path) -> None:
    def many(sheet: Any) -> None:
        sheet.scale(10, 10)
        picture(scanned(tmp_path), WHOLE_PAGE)(sheet)

    page = drawn(write(tmp_path / "a.pdf", many, size=(5950, 8420)), dpi=200)
    assert page.width * page.height <= OPTIONS.page_pixel_budget
    assert (
        page.remarks[-1] == "drawn at 45 dpi instead of 200, since 200 dpi exceed TEXTMILL_PAGE_PIXEL_BUDGET"
    )


def test_an_absurd_page_is_refused_before_it_is_drawn(tmp_path: Path) -> None:
    def absurd(document: pikepdf.Pdf) -> None:
        document.pages[0].MediaBox = [0, 0, 9_000_000, 9_000_000]

    with (
        opened(edited(write(tmp_path / "a.pdf", lines(PROSE)), absurd)) as medium,
        pytest.raises(TooManyPixels, match="TEXTMILL_MAX_PIXELS"),
    ):
        medium.page(1)


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooManyPages, match="TEXTMILL_MAX_PAGES"):
        opened(write(tmp_path / "a.pdf", lines(PROSE), lines(PROSE)), max_pages=1)


@pytest.mark.parametrize(
    ("scan", "dpi", "remark"),
    [
        (150, 150, "drawn at 150 dpi instead of 100, the resolution of its scan"),
        (100, 100, None),
        (50, 100, "drawn at 100 dpi from a scan of 50"),
    ],
)
def test_a_scan_is_drawn_at_its_own_resolution_where_that_is_finer(
    tmp_path: Path, scan: int, dpi: int, remark: str | None
) -> None:
    page = drawn(write(tmp_path / "a.pdf", picture(scanned(tmp_path, scan), WHOLE_PAGE)))
    assert page.dpi == dpi
    assert page.remarks == (("no text layer", remark) if remark else ("no text layer",))


def test_a_scan_within_a_drawing_is_found(tmp_path: Path) -> None:
    def nested(sheet: Any) -> None:
        sheet.beginForm("scan")
        picture(scanned(tmp_path, 150), (0, 0, 1, 1))(sheet)
        sheet.endForm()
        sheet.scale(*A4)
        sheet.doForm("scan")

    assert drawn(write(tmp_path / "a.pdf", nested)).dpi == 150


def test_the_fingerprint_says_what_could_change_the_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", lines(PROSE))
    same = {written(path).fingerprint, written(path).fingerprint}
    other = {
        written(path, text_layer=TextLayerUse.ALWAYS).fingerprint,
        written(path, languages=("de",)).fingerprint,
    }
    assert len(same) == 1
    assert len(same | other) == 3


def test_notes_upon_a_page_are_part_of_it(tmp_path: Path) -> None:
    def note(document: pikepdf.Pdf) -> None:
        appearance = document.make_stream(b"BT /F1 12 Tf 2 4 Td (Paid in full) Tj ET")
        appearance.Type, appearance.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        appearance.BBox = [0, 0, 150, 20]
        appearance.Resources = document.pages[0].Resources
        document.pages[0].Annots = document.make_indirect(
            [
                pikepdf.Dictionary(
                    Subtype=pikepdf.Name.FreeText, Rect=[60, 300, 210, 320], F=4, AP={"/N": appearance}
                )
            ]
        )

    path = edited(write(tmp_path / "a.pdf", lines(PROSE)), note)
    assert written(path).content.text == f"{TEXT}\nPaid in full"


def test_ink_is_that_of_the_page(tmp_path: Path) -> None:
    full, sparse = (
        written(write(tmp_path / "a.pdf", lines(PROSE * 5))),
        written(write(tmp_path / "b.pdf", lines(["Ada"]))),
    )
    assert 0 < sparse.ink < 0.002 < full.ink < 0.2


def test_a_picture_of_black_paper_is_no_text(tmp_path: Path) -> None:
    night = Image.new("L", (400, 566), 0)
    ImageDraw.Draw(night).ellipse((50, 50, 200, 200), fill=255)
    assert drawn(write(tmp_path / "a.pdf", picture(night, WHOLE_PAGE))).remarks[0] == "no text layer"
