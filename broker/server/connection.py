"""A connection: frames in, one request at a time, responses out in order.

Bytes are received into a buffer that is used again.  Once a frame is whole it is handled at once,
out of the buffer; what a handler keeps for later it copies.  While a request waits (a fetch for
data, a join for others) the next ones stay where they are.  A client that does not read its
responses is not answered further, so that it holds no more than the transport's buffer; who has
others wait for long has its turn again after them.

Whatever is no request closes the connection: a length that is not positive or too large, a header
or a body that cannot be read, an API or a version that is not served, and what a client may not ask
before it has said who it is.  Until then its requests have to be small.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, cast

from broker.events import Event, tell
from broker.security.sasl import NotNow
from broker.server.buffers import SMALL
from broker.server.caller import Caller
from broker.server.dispatch import Request, respond
from broker.server.handlers.sasl import raw_token
from broker.server.load import MOST_BUT_RECORDS, MOST_UNSENT, MOST_WAITING
from broker.server.sending import send
from broker.server.tls import principal
from broker.wire.apis import ApiKey
from broker.wire.codec import Malformed
from broker.wire.frames import LENGTH, Unsupported, read_header

if TYPE_CHECKING:
    from broker.security.sasl import Sasl
    from broker.server.listeners import Listener
    from broker.server.server import Server

Parts = list[bytes | bytearray | memoryview]
HIGH_WATER = 1 << 20
FIRST = struct.Struct(">ih")
"""A frame's length, and the key of its API."""

ESTABLISHED = 1
"""How Linux says that both ends of a connection are there."""

TURN = 0.02
"""Seconds of requests that one client has handled before others have their turn."""

LINGER = 0.1
"""Seconds from an answer that is the last to the end, so that clients see the answer first."""
TLS_HANDSHAKE = 0x1603
"""How TLS begins, which is no frame that anybody has room for."""


