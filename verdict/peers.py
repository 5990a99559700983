"""Who is measured against whom: the programs that explore the same model, and how each is run.

A peer is a program that visits every state of one model at one size and says how many there are
and how long it took.  Those written in C, Rust, Promela or TLA+ lie in `bench/` and are compiled
into a folder of the measurement's own; those of this project are run as a user runs them, in a
process of their own.  A peer whose tools are not here says which are missing.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checker.engines.native.build import compiler
from checker.errors import RequestError

SOURCES = Path(__file__).resolve().parents[1] / "bench"
EXAMPLES = SOURCES.parent / "examples"
LONGEST = 3600
"""Seconds that any program may take."""

MANAGERS_OF_OTHERS = 8
"""Up to so many resource managers the other checkers end within a minute or so."""


class Absent(Exception):  # noqa: N818 - an outcome
    """A tool that a peer needs is not here: what to install."""


@dataclass(frozen=True)
class Measured:
    """What one run said: distinct states, seconds of the search alone and of all of it.

    bytes_per_state  what the states that were found took, where it is known
    """

    distinct: int
    seconds: float
    total: float
    depth: int | None = None
    bytes_per_state: float | None = None


@dataclass(frozen=True)
class Peer:
    """One program on one model.

    slow  it is run once, whatever is asked
    make  compiles it into a folder, if need be, and gives the command; Absent
    """

    name: str
    model: str
    make: Callable[[Path], list[str]]
    read: Callable[[str], Measured]
    slow: bool = False

    def run(self, folder: Path) -> Measured:
        """Run it once; Absent, or RequestError where it fails."""
        command = self.make(folder)
        began = time.perf_counter()
        said = _output(command, folder)
        return self.read(f"{said}\ntotal {time.perf_counter() - began}")


@dataclass(frozen=True)
class Model:
    """A model at a size: the machine as `verdict check` is told, and what is the same elsewhere.

    only      the properties that all check; the engines are also run with all they have
    programs  by name the C program, and the size for it
    """

    name: str
    words: tuple[str, ...]
    only: tuple[str, ...]
    programs: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    managers: int | None = None


def two_phase(managers: int) -> Model:
    """Two-phase commit with so many resource managers."""
    define = (f"-DN={managers}",)
    return Model(
        f"two-phase RM={managers}",
        (f"{EXAMPLES / 'two_phase.py'}:TwoPhase", f"RM={managers}"),
        ("consistent",),
        {
            "C by hand, masked": ("two_phase_masked.c", define),
            "C by hand, plain": ("two_phase_limit.c", define),
        },
        managers,
    )


def quorum_log(records: int) -> Model:
    """A log on a majority of three voters, with so many records: two words and messages."""
    define = ("-DEPOCHS=2", f"-DLOG={records}", "-DFLIGHT=2")
    sizes = ("Voter=3", "LeaderEpoch=2", f"LogSize={records}", "InFlight=2")
    return Model(
        f"quorum log, {records} records",
        (f"{EXAMPLES / 'quorum_log.py'}:QuorumLog", *sizes),
        (),
        {"C by hand, masked": ("quorum_log_limit.c", define)},
    )


def models(*, quick: bool) -> list[Model]:
    """What is measured; small enough for a test where it is to be quick."""
    if quick:
        return [two_phase(5), quorum_log(1)]
    group = Model("group/large, two records", ("group/large", "Offset=2"), ())
    return [two_phase(8), two_phase(9), quorum_log(2), group]


def peers(model: Model, *, tlc: Path | None) -> list[Peer]:
    """Everybody who explores a model, the yardstick first."""
    found = [
        Peer(name, model.name, functools.partial(_c_program, source, flags), _key_values)
        for name, (source, flags) in model.programs.items()
    ]
    for threads in (1, 2):
        plural = "thread" if threads == 1 else "threads"
        one = ("--engine", "native", "--threads", str(threads))
        alone = tuple(word for prop in model.only for word in ("-p", prop))
        found.append(_ours(f"native, {threads} {plural}", model, (*one, *alone)))
    if model.only:
        found.append(_ours("native, all properties", model, ("--engine", "native")))
    if model.managers is not None:
        found += _others(model, model.managers, tlc)
    return found


def _others(model: Model, managers: int, tlc: Path | None) -> list[Peer]:
    """Other checkers, and the python engine: at sizes that end within a minute or so."""
    if managers > MANAGERS_OF_OTHERS:
        return []
    found = [
        Peer("Spin", model.name, functools.partial(_spin, managers), _spin_said, slow=True),
        Peer("Stateright", model.name, functools.partial(_stateright, managers), _key_values,
             slow=True),
    ]  # fmt: skip
    if tlc is not None:
        make = functools.partial(_tlc, managers, tlc)
        found.append(Peer("TLC, 1 worker", model.name, make, _tlc_said, slow=True))
    one = ("--engine", "python", "-p", *model.only)
    found.append(_ours("python", model, one, slow=True))
    return found


# ------------------------------------------------------------ this project's own


def _ours(name: str, model: Model, ways: tuple[str, ...], *, slow: bool = False) -> Peer:
    command = [sys.executable, "-m", "verdict", "check", *model.words, *ways, "-q", "-f", "json"]
    return Peer(name, model.name, lambda _: command, _verdict_said, slow)


def _verdict_said(said: str) -> Measured:
    text, _, total = said.rpartition("\ntotal ")
    found = json.loads(text)
    memory = found["memory"] / found["distinct"] if found["memory"] else None
    return Measured(found["distinct"], found["seconds"], float(total), found["depth"], memory)


# ------------------------------------------------------------ C


def _c_program(source: str, flags: tuple[str, ...], folder: Path) -> list[str]:
    command = compiler()
    if command is None:
        raise Absent("a C compiler")
    name = Path(source).stem + "".join(flags).replace("=", "").replace("-", "_")
    program = folder / name
    if not program.exists():
        _output([*command, "-O3", "-march=native", *flags, "-o", str(program),
                 str(SOURCES / source)], folder)  # fmt: skip
    return [str(program), "25"]


def _key_values(said: str) -> Measured:
    """`distinct 288 generated 1146 seconds 0.001 …`."""
    found = dict(re.findall(r"\b(distinct|depth|seconds|total) ([\d.]+)", said))
    depth = int(found["depth"]) if "depth" in found else None
    return Measured(int(found["distinct"]), float(found["seconds"]), float(found["total"]), depth)


# ------------------------------------------------------------ Spin


def _spin(managers: int, folder: Path) -> list[str]:
    spin, command = shutil.which("spin"), compiler()
    if spin is None or command is None:
        raise Absent("spin, and a C compiler")
    place = folder / f"spin{managers}"
    program = place / "pan"
    if not program.exists():
        place.mkdir(exist_ok=True)
        text = _output([sys.executable, str(SOURCES / "two_phase_spin.py"), str(managers)], place)
        (place / "model.pml").write_text(text, encoding="utf-8")
        _output([spin, "-a", "model.pml"], place)
        _output([*command, "-O3", "-DSAFETY", "-DNOREDUCE", "-w", "-o", "pan", "pan.c"], place)
    return [str(program), "-E", "-m1000000", "-w26"]


def _spin_said(said: str) -> Measured:
    states = re.search(r"([\d.e+]+) states, stored", said)
    seconds = re.search(r"elapsed time ([\d.]+) seconds", said)
    total = float(said.rpartition("\ntotal ")[2])
    if states is None:
        raise RequestError("spin did not say how many states it stored")
    return Measured(int(float(states[1])), float(seconds[1]) if seconds else total, total)


# ------------------------------------------------------------ Stateright and TLC


def _stateright(managers: int, folder: Path) -> list[str]:
    cargo = shutil.which("cargo")
    if cargo is None:
        raise Absent("cargo, and the crate stateright")
    place = folder / "stateright"
    program = place / "target" / "release" / "two-phase"
    if not program.exists():
        shutil.copytree(SOURCES / "stateright", place, dirs_exist_ok=True)
        try:
            _output([cargo, "build", "--release", "--quiet"], place)
        except RequestError as error:
            raise Absent(f"the crate stateright ({error.message})") from None
    return [str(program), str(managers)]


def _tlc(managers: int, jar: Path, folder: Path) -> list[str]:
    java = shutil.which("java")
    if java is None:
        raise Absent("java")
    place = folder / f"tlc{managers}"
    place.mkdir(exist_ok=True)
    shutil.copy(SOURCES / "TwoPhase.tla", place)
    names = ", ".join(f"r{n}" for n in range(managers))
    text = (f"CONSTANT RM = {{{names}}}\nINIT Init\nNEXT Next\nINVARIANT Consistent\n"
            "CHECK_DEADLOCK FALSE\n")  # fmt: skip
    (place / "TwoPhase.cfg").write_text(text, encoding="utf-8")
    return [java, "-XX:+UseParallelGC", "-cp", str(jar.resolve()), "tlc2.TLC", "-workers", "1",
            "-metadir", str(place / "states"), str(place / "TwoPhase.tla")]  # fmt: skip


def _tlc_said(said: str) -> Measured:
    states = re.findall(r"([\d,]+) distinct states found", said)
    depth = re.search(r"search is (\d+)", said)
    total = float(said.rpartition("\ntotal ")[2])
    if not states:
        raise RequestError("TLC did not say how many states it found")
    found = int(states[-1].replace(",", ""))
    return Measured(found, total, total, int(depth[1]) if depth else None)


def _output(command: list[str], folder: Path) -> str:
    """What a command prints; RequestError where it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RequestError(f"{command[0]}: {error}") from None
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise RequestError(f"{Path(command[0]).name} fails: {' '.join(last)}")
    return done.stdout
