"""`verdict conform`: a broker held against what Kafka promises, by clients at work on it.

    verdict conform load   [--broker NAME|H:P]   a load, and what its history shows; with
                                                 --kills, --migrate, …: its group is not left alone
    verdict conform transactions [--broker …]    transactions that are not all allowed to end
    verdict conform crash  [--broker NAME]       the same with the broker killed, once for each seed
    verdict conform suite  [NAME] [--broker …]   clients' own test suites, on several brokers

A broker is `verdict` (this project's, the default), `kafka`, `kafka-3.9`, `kfake`, `mock`, or the
address of one that runs already.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

from checker.errors import EngineError, RequestError
from conformance import peers
from conformance.history import Report, check
from conformance.history.recorder import recording
from conformance.peers import Absent, Server
from conformance.suites import SUITES, Outcome, Result, Suite, behind, count
from conformance.suites import page as suites_page
from verdict import options, output
from verdict.history_command import as_text

RESTARTED = ("verdict", "kafka", "kafka-3.9")
"""Peers that keep what they are told on disk."""

app = typer.Typer(
    help="Hold a broker against what Kafka promises: clients at work, and their histories.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class Client(Enum):
    """Client libraries that a load can be made with."""

    CONFLUENT = "confluent"
    KAFKA_PYTHON = "kafka_python"


class Protocol(Enum):
    """Protocols that a group's members speak."""

    CLASSIC = "classic"
    CONSUMER = "consumer"


class Assignor(Enum):
    """Assignors of the classic protocol."""

    RANGE = "range"
    ROUNDROBIN = "roundrobin"
    COOPERATIVE = "cooperative-sticky"


Broker = Annotated[
    str, typer.Option("--broker", "-b", metavar="NAME|H:P", help="A peer, or a broker's address.")
]
Folder = Annotated[
    Path | None, typer.Option("--keep", metavar="DIR", help="Keep the histories there.")
]
Records = Annotated[int, typer.Option(min=100, metavar="N", help="Records of each producer.")]
Kills = Annotated[int, typer.Option(min=0, metavar="N", help="Members that are killed.")]
Zombies = Annotated[
    int, typer.Option(min=0, metavar="N", help="Members that stand still past their session.")
]
Restarts = Annotated[
    int, typer.Option(min=0, metavar="N", help="Restarts of members, all static then.")
]
Transactions = Annotated[
    bool, typer.Option("--transactions", help="One producer works in transactions.")
]


@app.command()
def load(
    broker: Broker = "verdict",
    records: Records = 2000,
    transactions: Transactions = False,
    client: Annotated[Client, typer.Option("--client", help="Which library.")] = Client.CONFLUENT,
    seed: Annotated[int, typer.Option(metavar="N", help="Which load.")] = 0,
    keep: Folder = None,
    protocol: Annotated[Protocol, typer.Option(help="The group's.")] = Protocol.CLASSIC,
    assignor: Annotated[Assignor, typer.Option(help="With the classic protocol.")] = Assignor.RANGE,
    kills: Kills = 0,
    zombies: Zombies = 0,
    restarts: Restarts = 0,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="All members go to the other protocol and back.")
    ] = False,
) -> None:
    """Put a load on a broker, and search its history.

    Where the protocol is consumer, or something befalls members, they are processes of
    confluent-kafka's.
    """
    _needs_client()
    from conformance.load import Plan, Unrest, run, run_unquiet
    from conformance.load.unrest import QUICK

    unrest = Unrest(protocol.value, assignor.value, kills, zombies, restarts, migrate)
    quiet = unrest == Unrest()
    plan = Plan(seed, f"load-{seed}", records=records, transactions=transactions,
                client=client.value)  # fmt: skip
    with _folder(keep) as folder, _started(broker, {} if quiet else QUICK) as server:
        with recording(folder / "history.jsonl") as recorder:
            if quiet:
                run(plan, server, recorder)
            else:
                busy = replace(plan, partitions=6, consumers=4, pause=0.1)
                run_unquiet(busy, unrest, server, recorder)
        report = check(recorder.history)
    _say(report)
    raise typer.Exit(1 if report.broken else 0)


@app.command()
def transactions(
    broker: Broker = "verdict",
    records: Records = 500,
    crashes: Annotated[int, typer.Option(min=0, metavar="N", help="Crashes of the broker.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Which load.")] = 0,
    keep: Folder = None,
) -> None:
    """Put transactions on a broker that are not all allowed to end, and search their history.

    Some are aborted, some taken over by another producer of their id, some left open for too long.
    """
    _needs_client()
    from conformance.load import Plan
    from conformance.load.transactions import PROMPT, run_transactions

    if crashes and broker not in RESTARTED:
        raise RequestError(f"{broker} cannot be killed", hint=f"name one of {', '.join(RESTARTED)}")
    plan = Plan(seed, f"load-{seed}", producers=4, consumers=1, records=records, crashes=crashes)
    with _folder(keep) as folder, _started(broker, PROMPT) as server:
        with recording(folder / "history.jsonl") as recorder:
            run_transactions(plan, server, recorder)
        report = check(recorder.history)
    _say(report)
    raise typer.Exit(1 if report.broken else 0)