class Connection(asyncio.BufferedProtocol):
    """One client's connection."""

    def __init__(self, server: Server, listener: Listener) -> None:
        self.server = server
        self.host = ""
        self.used = server.broker.elapsed()
        self._caller = Caller("", listener)
        self._most = server.max_request
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(SMALL)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._waiting: asyncio.Future[Parts | None] | None = None
        self._full = False
        self._unread = False
        self._last = False
        self._resting = False
        self._kept = self._unsent = 0

    # What asyncio calls -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.host = str(peer[0]) if peer else ""
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        if not self.server.admit(self):
            self._transport.abort()
            return
        try:
            self._meet(transport)
        except ValueError as error:
            self.refuse(str(error), Event.NO_HANDSHAKE)

    def _meet(self, transport: asyncio.BaseTransport) -> None:
        """See who the client is, as far as that is known before it says anything."""
        listener, access = self._caller.listener, self.server.broker.access
        sasl = access.sasl(listener)
        self._caller = Caller(self.host, listener, principal(transport), sasl)
        if sasl is not None:
            self._most = self.server.configuration["sasl.server.max.receive.size"]

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        del exc
        self._transport = None
        if self._waiting is not None:
            self._waiting.cancel()
        self._keep(0)
        self._leave_unsent(0)
        self.server.buffers.give_back(self._buffer)
        self._use(bytearray())
        self.server.gone(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to receive into."""
        del sizehint
        return self._view[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes have come."""
        self._end += nbytes
        self.server.broker.meter.received += nbytes
        self._go_on()

    def pause_writing(self) -> None:
        """The client does not read."""
        self._unread = True
        if self._transport is not None:
            self._leave_unsent(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It does again."""
        self._unread = False
        self._leave_unsent(0)
        self._go_on()

    # What is kept for the client --------------------------------------------------------------

    def _keep(self, size: int) -> None:
        """So many bytes of a request that waits."""
        self._kept, before = size, self._kept
        self.server.load.waiting += size - before
        if size and self.server.load.waiting > MOST_WAITING:
            self.refuse("too many large requests wait", Event.CONNECTION_REFUSED)

    def _leave_unsent(self, size: int) -> None:
        """So many bytes of answers that it does not read."""
        self._unsent, before = size, self._unsent
        self.server.load.unsent += size - before
        if size and self.server.load.unsent > MOST_UNSENT:
            self.server.broker.loop.call_soon(self.server.relieve)

    @property
    def left(self) -> bool:
        """Whether the client has gone, and nobody noticed because nothing is received from it.

        While a request waits and the buffer is full nothing is read, not even the end.
        """
        transport = self._transport
        if not self._full or transport is None or transport.is_closing():
            return False
        found = transport.get_extra_info("socket")
        if found is None or not hasattr(socket, "TCP_INFO"):
            return False
        try:
            state: int = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except OSError:
            return True
        return state != ESTABLISHED

    @property
    def unsent(self) -> int:
        """Bytes of answers that it does not read."""
        return self._unsent

    # Frames -----------------------------------------------------------------------------------

    def _go_on(self) -> None:
        needed, ends = LENGTH.size, 0.0
        while (
            self._transport is not None
            and not self._transport.is_closing()
            and self._waiting is None
            and not self._unread
            and not self._last
            and not self._resting
        ):
            have = self._end - self._start
            if have < LENGTH.size:
                needed = LENGTH.size
                break
            (size,) = LENGTH.unpack_from(self._buffer, self._start)
            if not 0 < size <= self._most:
                self._refuse_size(size)
                return
            if size > MOST_BUT_RECORDS and have >= FIRST.size and self._unfit():
                self.refuse(f"a frame of {size} bytes that has no records")
                return
            needed = LENGTH.size + size
            if have < needed:
                break
            frame = self._view[self._start + LENGTH.size : self._start + needed]
            self._start += needed
            self._handle(frame)
            if self._start == self._end:  # as a rule: who waits for an answer sends nothing more
                break
            if self._end - self._start >= LENGTH.size:
                loop = self.server.broker.loop
                ends = ends or loop.time() + TURN
                if loop.time() > ends:
                    self._resting, needed = True, LENGTH.size
                    loop.call_soon(self._rested)
        if self._transport is not None:
            self._make_room(needed)

    def _unfit(self) -> bool:
        """Whether the frame that comes in is of a request that has no business to be so large."""
        _, key = FIRST.unpack_from(self._buffer, self._start)
        return int(key) != ApiKey.PRODUCE

    def _rested(self) -> None:
        self._resting = False
        self._go_on()

    def _make_room(self, needed: int) -> None:
        """See that what is still to come has a place, and stop receiving where it has none."""
        have = self._end - self._start
        if not have:
            self._start = self._end = 0
            if len(self._buffer) > SMALL and self._waiting is None:
                self.server.buffers.give_back(self._buffer)
                self._use(bytearray(SMALL))
        elif self._end == len(self._buffer) or (
            self._start and self._start + needed > len(self._buffer)
        ):
            self._rearrange(have, needed)
        full = self._end == len(self._buffer)
        if full != self._full and self._transport is not None:
            self._full = full
            if full:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _rearrange(self, have: int, needed: int) -> None:
        rest = bytes(self._view[self._start : self._end])
        if self._waiting is None and have == len(self._buffer) and needed > have:
            larger = self.server.buffers.larger(len(self._buffer), have, needed)
            if larger is None:
                self.server.buffers.wait(self._go_on)
                return
            self.server.buffers.give_back(self._buffer)
            self._use(larger)
        self._view[:have] = rest
        self._start, self._end = 0, have

    def _use(self, buffer: bytearray) -> None:
        self._buffer, self._view = buffer, memoryview(buffer)

    def _refuse_size(self, size: int) -> None:
        if size >> 16 == TLS_HANDSHAKE:
            self.refuse("the client speaks TLS, and this listener does not", Event.NO_HANDSHAKE)
        else:
            self.refuse(f"a frame of {size} bytes")

    # Requests ---------------------------------------------------------------------------------

    def _handle(self, frame: memoryview) -> None:
        broker, caller = self.server.broker, self._caller
        self.used = broker.elapsed()
        try:
            if caller.sasl is not None and caller.sasl.raw:
                self._send(raw_token(broker, caller, frame))
                return
            header = read_header(frame)
            answer = respond(Request(broker, caller, header, frame))
        except (Malformed, Unsupported) as error:
            self.refuse(str(error))
            return
        except NotNow as error:
            self.refuse(str(error), Event.NOT_AUTHENTICATED)
            return
        except Exception as error:  # noqa: BLE001 - others are to be served
            self._failed(error)
            return
        if isinstance(answer, asyncio.Future):
            if not answer.done():
                self._waiting = answer
                answer.add_done_callback(self._answered)
                self._keep(len(frame))
                return
            self._finish(answer)
        else:
            self._send(answer)

    def _answered(self, answer: asyncio.Future[Parts | None]) -> None:
        self._waiting = None
        self.used = self.server.broker.elapsed()
        self._keep(0)
        if self._transport is not None:
            self._finish(answer)
            if self._last:
                self.close()
            else:
                self._go_on()

    def _finish(self, answer: asyncio.Future[Parts | None]) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            error = answer.exception()
            if error is None:
                self._send(answer.result())
                return
            self._failed(error)
            return
        self.refuse("the request was given up", Event.CONNECTION_CLOSED)

    def _failed(self, error: BaseException) -> None:
        tell(Event.REQUEST_FAILED, trace=error, client=self.host)
        self.refuse("the request could not be handled", Event.CONNECTION_CLOSED)

    def _send(self, parts: Parts | None) -> None:
        if parts and self._transport is not None:
            if len(parts) == 1:
                self.server.broker.meter.sent += len(parts[0])
                self._transport.write(parts[0])
            else:
                self.server.broker.meter.sent += sum(map(len, parts))
                self._send_all(self._transport, parts)
            if self._caller.sasl is not None:
                self._follow(self._caller.sasl)

    def _send_all(self, transport: asyncio.Transport, parts: Parts) -> None:
        try:
            send(transport, parts)
        except OSError as error:
            self.refuse(f"an answer cannot be sent: {error.strerror}", Event.CONNECTION_CLOSED)

    def _follow(self, sasl: Sasl) -> None:
        """What follows from how a client's authentication stands."""
        if self._caller.leaving:
            self._unread = True
            self.server.broker.loop.call_later(LINGER, self.close)
        elif sasl.principal is not None:
            self._most = self.server.max_request

    def note(self, event: Event, why: str) -> None:
        """Say, and count, why the connection is not to be."""
        self.server.broker.meter.refused[event] += 1
        tell(event, client=self.host, listener=self._caller.listener.name, why=why)

    def refuse(self, why: str, event: Event = Event.RUBBISH) -> None:
        """Close the connection, whatever is under way."""
        self.note(event, why)
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        self._keep(0)
        self._leave_unsent(0)

    def close(self) -> None:
        """Close the connection once what was asked is answered, and what was written sent."""
        self._last = True
        if self._transport is not None and self._waiting is None:
            self._transport.close()
