"""What is asked of the transaction coordinator, and what it answers.

The handlers translate between these and the messages on the wire.  -1 is no producer id and no
epoch.  A partition is a topic's name and a number.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.errors import ErrorCode

NONE = ErrorCode.NONE
Partition = tuple[str, int]


@dataclass(frozen=True)
class InitProducerId:
    """A producer begins, or goes on after an error.

    producer_id, epoch  what it has been so far; -1 where it begins
    """

    version: int
    transactional_id: str | None
    timeout: int
    producer_id: int = -1
    epoch: int = -1
    two_phase: bool = False
    keep_prepared: bool = False


@dataclass(frozen=True)
class InitProducerIdResponse:
    """Who the producer is."""

    error: ErrorCode = NONE
    producer_id: int = -1
    epoch: int = -1


@dataclass(frozen=True)
class AddPartitions:
    """A producer is going to write to partitions.

    verify    it only is looked whether it has said so
    implicit  the client leaves it to the broker to say so (transaction version 2)
    """

    version: int
    transactional_id: str
    producer_id: int
    epoch: int
    partitions: tuple[Partition, ...]
    verify: bool = False
    implicit: bool = False


@dataclass(frozen=True)
class AddPartitionsResponse:
    """What became of each."""

    partitions: tuple[tuple[Partition, ErrorCode], ...]


@dataclass(frozen=True)
class EndTxn:
    """A producer ends its transaction."""

    version: int
    transactional_id: str
    producer_id: int
    epoch: int
    commit: bool


@dataclass(frozen=True)
class EndTxnResponse:
    """Whether it is going to end so, and who the producer is from then on (version 5 on)."""

    error: ErrorCode = NONE
    producer_id: int = -1
    epoch: int = -1


@dataclass(frozen=True)
class DescribeTransactions:
    """Somebody wants to know how these transactions stand."""

    transactional_ids: tuple[str, ...]


@dataclass(frozen=True)
class DescribedTransaction:
    """How one stands; start is -1 where none has been open."""

    transactional_id: str
    error: ErrorCode = NONE
    state: str = ""
    timeout: int = 0
    start: int = 0
    producer_id: int = 0
    epoch: int = 0
    partitions: tuple[Partition, ...] = ()


@dataclass(frozen=True)
class DescribeTransactionsResponse:
    """One after the other."""

    transactions: tuple[DescribedTransaction, ...]


@dataclass(frozen=True)
class ListTransactions:
    """Somebody wants to know which there are, in these states, of these producers.

    duration  open for longer than so many ms; -1 any
    pattern   a regular expression that their whole names match; "" any
    """

    states: tuple[str, ...] = ()
    producer_ids: tuple[int, ...] = ()
    duration: int = -1
    pattern: str = ""


@dataclass(frozen=True)
class ListedTransaction:
    """A transactional id, whose it is, and its state."""

    transactional_id: str
    producer_id: int
    state: str


@dataclass(frozen=True)
class ListTransactionsResponse:
    """Those that this coordinator has."""

    error: ErrorCode = NONE
    unknown_states: tuple[str, ...] = ()
    transactions: tuple[ListedTransaction, ...] = ()
