"""Videos: what is decoded of them, and the worker that reads them and goes on where it was killed."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from film_engine import write_film
from ocr_batches import OPTIONS, content_hash, events

from bench.reading import make_reader
from bench.video import follow
from textmill.checkpoint import Checkpoint, read_pages, read_progress, read_rejections
from textmill.errors import DamagedVideo, Reason, TooManyPixels, VideoTooLong
from textmill.media import MediaOptions
from textmill.media import video as video_module
from textmill.media.video import Video
from textmill.records import CheckpointHeader, FetchedItem, Kind, PageRecord, PageStarted
from textmill.settings import Settings
from textmill.staging import BatchArea, read_records, write_records
from tools.make_samples.talk import Scene, Talk, Words, write_video

_SHORT_SECONDS = 10
CONTAINERS = [("mp4v", ".mp4"), ("mp4v", ".mkv"), ("mp4v", ".mov"), ("MJPG", ".avi"), ("VP80", ".webm")]
SLIDES = [
    (3.0, ("amber", "fjord")),
    (3.0, ("kelp", "dune", "coral")),
    (3.0, ("island",)),
    (2.0, ("jetty", "basalt")),
]


def counting_film(path: Path, codec: str = "mp4v", frames: int = 30, fps: float = 10) -> Path:
    """Frame n has the grey level 8 n."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, (160, 120))
    assert writer.isOpened(), codec
    for number in range(frames):
        writer.write(np.full((120, 160, 3), 8 * number % 256, np.uint8))
    writer.release()
    return path


def opened(path: Path, options: MediaOptions = OPTIONS, interval_seconds: float = 1.0) -> Video:
    return Video(path, name=path.name, options=options, interval_seconds=interval_seconds)


def shown(video: Video, start_ms: int = 0) -> list[tuple[int, int]]:
    """The time of each frame, and the number of the frame that is shown then."""
    with video:
        return [(frame.at_ms, round(float(frame.pixels.mean()) / 8)) for frame in video.frames(start_ms)]


# --- decoding ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("codec", "suffix"), CONTAINERS)
def test_every_container_shows_the_same_frames_at_the_same_times(
    tmp_path: Path, codec: str, suffix: str
) -> None:
    path = counting_film(tmp_path / f"clip{suffix}", codec)
    with opened(path) as video:
        frames = [(frame.at_ms, frame.pixels.mean() / 8) for frame in video.frames()]
        assert video.duration_ms == pytest.approx(3000, abs=10)
    assert [at_ms for at_ms, _ in frames[:12]] == list(range(0, 3000, 250))
    for at_ms, level in frames[:12]:
        assert level == pytest.approx(at_ms // 100, abs=1.1)


def test_frames_do_not_depend_on_where_looking_begins(tmp_path: Path) -> None:
    path = counting_film(tmp_path / "clip.mp4", frames=300, fps=20)
    whole = shown(opened(path))
    for start_ms in (250, 4000, 9_750, 14_750):
        assert shown(opened(path), start_ms) == [one for one in whole if one[0] >= start_ms]


def test_a_scene_change_between_two_samples_is_sampled(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "cut.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (160, 120))
    for number in range(30):
        writer.write(np.full((120, 160, 3), 40 if 13 <= number < 17 else 200, np.uint8))
    writer.release()
    with opened(tmp_path / "cut.mp4") as video:
        assert [frame.at_ms for frame in video.frames() if frame.sampled] == [0, 1000, 1500, 1750, 2000]


class FakeCapture:
    """A capture whose frames have the times that a test wants; frame n has the grey level 8 n."""

    def __init__(self, times: list[float], **properties: float) -> None:
        self._times = times
        self._at = -1
        self._properties = {
            "FPS": 10.0,
            "FRAME_COUNT": len(times),
            "FRAME_WIDTH": 4,
            "FRAME_HEIGHT": 4,
        } | properties

    def get(self, prop: int) -> float:
        if prop == cv2.CAP_PROP_POS_MSEC:
            return self._times[self._at]
        return {getattr(cv2, f"CAP_PROP_{name}"): value for name, value in self._properties.items()}.get(
            prop, 0.0
        )

    def set(self, prop: int, value: float) -> bool:
        return False  # seeking does nothing

    def grab(self) -> bool:
        self._at += 1
        return self._at < len(self._times)

    def retrieve(self) -> tuple[bool, Any]:
        return True, np.full((4, 4, 3), 8 * self._at, np.uint8)

    def release(self) -> None:
        pass


def faked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, times: list[float], **properties: float) -> Video:
    monkeypatch.setattr(Video, "_open", lambda self: FakeCapture(times, **properties))
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"")
    return opened(path)


