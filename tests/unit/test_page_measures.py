"""What is measured of a page: 0 for good, 1 for spoiled, None where there is too little to judge by."""

from __future__ import annotations

import random
import string

import pytest

from textmill.quality.measuring.encoding import mojibake
from textmill.quality.measuring.outlines import outlined, running_down, text_cut_off, text_off_page
from textmill.quality.measuring.scripts import wrong_script
from textmill.quality.measuring.turning import turned_page
from textmill.quality.measuring.words import measure_words
from textmill.quality.page_measures import MediumFacts, PageMeasures, measure_pages
from textmill.records import LineRecord, PageRecord

PROSE = (
    "The ferry leaves the eastern quay at half past seven, and again at noon when the tide allows it. "
    "Nobody had expected that the old bridge would still carry the weight of the evening traffic."
)
RUSSIAN = "Городской совет решил отремонтировать крышу библиотеки до наступления зимы."
GREEK = "Το δημοτικό συμβούλιο αποφάσισε να επισκευάσει τη στέγη της βιβλιοθήκης."
CHINESE = "市议会决定在冬天到来之前修理图书馆的屋顶。请在月底之前把签好字的表格寄回办公室。"


def line(
    text: str, left: float = 100, top: float = 100, width: float = 600, height: float = 30, sure: float = 0.95
) -> LineRecord:
    right, bottom = left + width, top + height
    return LineRecord(
        line_no=1,
        text=text,
        confidence=sure,
        polygon=((left, top), (right, top), (right, bottom), (left, bottom)),
    )


def page(text: str = "", *, page_no: int = 1, sha256: str = "a" * 64, **other: object) -> PageRecord:
    values: dict[str, object] = {
        "sha256": sha256,
        "page_no": page_no,
        "text": text,
        "confidence": 0.9,
        "confidence_low": 0.9,
        "width": 1000,
        "height": 1400,
        "dpi": None,
        "rotation": 0,
        "ink": 0.05,
        "text_source": "ocr",
        "engine": "paddle",
        "model": "",
        "fingerprint": "",
        "milliseconds": 1,
        "lines": [line(one, top=100 + 40 * number) for number, one in enumerate(text.split("\n")) if one],
    }
    return PageRecord.model_validate(values | other)


def measured(*pages: PageRecord, languages: tuple[str, ...] = ("en",)) -> list[PageMeasures]:
    facts = MediumFacts("scan.pdf", languages, len(pages), len(pages))
    return list(measure_pages(pages, {one.sha256: facts for one in pages}))


class TestWords:
    def test_prose_is_neither_symbols_nor_improbable(self) -> None:
        soup, improbable = measure_words(PROSE, ("en",))
        assert soup == 0
        assert improbable == pytest.approx(0, abs=0.01)

    @pytest.mark.parametrize(
        "text", [RUSSIAN * 2, GREEK * 2, CHINESE * 2, "Dobře děláš, když čteš knihy. " * 3]
    )
    def test_prose_of_a_language_that_was_not_asked_for_is_words_too(self, text: str) -> None:
        assert (measure_words(text, ("en",)).improbable_text or 0) < 0.25

    def test_a_page_of_signs_is_soup(self) -> None:
        assert (measure_words("~~^ |; }{ ¦¦ _/ \\\\ ;; ^° }~ |{ ;: <{ |¬", ("en",)).symbol_soup or 0) > 0.9

    def test_commas_and_stops_without_any_letter_are_soup_however_few(self) -> None:
        assert measure_words(". ,\n.", ("en",)).symbol_soup == 1

    def test_runs_of_one_letter_are_soup(self) -> None:
        assert (measure_words("iiiiiiii lllllllll iiiiiii aaaaaaa", ("en",)).symbol_soup or 0) == 1

    @pytest.mark.parametrize(
        "text",
        [
            "Name: ..............................\nStreet: ________________________\nTown: ·············",
            "1  4711  1,250.00  237.50\n2  0815     80.00   15.20\n--------------------------\nSum 1,582.70",
            "• bread (2 × 3.40 €) = 6.80 €\n• milk & eggs – 5 %\n* closed on Mondays *\n→ see page 4",
        ],
        ids=["a form", "a table of numbers", "a list"],
    )
    def test_layout_made_of_signs_is_not_soup(self, text: str) -> None:
        assert (measure_words(text, ("en",)).symbol_soup or 0) < 0.1

    def test_a_disguised_font_makes_improbable_text(self) -> None:
        letters = list(string.ascii_lowercase)
        random.Random(3).shuffle(letters)
        disguised = PROSE.lower().translate(str.maketrans(string.ascii_lowercase, "".join(letters)))
        assert (measure_words(disguised, ("en",)).improbable_text or 0) > 0.65

    def test_letters_of_another_script_put_at_random_are_improbable_too(self) -> None:
        chance = random.Random(5)
        words = ["".join(chance.choices("бвгджзклмнпрстфхцчшщьъы", k=7)) for _ in range(20)]
        assert (measure_words(" ".join(words), ("ru",)).improbable_text or 0) > 0.65

    @pytest.mark.parametrize("text", ["", "TOTAL 4.20", "Zyx Qwrt"])
    def test_a_word_or_two_are_too_little_to_judge_by(self, text: str) -> None:
        assert measure_words(text, ("en",)).improbable_text is None

    def test_languages_without_a_list_of_words_are_not_judged_by_words(self) -> None:
        welsh = "Genir pawb yn rhydd ac yn gydradd â'i gilydd mewn urddas a hawliau."
        assert measure_words(welsh, ("cy",)).improbable_text is None

    def test_a_text_without_spaces_is_measured_too(self) -> None:
        assert measure_words("}{~|" * 50_000, ("en",)).symbol_soup == 1


