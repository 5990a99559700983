"""`verdict bench`: the engines beside programs that explore the same models, in one run.

`verdict bench broker` and `verdict bench memory` are in `verdict.bench_broker`.

For each model every program is run several times, in turn, so that what else the machine does
falls on all alike; of each the best time counts.  The first of a model, C written by hand, is the
yardstick that the others are compared with.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from checker.errors import EngineError, RequestError
from verdict.output import console
from verdict.peers import SOURCES, Absent, Measured, Model, Peer, models, peers
from verdict.render_text import say


class Form(Enum):
    """How a measurement is written."""

    TEXT = "text"
    JSON = "json"


class Part(Enum):
    """What is measured."""

    ENGINES = "engines"
    BROKER = "broker"
    MEMORY = "memory"


@dataclass(frozen=True)
class Row:
    """What came of one program on one model: its best run, or why there is none."""

    peer: Peer
    best: Measured | None = None
    why: str = ""


def bench(
    part: Annotated[
        Part,
        typer.Argument(
            metavar="[PART]",
            help="engines (the default); broker: ours beside Apache Kafka and others; memory: the "
            "broker's, while a log grows.",
        ),
    ] = Part.ENGINES,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="WORD", help="What has this in its name."),
    ] = None,
    brokers: Annotated[
        list[str] | None,
        typer.Option("--broker", "-b", metavar="NAME", help="Of the brokers this one; repeatable."),
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, metavar="N", help="Runs of each.")] = 3,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small sizes, which measure little.")
    ] = False,
    walks: Annotated[
        bool, typer.Option("--simulate", help="Random walks instead: steps a second.")
    ] = False,
    tlc: Annotated[
        Path | None, typer.Option(metavar="JAR", help="tla2tools.jar, to measure TLC too.")
    ] = None,
    format: Annotated[Form, typer.Option("--format", "-f", help="How it is written.")] = Form.TEXT,  # noqa: A002
) -> None:
    """Measure the engines, or the broker, beside other programs that do the same."""
    if part is not Part.ENGINES:
        _broker(part, only or (), brokers or (), repeat, quick=quick, form=format)
        return
    if not SOURCES.is_dir():
        raise RequestError(f"{SOURCES} is not here", hint="run it from a clone of the project")
    if walks:
        _walks(quick=quick, repeat=repeat, as_json=format is Form.JSON)
        return
    if tlc is not None and not tlc.is_file():
        raise RequestError(f"there is no file {tlc}", hint="--tlc path/to/tla2tools.jar")
    told = console(sys.stderr)
    with tempfile.TemporaryDirectory(prefix="verdict-bench-") as folder:
        for model in models(quick=quick):
            asked = [peer for peer in peers(model, tlc=tlc) if _wanted(peer, only or ())]
            rows = list(_measured(asked, Path(folder), 1 if quick else repeat, told))
            _agree(rows)
            if format is Form.JSON:
                for row in rows:
                    print(json.dumps(_object(row, _yardstick(rows))))
            elif rows:
                absent = (Text(f"{row.peer.name}: {row.why}") for row in rows if row.best is None)
                say(console(sys.stdout), _table(model, rows), *absent, Text())


def _broker(
    part: Part, only: Sequence[str], brokers: Sequence[str], repeat: int, *, quick: bool, form: Form
) -> None:
    if find_spec("confluent_kafka") is None:
        raise EngineError("confluent-kafka is not installed", hint="pip install confluent-kafka")
    from verdict import bench_broker

    as_json = form is Form.JSON
    if part is Part.MEMORY:
        bench_broker.memory(quick=quick, as_json=as_json)
    else:
        bench_broker.broker(only=only, brokers=brokers, repeat=repeat, quick=quick, as_json=as_json)


def _walks(*, quick: bool, repeat: int, as_json: bool) -> None:
    from verdict.walk_speed import speeds

    found = speeds(seconds=0.2 if quick else 10.0, turns=1 if quick else repeat)
    if as_json:
        for speed in found:
            print(json.dumps({**asdict(speed), "rate": speed.rate}))
        return
    table = Table(title="walks of the group", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for head in ("members", "partitions", "bytes/state", "steps/s", "tries/step"):
        table.add_column(head, justify="right", no_wrap=True)
    for speed in found:
        table.add_row(str(speed.members), str(speed.partitions), f"{speed.bits // 8:,}",
                      f"{speed.rate:,.0f}", f"{speed.tries:.0f}")  # fmt: skip
    say(console(sys.stdout), table)


def _wanted(peer: Peer, only: Sequence[str]) -> bool:
    return not only or any(word in f"{peer.model} {peer.name}" for word in only)


def _measured(asked: Sequence[Peer], folder: Path, repeat: int, told: Console) -> Iterator[Row]:
    """Each program's best run; they take turns."""
    runs: dict[str, list[Measured]] = {peer.name: [] for peer in asked}
    absent: dict[str, str] = {}
    for turn in range(repeat):
        for peer in asked:
            if peer.name in absent or (turn and peer.slow):
                continue
            told.print(f"{peer.model}: {peer.name}", style="dim", highlight=False)
            try:
                runs[peer.name].append(peer.run(folder))
            except Absent as reason:
                absent[peer.name] = f"not here: install {reason}"
    for peer in asked:
        best = min(runs[peer.name], key=lambda run: run.seconds, default=None)
        yield Row(peer, best, absent.get(peer.name, ""))


def _agree(rows: Sequence[Row]) -> None:
    """All must have found the same states, or nothing was measured."""
    for measure in ("distinct", "depth"):
        found = {row.peer.name: getattr(row.best, measure) for row in rows if row.best}
        if len({value for value in found.values() if value is not None}) > 1:
            told = ", ".join(f"{name} {value}" for name, value in found.items())
            raise RequestError(f"the programs disagree on {measure}: {told}")


def _yardstick(rows: Sequence[Row]) -> Measured | None:
    return rows[0].best if rows and "by hand" in rows[0].peer.name else None


def _ratio(row: Row, yardstick: Measured | None) -> float | None:
    """The program's distinct states per second over the yardstick's."""
    return None if yardstick is None or row.best is None else yardstick.seconds / row.best.seconds


def _table(model: Model, rows: Sequence[Row]) -> Table:
    states = next((f": {row.best.distinct:,} states" for row in rows if row.best), "")
    table = Table(
        title=f"{model.name}{states}", title_justify="left", box=None, padding=(0, 2, 0, 0)
    )
    for head in ("", "seconds", "with start", "states/s", "ratio", "bytes/state"):
        table.add_column(head, justify="right" if head else "left", no_wrap=bool(head))
    for row in rows:
        if row.best is None:
            continue
        ratio = _ratio(row, _yardstick(rows))
        bytes_per_state = row.best.bytes_per_state
        table.add_row(
            row.peer.name,
            f"{row.best.seconds:.2f}",
            f"{row.best.total:.2f}",
            f"{row.best.distinct / max(row.best.seconds, 1e-6):,.0f}",
            "" if ratio is None else f"{ratio:.2f}",
            "" if bytes_per_state is None else f"{bytes_per_state:.1f}",
        )
    return table


def _object(row: Row, yardstick: Measured | None) -> dict[str, object]:
    best = row.best
    return {
        "model": row.peer.model,
        "program": row.peer.name,
        "absent": row.why,
        "distinct": best.distinct if best else None,
        "depth": best.depth if best else None,
        "seconds": best.seconds if best else None,
        "total": best.total if best else None,
        "bytes_per_state": best.bytes_per_state if best else None,
        "ratio": _ratio(row, yardstick),
    }
