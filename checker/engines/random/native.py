"""The walks in C, from Python: one walker of a program.

What the C calls a choice is `Choice` here: an action's number and, for each of its parameters,
the number of the value among those there are at that point.  `Teller` (replay.py) says them in
the machine's own terms.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker.engines.native.build import build, load
from checker.engines.native.words import Codec, Rooms
from checker.engines.random.choices import Choice, Walk
from checker.engines.random.program import Walking, walking
from checker.errors import EngineError
from checker.language.evaluator import Evaluator, Outcome
from checker.language.ir import Program
from checker.verdict import Limits, Progress, Reporter

STOPPED, STATES_LIMIT = 1, 2
LOOK_EVERY = 0.05
UNLIMITED = (1 << 64) - 1
KNOWN_BYTES = 1 << 28
"""What the states that were seen may take, at 64 bits each, and the transitions again."""

ROOM = 1 << 10
"""Choices that are listed at first; where there are more, they are listed again."""


@dataclass(frozen=True)
class Asked:
    """What walks are wanted.

    depth    states of one walk, at most
    weights  how likely each action is to be tried, beside the others; 1 unless given
    swarm    whether every second walk has weights of its own
    measure  whether the transitions are kept, to be counted
    """

    walks: int = 100
    depth: int = 100
    seed: int = 0
    weights: Mapping[str, int] | None = None
    swarm: bool = True
    measure: bool = False


def _run_type(actions: int, sites: int, properties: int) -> type[ctypes.Structure]:
    """The Run of walk.h, for one program."""
    u32, u64, pointer = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p

    class Seen(ctypes.Structure):
        _fields_ = (
            ("found", u32), ("is_step", u32), ("start", u32), ("length", u32), ("walk", u64),
            ("choices", ctypes.POINTER(u32)),
        )  # fmt: skip

    class Known(ctypes.Structure):
        _fields_ = (("slots", pointer), ("size", u64), ("count", u64), ("full", u32))

    class Run(ctypes.Structure):
        _fields_ = (
            ("seed", u64), ("walks", u64), ("depth", u64), ("max_known", u64), ("max_states", u64),
            ("start", ctypes.POINTER(u64)), ("starts", u32), ("swarm", u32), ("measure", u32),
            ("weights", u32 * (actions + 1)), ("wanted", ctypes.c_ubyte * (properties + 1)),
            ("taken", u64), ("steps", u64), ("tries", u64), ("longest", u64),
            ("stop", u32), ("status", u32), ("overflow", u32),
            ("fired", u64 * (actions + 1)), ("fresh", u64 * (actions + 1)),
            ("sites", u64 * (sites + 1)), ("seen", Seen * (properties + 1)), ("defect", Seen),
            ("states", Known), ("transitions", Known), ("worker", pointer),
        )  # fmt: skip

    return Run


class Walker:
    """Walks of one program by generated C; EngineError where there is no compiler."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.evaluator = Evaluator(program)
        self.walking: Walking = walking(program)
        self._library = load(build(self.walking.text))
        self._subjects = len(program.properties) + len(program.refinements)
        kind = _run_type(len(self.walking.actions), len(self.walking.sites), self._subjects)
        self._library.size_of_run.restype = ctypes.c_uint64
        self._library.choices_here.restype = ctypes.c_uint64
        if ctypes.sizeof(kind) != self._library.size_of_run():
            raise EngineError("the generated program and the engine differ in what a run is")
        self.starts: tuple[Outcome, ...] = tuple(self.evaluator.starts())
        self.codec = Codec(Rooms(), program.state)
        words = [self.codec.pack(o.state) for o in self.begins]
        flat = [word for state in words for word in state]
        self._start = (ctypes.c_uint64 * max(1, len(flat)))(*flat)
        self.result: Any = kind()
        self.result.start, self.result.starts = self._start, len(words)
        self.result.max_known = self.result.max_states = UNLIMITED
        self.result.depth = UNLIMITED
        self.want(range(self._subjects))
        self.stride = 1 + self.walking.arguments
        self.seconds = 0.0
        self.stopped = ""

    @property
    def begins(self) -> list[Any]:
        """The ways to start that lead to a state."""
        return [outcome for outcome in self.starts if outcome.state is not None]

    def want(self, numbers: Sequence[int]) -> None:
        """Look at these properties (refinements behind them) from now on, and at no others."""
        for number in range(self._subjects):
            self.result.wanted[number] = number in numbers

    # -------------------------------------------------------- walking

    def walk(self, asked: Asked, limits: Limits, reporter: Reporter) -> None:
        """Take the walks, or as many of them as the limits allow."""
        run = self.result
        run.seed, run.walks, run.depth = asked.seed % (1 << 64), asked.walks, asked.depth
        run.swarm, run.measure = asked.swarm, asked.measure
        run.max_states = limits.states or UNLIMITED
        run.max_known = (limits.memory or KNOWN_BYTES) // 8
        for number, action in enumerate(self.walking.actions):
            run.weights[number] = (asked.weights or {}).get(action.name, 1)
        if not run.starts:
            return
        self._aside(lambda: self._library.walk(ctypes.byref(run)), limits, reporter)
        if run.overflow:
            raise EngineError(
                "an integer does not fit the 64 bits that the native engine computes with",
                hint="the python engine, where integers have no end",
            )
        if run.status == STATES_LIMIT:
            self.stopped = f"{limits.states:,} states"

    def _aside(self, work: Callable[[], int], limits: Limits, reporter: Reporter) -> None:
        """Do some work in a thread of its own, outside the interpreter's lock."""
        status: list[int] = []
        done = threading.Event()

        def working() -> None:
            try:
                status.append(work())
            finally:
                done.set()

        began = time.perf_counter()
        threading.Thread(target=working, daemon=True).start()
        pause = 0.0005
        while not done.is_set():
            try:
                done.wait(pause)
                pause = min(2 * pause, LOOK_EVERY)
                now = time.perf_counter() - began
                if limits.time is not None and now >= limits.time and not self.stopped:
                    self.stopped = f"{limits.time:g} seconds"
                    self.result.stop = STOPPED
                if pause == LOOK_EVERY:
                    run = self.result
                    reporter.progress(Progress(run.states.count, run.steps, run.longest, 0, now))
            except KeyboardInterrupt:
                self.stopped = "interrupted"
                self.result.stop = STOPPED
        self.seconds += time.perf_counter() - began
        if status != [0]:
            raise EngineError("the walks could not reserve their memory")

    def resume(self) -> None:
        """Let the next `walk` go on where a limit ended the last one, with the next walk."""
        self.result.stop, self.stopped = 0, ""

    # -------------------------------------------------------- what was seen

    def seen(self, number: int) -> Walk | None:
        """The walk to where a property was first violated, or witnessed."""
        return self._walk(self.result.seen[number])

    def defect(self) -> Walk | None:
        """The walk to the first defect; its last choice is the one that has it."""
        return self._walk(self.result.defect)

    def _walk(self, seen: Any) -> Walk | None:
        if not seen.found:
            return None
        flat = seen.choices[: seen.length * self.stride]
        choices = [
            tuple(flat[place : place + self.stride]) for place in range(0, len(flat), self.stride)
        ]
        return Walk(seen.start, tuple(choices), bool(seen.is_step), seen.walk)

    def again(self, start: int, choices: Sequence[Choice]) -> bool:
        """Take some choices, leaving out those that do not fire, until what is wanted is seen.

        Then it is found by `seen`, as after any walk; what was seen before is forgotten.
        """
        flat = self._flat(choices)
        found = self._library.again(
            ctypes.byref(self.result), ctypes.c_uint32(start), flat, ctypes.c_uint64(len(choices))
        )
        if found < 0:
            raise EngineError("the walks could not reserve their memory")
        return bool(found)

    def _flat(self, choices: Sequence[Choice]) -> Any:
        numbers = [number for choice in choices for number in choice]
        return (ctypes.c_uint32 * max(1, len(numbers)))(*numbers)

    # -------------------------------------------------------- step by step

    def go_to(self, start: int) -> None:
        """Be in one of the starts, with nothing seen."""
        if self._library.go_to(ctypes.byref(self.result), ctypes.c_uint32(start)) < 0:
            raise EngineError("the walks could not reserve their memory")

    def judge_end(self) -> None:
        """Look at what is asked of a state that no action leads on from."""
        self._library.judge_end(ctypes.byref(self.result))

    def copy_state(self, words: Any) -> None:
        """The words of the present state."""
        self._library.state_here(ctypes.byref(self.result), words)

    def go_on(self, choice: Choice) -> bool:
        """Take a choice, where it fires."""
        return bool(self._library.go_on(ctypes.byref(self.result), self._flat([choice])))

    def choices(self, action: int) -> list[Choice]:
        """The choices of an action that fire here, or have a defect."""
        room, blocked = ROOM, ctypes.c_uint64()
        while True:
            out = (ctypes.c_uint32 * (room * self.stride))()
            count = self._library.choices_here(
                ctypes.byref(self.result), ctypes.c_uint32(action), out, ctypes.c_uint64(room),
                ctypes.byref(blocked),
            )  # fmt: skip
            if count <= room:
                break
            room = count
        flat = out[: count * self.stride]
        return [tuple(flat[place : place + self.stride])
                for place in range(0, len(flat), self.stride)]  # fmt: skip

    def close(self) -> None:
        """Give the memory back."""
        self._library.finish(ctypes.byref(self.result))
