"""Runs side by side, in processes of their own.

Each worker is a fresh Python that loads machines by name and takes one run after another; what
goes between it and this process is plain data.  Runs are begun with the largest, so that it is
not left to the end; outcomes are handed on in the order in which they were asked for, whichever
is ready first.

Ctrl-C is meant for the searches, not for the plumbing: here it only sets a flag, so that no
message is cut in two; each worker that searches is then told, its engine stops and gives the
partial verdict, and no further run is begun.  A second Ctrl-C ends the workers at once.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from checker import Progress
from verdict.progress import Display
from verdict.run import Order, Outcome, Run, execute

POLL = 0.2
"""Seconds after which a Ctrl-C is noticed at the latest."""

NOT_BEGUN = "interrupted before it began"


class WorkerError(RuntimeError):
    """A fault of the program itself in a worker, with the worker's own account of it."""


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_all(
    runs: Sequence[Run],
    order: Order,
    *,
    jobs: int,
    display: Display,
    done: Callable[[Outcome], None],
) -> list[Outcome]:
    """Carry out the runs, at most `jobs` at a time; `done` is told of each, in order."""
    display.begin(len(runs))
    try:
        if min(jobs, len(runs)) <= 1:
            return _alone(runs, order, display, done)
        return _Team(runs, order, display, done).work(min(jobs, len(runs)))
    finally:
        display.end()


def _alone(
    runs: Sequence[Run], order: Order, display: Display, done: Callable[[Outcome], None]
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    interrupted = False
    for run in runs:
        if interrupted:
            outcome = Outcome(run, lost=NOT_BEGUN)
        else:
            try:
                outcome = execute(run, order, display.of(run.title))
            except KeyboardInterrupt:
                outcome = Outcome(run, lost=NOT_BEGUN)
            interrupted = was_interrupted(outcome)
        display.finished(run.title)
        outcomes.append(outcome)
        done(outcome)
    return outcomes


def was_interrupted(outcome: Outcome) -> bool:
    """Whether Ctrl-C ended the run."""
    stopped = outcome.verdict.stopped if outcome.verdict is not None else outcome.lost
    return "interrupt" in stopped


@dataclass
class _Worker:
    process: BaseProcess
    link: Connection[Any, Any]
    number: int | None = None


@dataclass
class _Team:
    """The workers, what they are at, and what has come of it."""

    runs: Sequence[Run]
    order: Order
    display: Display
    done: Callable[[Outcome], None]
    workers: list[_Worker] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    begun: int = 0
    told: int = 0
    presses: int = 0
    passed_on: bool = False

    @functools.cached_property
    def queue(self) -> list[int]:
        """The runs' numbers, in the order in which they are begun."""
        return sorted(range(len(self.runs)), key=lambda number: -self.runs[number].extent)

    def work(self, jobs: int) -> list[Outcome]:
        with self._counting_presses():
            try:
                self._start(jobs)
                while len(self.outcomes) < len(self.runs):
                    self._turn()
            finally:
                self._stop()
        return [self.outcomes[number] for number in range(len(self.runs))]

    @contextlib.contextmanager
    def _counting_presses(self) -> Iterator[None]:
        def press(_signal: int, _frame: object) -> None:
            self.presses += 1

        before = signal.signal(signal.SIGINT, press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _start(self, jobs: int) -> None:
        # A worker inherits that SIGINT is ignored, and listens to it only while it searches.
        listening = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            context = multiprocessing.get_context("spawn")
            for _ in range(jobs):
                here, there = context.Pipe()
                process = context.Process(target=_serve, args=(there, self.order), daemon=True)
                process.start()
                there.close()
                self.workers.append(_Worker(process, here))
        finally:
            signal.signal(signal.SIGINT, listening)

    def _turn(self) -> None:
        for worker in self.workers:
            if worker.number is None and self.begun < len(self.runs) and not self.presses:
                worker.number = self.queue[self.begun]
                worker.link.send(self.runs[worker.number])
                self.begun += 1
        ready = wait([worker.link for worker in self.workers if worker.number is not None], POLL)
        for worker in [worker for worker in self.workers if worker.link in ready]:
            self._hear(worker)
        if self.presses:
            self._interrupt()
        if not any(worker.number is not None for worker in self.workers):
            self._give_up()

    def _hear(self, worker: _Worker) -> None:
        number = worker.number
        assert number is not None
        run = self.runs[number]
        try:
            message = worker.link.recv()
        except (EOFError, ConnectionError):
            message = Outcome(run, lost=_end_of(worker.process))
            self.workers.remove(worker)
        if isinstance(message, WorkerError):
            raise message from None
        if isinstance(message, Progress):
            self.display.of(run.title).progress(message)
            return
        worker.number = None
        self.display.finished(run.title)
        self._settle(number, message)

    def _settle(self, number: int, outcome: Outcome) -> None:
        self.outcomes[number] = outcome
        while self.told in self.outcomes:
            self.done(self.outcomes[self.told])
            self.told += 1

    def _interrupt(self) -> None:
        if self.presses > 1:
            raise KeyboardInterrupt
        if not self.passed_on:
            self.passed_on = True
            for worker in self.workers:
                if worker.number is not None and worker.process.pid is not None:
                    os.kill(worker.process.pid, signal.SIGINT)

    def _give_up(self) -> None:
        """Nobody works on anything: whatever is not begun now never will be."""
        if not self.presses and self.workers and self.begun < len(self.runs):
            return
        why = NOT_BEGUN if self.presses else "no process is left to do it"
        for number in range(len(self.runs)):
            if number not in self.outcomes:
                self._settle(number, Outcome(self.runs[number], lost=why))

    def _stop(self) -> None:
        for worker in self.workers:
            worker.link.close()
            worker.process.terminate()
        for worker in self.workers:
            worker.process.join()


def _end_of(process: BaseProcess) -> str:
    process.join()
    code = process.exitcode or 0
    if code < 0:
        name = signal.Signals(-code).name
        return f"its process was ended by {name}; --max-memory keeps it within what there is"
    return f"its process ended with status {code}"


class _Sender:
    """A reporter that sends what it hears."""

    def __init__(self, link: Connection[Any, Any]) -> None:
        self._link = link

    def progress(self, now: Progress) -> None:
        self._link.send(now)


def _serve(link: Connection[Any, Any], order: Order) -> None:
    """A worker's life: take a run, carry it out, send what came of it."""
    while True:
        try:
            run = link.recv()
        except (EOFError, ConnectionError):
            return
        try:
            outcome: Any = _interruptible(run, order, link)
        except Exception:  # noqa: BLE001 - it is told to the process that can show it
            outcome = WorkerError(f"{run.title}\n{traceback.format_exc()}")
        link.send(outcome)


def _interruptible(run: Run, order: Order, link: Connection[Any, Any]) -> Outcome:
    """Carry out a run that a SIGINT may stop once; what comes after it finds deaf ears."""

    def once(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    try:
        signal.signal(signal.SIGINT, once)
        return execute(run, order, _Sender(link))
    except KeyboardInterrupt:
        return Outcome(run, lost=NOT_BEGUN)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