def test_a_frame_that_stays_is_seen_for_as_long_as_it_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    video = faked(monkeypatch, tmp_path, [0, 100, 130, 1600, 1700])
    assert shown(video) == [(0, 0), (250, 2), (500, 2), (750, 2), (1000, 2), (1250, 2), (1500, 2), (1750, 4)]


def test_looking_may_begin_while_a_frame_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    video = faked(monkeypatch, tmp_path, [0, 100, 130, 1600, 1700])
    assert shown(video, 1250) == [(1250, 2), (1500, 2), (1750, 4)]


@pytest.mark.parametrize("stated", [0.0, -1.0, math.nan])
def test_without_times_the_frame_rate_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stated: float
) -> None:
    video = faked(monkeypatch, tmp_path, [stated] * 11)
    assert shown(video) == [(0, 0), (250, 2), (500, 5), (750, 7), (1000, 10)]


@pytest.mark.parametrize("rate", [0.0, math.nan, 1e9])
def test_without_a_frame_rate_the_times_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rate: float
) -> None:
    video = faked(monkeypatch, tmp_path, [100.0 * number for number in range(11)], FPS=rate, FRAME_COUNT=0)
    assert video.duration_ms is None
    assert shown(video) == [(0, 0), (250, 2), (500, 5), (750, 7), (1000, 10)]
    assert video.duration_ms == 1040


def test_a_container_that_understates_its_length_is_found_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    times = [1000.0 * number for number in range(_SHORT_SECONDS + 5)]
    monkeypatch.setattr(Video, "_open", lambda self: FakeCapture(times, FRAME_COUNT=2))
    (tmp_path / "clip.mp4").write_bytes(b"")
    video = opened(tmp_path / "clip.mp4", MediaOptions(max_video_seconds=_SHORT_SECONDS))
    with pytest.raises(VideoTooLong, match="TEXTMILL_MAX_VIDEO_SECONDS allows 10"):
        shown(video)


def test_limits_are_checked_before_anything_is_decoded(tmp_path: Path) -> None:
    path = counting_film(tmp_path / "clip.mp4")
    with pytest.raises(
        VideoTooLong, match=r"clip\.mp4 lasts 3 s or longer; TEXTMILL_MAX_VIDEO_SECONDS allows 2"
    ):
        opened(path, MediaOptions(max_video_seconds=2))
    with pytest.raises(TooManyPixels, match=r"frames of 160 x 120 pixels .* TEXTMILL_MAX_PIXELS"):
        opened(path, MediaOptions(max_pixels=10_000))


def test_a_phone_held_upright_is_turned(tmp_path: Path) -> None:
    path = counting_film(tmp_path / "clip.mp4")
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    quarter = [0, 0x10000, 0, -0x10000 & 0xFFFFFFFF, 0, 0, 0, 0, 0x40000000]
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big") for value in quarter)
    path.write_bytes(data)
    with opened(path) as video:
        frame = next(iter(video.frames()))
        assert frame.pixels.shape == (160, 120, 3)


@pytest.mark.parametrize(("codec", "suffix"), [("mp4v", ".mkv"), ("MJPG", ".avi"), ("VP80", ".webm")])
def test_a_video_that_is_cut_off_says_so_after_its_last_frame(
    tmp_path: Path, codec: str, suffix: str
) -> None:
    path = write_film(tmp_path / f"clip{suffix}", SLIDES, codec=codec)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    seen = []
    with (
        opened(path) as video,
        pytest.raises(DamagedVideo, match=r"the file is cut off \([\d,]+ of [\d,]+ bytes"),
    ):
        seen.extend(frame.at_ms for frame in video.frames())
    assert len(seen) > 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no video at all",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(DamagedVideo, match=r"clip\.mp4 cannot be opened as a video"):
        opened(path)


def test_an_mp4_without_its_index_says_that_it_is_cut_off(tmp_path: Path) -> None:
    path = write_film(tmp_path / "clip.mp4", SLIDES)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DamagedVideo, match="cut off"):
        opened(path)


# --- the worker -------------------------------------------------------------------------------------------


def as_video(area: BatchArea) -> BatchArea:
    items = [
        fetched.model_copy(
            update={
                "content": fetched.content
                and fetched.content.model_copy(update={"kind": Kind.VIDEO, "mime": "video/mp4"})
            }
        )
        for fetched in read_records(area.fetched, FetchedItem)
    ]
    write_records(area.fetched, items, FetchedItem)
    return area


