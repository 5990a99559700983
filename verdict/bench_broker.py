"""`verdict bench broker` and `verdict bench memory`: the broker beside others, and by itself.

Of each figure the table has every broker's median over the turns, and its best where there were
several; the ratios are this project's broker to Apache Kafka, of the medians and of the bests.
What a figure is held to is printed beside it, with whether it was so this time.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from rich.table import Table
from rich.text import Text

from checker.errors import EngineError, RequestError
from conformance import speed
from conformance.speed import CEILING, IN_MEMORY, KAFKA, OURS, Figure, Outcome
from verdict.output import console
from verdict.render_text import say

FIVE_GB, PART = 5 << 30, 500 << 20
SMALL_LOG, SMALL_PART = 200 << 20, 50 << 20


def broker(
    *, only: Sequence[str], brokers: Sequence[str], repeat: int, quick: bool, as_json: bool
) -> None:
    """Measure brokers in turn, and print what came of it."""
    for name in brokers:
        if name not in speed.PEERS:
            hint = f"known are {', '.join(speed.PEERS)}"
            raise RequestError(f"there is no broker {name!r} to measure", hint=hint)
    told = console(sys.stderr)
    sizes = speed.QUICK if quick else replace(speed.FULL, turns=repeat)
    client = speed.client()
    wanted = [
        each
        for each in speed.measures(client, sizes)
        if not only or any(word in each.name for word in only)
    ]
    if not wanted:
        names = ", ".join(each.name for each in speed.measures(client, sizes))
        raise RequestError("there is no such measure", hint=f"there are {names}")
    before = os.getloadavg()[0]
    outcome = speed.contest(
        brokers or list(speed.PEERS), wanted, sizes,
        lambda line: told.print(line, style="dim", highlight=False),
    )  # fmt: skip
    if as_json:
        for row in _rows(outcome):
            print(json.dumps(row))
        return
    out = console(sys.stdout)
    tables = [_table(outcome, each, sizes.turns) for each in (MEDIAN, BEST)[: sizes.turns]]
    say(out, *tables, *map(Text, _notes(outcome, client.name, before)))


def memory(*, quick: bool, as_json: bool) -> None:
    """Let a log grow, and print what the broker's memory did."""
    told = console(sys.stderr)
    total, part = (SMALL_LOG, SMALL_PART) if quick else (FIVE_GB, PART)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("", "log, MB", "resident, MB", "at most, MB"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    try:
        for each in speed.grow(
            speed.client(), total, part, lambda line: told.print(line, style="dim", highlight=False)
        ):
            if as_json:
                print(json.dumps(each.__dict__))
            numbers = (f"{size / 1e6:,.0f}" for size in (each.log, each.resident, each.most))
            table.add_row(each.done, *numbers)
    except speed.Lacking as lacking:
        raise EngineError(str(lacking)) from None
    if not as_json:
        say(console(sys.stdout), table)


# ------------------------------------------------------------ the table


@dataclass(frozen=True)
class Digest:
    """One number of several turns: their median, or their best."""

    name: str
    of: Callable[[Figure, list[float]], float]

    def value(self, outcome: Outcome, peer: str, figure: Figure) -> float | None:
        """That of a broker; None where it was not measured."""
        found = speed.values(outcome.taken, peer, figure)
        return self.of(figure, found) if found else None

    def ratio(self, outcome: Outcome, figure: Figure) -> float | None:
        """Ours to Apache Kafka's; None where one of them was not measured."""
        ours, kafka = (self.value(outcome, peer, figure) for peer in (OURS, KAFKA))
        return None if ours is None or kafka is None else ours / kafka

    def ahead(self, outcome: Outcome, figure: Figure) -> bool | None:
        """Whether this project's broker is better than all that keep everything in memory."""
        ours = self.value(outcome, OURS, figure)
        others = [self.value(outcome, peer, figure) for peer in IN_MEMORY]
        known = [other for other in others if other is not None]
        if not figure.ahead or ours is None or not known:
            return None
        return all(figure.better(ours, other) for other in known)


MEDIAN = Digest("median", lambda _, found: median(found))
BEST = Digest("best", lambda figure, found: figure.best(found))
ANSWERS = {True: "yes", False: "no", None: ""}


def _table(outcome: Outcome, digest: Digest, turns: int) -> Table:
    table = Table(
        title=f"{digest.name} of {turns}" if turns > 1 else None, title_justify="left", box=None,
        padding=(0, 1, 0, 0),
    )  # fmt: skip
    peers = [*outcome.servers, CEILING]
    for head in ("", *peers, "ratio", "held to", "", "mocks"):
        table.add_column(head, justify="right" if head in peers else "left", no_wrap=True)
    for figure in outcome.figures:
        cells = (_number(digest.value(outcome, peer, figure)) for peer in peers)
        ratio = digest.ratio(outcome, figure)
        within = None if ratio is None else figure.within(ratio)
        limit = "" if figure.limit is None else f"{'≥' if figure.more else '≤'} {figure.limit:g}"
        table.add_row(
            f"{figure.name}, {figure.unit}", *cells, "" if ratio is None else f"{ratio:.2f}",
            limit, ANSWERS[within], ANSWERS[digest.ahead(outcome, figure)],
        )  # fmt: skip
    return table


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"  # noqa: PLR2004 - as one reads it


def _notes(outcome: Outcome, client: str, before: float) -> Iterator[str]:
    """What the numbers are of, and who was not measured in what."""
    yield ""
    yield ", ".join(f"{name}: {title}" for name, title in outcome.servers.items() if name != title)
    yield f"client: {client}; its own ceiling where it is known"
    yield (
        f"{os.cpu_count()} cores; load before {before:.1f}, after {os.getloadavg()[0]:.1f} "
        "(the brokers and the client among it)"
    )
    for (peer, measure), lack in outcome.lacks.items():
        yield f"not measured: {peer}{f', {measure}' if measure else ''}: {lack.why}"


def _rows(outcome: Outcome) -> Iterator[dict[str, object]]:
    for figure in outcome.figures:
        for peer in (*outcome.servers, CEILING):
            found = speed.values(outcome.taken, peer, figure)
            if found:
                ratio = MEDIAN.ratio(outcome, figure) if peer == OURS else None
                yield {
                    "figure": figure.name,
                    "unit": figure.unit,
                    "broker": peer,
                    "turns": found,
                    "median": median(found),
                    "best": figure.best(found),
                    "ratio": ratio,
                    "limit": figure.limit,
                    "held": None if ratio is None else figure.within(ratio),
                    "ahead": MEDIAN.ahead(outcome, figure) if peer == OURS else None,
                }
    for (peer, measure), lack in outcome.lacks.items():
        yield {"broker": peer, "measure": measure, "lacks": lack.why}