@app.command()
def crash(
    broker: Broker = "verdict",
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="How many loads.")] = 50,
    seed: Annotated[int, typer.Option(metavar="N", help="The first one's seed.")] = 0,
    records: Records = 2000,
    crashes: Annotated[int, typer.Option(min=1, metavar="N", help="Crashes in each load.")] = 1,
    keep: Folder = None,
    quiet: options.Quiet = False,
) -> None:
    """Kill a broker under load, over and over; nothing acknowledged may be lost, or come twice.

    Every other load has transactions.  Status 1 where a history shows an anomaly or a load did not
    come to its end; the histories of those are kept.
    """
    if broker not in RESTARTED:
        raise RequestError(f"{broker} cannot be killed", hint=f"name one of {', '.join(RESTARTED)}")
    _needs_client()
    from conformance.load import Plan, crash_test

    bad = 0
    with _folder(keep) as folder:
        for number in range(seed, seed + seeds):
            plan = Plan(number, records=records, crashes=crashes, transactions=number % 2 == 0)
            with _absence_told():
                (one,) = crash_test(peers.NAMES[broker], folder, [number], plan)
            if one.passed:
                one.history.unlink()
            else:
                bad += 1
                kept = one.history if keep else _saved(one.history)
                print(f"seed {number}: {one.stuck or 'anomalies'}; its history is {kept}")
                _say(one.report)
            if not quiet:
                print(f"{number - seed + 1} of {seeds} loads, {bad} bad", file=sys.stderr)
    print(f"{seeds} loads on {broker}, {crashes * seeds} crashes: {bad or 'none'} with anomalies")
    raise typer.Exit(1 if bad else 0)


@app.command()
def suite(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="SUITE", help=f"{' or '.join(SUITES)}; all unless named."),
    ] = None,
    broker: Annotated[
        list[str] | None,
        typer.Option("--broker", "-b", metavar="NAME|H:P", help="A peer or address; repeatable."),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Put the results into that page, too.")
    ] = None,
) -> None:
    """Run clients' own test suites, which are fetched from their registries the first time.

    Status 1 where the first broker fails a test that another one of them passes, or where it is the
    only one, any.
    """
    chosen = [_suite(name) for name in names or SUITES]
    brokers = broker or ["verdict"]
    found: list[tuple[Suite, dict[str, Sequence[Result]]]] = []
    for each in chosen:
        with _absence_told():
            each.fetch()
        results: dict[str, Sequence[Result]] = {}
        for name in brokers:
            with _started(name, suites=True) as server, _absence_told():
                results[server.name] = each.run(server.bootstrap)
            _summary(each, server, results[server.name])
        found.append((each, results))
    if page is not None:
        before = page.read_text(encoding="utf-8") if page.exists() else ""
        output.write(page, suites_page(found, before))
    raise typer.Exit(1 if any(behind(list(results.values())) for _, results in found) else 0)


def _suite(name: str) -> Suite:
    if name not in SUITES:
        raise RequestError(f"there is no suite {name!r}", hint=f"known are {', '.join(SUITES)}")
    return SUITES[name]


def _summary(suite: Suite, server: Server, results: Sequence[Result]) -> None:
    counts = ", ".join(f"{count(results, outcome)} {outcome.value}" for outcome in Outcome)
    print(f"{suite.title} on {server.name}: {counts}", flush=True)
    for result in results:
        if result.outcome is not Outcome.PASSED:
            print(f"    {result.test} {result.outcome.value}: {result.why}", flush=True)


def _say(report: Report) -> None:
    for line in as_text(report, 3):
        print(line)


def _saved(history: Path) -> Path:
    """Where the history of a failure is kept when nobody named a folder."""
    kept = Path(f"{history.parent.name}-history.jsonl").resolve()
    kept.write_bytes(history.read_bytes())
    return kept


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield output.folder(keep)
    else:
        with tempfile.TemporaryDirectory(prefix="verdict-conform-") as made:
            yield Path(made)


@contextmanager
def _started(
    name: str, settings: Mapping[str, str] = MappingProxyType({}), *, suites: bool = False
) -> Iterator[Server]:
    told = name in RESTARTED and settings
    with ExitStack() as stack:
        with _absence_told():
            peer = (
                peers.NAMES[name](settings=settings) if told else peers.named(name, suites=suites)
            )
            server = stack.enter_context(peer)
        yield server


@contextmanager
def _absence_told() -> Iterator[None]:
    try:
        yield
    except Absent as absent:
        raise EngineError(str(absent), hint="install it, or name another broker") from None


def _needs_client() -> None:
    if find_spec("confluent_kafka") is None:
        raise EngineError("confluent-kafka is not installed", hint="pip install confluent-kafka")


__all__ = ["app"]
