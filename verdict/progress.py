"""How far a search has come, for those who wait for it: on stderr, never among the results.

On a terminal, a line for each search that is under way, drawn anew in place; elsewhere (a log of
a build, a file) one line every few seconds, so that a log stays short and still shows life.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from checker import Progress, Reporter
from checker.errors import RequestError

EVERY = 5.0
"""Seconds between two lines where there is no terminal, unless VERDICT_PROGRESS says otherwise."""


class Display(Protocol):
    """Shows several searches at once."""

    def begin(self, runs: int) -> None:
        """So many runs are to be made."""

    def of(self, run: str) -> Reporter:
        """Who is to be told how the run of that name is doing."""

    def finished(self, run: str) -> None:
        """The run of that name is over."""

    def aside(self) -> AbstractContextManager[None]:
        """Out of the way while something else is printed."""

    def end(self) -> None:
        """All are over; leave the terminal as it was."""


class Nothing:
    """A display that shows nothing."""

    def begin(self, runs: int) -> None: ...

    def of(self, run: str) -> Reporter:
        return _Told(run, lambda _run, _now: None)

    def finished(self, run: str) -> None: ...

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def end(self) -> None: ...


class _Told:
    """A reporter that passes on what it hears under a run's name."""

    def __init__(self, run: str, tell: Callable[[str, Progress], None]) -> None:
        self._run = run
        self._tell = tell

    def progress(self, now: Progress) -> None:
        self._tell(self._run, now)


class Lines:
    """One line every few seconds, about the search that has gone longest without one."""

    def __init__(self, write: Callable[[str], None], *, every: float = EVERY) -> None:
        self._write = write
        self._every = every
        self._last = time.monotonic()
        self._runs = 0
        self._over = 0
        # What was last heard of each search under way: first those that wait for a line longest.
        self._heard: dict[str, Progress] = {}

    def begin(self, runs: int) -> None:
        self._runs = runs
        self._last = time.monotonic()

    def of(self, run: str) -> Reporter:
        return _Told(run, self._told)

    def finished(self, run: str) -> None:
        self._over += 1
        self._heard.pop(run, None)

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def end(self) -> None: ...

    def _told(self, run: str, now: Progress) -> None:
        self._heard[run] = now
        moment = time.monotonic()
        if moment - self._last < self._every:
            return
        self._last = moment
        waiting = next(iter(self._heard))
        # Taken out and heard of again, it is the last in turn.
        latest = self._heard.pop(waiting)
        before = f"{self._over} of {self._runs} done; " if self._runs > 1 else ""
        self._write(f"{before}{waiting}: {said(latest)}")


class Bar:
    """A line for each search under way, and a bar of how many are over."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[said]}", style="dim"),
            console=console,
            transient=True,
            redirect_stdout=False,  # what is printed there are results, and may go to a file
            redirect_stderr=False,
        )
        self._shown = False
        self._all: TaskID | None = None
        self._tasks: dict[str, TaskID] = {}

    def begin(self, runs: int) -> None:
        self._bars.start()
        self._shown = True
        if runs > 1:
            self._all = self._bars.add_task("all", total=runs, said=f"0 of {runs}")

    def of(self, run: str) -> Reporter:
        return _Told(run, self._told)

    def finished(self, run: str) -> None:
        if (task := self._tasks.pop(run, None)) is not None:
            self._bars.remove_task(task)
        if self._all is not None:
            self._bars.advance(self._all)
            overall = next(task for task in self._bars.tasks if task.id == self._all)
            said = f"{overall.completed:.0f} of {overall.total:.0f}"
            self._bars.update(self._all, said=said)

    @contextmanager
    def aside(self) -> Iterator[None]:
        shown = self._shown
        self._bars.stop()
        try:
            yield
        finally:
            if shown:
                self._bars.start()

    def end(self) -> None:
        self._shown = False
        self._bars.stop()

    def _told(self, run: str, now: Progress) -> None:
        if run not in self._tasks:
            self._tasks[run] = self._bars.add_task(run, total=None, said="")
        self._bars.update(self._tasks[run], said=said(now))


def said(now: Progress) -> str:
    """`12,345 states, depth 9, 31,000 states/s, 512 to do, 3 s`."""
    rate = f"{now.distinct / now.seconds:,.0f} states/s, " if now.seconds > 0 else ""
    return (
        f"{now.distinct:,} states, depth {now.depth}, {rate}{now.queued:,} to do, "
        f"{now.seconds:.0f} s"
    )


def display(console: Console, *, quiet: bool) -> Display:
    """The display that suits a console."""
    if quiet:
        return Nothing()
    if console.is_terminal:
        return Bar(console)
    return Lines(lambda line: print(line, file=console.file, flush=True), every=interval())


def interval() -> float:
    """Seconds between two lines; RequestError where VERDICT_PROGRESS is no number of them."""
    text = os.environ.get("VERDICT_PROGRESS", str(EVERY))
    try:
        return float(text)
    except ValueError:
        raise RequestError(
            f"VERDICT_PROGRESS={text} is no number of seconds", hint="write VERDICT_PROGRESS=5"
        ) from None