class TestScripts:
    def test_letters_of_the_language_are_right(self) -> None:
        assert wrong_script(RUSSIAN, ("ru",)) == 0
        assert wrong_script(PROSE, ("en", "de")) == 0
        assert wrong_script(CHINESE, ("ja",)) == 0

    def test_letters_of_another_script_are_wrong(self) -> None:
        assert wrong_script(CHINESE, ("en",)) == 1
        assert wrong_script(PROSE, ("ru",)) == 1

    def test_latin_names_in_a_greek_page_are_normal(self) -> None:
        assert wrong_script(GREEK + " European Central Bank, IBAN, www.example.org", ("el",)) == 0

    def test_a_few_foreign_letters_weigh_little(self) -> None:
        assert (wrong_script(PROSE + " 图书馆 α β", ("en",)) or 0) < 0.05

    def test_wide_latin_letters_are_latin(self) -> None:
        assert wrong_script("ＴＨＥＦＥＲＲＹＬＥＡＶＥＳＡＴＳＥＶＥＮ", ("en",)) == 0

    @pytest.mark.parametrize(
        ("text", "languages"), [("4711 – 0815", ("en",)), ("Да", ("en",)), (RUSSIAN, ("xx",))]
    )
    def test_few_letters_and_unknown_languages_are_not_judged(
        self, text: str, languages: tuple[str, ...]
    ) -> None:
        assert wrong_script(text, languages) is None


class TestMojibake:
    @pytest.mark.parametrize(
        ("text", "written", "read"),
        [
            ("Die Straße führt über die Brücke; schöne Grüße aus Köln.", "utf-8", "cp1252"),
            ("Die Straße führt über die Brücke; schöne Grüße aus Köln.", "utf-8", "mac-roman"),
            (RUSSIAN, "utf-8", "cp1252"),
            (RUSSIAN, "cp1251", "latin-1"),
            (GREEK, "utf-8", "cp1252"),
        ],
    )
    def test_text_decoded_with_the_wrong_encoding_is_told(self, text: str, written: str, read: str) -> None:
        assert (mojibake(text.encode(written).decode(read, "replace")) or 0) > 0.1

    @pytest.mark.parametrize(
        "text",
        [
            PROSE,
            RUSSIAN,
            GREEK,
            CHINESE,
            "L’été, à Orléans… « Où ça ? » — 20 °C, ½ l, 3 × 4 µm², ©2024 ™, naïve créée",
        ],
    )
    def test_accents_and_signs_are_no_mojibake(self, text: str) -> None:
        assert mojibake(text) == 0

    def test_one_odd_word_is_a_quotation(self) -> None:
        assert mojibake(PROSE + " It showed as Ã¼ber.") == 0

    def test_characters_that_were_lost_count(self) -> None:
        assert (mojibake("K\ufffdln und M\ufffdnchen sind St\ufffddte.") or 0) > 0.4


class TestOutlines:
    def test_lines_off_the_page_are_told_by_how_much_they_say(self) -> None:
        lines = [line("a" * 30), line("b" * 10, left=1200)]
        assert text_off_page(outlined(lines), 1000, 1400) == pytest.approx(0.25)

    def test_outlines_a_little_wider_than_the_page_are_on_it(self) -> None:
        assert text_off_page(outlined([line("word", left=-8, width=1016)]), 1000, 1400) == 0

    def test_lines_at_the_edge_are_cut_off(self) -> None:
        lines = [line("some words", left=0, top=100 + 40 * number) for number in range(3)]
        lines += [line("some words", top=400 + 40 * number) for number in range(3)]
        assert text_cut_off(outlined(lines), 1000) == pytest.approx(0.5)
        assert text_cut_off(outlined(lines[:3]), 1000) is None

    def test_lines_that_run_down_are_told_but_not_chinese_ones(self) -> None:
        def column(text: str) -> list[LineRecord]:
            return [line(text, left=100 * number, width=30, height=600) for number in range(1, 6)]

        assert running_down(outlined(column("some words"))) == 1
        assert running_down(outlined(column("图书馆的屋顶"))) is None


