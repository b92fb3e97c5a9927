"""Which pages the comparison with others reads, and how their text is scored."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pytest

from bench.pairs import BenchmarkError
from bench.speed_dense import dense_page, write_dense_pages
from bench.speed_records import Job, JobPage, SetKind
from bench.speed_sets import PageSet, SetMaker, Sizes, spread


@pytest.fixture
def maker(tmp_path: Path, samples: Path) -> SetMaker:
    return SetMaker(tmp_path, samples, receipts=None)


def test_pages_are_spread_evenly_and_in_order() -> None:
    assert spread("abcdefghij", 5) == ["a", "c", "e", "g", "i"]
    assert spread("abc", 2) == ["a", "b"]
    assert spread("abc", 7) == ["a", "b", "c"]


def test_samples_that_carry_their_text_are_a_set_of_their_own(maker: SetMaker) -> None:
    drawn = maker.make("samples", Sizes(100, 100))
    written = maker.make("born-digital", Sizes(100, 2))
    media = {page.medium.name for page in written.pages}
    assert media == {"invoice-studio.pdf", "report-bridge.pdf"}
    assert media.isdisjoint(page.medium.name for page in drawn.pages)
    assert all(truth.strip() for truth in drawn.truths)


def test_each_page_of_a_document_has_its_own_truth_and_picture(maker: SetMaker) -> None:
    written = maker.make("born-digital", Sizes(100, 2))
    assert len(written.pages) == len(written.truths) == 7
    assert "page 2 of 2" in written.truths[1]
    assert len({page.picture for page in written.pages}) == 7
    assert all(page.picture.suffix == ".png" and page.picture.is_file() for page in written.pages)


def test_those_who_take_text_layers_get_further_pages_to_read(maker: SetMaker) -> None:
    job = maker.make("born-digital", Sizes(2, 2)).timed_job()
    assert len(job.pages) == 2
    assert len(job.further) == 4 * 7
    assert all(page.medium.is_file() for page in job.further)


def test_frames_that_are_not_timed_are_left_to_who_follows_the_whole_video(maker: SetMaker) -> None:
    video = maker.make("video", Sizes(1, 4))
    job = video.timed_job()
    assert (len(job.pages), len(job.pages) + len(job.further)) == (4, len(video.pages))
    assert len(video.scored_job().pages) == len(video.pages) == 20


def test_lines_that_are_seen_on_many_frames_count_once() -> None:
    page = JobPage(Path("talk.mp4"), 1, Path("1.png"))
    video = PageSet("video", "", SetKind.VIDEO, (page, page), ("a title\na line",), 2)
    assert video.score(["a title", "a title\na line", "a line"]).word_f1 == 1.0


def test_a_page_is_compared_with_its_own_truth() -> None:
    page = JobPage(Path("a.jpg"), 1, Path("a.jpg"))
    pages = PageSet("some", "", SetKind.PICTURES, (page, page), ("one", "two"), 2)
    assert pages.score(["one", "two"]).word_f1 == 1.0
    assert pages.score(["two", "one"]).word_f1 == 0.0


def test_a_set_without_media_says_what_is_missing(maker: SetMaker) -> None:
    with pytest.raises(BenchmarkError, match="--receipts"):
        maker.make("receipts", Sizes(1, 1))


def test_jobs_survive_the_way_to_a_contestant() -> None:
    page = JobPage(Path("a.pdf"), 3, Path("a-3.png"))
    job = Job("some-timed", SetKind.WRITTEN, (page,), (page, page))
    assert Job.from_json(job.as_json()) == job


def test_dense_pages_are_full_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    words = [len(dense_page(number).text.split()) for number in range(6)]
    assert min(words) > 800
    folders = [tmp_path / "first", tmp_path / "again"]
    for folder in folders:
        folder.mkdir()
        write_dense_pages(folder, 1)
    names = ["dense-00.jpg", "dense-00.gt.txt"]
    assert filecmp.cmpfiles(*folders, names, shallow=False) == (names, [], [])
