"""Contestants as processes: real ones that are small, and ones that fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.speed_contestants import ContestantFailed, RunningContestant, Specification, others, start_all
from bench.speed_records import Job, JobPage, SetKind
from bench.speed_rounds import Rounds
from bench.speed_sets import PageSet
from bench.tree_memory import TreeMemoryWatch, tree_memory_mb


def tesseract() -> Specification:
    return next(one for one in others(2) if one.name == "Tesseract")


def stand_in(tmp_path: Path, code: str) -> Specification:
    """A contestant that is some lines of Python."""
    script = tmp_path / "stand_in.py"
    script.write_text(code)
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
    program.chmod(0o755)
    return Specification("stand-in", "some lines of Python", ("ignored",), python=program)


def pages_of(samples: Path) -> PageSet:
    medium = samples / "table-ferry.png"
    truth = (samples / "table-ferry.gt.txt").read_text(encoding="utf-8")
    page = JobPage(medium, 1, medium)
    return PageSet("ferry", "a table", SetKind.PICTURES, (page,), (truth,), 1)


def test_a_real_contestant_is_measured_in_rounds(tmp_path: Path, samples: Path) -> None:
    contestant = RunningContestant(tesseract(), tmp_path / "log")
    try:
        said: list[str] = []
        rounds = Rounds([contestant], 2, said.append)
        rounds.run(pages_of(samples))
    finally:
        contestant.stop()
    (measured,) = rounds.measurements
    assert measured.entrant == "Tesseract"
    assert len(measured.seconds) == 2
    assert measured.word_f1 > 0.5
    assert measured.peak_memory_mb > 5
    assert contestant.entrant.versions["tesseract"][0].isdigit()


def test_who_cannot_start_is_left_out_with_what_it_said(tmp_path: Path) -> None:
    failing = stand_in(tmp_path, "raise SystemExit('no models here')")
    missing = Specification("elsewhere", "", ("x",), python=tmp_path / "not-there")
    running, left_out = start_all([failing, missing], tmp_path, lambda sentence: None)
    assert running == []
    assert "stand-in ended; what it said last: no models here" in left_out[0]
    assert "elsewhere was left out" in left_out[1]
    assert "make setup-bench" in left_out[1]


def test_who_breaks_down_midway_is_left_out_and_the_rest_goes_on(tmp_path: Path, samples: Path) -> None:
    breaks = stand_in(
        tmp_path,
        "import json, sys\n"
        "print(json.dumps({'versions': {}}), flush=True)\n"
        "for line in sys.stdin:\n"
        "    if json.loads(line)['do'] == 'read': sys.exit('out of memory')\n"
        "    print('{}', flush=True)\n",
    )
    contestants = [RunningContestant(one, tmp_path / one.name) for one in (breaks, tesseract())]
    try:
        rounds = Rounds(contestants, 1, lambda sentence: None)
        rounds.run(pages_of(samples))
    finally:
        for one in contestants:
            one.stop()
    assert [one.entrant for one in rounds.measurements] == ["Tesseract"]
    assert "out of memory" in rounds.left_out[0]


def test_a_library_that_chatters_does_not_spoil_answers(tmp_path: Path) -> None:
    chatters = stand_in(
        tmp_path,
        "from bench.speed_records import Answer\n"
        "from bench.speed_serving import serve\n"
        "class Chatters:\n"
        "    versions = {}\n"
        "    def prepare(self, job): print('preparing')\n"
        "    def read(self, job):\n"
        "        print('reading')\n"
        "        return Answer([page.medium.stem for page in job.pages], len(job.pages))\n"
        "serve(Chatters)\n",
    )
    contestant = RunningContestant(chatters, tmp_path / "log")
    try:
        job = Job("some", SetKind.PICTURES, (JobPage(Path("a.png"), 1, Path("a.png")),))
        contestant.prepare(job)
        assert contestant.read(job).texts == ["a"]
    finally:
        contestant.stop()


def test_a_contestant_that_ended_is_a_failure_with_a_sentence(tmp_path: Path) -> None:
    ends = stand_in(tmp_path, "print('{\"versions\": {}}', flush=True)")
    contestant = RunningContestant(ends, tmp_path / "log")
    job = Job("some", SetKind.PICTURES, ())
    with pytest.raises(ContestantFailed, match="stand-in ended"):
        contestant.read(job)
    contestant.stop()


def test_memory_of_a_tree_includes_what_it_started() -> None:
    child = "import time; held = bytearray(60 * 2**20); print('ready', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        with TreeMemoryWatch(process.pid) as watch:
            pass
        assert watch.peak_mb >= 60
    finally:
        for one in (*psutil.Process(process.pid).children(), process):
            one.kill()
        process.communicate()
    assert tree_memory_mb(process.pid) == 0
