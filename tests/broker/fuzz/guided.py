"""Fuzzing that is led by the code it reaches: atheris over one target.

    python -m tests.broker.fuzz.guided TARGET [-runs=N] [-max_total_time=SECONDS] [FOLDER]

Inputs begin with requests that clients were recorded with and with what `frames` and `batches`
make, and are changed by libFuzzer and, half of the time, by those two again.  An input that gets
further than all before it is kept in the folder, if one is named.  What escapes a target, takes
more than ten seconds, or more than a gigabyte, ends the run; the input is kept as `crash-…`
(`-artifact_prefix=` says where).
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["broker"]):
    import broker.server.guards.table
    import broker.server.handlers.table  # noqa: F401 - a broker imports them when it is made
    from tests.broker.fuzz.targets import TARGETS

from tests.broker.fuzz import batches, recorded
from tests.broker.fuzz.frames import Frames

LARGEST = 4096
SEEDS = 300


def made(target: str, draw: random.Random) -> bytes:
    """An input that gets somewhere."""
    if target in {"request", "dispatch"}:
        return Frames(draw).malformed()
    found = batches.damaged(draw)
    return found[21:23] + found[61:] if target == "compressed" else found


def seeds(target: str, folder: Path) -> None:
    """Fill a folder with inputs to begin with."""
    draw = random.Random(1)
    found = [made(target, draw) for _ in range(SEEDS)]
    if target in {"request", "dispatch"}:
        found += recorded.requests()
    elif target == "batch":
        found += batches.sound()
    for number, data in enumerate(found):
        (folder / f"{number:04}").write_bytes(data[:LARGEST])


def mutated(target: str, data: bytes, largest: int, seed: int) -> bytes:
    """Another input from this one, or a new one."""
    draw = random.Random(seed)
    if target in {"request", "dispatch", "batch", "compressed"} and draw.random() < 0.5:
        return made(target, draw)[:largest]
    return bytes(atheris.Mutate(data, largest))


def feed(target: str, data: bytes) -> None:
    """One input."""
    TARGETS[target](data)


def main() -> None:
    """Fuzz as the command line says."""
    target, *words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as begun:
        seeds(target, Path(begun))
        atheris.Setup(
            [
                sys.argv[0],
                f"-max_len={LARGEST}",
                "-timeout=10",
                "-rss_limit_mb=1024",
                *words,
                begun,
            ],
            lambda data: feed(target, data),
            custom_mutator=lambda data, largest, seed: mutated(target, data, largest, seed),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
