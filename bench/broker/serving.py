"""Ways to answer a fetch with a range of a file, measured side by side over loopback.

    python bench/broker/serving.py [SECONDS]

    pread     a new object is read from the file and handed to the transport
    preadv    the same into one buffer that is used again, where the transport has let go of it
    mapped    the range is mapped for this answer, and handed to the transport
    mmap      a slice of the file, which is mapped as a whole, is handed to the transport
    sendfile  the kernel gives the socket the range, past the transport

The server is one process with the broker's event loop (uvloop where it is installed), the client
another that asks for one range after the other and looks at nothing.  The file is in the page
cache.  Each way has its turn, three times, in turn; the best counts, and the server's own CPU time
for each gigabyte, which says more than the rate where the client is the slower.
"""

from __future__ import annotations

import asyncio
import mmap
import multiprocessing
import os
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import cast

SIZES = (16 << 10, 256 << 10, 1 << 20, 8 << 20)
FILE = 256 << 20
TURNS = 3
REQUEST = struct.Struct(">qi")
HEADER = bytes(64)


class Serving(asyncio.Protocol):
    """Answers each request with a header and a range; one request is under way at a time."""

    def __init__(self, way: str, path: str) -> None:
        self.file = os.open(path, os.O_RDONLY)
        self.whole = memoryview(mmap.mmap(self.file, 0, prot=mmap.PROT_READ))
        self.send: Callable[[int, int], None] = getattr(self, way)
        self.buffer = bytearray(max(SIZES))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=1 << 20)
        self.socket = transport.get_extra_info("socket")

    def data_received(self, data: bytes) -> None:
        """A request has come."""
        self.send(*REQUEST.unpack(data))

    def pread(self, at: int, size: int) -> None:
        """Read anew, and write."""
        self.transport.writelines([HEADER, os.pread(self.file, size, at)])

    def preadv(self, at: int, size: int) -> None:
        """Read into what was used before; what is still to be sent must not be overwritten."""
        if self.transport.get_write_buffer_size():
            self.buffer = bytearray(max(SIZES))
        view = memoryview(self.buffer)[:size]
        os.preadv(self.file, [view], at)
        self.transport.writelines([HEADER, view])

    def mapped(self, at: int, size: int) -> None:
        """Map the range, with its pages, and write."""
        low = at & -mmap.ALLOCATIONGRANULARITY
        flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
        found = mmap.mmap(self.file, at - low + size, flags, mmap.PROT_READ, offset=low)
        self.transport.writelines([HEADER, memoryview(found)[at - low :]])

    def mmap(self, at: int, size: int) -> None:
        """Write from where the file is mapped."""
        self.transport.writelines([HEADER, self.whole[at : at + size]])

    def sendfile(self, at: int, size: int) -> None:
        """Have the kernel write the range; wait where the socket takes no more."""
        os.write(self.socket.fileno(), HEADER)  # the transport would send it later
        self._go_on(at, at + size, None)

    def _go_on(self, at: int, end: int, waiting: int | None) -> None:
        try:
            while at < end:
                at += os.sendfile(self.socket.fileno(), self.file, at, end - at)
        except BlockingIOError:
            # A descriptor of its own: the loop does not watch one that belongs to a transport.
            loop = asyncio.get_running_loop()
            waiting = waiting if waiting is not None else os.dup(self.socket.fileno())
            loop.add_writer(waiting, self._go_on, at, end, waiting)
            return
        if waiting is not None:
            asyncio.get_running_loop().remove_writer(waiting)
            os.close(waiting)


def serve(way: str, path: str, told: Connection) -> None:
    """Serve until the process that asks says so; then tell the CPU time."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Serving(way, path), "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        began = time.process_time()
        await loop.run_in_executor(None, told.recv)
        told.send(time.process_time() - began)

    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())


def measured(way: str, path: str, size: int, seconds: float) -> tuple[float, float]:
    """Megabytes a second, and the server's CPU seconds for each gigabyte."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(way, path, theirs))
    server.start()
    buffer, total, at = bytearray(1 << 20), 0, 0
    with socket.create_connection(("127.0.0.1", ours.recv())) as connection:
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            connection.sendall(REQUEST.pack(at, size))
            left = size + len(HEADER)
            while left:
                left -= connection.recv_into(buffer, min(left, len(buffer)))
            total += size
            at = (at + size) % (FILE - size)
        took = time.perf_counter() - began
    ours.send(None)
    used = ours.recv()
    server.join()
    return total / took / 1e6, used / total * 1e9


def main() -> None:
    """Print a table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    ways = ("pread", "preadv", "mapped", "mmap", "sendfile")
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(FILE >> 20):
            file.write(os.urandom(1 << 20))
        file.flush()
        print(f"{'':10}" + "".join(f"{size >> 10:>9,} KiB{'':9}" for size in SIZES))
        rows: dict[str, list[str]] = {way: [] for way in ways}
        for size in SIZES:
            found = {way: [(0.0, 0.0)] * 0 for way in ways}
            for _ in range(TURNS):
                for way in ways:
                    found[way].append(measured(way, file.name, size, seconds))
            for way in ways:
                rate, cost = max(found[way])[0], min(cost for _, cost in found[way])
                rows[way].append(f"{rate:>8,.0f} MB/s{cost:5.2f} s ")
        for way in ways:
            print(f"{way:10}{' '.join(rows[way])}")


if __name__ == "__main__":
    main()
