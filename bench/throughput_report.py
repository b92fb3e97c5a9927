"""Tables of what the throughput benchmark measured: Markdown for the repository, the same for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.measurements import Reading, TaskTimes, Throughput, WholeRun
from bench.slots import ocr_tasks, slot_times

TARGETS = ((600.0, 0.95), (0.0, 0.85))
"""The share of the bare engine's speed that a run should keep which takes at least so many seconds."""
_OURS = ("OCR processes", "tasks", "MariaDB")
"""What does the work: all other processes are there for Airflow."""

_NOTES = (
    "*Whole run*: a private Airflow with PostgreSQL and MariaDB, from the first task's beginning to the "
    "books being closed in the warehouse (`v_run`): discovering, planning, copying and hashing, "
    "starting OCR processes and loading models, reading with a checkpoint for every page, checking, "
    "loading. By Airflow's clock it also includes the scheduler before the first and after the last "
    "task. Starting Airflow and the databases is not part of it.",
    "*Bare engine*: as many processes as the whole run has slots, one single-threaded engine each, "
    "sharing the same pages through a queue, and nothing else. It is measured before and after the "
    "whole run, and the ratios use the faster one, without loading the models unless they say so: other "
    "work on the machine can only slow it.",
    "*Stock PaddleOCR*: `PaddleOCR.predict` with the same weights on ONNX Runtime in one process with "
    "its default number of threads; orientation and unwarping models off, everything else at its "
    "defaults. It reads each distinct page once; copies cost the same, so its time is projected to all "
    "pages.",
    "All read the same pages, opened by the same code. The pages are copies that differ in bytes and "
    "not in pixels. Measurements run one after the other, with pauses, and never at the same time.",
    "Peak memory is that of the largest OCR process.",
)


@dataclass(frozen=True)
class Table:
    """A table of strings; the first column is text, the others are figures."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(result: Throughput) -> list[Table]:
    """All tables, the most important first."""
    cores = result.machine.cores
    return [
        ratios(result),
        speeds(result),
        spans(result.whole),
        slots(result.whole),
        fixed_costs(result.whole),
        processor(result.whole, cores),
        tasks(result.whole),
    ]


def target(whole: WholeRun) -> float:
    """Return the share of the bare engine's speed that a run as long as this one should keep."""
    return next(share for seconds, share in TARGETS if whole.seconds >= seconds)


def ratios(result: Throughput) -> Table:
    """How the whole run compares."""
    rows = [
        ("whole run / bare engine", result.whole_to_bare, f"≥ {target(result.whole)}"),
        ("whole run by Airflow's clock / bare engine", result.airflow_to_bare, ""),
        ("whole run / bare engine with loading", result.whole_to_bare_with_loading, ""),
        ("whole run / stock PaddleOCR", result.whole_to_stock, ""),
    ]
    return Table(
        "Ratios of pages per second",
        ("ratio", "value", "target"),
        [(name, f"{value:.3f}", target) for name, value, target in rows],
    )


def speeds(result: Throughput) -> Table:
    """Pages per second and memory of each measurement."""
    whole = result.whole
    rows = [
        ("whole run", whole.slots, whole.pages, whole.seconds, whole.peak_memory_mb),
        ("whole run by Airflow's clock", whole.slots, whole.pages, whole.airflow_seconds, []),
        *_bare_rows(result.bare),
        ("stock PaddleOCR, each distinct page once", 1, *_read(result.stock)),
        ("stock PaddleOCR, projected to all pages", 1, result.pages, result.stock_seconds, []),
    ]
    return Table(
        "Speed",
        ("measurement", "processes", "pages", "seconds", "pages/s", "peak memory (MiB)"),
        [
            (
                name,
                str(processes),
                str(pages),
                f"{seconds:.1f}",
                f"{pages / seconds:.2f}",
                str(max(memory)) if memory else "",
            )
            for name, processes, pages, seconds, memory in rows
        ],
    )


def spans(whole: WholeRun) -> Table:
    """Where the wall time of the whole run goes, by Airflow's clock."""
    reading = whole.ocr_ended - whole.ocr_began
    slots = min(whole.slots, len(whole.batches))
    pages = whole.page_seconds / slots
    rows = [
        ("before the first page: start, discover, plan, fetch", whole.ocr_began),
        ("OCR tasks, from the first one's beginning to the last one's end", reading),
        (f"– of these, pages (sum of all pages / {slots})", pages),
        ("– of these, starting processes, loading models, idle slots", reading - pages),
        ("after the last page: validate, load", whole.loaded - whole.ocr_ended),
        ("after loading: report, end of the run", whole.airflow_seconds - whole.loaded),
        ("all", whole.airflow_seconds),
    ]
    return Table(
        f"Where the time of the whole run goes ({len(whole.batches)} batches)",
        ("part", "seconds", "share"),
        [(name, f"{value:.1f}", f"{value / whole.airflow_seconds:.0%}") for name, value in rows],
    )


