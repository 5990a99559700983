"""Clients that send what is malformed, many at a time, and see what becomes of each frame.

    python -m tests.broker.fuzz.flood PORT SEED FRAMES

A connection sends a few frames at once, in pieces, or byte by byte; some of them are sound.  Then
each of these is so:

    answered   the frame was a request after all
    closed     the broker closed the connection, which the frame cost
    waiting    the broker waits: for the rest of the frame, for data, for other members.  The client
               says that it sends nothing more, and the broker closes then

What is none of these is *stuck*: the client has gone, and the connection is still there.  Some
connections are given up in the midst of a frame, and some never read what they asked for.

What was sent behind a frame that closed its connection, or that waited, counts for nothing, and
neither does what was given up or not read.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import sys
import threading
from collections import Counter

from tests.broker.fuzz.frames import SIZE, Frames, framed

AT_ONCE = 32
"""Connections of one process at a time."""

QUIET = 0.25
"""Seconds without an answer after which a frame is one that waits."""

PATIENCE = 60.0
"""Seconds after which a connection that was given up is stuck."""

RESET = struct.pack("ii", 1, 0)
"""No connection stays in TIME_WAIT: there are not so many ports."""


class Client:
    """One connection after the other, from a seed.

    seen  how many frames came to which end, and how many connections there were
    """

    def __init__(self, port: int, seed: str) -> None:
        self._port = port
        self._draw = random.Random(seed)
        self._frames = Frames(self._draw)
        self.seen: Counter[str] = Counter()

    @property
    def done(self) -> int:
        """The frames of which it is known what became of them."""
        return sum(self.seen[end] for end in ("answered", "closed", "waiting", "stuck"))

    def connection(self) -> None:
        """Connect, and send until the broker, or this client, has enough."""
        here = f"127.0.{self._draw.randrange(1, 200)}.{self._draw.randrange(1, 250)}"
        with socket.create_connection(
            ("127.0.0.1", self._port), timeout=PATIENCE, source_address=(here, 0)
        ) as found:
            self.seen["connections"] += 1
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            try:
                match self._draw.randrange(100):
                    case 0:
                        self._gone(found)
                    case 1:
                        self._unread(found)
                    case _:
                        while self._pipeline(found):
                            pass
            except ConnectionError:
                self.seen["closed"] += 1

    def _gone(self, found: socket.socket) -> None:
        """Half a frame, and nobody there any more."""
        frame = self._frames.frame()
        found.sendall(frame[: self._draw.randrange(len(frame))])
        self.seen["halves"] += 1

    def _unread(self, found: socket.socket) -> None:
        """Many requests of somebody who does not read."""
        found.sendall(b"".join(framed(self._frames.sound()) for _ in range(200)))
        self.seen["unread"] += 1

    def _pipeline(self, found: socket.socket) -> bool:
        """Some frames at once; whether the connection is as it was."""
        count = self._draw.choice((1, 1, 1, 2, 4))
        data = b"".join(
            framed(self._frames.sound()) if self._draw.random() < 0.1 else self._frames.frame()
            for _ in range(count)
        )
        self._send(found, data)
        for _ in range(count):
            try:
                found.settimeout(QUIET)
                there = _answered(found)
            except TimeoutError:
                self._give_up(found)
                return False
            self.seen["answered" if there else "closed"] += 1
            if not there:
                return False
        return self._draw.random() < 0.9

    def _send(self, found: socket.socket, data: bytes) -> None:
        found.settimeout(PATIENCE)
        if self._draw.random() < 0.02:
            step = self._draw.choice((1, 7, len(data) // 2 + 1))
            for at in range(0, len(data), step):
                found.sendall(data[at : at + step])
        else:
            found.sendall(data)

    def _give_up(self, found: socket.socket) -> None:
        """Send nothing more: the broker has nothing to wait for, and closes."""
        found.settimeout(PATIENCE)
        end = "waiting"
        try:
            found.shutdown(socket.SHUT_WR)
            while found.recv(1 << 16):
                pass
        except TimeoutError:
            end = "stuck"
        except OSError:  # it was closed the moment that it was given up
            end = "closed"
        self.seen[end] += 1


def _answered(found: socket.socket) -> bool:
    """Whether an answer came; otherwise the connection was closed."""
    size = _exactly(found, SIZE.size)
    return len(size) == SIZE.size and len(_exactly(found, SIZE.unpack(size)[0])) > 0


def _exactly(found: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = found.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


def flood(port: int, seed: int, frames: int, at_once: int = AT_ONCE) -> Counter[str]:
    """Send until so many frames came to an end; what became of them."""
    clients = [Client(port, f"{seed}/{number}") for number in range(at_once)]
    failures: list[Exception] = []

    def run(client: Client) -> None:
        try:
            while client.done < frames / at_once and not failures:
                client.connection()
        except Exception as failure:  # noqa: BLE001 - it is told by the thread that waits
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    total = Counter(stuck=0)
    for client in clients:
        total.update(client.seen)
    return total


def main() -> None:
    """Flood as the command line says; the counts go to stdout as JSON."""
    port, seed, frames = map(int, sys.argv[1:])
    sys.stdout.write(json.dumps(flood(port, seed, frames)) + "\n")


if __name__ == "__main__":
    main()
