"""The crash test: a broker killed under load, over and over, each time by another seed.

Each seed has a broker of its own with an empty data directory, and a load during which it is killed
and started again.  What its clients were told is then searched: every acknowledged record is there
once and in order, and what the group committed did not go back.  A process that is killed loses
what it had not yet handed to the operating system; what the operating system itself would lose in
a crash of the machine is not tested here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.history import Report, check
from conformance.history.recorder import recording
from conformance.load.workload import Plan, Stuck, run
from conformance.peers import Server

Starter = Callable[[Path], AbstractContextManager[Server]]
"""Starts a broker that keeps its data in a folder."""


@dataclass(frozen=True)
class Crashed:
    """What one seed came to.

    history  the file with what the clients did
    report   what was found in it
    stuck    what was waited for in vain, or what a client raised; empty where the load came to
             its end
    """

    seed: int
    history: Path
    report: Report
    stuck: str = ""

    @property
    def passed(self) -> bool:
        """Whether the load ended and shows no anomaly."""
        return not self.stuck and not self.report.broken


def crash_test(
    starter: Starter, folder: Path, seeds: Iterable[int], plan: Plan
) -> Iterator[Crashed]:
    """Carry the plan out once for each seed, with what it leaves behind in the folder."""
    for seed in seeds:
        here = folder / f"seed-{seed}"
        here.mkdir(parents=True)
        path = here / "history.jsonl"
        stuck = ""
        with recording(path) as recorder, starter(here / "broker") as server:
            try:
                run(replace(plan, seed=seed), server, recorder)
            except (Stuck, TimeoutError) as waited:
                stuck = _line(waited) or "an answer"
            except Exception as error:  # noqa: BLE001 - each library has its own; the test goes on
                stuck = f"{type(error).__name__}: {_line(error)}"
        yield Crashed(seed, path, check(recorder.history), stuck)


def _line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip()