def slots(whole: WholeRun) -> Table:
    """What the OCR slots did between the first batch and the last."""
    times = slot_times(whole)
    rows = [
        ("pages", times.pages),
        ("starting processes, loading models", times.besides_pages),
        ("empty though batches were left", times.between),
        ("empty since none was left", times.at_the_end),
        ("all", times.all),
    ]
    return Table(
        f"What the {whole.slots} OCR slots did, from the first batch's beginning to the last one's end",
        ("part", "seconds of a slot", "share"),
        [(name, f"{value:.1f}", f"{value / times.all:.1%}") for name, value in rows],
    )


def fixed_costs(whole: WholeRun) -> Table:
    """What a run takes, and what a batch takes, however many pages it has."""
    ocr = ocr_tasks(whole)
    began, ended = min(task.started for task in ocr), max(task.ended for task in ocr)
    before = _covered([task for task in whole.tasks if task.started < began], 0.0, began)
    after = _covered([task for task in whole.tasks if task.ended > ended], ended, whole.airflow_seconds)
    times, batches = slot_times(whole), len(ocr)
    rows = [
        ("a run, before its first batch is read: discover, plan, fetch", before),
        ("– waiting for the scheduler, and for tasks to start", began - before),
        ("a run, after its last batch is read: validate, load, report", after),
        ("– waiting for the scheduler, and for tasks to start", whole.airflow_seconds - ended - after),
        ("a batch, in its slot: starting a process, loading models", times.besides_pages / batches),
        ("– its slot empty before the next one", times.between / batches),
    ]
    return Table(
        "Fixed costs (validate and load of the last batch, and fetch of the first, grow with it)",
        ("of", "seconds"),
        [(name, f"{value:.2f}") for name, value in rows],
    )


def _covered(tasks: Sequence[TaskTimes], begin: float, end: float) -> float:
    """Seconds of a span during which at least one of the tasks ran."""
    seconds, reached = 0.0, begin
    for task in sorted(tasks, key=lambda task: task.started):
        start, stop = max(task.started, reached), min(task.ended, end)
        seconds += max(0.0, stop - start)
        reached = max(reached, stop)
    return seconds


def processor(whole: WholeRun, cores: int) -> Table:
    """Who uses the processor during the whole run."""
    available = whole.airflow_seconds * cores
    airflow = sum(seconds for name, seconds in whole.cpu_seconds.items() if name not in _OURS)
    used = [
        *whole.cpu_seconds.items(),
        ("all", sum(whole.cpu_seconds.values())),
        ("of these, Airflow's servers and their database", airflow),
    ]
    return Table(
        f"Processor time of the whole run ({cores} cores for {whole.airflow_seconds:.1f} s)",
        ("process", "seconds", "share of the machine"),
        [(name, f"{seconds:.1f}", f"{seconds / available:.0%}") for name, seconds in used],
    )


def tasks(whole: WholeRun) -> Table:
    """How long tasks ran, and how long they took to begin."""
    rows = []
    for name in dict.fromkeys(task.task for task in whole.tasks):
        instances = [task for task in whole.tasks if task.task == name]
        rows.append(
            (
                name,
                str(len(instances)),
                f"{fmean(task.start_seconds for task in instances):.2f}",
                f"{fmean(task.seconds for task in instances):.2f}",
                f"{max(task.seconds for task in instances):.2f}",
            )
        )
    return Table("Tasks (seconds)", ("task", "instances", "mean start", "mean run", "longest run"), rows)


def markdown(result: Throughput) -> str:
    """The report that lies in the repository."""
    return "\n".join(
        ["# Throughput", "", *_preface(result), *_markdown_tables(result), *_picture(), *_notes(), ""]
    )


def _bare_rows(readings: Sequence[Reading]) -> Iterator[tuple[str, int, int, float, list[int]]]:
    for number, reading in enumerate(readings, start=1):
        name = f"bare engine ({number} of {len(readings)})"
        yield name, reading.processes, *_read(reading)
        with_loading = reading.load_seconds + reading.read_seconds
        yield f"{name}, with loading", reading.processes, reading.pages, with_loading, []


def _read(reading: Reading) -> tuple[int, float, list[int]]:
    return reading.pages, reading.read_seconds, reading.peak_memory_mb


def _preface(result: Throughput) -> list[str]:
    machine = result.machine
    versions = {**result.whole.versions, **result.stock.versions}
    busy = ", ".join(f"{name} {percent:.0f} %" for name, percent in result.others_busy.items())
    return [
        f"{result.pages} pages in {result.media} media, measured on {result.date}.",
        "",
        f"- Machine: {machine.cpu}, {machine.cores} cores, {machine.memory_gb} GB; {machine.system}",
        f"- Versions: {', '.join(f'{name} {number}' for name, number in versions.items())}",
        f"- In use by others before each measurement: {busy}",
        "",
    ]


def _markdown_tables(result: Throughput) -> Iterator[str]:
    for table in tables(result):
        yield f"## {table.title}"
        yield ""
        yield "| " + " | ".join(table.head) + " |"
        yield "|" + "|".join([" --- ", *[" ---: "] * (len(table.head) - 1)]) + "|"
        yield from ("| " + " | ".join(row) + " |" for row in table.rows)
        yield ""


def _picture() -> list[str]:
    return [
        "## The slots",
        "",
        "![What each slot and each task did, over time](../../docs/images/slots.svg)",
        "",
    ]


def _notes() -> list[str]:
    return ["## What is compared", "", *(f"- {note}" for note in _NOTES)]
