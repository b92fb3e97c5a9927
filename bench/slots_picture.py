"""The slots of a run as a picture (SVG 1.1): time from left to right, a row per slot and kind of task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from bench.measurements import TaskTimes, WholeRun
from bench.slots import OCR_TASK, slots_of

_LEFT, _WIDTH, _ROW, _TOP = 110, 860, 26, 34
_BAR = 18
_READING, _BESIDES, _OTHER = "#82b366", "#d79b00", "#6c8ebf"
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_MOST_TICKS = 12
_LETTER = 7
"""Width of a letter in pixels, about."""


@dataclass(frozen=True)
class _Row:
    name: str
    tasks: Sequence[TaskTimes]


def picture(run: WholeRun) -> str:
    """Return the picture of a run. Tasks of one kind that ran beside each other lie in rows of their own."""
    rows = list(_rows(run))
    height = _TOP + _ROW * len(rows) + 40
    besides = {batch.batch_no: batch.page_seconds for batch in run.batches}
    scale = _WIDTH / run.airflow_seconds
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 20}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        *_legend(),
        *_axis(run.airflow_seconds, scale, height),
    ]
    for number, row in enumerate(rows):
        top = _TOP + number * _ROW
        parts.append(f'<text x="{_LEFT - 8}" y="{top + 14}" text-anchor="end">{escape(row.name)}</text>')
        for task in row.tasks:
            parts += _bar(task, top, scale, besides)
    return "\n".join([*parts, "</svg>", ""])


def _rows(run: WholeRun) -> Iterator[_Row]:
    for number, slot in enumerate(slots_of(run), start=1):
        yield _Row(f"OCR slot {number}", slot)
    names = dict.fromkeys(task.task for task in run.tasks if task.task != OCR_TASK)
    for name in names:
        for lane in _lanes([task for task in run.tasks if task.task == name]):
            yield _Row(name.removeprefix("batch."), lane)


def _lanes(tasks: Sequence[TaskTimes]) -> list[list[TaskTimes]]:
    lanes: list[list[TaskTimes]] = []
    for task in sorted(tasks, key=lambda task: task.started):
        free = next((lane for lane in lanes if lane[-1].ended <= task.started), None)
        if free is None:
            lanes.append([task])
        else:
            free.append(task)
    return lanes


def _bar(task: TaskTimes, top: float, scale: float, page_seconds: dict[int, float]) -> Iterator[str]:
    title = f"{task.task} {task.map_index if task.map_index >= 0 else ''}: {task.seconds:.1f} s".replace(
        " :", ":"
    )
    if task.task != OCR_TASK:
        yield _rectangle(task.started, task.seconds, top, scale, _OTHER, title)
        return
    pages = min(task.seconds, page_seconds.get(task.map_index, 0.0))
    yield _rectangle(task.started, task.seconds - pages, top, scale, _BESIDES, title)
    yield _rectangle(task.ended - pages, pages, top, scale, _READING, title)
    label = f"batch {task.map_index}"
    if task.seconds * scale > len(label) * _LETTER:
        middle = _LEFT + scale * (task.started + task.ended) / 2
        yield f'<text x="{middle:.1f}" y="{top + 14}" text-anchor="middle" fill="white">{label}</text>'


def _rectangle(start: float, seconds: float, top: float, scale: float, colour: str, title: str) -> str:
    width = max(0.8, seconds * scale)
    return (
        f'<rect x="{_LEFT + start * scale:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}" '
        f'fill="{colour}"><title>{escape(title)}</title></rect>'
    )


def _axis(seconds: float, scale: float, height: int) -> Iterator[str]:
    step = next((tick for tick in _TICKS if seconds / tick <= _MOST_TICKS), _TICKS[-1])
    for number in range(int(seconds / step) + 1):
        x = _LEFT + number * step * scale
        yield f'<line x1="{x:.1f}" y1="{_TOP - 4}" x2="{x:.1f}" y2="{height - 30}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{height - 14}" text-anchor="middle" fill="#555">{number * step} s</text>'


def _legend() -> Iterator[str]:
    texts = ((_READING, "pages"), (_BESIDES, "starting a process, loading models"), (_OTHER, "other tasks"))
    x = _LEFT
    for colour, text in texts:
        yield f'<rect x="{x}" y="8" width="12" height="12" fill="{colour}"/>'
        yield f'<text x="{x + 18}" y="18">{text}</text>'
        x += 40 + _LETTER * len(text)
