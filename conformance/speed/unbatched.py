"""Requests that carry one small batch each, over one and over many connections.

What is sent is a Produce request with a record of 100 bytes, acks=all.  Each connection has one
under way: it is sent again when it was answered.  A client in Python would measure itself, so
this one is a small program in C (`bench/broker/requests.c`), which is given the bytes of the
request; its own ceiling is measured too, against a server that does nothing but answer.

That requests were served and not merely answered shows in the log: it must have grown by as many
records as there were answers.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from kio.index import load_request_schema

from broker.wire.apis import ApiKey
from broker.wire.codec import compile_encoder
from broker.wire.output import Output
from broker.wire.records import build
from checker.engines.native.build import compiler
from conformance.peers import Absent, Server
from conformance.peers.server import cache, completed, made
from conformance.speed.figures import Figure, Lacking, Sizes, Values
from conformance.speed.topics import kept, removed_after

SOURCE = Path(__file__).resolve().parents[2] / "bench" / "broker" / "requests.c"
VERSION = 7
"""Of Produce: what all brokers here serve, and the last that names its topic plainly."""

SIZE = 100
ANSWER = 80
"""Bytes of an answer to such a request, or nearly."""

PATIENCE = 30.0
MANY, LEAST = 100, 0.25
"""At so many connections this project's broker is held to that ratio of Apache Kafka's."""


def figure(connections: int) -> Figure:
    """Requests a second over so many connections."""
    limit = LEAST if connections == MANY else None
    return Figure(f"unbatched ×{connections}", "req/s", limit=limit)


def take(server: Server, sizes: Sizes) -> Values:
    """Send requests over each number of connections."""
    run = program()
    for connections in sizes.connections:
        with removed_after(server.bootstrap) as topic:
            answers, rate = _ask(run, server.bootstrap, connections, sizes.seconds, request(topic))
            _, end = kept(server.bootstrap, topic)
        if end != answers:
            raise Lacking(f"{answers:,} requests were answered, and {end:,} records stored")
        yield figure(connections), rate


def ceiling(sizes: Sizes) -> Values:
    """The same with a server that does nothing."""
    run = program()
    with answering(run) as bootstrap:
        for connections in sizes.connections:
            asked = request("speed-nobody-reads")
            yield figure(connections), _ask(run, bootstrap, connections, sizes.seconds, asked)[1]


def request(topic: str) -> bytes:
    """The frame of a Produce request with one record for partition 0."""
    batch = build([(None, bytes(SIZE))], time.time_ns() // 1_000_000)
    out = Output()
    out.tail += struct.pack(">hhih", ApiKey.PRODUCE, VERSION, 1, -1)
    fields = {
        "acks": -1,
        "timeout": 30_000,
        "topic_data": [{"name": topic, "partition_data": [{"index": 0, "records": batch}]}],
    }
    compile_encoder(load_request_schema(ApiKey.PRODUCE, VERSION))(out, fields)
    return struct.pack(">i", out.size) + b"".join(out.parts())


def program() -> Path:
    """The client, compiled once into the user's cache; Absent where no C compiler is here."""
    if not SOURCE.is_file():
        raise Absent(f"{SOURCE} is not here: run it from a clone of the project")
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    home = cache("speed", digest)
    if not home.is_dir():
        command = compiler()
        if command is None:
            raise Absent("unbatched requests: there is no C compiler")
        with completed(home) as passing:
            compiled = [*command, "-O2", "-o", str(passing / "requests"), str(SOURCE)]
            made("unbatched requests", compiled, passing, 60)
    return home / "requests"


def _ask(
    run: Path, bootstrap: str, connections: int, seconds: float, frame: bytes
) -> tuple[int, float]:
    """How many were answered, and how many a second."""
    port = bootstrap.rpartition(":")[2]
    command = [str(run), "ask", port, str(connections), str(seconds)]
    done = subprocess.run(
        command, input=frame, capture_output=True, timeout=seconds + PATIENCE, check=False
    )
    found = re.match(r"answers (\d+) seconds ([\d.]+)", done.stdout.decode())
    if found is None:
        raise Lacking(f"{connections} connections: {done.stderr.decode().strip()}")
    return int(found[1]), int(found[1]) / float(found[2])


@contextlib.contextmanager
def answering(run: Path) -> Iterator[str]:
    """A server that answers each frame with zeros, and does nothing else."""
    with subprocess.Popen(
        [str(run), "answer", str(ANSWER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline())
        yield f"127.0.0.1:{port}"
        server.stdin.close()
