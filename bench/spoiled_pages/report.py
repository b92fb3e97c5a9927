"""The gate's judgement of the labelled set as Markdown: per check, per flaw, and where it erred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.spoiled_pages.judging import Judged
from bench.spoiled_pages.scores import FLAWS_OF, Score, found, of_check, of_gate, quarantined
from textmill.quality.checks import MEASURED, Check
from textmill.settings import Settings

_HALVES = ("tuned", "held out")


def as_markdown(judged: Sequence[Judged], left_out: int, settings: Settings) -> str:
    """Return the report.

    Args:
        left_out: pages that are neither what a reader calls good nor spoiled.
    """
    return "\n".join(
        [
            "# What the quality gate finds",
            "",
            "Thresholds were chosen on the half called tuned; figures are for both, as `tuned / held out`.",
            "Found is flagged or quarantined. How the set is made: docs/quality-accuracy.md.",
            "",
            *_all(judged, left_out),
            "",
            *_per_check(judged, settings),
            "",
            *_per_flaw(judged),
            "",
            *_errors(judged),
            "",
        ]
    )


def _all(judged: Sequence[Judged], left_out: int) -> Iterator[str]:
    yield "| half | spoiled | found | recall | quarantined | good | false alarms | quarantined |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for half in (*_HALVES, "both"):
        some = judged if half == "both" else _half(judged, half)
        score = of_gate(some)
        taken = quarantined(one for one in some if one.label.flaw)
        yield (
            f"| {half} | {score.flawed} | {score.found} | {_share(score.recall)} | {taken} | {score.good} "
            f"| {score.alarms} ({_percent(score.alarms, score.good)}) | {score.lost} |"
        )
    yield ""
    yield f"{left_out} pages were left out: spoiled and read all the same, or good and hardly read."


def _per_check(judged: Sequence[Judged], settings: Settings) -> Iterator[str]:
    yield (
        "| check | flags / quarantines above | made to find | pages | recall of this check | of all checks "
        "| precision | false alarms |"
    )
    yield "|---|---|---|---:|---:|---:|---:|---:|"
    for check in Check:
        halves = [of_check(check, _half(judged, half)) for half in _HALVES]
        yield (
            f"| `{check}` | {_bounds(check, settings)} | {', '.join(sorted(FLAWS_OF[check]))} "
            f"| {_both(halves, lambda one: str(one.flawed))} "
            f"| {_both(halves, lambda one: _share(one.recall))} "
            f"| {_both(halves, lambda one: _share(one.found_by_any / one.flawed if one.flawed else None))} "
            f"| {_both(halves, lambda one: _share(one.precision))} "
            f"| {_both(halves, lambda one: f'{one.alarms} of {one.good}')} |"
        )


def _per_flaw(judged: Sequence[Judged]) -> Iterator[str]:
    yield "| what was done | pages | found | quarantined | by |"
    yield "|---|---:|---:|---:|---|"
    for flaw in sorted({one.label.flaw for one in judged}):
        some = [one for one in judged if one.label.flaw == flaw]
        by = Counter(check.value for one in some for check in one.failed)
        named = ", ".join(f"{name} {count}" for name, count in by.most_common())
        yield f"| {flaw or 'nothing'} | {len(some)} | {found(some)} | {quarantined(some)} | {named} |"


def _errors(judged: Sequence[Judged]) -> Iterator[str]:
    yield "Good pages that were flagged:"
    yield ""
    alarms = [one for one in judged if not one.label.flaw and one.failed]
    yield from (f"- {one.label.name}: {_named(one)}" for one in alarms)
    yield "" if alarms else "none"
    yield "Spoiled pages that were not found:"
    yield ""
    missed = [one for one in judged if one.label.flaw and not one.failed]
    yield from (f"- {one.label.name}" for one in missed)
    if not missed:
        yield "none"


def _named(one: Judged) -> str:
    return ", ".join(sorted(one.failed)) + (" (quarantined)" if one.critical else "")


def _half(judged: Sequence[Judged], half: str) -> list[Judged]:
    return [one for one in judged if one.label.half == half]


def _bounds(check: Check, settings: Settings) -> str:
    if check not in MEASURED:
        return "always"
    warning = getattr(settings, f"quality_{check.value}_warning")
    quarantine = getattr(settings, f"quality_{check.value}_quarantine")
    return f"{warning:g} / {'never' if quarantine >= 1 else f'{quarantine:g}'}"


def _both(halves: Sequence[Score], figure: object) -> str:
    assert callable(figure)
    return " / ".join(str(figure(one)) for one in halves)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole * 100:.1f} %" if whole else "–"
