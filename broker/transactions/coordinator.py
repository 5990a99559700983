"""The transaction coordinator: whose transactional ids are whose, and questions about several.

It answers for the partitions of `__transaction_state` that it was elected for, each a `Shard` of
its own.  A producer without a transactional id is nobody's: it gets an id, and epoch 0.

Older clients know of no PRODUCER_FENCED: they are told INVALID_PRODUCER_EPOCH.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, assert_never

from broker.errors import ErrorCode, Refused
from broker.owners import check_lengths, partition_for
from broker.patterns import Invalid, compiled, matches_any
from broker.sansio import (
    Appended,
    Ask,
    Elected,
    Ended,
    Fired,
    Input,
    Loaded,
    Outbox,
    Output,
    Replayed,
    Resigned,
)
from broker.transactions.config import TransactionConfig
from broker.transactions.core import Core, Transaction
from broker.transactions.ending import CompleteDue, MarkersWritten, WriteMarkers
from broker.transactions.requests import (
    AddPartitions,
    AddPartitionsResponse,
    DescribedTransaction,
    DescribeTransactions,
    DescribeTransactionsResponse,
    EndTxn,
    EndTxnResponse,
    InitProducerId,
    InitProducerIdResponse,
    ListedTransaction,
    ListTransactions,
    ListTransactionsResponse,
)
from broker.transactions.shard import Shard
from broker.transactions.transaction import State


@dataclass(frozen=True)
class OverdueDue:
    """It is time to look for transactions that have been open for too long."""


@dataclass(frozen=True)
class ExpiryDue:
    """It is time to look for transactional ids that nobody uses."""


REFUSALS: dict[type, Callable[[Any, ErrorCode], object]] = {
    InitProducerId: lambda _, error: InitProducerIdResponse(error),
    AddPartitions: lambda request, error: AddPartitionsResponse(
        tuple((partition, error) for partition in request.partitions)
    ),
    EndTxn: lambda _, error: EndTxnResponse(error),
}

KNOWS_FENCED = {InitProducerId: 4, AddPartitions: 2, EndTxn: 2}
"""The first version of each request whose sender knows PRODUCER_FENCED."""


class TransactionCoordinator:
    """All transactional ids that this broker answers for.

    new_producer_id  gives an id that nobody else has, ever
    """

    def __init__(self, config: TransactionConfig, new_producer_id: Callable[[], int]) -> None:
        self.config = config
        self._new_producer_id = new_producer_id
        self._numbers = count(1)
        self._out = Outbox(0)
        self._shards: dict[int, Shard] = {}
        self._loading: dict[int, Shard] = {}

    def handle(self, event: Input | MarkersWritten, now: int) -> list[Output | WriteMarkers]:
        """What follows from an input, at this time in ms."""
        self._out.now, self._out.outputs = now, []
        self._take(event)
        return self._out.outputs

    def _take(self, event: Input | MarkersWritten) -> None:
        match event:
            case Ask():
                self._ask(event)
            case Fired(timer):
                self._fired(timer)
            case Appended(ticket, error):
                if ticket[0] in self._shards:
                    self._shards[ticket[0]].core.appended(ticket, error)
            case MarkersWritten(name):
                partition = self.partition(name)
                if partition in self._shards:
                    self._shards[partition].endings.marked(event)
            case Elected(partition, epoch):
                self._watch()
                self._loading[partition] = self._shard(partition, epoch)
            case Replayed(partition, entries):
                for entry in entries:
                    self._loading[partition].replay(entry)
            case Loaded(partition):
                self._shards[partition] = self._loading.pop(partition)
                self._shards[partition].loaded()
            case Resigned(partition):
                self._loading.pop(partition, None)
                if partition in self._shards:
                    self._shards.pop(partition).resign()
            case Ended():
                pass
            case _:
                assert_never(event)

    def partition(self, transactional_id: str) -> int:
        """The partition that has the id's records."""
        return partition_for(transactional_id, self.config.transaction_state_log_num_partitions)

    def _shard(self, partition: int, epoch: int) -> Shard:
        core = Core(partition, epoch, self.config, self._new_producer_id, self._numbers, self._out)
        return Shard(core)

    def _owner(self, transactional_id: str) -> Shard:
        """Who answers for an id; refused where it is not here, or not yet."""
        partition = self.partition(transactional_id)
        if partition in self._loading:
            raise Refused(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        if partition not in self._shards:
            raise Refused(ErrorCode.NOT_COORDINATOR)
        return self._shards[partition]

    # Time ------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """With the first partition there is something to look for."""
        if not self._shards and not self._loading:
            self._set(OverdueDue())
            self._set(ExpiryDue())

    def _set(self, timer: OverdueDue | ExpiryDue) -> None:
        config = self.config
        overdue = config.transaction_abort_timed_out_transaction_cleanup_interval_ms
        expired = config.transaction_remove_expired_transaction_cleanup_interval_ms
        self._out.set_timer(timer, overdue if isinstance(timer, OverdueDue) else expired)

    def _fired(self, timer: object) -> None:
        match timer:
            case OverdueDue() | ExpiryDue():
                for shard in self._shards.values():
                    if isinstance(timer, OverdueDue):
                        shard.endings.abort_overdue()
                    else:
                        shard.expire()
                self._set(timer)
            case CompleteDue(name):
                partition = self.partition(name)
                if partition in self._shards:
                    self._shards[partition].endings.complete(timer)

    # Requests --------------------------------------------------------------------------------

    def _ask(self, ask: Ask) -> None:
        request = ask.request
        match request:
            case DescribeTransactions():
                described = tuple(self._described(name) for name in request.transactional_ids)
                self._out.reply(ask.token, DescribeTransactionsResponse(described))
            case ListTransactions():
                self._out.reply(ask.token, self._list(request))
            case InitProducerId(transactional_id=None):
                self._out.reply(ask.token, self._without_transactions(request))
            case _:
                self._about_one(ask)

    def _without_transactions(self, request: InitProducerId) -> InitProducerIdResponse:
        if (request.producer_id == -1) != (request.epoch == -1):
            return InitProducerIdResponse(ErrorCode.INVALID_REQUEST)
        return InitProducerIdResponse(ErrorCode.NONE, self._new_producer_id(), 0)

    def _about_one(self, ask: Ask) -> None:
        request = ask.request
        try:
            self._check(request)
            shard = self._owner(request.transactional_id)
            match request:
                case InitProducerId():
                    shard.init(ask.token, request)
                case AddPartitions():
                    shard.add(ask.token, request)
                case EndTxn():
                    shard.endings.end(ask.token, request)
        except Refused as refused:
            error = refused.error
            known = request.version >= KNOWS_FENCED[type(request)]
            if error is ErrorCode.PRODUCER_FENCED and not known:
                error = ErrorCode.INVALID_PRODUCER_EPOCH
            self._out.reply(ask.token, REFUSALS[type(request)](request, error))

    def _check(self, request: InitProducerId | AddPartitions | EndTxn) -> None:
        if not request.transactional_id:
            raise Refused(ErrorCode.INVALID_REQUEST)
        check_lengths([request.transactional_id])
        if not isinstance(request, InitProducerId):
            return
        if (request.producer_id == -1) != (request.epoch == -1):
            raise Refused(ErrorCode.INVALID_REQUEST)
        if request.two_phase:
            raise Refused(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        if request.keep_prepared:
            raise Refused(ErrorCode.UNSUPPORTED_VERSION)
        if not 0 < request.timeout <= self.config.transaction_max_timeout_ms:
            raise Refused(ErrorCode.INVALID_TRANSACTION_TIMEOUT)

    def _described(self, name: str) -> DescribedTransaction:
        if not name:
            return DescribedTransaction(name, ErrorCode.INVALID_REQUEST)
        try:
            transaction = self._owner(name).core.transactions.get(name)
        except Refused as refused:
            return DescribedTransaction(name, refused.error)
        if transaction is None:
            return DescribedTransaction(name, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
        at = transaction.at
        return DescribedTransaction(
            name,
            ErrorCode.NONE,
            at.state.title,
            at.timeout,
            at.started,
            at.producer_id,
            at.epoch,
            tuple(sorted(at.partitions)),
        )

    def _list(self, request: ListTransactions) -> ListTransactionsResponse:
        if self._loading:
            return ListTransactionsResponse(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        try:
            compiled(request.pattern)
        except Invalid:
            return ListTransactionsResponse(ErrorCode.INVALID_REGULAR_EXPRESSION)
        titles = {state.title for state in State}
        return ListTransactionsResponse(
            ErrorCode.NONE,
            tuple(state for state in request.states if state not in titles),
            tuple(
                ListedTransaction(
                    transaction.name, transaction.at.producer_id, transaction.at.state.title
                )
                for shard in self._shards.values()
                for transaction in shard.core.transactions.values()
                if self._wanted(request, transaction)
            ),
        )

    def _wanted(self, request: ListTransactions, transaction: Transaction) -> bool:
        at = transaction.at
        return (
            (not request.producer_ids or at.producer_id in request.producer_ids)
            and (not request.states or at.state.title in request.states)
            and (not request.pattern or matches_any(request.pattern, transaction.name))
            and (request.duration < 0 or self._out.now - at.started > request.duration)
        )
