"""The native engine: a program compiled to C and searched there.

The search runs in a thread of its own, outside the interpreter's lock, while this thread looks
at the clock, reports, and hears Ctrl-C.  What it finds comes back as the numbers of entries;
traces are rebuilt from the parents of entries and repeated by the reference evaluator.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.engines.findings import Sight, sought
from checker.engines.liveness.asked import Undecided
from checker.engines.native.build import build, load
from checker.engines.native.program import Generated, Generator
from checker.engines.native.retrace import Retrace
from checker.engines.native.words import Codec, Rooms
from checker.errors import EngineError, RequestError
from checker.language.evaluator import Evaluator, Outcome
from checker.language.ir import Program
from checker.language.machine import Snapshot
from checker.verdict import FOUND, Limits, Progress, Reporter

STOPPED, STATES_LIMIT, MEMORY_LIMIT, DEPTH_LIMIT = 1, 2, 3, 4
LOOK_EVERY = 0.05
UNLIMITED = (1 << 64) - 1
FIRST_SLOTS = 1 << 18
INTERRUPTED = "interrupted"
"""Why a search ended that Ctrl-C ended."""

INTACT, ANOTHER, DAMAGED, TOO_LARGE, UNWRITABLE = 1, 2, 3, 4, 5
"""What became of a checkpoint: checkpoint.c."""


@dataclass(frozen=True)
class Options:
    """How to search.

    workers       threads
    symmetry      visit one state of those that differ only in the names of symmetric values
    fingerprints  keep 64 bits of each state: two states may be taken for one
    checkpoint    the file to put the search down in, and to take it up from where it is there
    every         seconds between two checkpoints
    flags         for the compiler, behind its own
    """

    workers: int = 1
    symmetry: bool = False
    fingerprints: bool = False
    checkpoint: Path | None = None
    every: float = 60.0
    flags: tuple[str, ...] = ()


def _run_type(words: int, instances: int, sites: int, properties: int) -> type[ctypes.Structure]:
    """The Run of search.c, for one program."""
    u32, u64, pointer = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p

    class Seen(ctypes.Structure):
        _fields_ = (
            ("found", u32), ("index", u32), ("is_step", u32), ("instance", u32),
            ("after", u64 * words),
        )  # fmt: skip

    class Run(ctypes.Structure):
        _fields_ = (
            ("max_states", u64), ("max_bytes", u64), ("max_depth", u64), ("workers", u64),
            ("room", u64), ("checkpoint", ctypes.c_char_p), ("checkpoint_every", ctypes.c_double),
            ("identity", u64), ("resumed", u32), ("saved", u32), ("restored", u64),
            ("slots", u64), ("grow", u64), ("table", pointer), ("states", pointer),
            ("order", pointer), ("parent", pointer),
            ("distinct", u64), ("generated", u64), ("depth", u64), ("level_end", u64),
            ("stop", u32), ("status", u32), ("pause", u32), ("overflow", u32),
            ("fired", u64 * (instances + 1)), ("fresh", u64 * (instances + 1)),
            ("sites", u64 * (sites + 1)),
            ("seen", Seen * (properties + 1)), ("defect", Seen),
            ("apart", u64 * 8), ("count", u64), ("found", u64), ("next", u64),
            ("apart_too", u64 * 8),
        )  # fmt: skip

    return Run


def generate(program: Program, options: Options) -> Generated:
    """The C of a program."""
    return Generator(
        program, symmetry=options.symmetry, fingerprints=options.fingerprints
    ).generate()


class NativeSearch:
    """One search of a program by generated C."""

    def __init__(
        self,
        program: Program,
        limits: Limits,
        reporter: Reporter,
        options: Options,
        generated: Generated | None = None,
    ) -> None:
        self.program = program
        self.evaluator = Evaluator(program)
        self.generated: Generated = generated or generate(program, options)
        codec = Codec(Rooms(), program.state)
        self._library = load(build(self.generated.text, options.flags))
        count = len(program.properties) + len(program.refinements)
        kind = _run_type(
            self.generated.words, len(self.generated.instances), len(self.generated.sites), count
        )
        self._library.size_of_run.restype = ctypes.c_uint64
        if ctypes.sizeof(kind) != self._library.size_of_run():
            raise EngineError("the generated program and the engine differ in what a run is")
        self.result: Any = kind()
        self.starts: tuple[Outcome, ...] = tuple(self.evaluator.starts())
        self.options = options
        self.codec = codec
        self.retrace = Retrace(
            self._library, self.result, self.evaluator, codec, self.generated.kept,
            same=not (self.generated.symmetric or self.generated.fingerprints),
        )  # fmt: skip
        self.limits, self._reporter = limits, reporter
        self._sought = sought(program, limits)
        self.seconds = 0.0
        self.stopped = ""
        self.resumed = 0
        self._done = threading.Event()  # joining a thread is not safe from Ctrl-C in Python 3.11
        self._done.set()

    def run(self) -> None:
        """Search until nothing is left, the budget is spent, or an interruption."""
        run = self.result
        budget = self.limits.memory or _memory_there() * 3 // 4
        words = self.generated.words
        run.slots = FIRST_SLOTS
        run.max_states = self.limits.states or UNLIMITED
        run.max_bytes = budget
        run.max_depth = self.limits.depth or UNLIMITED
        run.workers = self.options.workers
        run.room = min(0xFFFFFFFE, budget // (8 * words) + (1 << 20))
        self._use_checkpoint()
        starts = [self.codec.pack(o.state) for o in self.starts if o.state is not None]
        flat = [word for state in starts for word in state]
        array = (ctypes.c_uint64 * len(flat))(*flat)
        self._aside(self._library.search, array, ctypes.c_uint64(len(starts)))
        self._judge_checkpoint()
        if run.overflow:
            raise EngineError(
                "an integer does not fit the 64 bits that the native engine computes with",
                hint="the python engine, where integers have no end",
            )
        self.stopped = self._status()  # empty where the last state was visited all the same

    def draw(self, graph: ctypes.Structure) -> None:
        """The second pass (graph.c); Undecided where the budget is spent, or on an interruption.

        It may be made where the search has come to its end.
        """
        self._library.size_of_graph.restype = ctypes.c_uint64
        if ctypes.sizeof(graph) != self._library.size_of_graph():
            raise EngineError("the generated program and the engine differ in what a graph is")
        self._aside(self._library.draw, ctypes.byref(graph))
        if self.stopped:
            raise Undecided(self.stopped)

    def afford(self, more: int) -> None:
        """Undecided where so many bytes more would be too many."""
        budget = self.limits.memory
        used = 8 * (self.result.slots * self.generated.kept + self.result.count)
        if budget is not None and used + more > budget:
            raise Undecided(f"{budget:,} bytes of memory")

    def _aside(self, work: Callable[..., int], *given: Any) -> None:
        """Have a door of the program do its work on the run, in a thread of its own."""
        status: list[int] = []

        def working() -> None:
            try:
                status.append(work(ctypes.byref(self.result), *given))
            finally:
                self._done.set()

        self._done.clear()
        began = time.perf_counter() - self.seconds
        threading.Thread(target=working, daemon=True).start()
        self._wait(began)
        self.seconds = time.perf_counter() - began
        if status != [0]:
            raise EngineError("the search could not reserve its memory")

    def _wait(self, began: float) -> None:
        pause = 0.0005
        while not self._done.is_set():
            try:
                self._done.wait(pause)
                pause = min(2 * pause, LOOK_EVERY)
                run, now = self.result, time.perf_counter() - began
                if self.limits.time is not None and now >= self.limits.time and not self.stopped:
                    self.stopped = f"{self.limits.time:g} seconds"
                    run.stop = STOPPED
                if self._sought and all(run.seen[number].found for number in self._sought):
                    self.stopped = self.stopped or FOUND
                    run.stop = STOPPED
                if pause == LOOK_EVERY:
                    queued = max(0, run.count - run.next)
                    self._reporter.progress(
                        Progress(run.found, run.generated, run.depth, queued, now)
                    )
            except KeyboardInterrupt:
                self.stopped = INTERRUPTED
                self.result.stop = STOPPED

    def _status(self) -> str:
        limits = self.limits
        return {
            0: "",
            STOPPED: self.stopped or INTERRUPTED,
            STATES_LIMIT: f"{limits.states:,} states" if limits.states else "",
            MEMORY_LIMIT: f"{limits.memory or _memory_there() * 3 // 4:,} bytes of memory",
            DEPTH_LIMIT: f"depth {limits.depth}",
        }[self.result.status]

    # -------------------------------------------------------- checkpoints

    def _use_checkpoint(self) -> None:
        options, run = self.options, self.result
        if options.checkpoint is not None:
            try:
                options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RequestError(
                    f"{options.checkpoint.parent} cannot be made: {error.strerror}",
                    hint="name another folder for checkpoints",
                ) from None
            run.checkpoint = os.fsencode(options.checkpoint)
            run.checkpoint_every = options.every
            digest = hashlib.sha256(self.generated.text.encode()).digest()
            run.identity = int.from_bytes(digest[:8], "little")

    def _judge_checkpoint(self) -> None:
        """Say what is wrong with a checkpoint; remove it where the search is at its end."""
        file, run = self.options.checkpoint, self.result
        if file is None:
            return
        what = {
            ANOTHER: "is one of another machine, configuration or version",
            DAMAGED: "is damaged",
            TOO_LARGE: "does not fit the memory there is",
        }.get(run.resumed)
        if what:
            hint = "--max-memory" if run.resumed == TOO_LARGE else "remove it to begin anew"
            raise RequestError(f"the checkpoint {file} {what}", hint=hint)
        self.resumed = run.restored
        if run.saved == UNWRITABLE:
            raise RequestError(
                f"the checkpoint {file} cannot be written", hint="name another folder"
            )
        if not run.status:
            file.unlink(missing_ok=True)

    # -------------------------------------------------------- what was seen

    def states(self) -> list[Snapshot]:
        """Every state that was found, in the order in which they were."""
        return [self.retrace.state(self.retrace.key(entry)) for entry in self.retrace.entries()]

    def sight(self, seen: Any, wrong: Callable[[Snapshot, Snapshot], bool]) -> Sight | None:
        """What the search noted, or None where it noted nothing; `wrong` knows a bad step."""
        if not seen.found:
            return None
        path = self.retrace.path(seen.index)
        after = self.retrace.step(path[-1], list(seen.after), wrong) if seen.is_step else None
        return Sight(tuple(path), after)

    def close(self) -> None:
        """Give the memory of the search back, once the search has ended."""
        if not self._done.is_set():
            self.result.stop = STOPPED
            self._done.wait()
        if self.result.table:
            self._library.finish(ctypes.byref(self.result))


def _memory_there() -> int:
    """Bytes of memory that are free to be used."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