def words(page: PageRecord) -> list[str]:
    return [line.text for line in page.lines]


def without_clock(pages: Any) -> list[PageRecord]:
    return [page.model_copy(update={"milliseconds": 0}) for page in pages]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "film.mp4", SLIDES)


def test_a_video_is_read_slide_by_slide(make_batch, run_worker, film) -> None:  # type: ignore[no-untyped-def]
    area = as_video(make_batch([film], "film_engine:reading"))
    done = run_worker(area)
    assert done.returncode == 0, done.stderr
    pages = list(read_pages(area.checkpoint))
    assert [words(page) for page in pages] == [list(slide) for _, slide in SLIDES]
    assert [(page.start_ms, page.end_ms) for page in pages] == [
        (0, 3000),
        (3000, 6000),
        (6000, 9000),
        (9000, 11_000),
    ]
    assert [page.page_no for page in pages] == [1, 2, 3, 4]
    assert pages[0].preprocessing == "1 of 3 frames read"
    assert (pages[0].width, pages[0].height, pages[0].dpi, pages[0].text_source) == (640, 360, None, "ocr")
    said = events(done)
    assert [one["event"] for one in said] == [
        "ready",
        "item_opened",
        *["page_done"] * 4,
        "item_done",
        "finished",
    ]
    assert (said[1]["page_count"], said[-2]["page_count"]) == (None, 4)
    progress = read_progress(area.checkpoint)
    sha256 = content_hash(film)
    assert (progress.page_counts[sha256], progress.durations[sha256]) == (4, 11_000)


def test_a_second_run_reads_nothing_again(make_batch, run_worker, film) -> None:  # type: ignore[no-untyped-def]
    area = as_video(make_batch([film], "film_engine:reading"))
    run_worker(area)
    before = area.checkpoint.read_bytes()
    said = events(run_worker(area))
    assert [one["event"] for one in said] == ["ready", "item_opened", "finished"]
    assert (said[1]["page_count"], said[1]["pages_resumed"]) == (4, 4)
    assert area.checkpoint.read_bytes() == before


