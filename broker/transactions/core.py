"""The state of the transactional ids of one partition, and how it changes.

A transition is written before it counts: until it is durable it is the transaction's `next`, and
what could not be written has not happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from broker.errors import ErrorCode, append_error
from broker.sansio import Outbox, Ticket
from broker.transactions.config import TransactionConfig
from broker.transactions.records import encode
from broker.transactions.requests import Partition
from broker.transactions.transaction import Metadata


@dataclass
class Transaction:
    """A transactional id.

    next      the transition that is being written
    unmarked  the partitions that have yet to get their marker
    """

    name: str
    at: Metadata
    next: Metadata | None = None
    unmarked: set[Partition] = field(default_factory=set)


@dataclass(frozen=True)
class Writing:
    """A transition that is being written.

    then  what follows, given what became of it
    """

    transaction: Transaction
    then: Callable[[ErrorCode], None]


@dataclass
class Core:
    """The transactional ids of one partition.

    epoch  of the partition's leader
    """

    partition: int
    epoch: int
    config: TransactionConfig
    new_producer_id: Callable[[], int]
    numbers: Iterator[int]
    out: Outbox
    transactions: dict[str, Transaction] = field(default_factory=dict)
    writing: dict[Ticket, Writing] = field(default_factory=dict)

    def write(
        self, transaction: Transaction, to: Metadata, then: Callable[[ErrorCode], None]
    ) -> None:
        """Write a transition, and let it count once it is durable."""
        assert transaction.next is None
        transaction.next = to
        ticket = (self.partition, next(self.numbers))
        self.writing[ticket] = Writing(transaction, then)
        self.out.append(ticket, [encode(transaction.name, to)])

    def appended(self, ticket: Ticket, error: ErrorCode) -> None:
        """A transition is durable, or could not be written, and then has not happened."""
        writing = self.writing.pop(ticket, None)
        if writing is None:
            return
        transaction = writing.transaction
        to, transaction.next = transaction.next, None
        assert to is not None
        if error is ErrorCode.NONE:
            transaction.at = to
        writing.then(append_error(error))

    def remove(self, transaction: Transaction) -> None:
        """Write that a transactional id is no more."""
        ticket = (self.partition, next(self.numbers))

        def then(error: ErrorCode) -> None:
            if error is ErrorCode.NONE:
                self.transactions.pop(transaction.name, None)

        transaction.next = transaction.at
        self.writing[ticket] = Writing(transaction, then)
        self.out.append(ticket, [encode(transaction.name, None)])
