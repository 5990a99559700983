"""A member's connection to the coordinator, and what it loses and delays.

A member has one request outstanding at a time.  It is on its way to the coordinator
(`request`), or at the coordinator, which keeps it until it can be answered (`parked`: JoinGroup
and SyncGroup), or answered (`response`, on its way back).  Delay is nothing to model: a message
arrives when its arrival is chosen to be the next step.

A member whose request takes too long gives it up, closes the connection and opens another.
The request given up is lost, or it is `late`: still on its way, to arrive whenever it likes.  A
request that is sent again after that has thereby been repeated, perhaps out of order.  An answer
to a request that was given up reaches nobody: its member has moved on, and the client's
correlation ids tell it so.  Without them (`correlation` off) such an answer is a `stray`, and may
be taken for the answer to whatever is outstanding by then.

What it leaves out, and why that is safe:

- Several requests in flight on one connection.  The broker answers them in order, so what a
  second one could see is what it sees when it is sent after the first was answered; only
  not waiting is left out, and nothing that a member does depends on not having waited.
- More than one late request of a member: giving up another loses the first.  The promises say
  what a late request may do in every state, so the second one's harm is done by a first one in
  another run.
- Late requests that cannot change the coordinator's state (Heartbeat, OffsetFetch): losing them
  leaves the same behaviours.
"""

from __future__ import annotations

from checker import Part, Variant, require
from model.messages import (
    HeartbeatRequest,
    OffsetFetchRequest,
    Request,
    Response,
)


class Connection(Part):
    """What is between a member and its coordinator."""

    correlation: Variant[bool] = True

    request: Request | None
    parked: bool = False
    response: Response | None
    late: Request | None
    stray: Response | None

    def free(self) -> bool:
        """Whether nothing is outstanding."""
        return self.request is None and not self.parked and self.response is None

    def send(self, request: Request) -> None:
        """Put a request on its way; possible where nothing is outstanding."""
        require(self.free())
        self.request = request

    def park(self) -> None:
        """The coordinator keeps the request that has just arrived."""
        self.request = None
        self.parked = True

    def answer(self, response: Response) -> None:
        """The coordinator answers the request that has arrived or that it has kept."""
        self.request = None
        self.parked = False
        self.response = response

    def close(self) -> None:
        """Nobody is at this end any more: what is on its way back is lost."""
        self.parked = False
        self.response = None

    def give_up(self, *, lost: bool) -> None:
        """The outstanding request is no longer waited for: it is lost, or goes on its way."""
        require(not self.free())
        request = self.request
        passive = isinstance(request, HeartbeatRequest) or isinstance(request, OffsetFetchRequest)
        if not lost and request is not None and not passive:
            self.late = request
        if not self.correlation and not lost and self.response is not None:
            self.stray = self.response
        self.request = None
        self.close()

    def misdeliver(self) -> None:
        """Without correlation ids: an old answer is taken for the one that is waited for."""
        require(not self.correlation)
        require(not self.free())
        require(self.stray is not None)
        self.request = None
        self.parked = False
        self.response = self.stray
        self.stray = None