class TestTurnedPages:
    def ragged(self, *, turned: bool, text: str = "qpoe uap ssnpq") -> list[LineRecord]:
        widths = (600, 540, 610, 480, 590, 300, 620, 550)
        return [
            line(text, left=800 - width if turned else 200, top=100 + 40 * number, width=width)
            for number, width in enumerate(widths)
        ]

    def test_doubtful_lines_that_end_at_one_edge_are_upside_down(self) -> None:
        assert (turned_page(outlined(self.ragged(turned=True)), 1000, doubt=0.95) or 0) > 0.8

    def test_doubtful_lines_that_begin_at_one_edge_are_something_else(self) -> None:
        assert turned_page(outlined(self.ragged(turned=False)), 1000, doubt=0.95) == 0

    def test_lines_set_flush_right_and_read_well_are_fine(self) -> None:
        assert (turned_page(outlined(self.ragged(turned=True)), 1000, doubt=0.1) or 0) < 0.2

    def test_arabic_lines_end_where_others_begin(self) -> None:
        lines = self.ragged(turned=True, text="قرر المجلس البلدي إصلاح سقف المكتبة")
        assert not turned_page(outlined(lines), 1000, doubt=0.9)

    def test_sideways_pages_are_more_certainly_spoiled_when_they_were_read_badly(self) -> None:
        lines = [line("some words", left=100 * number, width=30, height=600) for number in range(1, 6)]
        well, badly = (
            turned_page(outlined(lines), 1000, doubt=0.05) or 0,
            turned_page(outlined(lines), 1000, doubt=0.9) or 0,
        )
        assert 0.6 < well < 0.8 < badly


class TestPages:
    def test_text_files_are_judged_by_their_encoding_alone(self) -> None:
        code = "if (a[i] != b) { return *(p + 4) << 2; } /* ~~~ */\n" * 4
        (measures,) = measured(page(code, text_source="text_file", width=50, height=4))
        assert measures.mojibake == 0
        assert measures.symbol_soup is None
        assert measures.improbable_text is None
        assert measures.text_off_page is None
        assert measures.text_cut_off is None
        assert measures.turned_page is None

    def test_text_layers_are_not_judged_by_script_and_edges(self) -> None:
        (measures,) = measured(page("\n".join([RUSSIAN] * 5), text_source="text_layer"))
        assert measures.wrong_script is None
        assert measures.text_cut_off is None
        assert measures.turned_page is None
        assert measures.text_off_page == 0

    def test_captions_may_touch_edges_and_come_back(self) -> None:
        text = "\n".join([PROSE[:90]] * 5)
        frames = [page(text, page_no=number, start_ms=number, end_ms=number + 1) for number in range(1, 9)]
        assert all(one.text_cut_off is None and one.repeated_text is None for one in measured(*frames))

    def test_an_empty_page_is_not_judged(self) -> None:
        (measures,) = measured(page("", confidence=None))
        assert measures.text_length == 0
        assert (measures.low_confidence, measures.symbol_soup, measures.mojibake) == (None, None, None)

    def test_long_lines_weigh_more_in_low_confidence(self) -> None:
        lines = [line("x" * 90, sure=0.1), line("x" * 10, sure=1.0)]
        (measures,) = measured(page("x", lines=lines))
        assert measures.low_confidence == pytest.approx(0.81)

    def test_pages_come_in_order_with_their_facts(self) -> None:
        found = measured(*(page(PROSE, page_no=number) for number in (3, 1, 2)))
        assert [one.page_no for one in found] == [3, 1, 2]
        assert found[0].name == "scan.pdf, page 3"
        assert (found[0].pages_settled, found[0].page_count) == (3, 3)


class TestRepeatedText:
    def test_the_same_text_on_every_page_is_told_whatever_its_spaces(self) -> None:
        pages = [page(PROSE.replace(" ", " " * number), page_no=number) for number in range(1, 7)]
        assert {one.repeated_text for one in measured(*pages)} == {1.0}

    def test_original_and_copy_are_common(self) -> None:
        assert {one.repeated_text for one in measured(page(PROSE), page(PROSE, page_no=2))} == {0.25}

    def test_media_are_counted_apart_even_if_their_pages_are_mixed(self) -> None:
        pages = [page(PROSE, page_no=number // 2, sha256="ab"[number % 2] * 64) for number in range(2, 8)]
        assert {one.repeated_text for one in measured(*pages)} == {0.5}

    def test_short_texts_may_repeat(self) -> None:
        pages = [page("Notes", page_no=number) for number in range(1, 7)]
        assert {one.repeated_text for one in measured(*pages)} == {None}

    def test_pages_that_differ_do_not_count(self) -> None:
        pages = [page(f"{PROSE} {number}", page_no=number) for number in range(1, 7)]
        assert {one.repeated_text for one in measured(*pages)} == {0.0}
