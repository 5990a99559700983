"""What the broker says of itself: events, each with a name, a level and its fields.

`tell(Event.TOPIC_CREATED, topic="orders", partitions=3)` hands a record to the logger
`verdict.broker`; whoever runs the broker decides how it is written.  The sentence is for people,
the name and the fields are for machines, and both stay as they are once they are published.

    ERROR    something was not done: a disk refused, a request found a fault of this program
    WARNING  something is not as it should be, and was dealt with
    INFO     what changes now and then: the broker, topics, groups and their members
    DEBUG    what happens all the time: connections

Fields say who and where.  What records hold, passwords and keys are never among them.

Events that say little when they come often, and that a client can cause as often as it likes, are
`limited`: who writes them leaves most out, and says how many.

The coordinators have no logger: they are handed a `Tell`.
"""

from __future__ import annotations

import logging
from enum import Enum
from typing import Any, Protocol

LOG = logging.getLogger("verdict.broker")


class Event(Enum):
    """An event: its level, and the sentence that its fields complete."""

    # The broker
    RECOVERING = logging.INFO, "opening {data_dir}, which was {was}"
    RECOVERED = logging.INFO, "{partitions} partitions are open after {seconds} s"
    LISTENING = logging.INFO, "listening on {address} ({protocol})"
    SERVING_METRICS = logging.INFO, "metrics on http://{address}/metrics"
    STOPPING = logging.INFO, "stopping: {why}"
    STOPPED = logging.INFO, "stopped in order after {seconds} s"

    # Files
    LOG_CUT = logging.WARNING, "{topic}-{partition}: {bytes} bytes from offset {offset} on are cut"
    CHECKPOINT_DAMAGED = logging.WARNING, "{why}"
    BATCH_PASSED_OVER = logging.ERROR, "{topic}-{partition}: a batch is passed over: {error}"
    DISK_FAILED = logging.ERROR, "{topic}-{partition} cannot be {what}: {error}", True
    DISK_WORKS = logging.INFO, "the disk can be written to again", True
    UPKEEP_FAILED = logging.ERROR, "what is due could not be done: {error}", True

    # Topics
    TOPIC_CREATED = logging.INFO, "topic {topic} created with {partitions} partitions"
    TOPIC_GROWN = logging.INFO, "topic {topic} has {partitions} partitions now"
    TOPIC_DELETED = logging.INFO, "topic {topic} deleted"
    TOPIC_REFUSED = logging.ERROR, "topic {topic} cannot be made: {error}", True
    MARKER_REFUSED = logging.INFO, "{topic}-{partition} takes no marker: {error}"

    # Groups
    GROUP_REBALANCES = (
        logging.INFO,
        "group {group} rebalances after generation {generation}: {why}",
    )
    GROUP_GENERATION = (
        logging.INFO,
        "group {group} is at generation {generation} with {members} members",
    )
    GROUP_EPOCH = logging.INFO, "group {group} is at epoch {epoch} with {members} members: {why}"
    GROUP_CONVERTED = logging.INFO, "group {group} is a {type} group now"
    MEMBER_EXPIRED = logging.INFO, "member {member} of group {group} is out: {why}"
    MEMBER_FENCED = logging.INFO, "member {member} of group {group} is fenced: {why}", True

    # Clients
    CONNECTION_OPENED = logging.DEBUG, "connection from {client}"
    CONNECTION_CLOSED = logging.DEBUG, "connection from {client} closed: {why}"
    CONNECTION_REFUSED = logging.WARNING, "connection from {client} refused: {why}", True
    RUBBISH = logging.WARNING, "connection from {client} closed: {why}", True
    NO_HANDSHAKE = logging.WARNING, "no TLS between {client} and {listener}: {why}", True
    NOT_AUTHENTICATED = (
        logging.WARNING,
        "connection from {client} to {listener} closed: {why}",
        True,
    )
    DENIED = logging.INFO, "{principal} from {client} may not {operation} {resource} {name}", True
    REQUEST_FAILED = logging.ERROR, "a request of {client} could not be handled", True
    REQUEST_SLOW = logging.WARNING, "{api} of {client} held others up for {seconds} s", True

    def __init__(self, level: int, sentence: str, limited: bool = False) -> None:  # noqa: FBT001, FBT002 - a column of the table
        self.level, self.sentence, self.limited = level, sentence, limited

    @property
    def code(self) -> str:
        """The name that machines see."""
        return self.name.lower()


class Tell(Protocol):
    """Who is told of events."""

    def __call__(
        self, event: Event, /, *, trace: BaseException | None = None, **fields: Any
    ) -> None:
        """It happened."""


def tell(event: Event, /, *, trace: BaseException | None = None, **fields: Any) -> None:
    """Log an event.

    trace  the exception that was not expected, to be shown with where it was raised
    """
    LOG.log(event.level, event.sentence, exc_info=trace, extra={"event": event, "fields": fields})


def ignore(event: Event, /, *, trace: BaseException | None = None, **fields: Any) -> None:
    """Let nobody know."""
