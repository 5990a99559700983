"""A run over many mutants: which, in what order, side by side, and within a budget.

The mutants of a machine are those of all its configurations; each is tried in every one in which
it differs from the original, from the smallest on, until a property notices it.  They are taken
in an order that the seed decides: whatever ends a run early, what was judged by then is a fair
sample of the whole.

Several processes each load the machine for themselves, and take one mutant after another; the
journal is kept by this one.  Ctrl-C ends them; what is under way is then left for the next run.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar

from checker.errors import EngineError
from checker.mutation.journal import Journal
from checker.mutation.mutants import Mutant, Mutants
from checker.mutation.operators import OPERATORS
from checker.mutation.trial import Judgement, Original, Subject, judge, original
from checker.verdict import Limits

Task = TypeVar("Task")
Done = TypeVar("Done")


class Loader(Protocol):
    """Loads a machine in its configurations, in whatever process it is called.

    It can be sent to another process, and is equal where it loads the same.
    """

    def __call__(self) -> Sequence[Subject]:
        """The machine in each configuration."""

    def __hash__(self) -> int:
        """What it loads is loaded once in each process."""


@dataclass(frozen=True)
class Plan:
    """What is asked of a run.

    most        how many mutants are judged; all, where None
    seed        decides which, and in what order
    seconds     for the whole run
    apiece      seconds for each mutant
    workers     processes
    journal     the file in which results are kept, and from which they are taken up
    """

    most: int | None = None
    seed: int = 0
    seconds: float | None = None
    apiece: float | None = None
    workers: int = 1
    journal: Path | None = None


@dataclass(frozen=True)
class Report:
    """What came of a run.

    mutants     all there are, in the order of the source
    chosen      the ids of those that were to be judged
    judgements  of those chosen that were, by id
    """

    machine: str
    originals: tuple[Original, ...]
    mutants: Mapping[str, Mutant]
    chosen: frozenset[str]
    judgements: Mapping[str, Judgement]
    seed: int
    interrupted: bool = False

    def of(self, *fates: str, operator: str = "") -> list[Judgement]:
        """The judgements of some kinds, in the order of the source; of one operator, if named."""
        return [
            self.judgements[name]
            for name, mutant in self.mutants.items()
            if name in self.judgements and operator in ("", mutant.operator)
            if self.judgements[name].fate in fates
        ]

    def score(self, operator: str = "") -> float | None:
        """Killed of those killed or survived; None where there is neither."""
        decided = self.of("killed", "survived", operator=operator)
        return len(self.of("killed", operator=operator)) / len(decided) if decided else None

    @property
    def complete(self) -> bool:
        """Whether all that were chosen are judged, within their budgets."""
        return len(self.of("killed", "survived")) == len(self.chosen)


@dataclass
class Campaign:
    """One run; `told` hears of each judgement, and of how many there are to be."""

    loader: Loader
    plan: Plan
    told: Callable[[int, int], None] = lambda _done, _all: None
    _began: float = field(default_factory=time.time)

    def run(self) -> Report:
        """Judge the mutants; RequestError where the machine or the journal is wrong."""
        table = _table(self.loader)
        journal = Journal(self.plan.journal, [subject for subject, _ in table])
        mutants = _all_mutants(table)
        order = random.Random(self.plan.seed).sample(sorted(mutants), len(mutants))
        chosen = order[: self.plan.most]
        interrupted = False
        try:
            with _no_lasting_cache(), _pool(self.plan.workers) as pool:
                if self._originals(pool, journal):
                    self._mutants(pool, journal, chosen)
        except KeyboardInterrupt:
            interrupted = True
        names = [subject.name for subject, _ in table]
        originals = [journal.originals[name] for name in names if name in journal.originals]
        return Report(
            table[0][0].program.name,
            tuple(sorted(originals, key=lambda one: one.distinct)),
            mutants,
            frozenset(chosen),
            {name: journal.judgements[name] for name in chosen if name in journal.judgements},
            self.plan.seed,
            interrupted,
        )

    @property
    def _deadline(self) -> float | None:
        return None if self.plan.seconds is None else self._began + self.plan.seconds

    def _originals(self, pool: _Pool, journal: Journal) -> bool:
        """Look at the machine itself; False where the time ran out."""
        subjects = [subject for subject, _ in _table(self.loader)]
        missing = [n for n, one in enumerate(subjects) if one.name not in journal.originals]
        task = functools.partial(_original, self.loader, self._deadline)
        for found in pool.each(task, missing):
            if found is None:
                return False
            journal.original(found)
        return True

    def _mutants(self, pool: _Pool, journal: Journal, chosen: Sequence[str]) -> None:
        originals = tuple(sorted(journal.originals.values(), key=lambda one: one.distinct))
        decided = {name for name, one in journal.judgements.items() if one.fate != "unknown"}
        left = [name for name in chosen if name not in decided]
        done = len(chosen) - len(left)
        self.told(done, len(chosen))
        task = functools.partial(
            _judged, self.loader, originals, self._deadline, self.plan.apiece
        )  # fmt: skip
        for judgement in pool.each(task, left):
            if judgement is not None:
                journal.judgement(judgement)
                done += 1
                self.told(done, len(chosen))


# ------------------------------------------------------------ in whichever process

Table = Sequence[tuple[Subject, Mutants]]


@functools.cache
def _table(loader: Loader) -> Table:
    """The configurations of a machine with their mutants; loaded once in each process."""
    return tuple((subject, Mutants(subject.program)) for subject in loader())


def _all_mutants(table: Table) -> dict[str, Mutant]:
    """The mutants of all configurations, in the order of the source."""
    found: dict[str, Mutant] = {}
    for _, mutants in table:
        for name, mutant in mutants.differing().items():
            found.setdefault(name, mutant)
    operators = [operator.name for operator in OPERATORS]
    return dict(
        sorted(
            found.items(),
            key=lambda item: (item[1].file, item[1].line, operators.index(item[1].operator)),
        )
    )


def _original(loader: Loader, deadline: float | None, number: int) -> Original | None:
    subject, _ = _table(loader)[number]
    left = _left(deadline, None)
    return None if left == 0 else original(subject, Limits(time=left))


def _judged(
    loader: Loader,
    originals: Sequence[Original],
    deadline: float | None,
    apiece: float | None,
    name: str,
) -> Judgement | None:
    """What became of a mutant; None where the time of the whole run was over first."""
    table = {subject.name: mutants for subject, mutants in _table(loader)}
    own = None if apiece is None else time.time() + apiece
    result = Judgement(name, "survived")
    for beside in originals:
        mutants = table[beside.configuration]
        if name not in mutants.found:
            continue
        program = mutants.program_of(mutants.found[name])
        if not mutants.differs(program):
            continue
        left = _left(deadline, own)
        found = None if left == 0 else judge(program, beside, left)
        if found is not None and found.fate == "killed":
            return replace(found, mutant=name)
        if _left(deadline, None) == 0:
            return None
        if _left(None, own) == 0:
            why = f"{apiece:g} seconds"
            return Judgement(name, "unknown", configuration=beside.configuration, why=why)
        assert found is not None
        if found.fate == "unknown":
            result = replace(found, mutant=name)
        elif result.fate == "survived":
            result = replace(result, silent=tuple(sorted({*result.silent, *found.silent})))
    return result


def _left(deadline: float | None, own: float | None) -> float | None:
    """Seconds until the first of two moments; None where neither is set."""
    moments = [moment for moment in (deadline, own) if moment is not None]
    return max(0.0, min(moments) - time.time()) if moments else None


# ------------------------------------------------------------ side by side


class _Pool(Protocol):
    def each(self, work: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        """The results of some work on each task, whichever is ready first."""


class _Alone:
    def each(self, work: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        return map(work, tasks)


@dataclass(frozen=True)
class _Together:
    executor: ProcessPoolExecutor

    def each(self, work: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        futures = [self.executor.submit(work, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            raise EngineError(
                "a process that judged mutants was ended from outside",
                hint="fewer --workers need less memory; a --journal keeps what is judged",
            ) from None
        finally:
            for future in futures:
                future.cancel()


@contextmanager
def _no_lasting_cache() -> Iterator[None]:
    """Mutants that are compiled are compiled once: nobody needs them afterwards."""
    before = os.environ.get("VERDICT_CACHE")
    with tempfile.TemporaryDirectory(prefix="verdict-mutants-") as folder:
        os.environ["VERDICT_CACHE"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["VERDICT_CACHE"]
            else:
                os.environ["VERDICT_CACHE"] = before


@contextmanager
def _pool(workers: int) -> Iterator[_Pool]:
    """Something that works on tasks; processes of its own where there are several."""
    if workers == 1:
        yield _Alone()
        return
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, context, initializer=_ignore_interrupts)
    try:
        yield _Together(executor)
    except BaseException:
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    """Ctrl-C is for the process that keeps the journal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


__all__ = ["Campaign", "Loader", "Plan", "Report"]
