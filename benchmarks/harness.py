"""Measures contenders in turns, prints a table, and ends with one line that says whether the target is met."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

Measure = Callable[[], float]

_OK, _SHORT, _SKIPPED = "ok", "short", "skipped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """Something that is measured: `measure` does one round and returns its figure.

    `missing` says why a rival cannot be measured here: it is not installed.
    """

    name: str
    measure: Measure | None = None
    missing: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rivalry:
    """What a benchmark measures, with everything it needs running.

    The first contender is ours, the second the one it is held against; further ones are only shown.
    Without a second one, `limit` is what ours is held against. `explain` gives lines to print below the
    table, after the last round: where the time goes.
    """

    contenders: Sequence[Contender]
    limit: float | None = None
    explain: Callable[[], Sequence[str]] = field(default=lambda: ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """A benchmark. `target` is the least ratio of ours to the rival's figure, or None for a figure alone.

    `less_is_better` turns the ratio round: for seconds, not for a rate. `set_up` starts what is needed, and
    stops it when left. One round of warming up comes before `rounds` that count.
    """

    name: str
    title: str
    unit: str
    target: float | None
    set_up: Callable[[], AbstractContextManager[Rivalry]]
    rounds: int = 5
    less_is_better: bool = False


def run(benchmark: Benchmark) -> bool:
    """Run a benchmark, print its table and its last line; return False where the target is not met.

    One without figures to compare, because a contender is missing, is skipped and fails nothing.
    """
    print(f"{benchmark.name}: {benchmark.title}", flush=True)
    with benchmark.set_up() as rivalry:
        figures = _measured(rivalry.contenders, benchmark.rounds)
        ratio = _ratio(benchmark, rivalry, figures)
        for line in (*_table(benchmark, rivalry, figures), *rivalry.explain()):
            print(line)
    ending = _ending(benchmark.target, ratio)
    print(f"{benchmark.name} ratio={_shown(ratio)} target={_shown(benchmark.target)} {ending}")
    return ending != _SHORT


def _ending(target: float | None, ratio: float | None) -> str:
    if target is None:
        return _OK
    if ratio is None:
        return _SKIPPED
    return _OK if ratio >= target else _SHORT


def _measured(contenders: Sequence[Contender], rounds: int) -> dict[str, list[float]]:
    """Take turns within each round, so that what disturbs the machine disturbs all of them alike."""
    present = [(each.name, each.measure) for each in contenders if each.measure and not each.missing]
    for _, measure in present:
        measure()
    figures: dict[str, list[float]] = {name: [] for name, _ in present}
    for number in range(rounds):
        for name, measure in present if number % 2 == 0 else reversed(present):
            figures[name].append(measure())
    return figures


def _ratio(benchmark: Benchmark, rivalry: Rivalry, figures: dict[str, list[float]]) -> float | None:
    """Return the median of the rounds' ratios, above 1 where ours is better."""
    ours = figures.get(rivalry.contenders[0].name)
    if ours is None:
        return None
    rival = [rivalry.limit] * len(ours) if rivalry.limit is not None else _rival_figures(rivalry, figures)
    if rival is None:
        return None
    ratios = [mine / theirs for mine, theirs in zip(ours, rival, strict=True)]
    return (
        statistics.median(1 / ratio for ratio in ratios)
        if benchmark.less_is_better
        else statistics.median(ratios)
    )


def _rival_figures(rivalry: Rivalry, figures: dict[str, list[float]]) -> list[float] | None:
    rivals = [each.name for each in rivalry.contenders[1:2]]
    return figures.get(rivals[0]) if rivals else None


def _table(benchmark: Benchmark, rivalry: Rivalry, figures: dict[str, list[float]]) -> list[str]:
    width = max(len(each.name) for each in rivalry.contenders)
    lines = [f"  {'':{width}}  {'median':>10}  {'lowest':>10}  {'highest':>10}  {benchmark.unit}"]
    for each in rivalry.contenders:
        taken = figures.get(each.name)
        if taken is None:
            lines.append(f"  {each.name:{width}}  missing: {each.missing or 'not installed'}")
        else:
            row = "  ".join(
                f"{figure:>10.4g}" for figure in (statistics.median(taken), min(taken), max(taken))
            )
            lines.append(f"  {each.name:{width}}  {row}")
    return lines


def _shown(number: float | None) -> str:
    return "none" if number is None else f"{number:.2f}"


def pin_to_first_core() -> None:
    """Keep this process on one core, where the system can: a figure a core is what is compared."""
    _pin(0)


def pin_to_last_core() -> None:
    """Keep this process away from the core that is measured."""
    _pin(-1)


def _pin(position: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {CORES[position]})


CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
