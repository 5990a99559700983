"""Three pages for whoever watches over the broker, on a port of their own.

    /metrics  what is counted, as Prometheus reads it
    /healthz  200 as long as the thread that serves clients answers
    /readyz   200 while clients are served; 503, and why, while logs are recovered, the disk
              refuses what is written, or the broker stops

It is HTTP/1.1 as far as these need it: one GET a connection, which is then closed.  Another path
is answered with 404, another method with 405, and what is no request is not answered.  A request
has so many bytes and so much time, and there are so many connections at once; what is more is
closed, so that none of it costs the broker's clients anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from broker.server.metrics import Metrics

if TYPE_CHECKING:
    from broker.server.server import Server

LONGEST = 8 << 10
"""Bytes of a request."""

SECONDS = 5.0
"""Within which a request must have come, and again its answer be taken."""

MOST = 16
"""Connections at once."""

PLAIN = "text/plain; charset=utf-8"
FOR_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_REQUEST = re.compile(rb"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.[01]\r\n(?:[!-~]+:[ -~\t]*\r\n)*\r\n")


@dataclass(frozen=True)
class Page:
    """What is answered."""

    status: HTTPStatus
    text: bytes
    kind: str = PLAIN

    def encoded(self) -> bytes:
        """With what HTTP puts before it."""
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            f"Content-Type: {self.kind}",
            f"Content-Length: {len(self.text)}",
            "Cache-Control: no-store",
            "Connection: close",
        ]
        if self.status is HTTPStatus.METHOD_NOT_ALLOWED:
            lines.append("Allow: GET")
        return "\r\n".join([*lines, "", ""]).encode() + self.text


class Pages:
    """The pages of one broker."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._metrics = Metrics(server)
        self._open: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server | None = None
        self._pages: Mapping[str, Callable[[], Awaitable[Page]]] = {
            "/metrics": self._counted,
            "/healthz": self._alive,
            "/readyz": self._ready,
        }

    async def start(self, listener: socket.socket) -> None:
        """Answer at this address."""
        self._listener = await asyncio.start_server(self._serve, sock=listener, limit=LONGEST)

    async def stop(self) -> None:
        """Answer no more."""
        if self._listener is not None:
            self._listener.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MOST:
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.LimitOverrunError):
                await self._answer(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(SECONDS):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
        asked = _REQUEST.fullmatch(head)
        if asked is None:
            return
        page = await self._page(asked[1].decode(), asked[2].decode())
        async with asyncio.timeout(SECONDS):
            writer.write(page.encoded())
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    async def _page(self, method: str, target: str) -> Page:
        made = self._pages.get(target.partition("?")[0])
        if made is None:
            return Page(HTTPStatus.NOT_FOUND, b"/metrics, /healthz and /readyz are here\n")
        if method != "GET":
            return Page(HTTPStatus.METHOD_NOT_ALLOWED, b"GET alone is answered\n")
        return await made()

    async def _alive(self) -> Page:
        return Page(HTTPStatus.OK, b"alive\n")

    async def _ready(self) -> Page:
        why = self._server.unready()
        if why:
            return Page(HTTPStatus.SERVICE_UNAVAILABLE, f"{why}\n".encode())
        return Page(HTTPStatus.OK, b"ready\n")

    async def _counted(self) -> Page:
        found = self._metrics.collected()
        text = await asyncio.get_running_loop().run_in_executor(None, found.text)
        return Page(HTTPStatus.OK, text, FOR_PROMETHEUS)
