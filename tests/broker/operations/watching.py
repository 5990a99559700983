"""Looking at a broker's pages, and at what it says."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from broker.server.pages import Pages
from broker.server.server import bind
from tests.broker.server.running import PATIENCE, Running

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def page(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    """A page's status and text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def series_of(text: str) -> Series:
    """What a page of metrics says, by name and labels; each once."""
    found: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


class Watched:
    """A broker's pages."""

    def __init__(self, port: int, pages: Pages) -> None:
        self.port, self.pages = port, pages

    def page(self, path: str, method: str = "GET") -> tuple[int, str]:
        return page(self.port, path, method)

    def series(self) -> Series:
        status, text = self.page("/metrics")
        assert status == 200
        return series_of(text)

    def value(self, name: str, **labels: object) -> float | None:
        """One series, by its name less the prefix."""
        wanted = frozenset((label, str(value)) for label, value in labels.items())
        return self.series().get((f"verdict_broker_{name}", wanted))


@contextmanager
def watched(broker: Running) -> Iterator[Watched]:
    """Pages beside a broker that runs in this process."""
    pages = Pages(broker.server)
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        broker.call(lambda: pages.start(listener))
        try:
            yield Watched(port, pages)
        finally:
            broker.call(pages.stop)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def ended(found: socket.socket) -> bytes:
    """What is said until the connection is closed."""
    data = b""
    try:
        while more := found.recv(1 << 16):
            data += more
    except ConnectionError:
        pass
    return data


def events(said: str) -> list[Mapping[str, Any]]:
    """The lines of a broker that writes JSON; each is one."""
    return [json.loads(line) for line in said.splitlines()]


def frame_of(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body