def test_a_killed_process_gives_the_same_pages_as_an_undisturbed_one(  # type: ignore[no-untyped-def]
    make_batch, worker_command, run_worker, film, tmp_path
) -> None:
    area = as_video(make_batch([film], "film_engine:slow"))
    command, environment = worker_command
    process = subprocess.Popen(
        [*command, area.uri, str(os.getpid())], env=environment, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("page_no") == 2:
            process.kill()
            break
    process.wait()
    assert len(list(read_pages(area.checkpoint))) == 2
    said = events(run_worker(area))
    assert said[0]["pages_resumed"] == 2
    assert [one["page_no"] for one in said if one["event"] == "page_done"] == [3, 4]
    area.checkpoint.rename(tmp_path / "killed.jsonl")
    run_worker(area)
    assert without_clock(read_pages(tmp_path / "killed.jsonl")) == without_clock(read_pages(area.checkpoint))


def test_a_frame_that_kills_its_reader_is_left_out_and_the_rest_is_read(  # type: ignore[no-untyped-def]
    make_batch, run_worker, tmp_path
) -> None:
    area = as_video(make_batch([write_film(tmp_path / "film.mp4", SLIDES, fatal=2)], "film_engine:reading"))
    assert [run_worker(area).returncode for _ in range(3)] == [-signal.SIGSEGV, -signal.SIGSEGV, 0]
    (rejection,) = read_rejections(area.checkpoint)
    assert (rejection.page_no, rejection.reason) == (2, Reason.PAGE_CRASHED_READER)
    assert "film.mp4, frame at 00:00:0" in rejection.message
    assert [(page.page_no, words(page)) for page in read_pages(area.checkpoint)] == [
        (1, ["amber", "fjord"]),
        (3, ["island"]),
        (4, ["jetty", "basalt"]),
    ]


def test_a_frame_on_which_the_engine_fails_costs_only_itself(make_batch, run_worker, tmp_path) -> None:  # type: ignore[no-untyped-def]
    area = as_video(make_batch([write_film(tmp_path / "film.mp4", SLIDES, failing=3)], "film_engine:reading"))
    assert run_worker(area).returncode == 0
    (rejection,) = read_rejections(area.checkpoint)
    assert (rejection.page_no, rejection.reason, rejection.permanent) == (3, Reason.ENGINE_FAILED, False)
    assert [page.page_no for page in read_pages(area.checkpoint)] == [1, 2, 4]
    assert read_progress(area.checkpoint).page_counts[rejection.sha256 or ""] == 4


def test_a_stretch_that_kills_its_reader_ends_the_video(make_batch, run_worker, film) -> None:  # type: ignore[no-untyped-def]
    area = as_video(make_batch([film], "film_engine:reading"))
    run_worker(area)
    header = CheckpointHeader.model_validate_json(area.checkpoint.read_bytes().splitlines()[0])
    area.checkpoint.unlink()
    with Checkpoint(area.checkpoint, header.fingerprint) as checkpoint:
        for _ in range(2):
            checkpoint.append(PageStarted(sha256=content_hash(film), page_no=3))
    run_worker(area)
    (rejection,) = read_rejections(area.checkpoint)
    assert (rejection.page_no, rejection.reason) == (3, Reason.PAGE_CRASHED_READER)
    assert "after 00:00:06" in rejection.message
    assert [page.page_no for page in read_pages(area.checkpoint)] == [1, 2]


def test_a_video_without_text_is_done_with_no_page(make_batch, run_worker, tmp_path) -> None:  # type: ignore[no-untyped-def]
    area = as_video(make_batch([write_film(tmp_path / "blank.mp4", [(3.0, ())])], "film_engine:reading"))
    said = events(run_worker(area))
    assert [one["event"] for one in said] == ["ready", "item_opened", "item_done", "finished"]
    assert said[2]["page_count"] == 0
    assert list(read_rejections(area.checkpoint)) == []


def test_what_can_be_decoded_of_a_damaged_video_is_read_and_the_rest_refused(  # type: ignore[no-untyped-def]
    make_batch, run_worker, tmp_path
) -> None:
    path = write_film(tmp_path / "film.mkv", SLIDES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    area = as_video(make_batch([path], "film_engine:reading"))
    run_worker(area)
    pages = list(read_pages(area.checkpoint))
    assert words(pages[0]) == ["amber", "fjord"]
    (rejection,) = read_rejections(area.checkpoint)
    assert (rejection.page_no, rejection.reason) == (len(pages) + 1, Reason.DAMAGED_VIDEO)
    assert read_progress(area.checkpoint).page_counts[content_hash(path)] == len(pages) + 1


def test_more_pages_than_allowed_are_refused_in_one(make_batch, run_worker, film) -> None:  # type: ignore[no-untyped-def]
    area = as_video(make_batch([film], "film_engine:reading"))
    run_worker(area, max_pages=2)
    (rejection,) = read_rejections(area.checkpoint)
    assert (rejection.page_no, rejection.reason) == (3, Reason.TOO_MANY_PAGES)
    assert [page.page_no for page in read_pages(area.checkpoint)] == [1, 2]


def test_an_unreadable_video_is_refused_as_a_whole(make_batch, run_worker, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(500))
    area = as_video(make_batch([path], "film_engine:reading"))
    assert run_worker(area).returncode == 0
    (rejection,) = read_rejections(area.checkpoint)
    assert (rejection.page_no, rejection.reason) == (None, Reason.DAMAGED_VIDEO)


def test_ffmpeg_opens_nothing_but_the_file() -> None:
    assert "protocol_whitelist;file" in video_module._FFMPEG_OPTIONS


# --- the real engine ----------------------------------------------------------------------------------------


def test_a_slide_and_its_captions_are_read_from_a_lossy_video(models_dir: Path, tmp_path: Path) -> None:
    captions = ("The ships never left on a Friday", "Nobody had ever counted them")
    scene = Scene(
        0,
        7,
        (246, 244, 238),
        (
            Words("Departures by day of the week", 90, 70, 46, 0, 7),
            Words("Source: port registers, counted by hand", 110, 360, 22, 0, 7),
            Words(captions[0], 330, 620, 34, 1, 3, (250, 250, 250), boxed=True),
            Words(captions[1], 330, 620, 34, 4, 6, (250, 250, 250), boxed=True),
        ),
    )
    path = tmp_path / "talk.mp4"
    write_video(Talk((scene,)), path, fps=4)
    outcome = follow(path, make_reader(Settings(models_dir=models_dir)), 1.0)
    assert [line.text for line in outcome.lines] == [words.text for words in scene.words]
    assert [(line.start_ms, line.end_ms) for line in outcome.lines[2:]] == [(1000, 3000), (4000, 6000)]
    assert (outcome.pages, outcome.read) == (1, 2)
