"""The transaction coordinator under any sequence of requests, failures and restarts."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broker.errors import ErrorCode
from broker.owners import partition_for
from broker.sansio import Entry
from broker.transactions.config import TransactionConfig
from broker.transactions.coordinator import TransactionCoordinator
from broker.transactions.ending import MarkersWritten, WriteMarkers
from broker.transactions.records import decode, encode
from broker.transactions.requests import (
    AddPartitions,
    EndTxn,
    EndTxnResponse,
    InitProducerId,
    InitProducerIdResponse,
)
from broker.transactions.transaction import PREPARED, Metadata, State
from tests.broker.shell import Shell

NAME = "x"
HOME = partition_for(NAME, 50)
CLIENTS = st.integers(0, 1)
PARTITIONS = st.sampled_from([("t", 0), ("t", 1)])
ERRORS = [ErrorCode.NONE, ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_ENOUGH_REPLICAS]


class Transactions(RuleBasedStateMachine):
    """One transactional id, two producers that believe that it is theirs."""

    @initialize(epoch=st.sampled_from([0, 32_764]))
    def start(self, epoch: int) -> None:
        self.producer_ids = count(1)
        self.shell = Shell(lambda event, now: [])
        self.known: dict[int, tuple[int, int]] = {}
        self.asking: dict[int, tuple[int, object]] = {}
        self.markers: list[WriteMarkers] = []
        if epoch:
            worn = Metadata(next(self.producer_ids), epoch, 60_000, State.EMPTY, 0)
            self.shell.logs[HOME].append(Entry(0, encode(NAME, worn)))
        self.boot()

    def boot(self) -> None:
        self.made = TransactionCoordinator(TransactionConfig(), lambda: next(self.producer_ids))
        self.shell.handle = self.made.handle
        self.shell.timers.clear()
        self.shell.own([HOME])

    @property
    def at(self) -> Metadata | None:
        transaction = self.made._shards[HOME].core.transactions.get(NAME)
        return None if transaction is None else transaction.at

    def ask(self, client: int, request: object) -> None:
        self.asking[self.shell.asked + 1] = client, request
        self.shell.ask(request)
        self.learn()

    def learn(self) -> None:
        for output in self.shell.take():
            if isinstance(output, WriteMarkers):
                self.sent(output)
        for token, (client, request) in [*self.asking.items()]:
            if token not in self.shell.replies:
                continue
            response = self.shell.replies[token]
            del self.asking[token]
            named = isinstance(response, InitProducerIdResponse | EndTxnResponse)
            if named and response.epoch != -1:
                self.known[client] = response.producer_id, response.epoch
            if isinstance(request, EndTxn) and response.error is ErrorCode.NONE:
                self.check_end(request)

    def sent(self, markers: WriteMarkers) -> None:
        """What the partitions are told is in the log, and never both ways."""
        self.markers.append(markers)
        producer = markers.producer_id, markers.epoch
        last = self.replayed()
        assert last is not None
        assert last.state in PREPARED
        assert (last.producer_id, last.epoch) == producer
        assert last.partitions == frozenset(markers.partitions)
        assert (last.state is State.PREPARE_COMMIT) is markers.commit

    def check_end(self, request: EndTxn) -> None:
        """A client that is told that it ended is told what it asked for."""
        last = self.replayed()
        assert last is not None
        assert last.state in (
            {State.PREPARE_COMMIT, State.COMPLETE_COMMIT}
            if request.commit
            else {State.PREPARE_ABORT, State.COMPLETE_ABORT}
        )

    def replayed(self) -> Metadata | None:
        """What the log says."""
        for entry in reversed(self.shell.logs[HOME]):
            assert isinstance(entry, Entry)
            decoded = decode(entry.record)
            assert decoded is not None
            return decoded[1]
        return None

    @rule(client=CLIENTS, fresh=st.booleans())
    def init(self, client: int, fresh: bool) -> None:
        producer = (-1, -1) if fresh else self.known.get(client, (-1, -1))
        self.ask(client, InitProducerId(4, NAME, 60_000, *producer))

    @rule(client=CLIENTS, partition=PARTITIONS, implicit=st.booleans())
    def add(self, client: int, partition: tuple[str, int], implicit: bool) -> None:
        producer = self.known.get(client, (0, 0))
        version = 5 if implicit else 3
        request = AddPartitions(version, NAME, *producer, (partition,), implicit=implicit)
        self.ask(client, request)

    @rule(client=CLIENTS, commit=st.booleans(), version=st.sampled_from([4, 5]))
    def end(self, client: int, commit: bool, version: int) -> None:
        self.ask(client, EndTxn(version, NAME, *self.known.get(client, (0, 0)), commit))

    @precondition(lambda self: self.markers)
    @rule(data=st.data(), late=st.booleans())
    def mark(self, data: st.DataObject, late: bool) -> None:
        markers = data.draw(st.sampled_from(self.markers)) if late else self.markers[-1]
        some = data.draw(st.sampled_from([markers.partitions, markers.partitions[:1]]))
        self.shell.feed(MarkersWritten(NAME, markers.producer_id, markers.epoch, some))
        self.learn()

    @rule(ms=st.sampled_from([100, 10_000, 60_000]))
    def sleep(self, ms: int) -> None:
        self.shell.sleep(ms)
        self.learn()

    @rule()
    def hold(self) -> None:
        self.shell.holding = True

    @rule(error=st.sampled_from(ERRORS))
    def settle(self, error: ErrorCode) -> None:
        self.shell.holding = False
        self.shell.settle(error=error)
        self.learn()

    @rule(error=st.sampled_from(ERRORS[1:]))
    def fail(self, error: ErrorCode) -> None:
        """The next write fails."""
        self.shell.failing = [error]

    def teardown(self) -> None:
        """In the end everybody is answered."""
        if hasattr(self, "markers"):
            self.restart()

    @rule()
    def restart(self) -> None:
        self.shell.disown(HOME)
        assert set(self.shell.replies) == set(range(1, self.shell.asked + 1))
        self.shell.holding, self.shell.failing = False, []
        self.learn()
        self.boot()
        self.learn()

    @invariant()
    def the_log_says_what_there_is(self) -> None:
        at = self.at
        if at is not None and at.epoch != -1:
            assert self.replayed() == replace(at, last_epoch=-1)

    @invariant()
    def a_producer_s_epoch_only_grows(self) -> None:
        seen: dict[int, int] = {}
        for entry in self.shell.logs[HOME]:
            assert isinstance(entry, Entry)
            decoded = decode(entry.record)
            assert decoded is not None
            metadata = decoded[1]
            if metadata is not None:
                assert metadata.epoch >= seen.get(metadata.producer_id, 0)
                seen[metadata.producer_id] = metadata.epoch

    @invariant()
    def an_end_is_never_changed(self) -> None:
        """What was decided is completed, whoever comes between."""
        before: State | None = None
        for entry in self.shell.logs[HOME]:
            assert isinstance(entry, Entry)
            decoded = decode(entry.record)
            assert decoded is not None
            metadata = decoded[1]
            if before is State.PREPARE_COMMIT:
                assert metadata is not None
                assert metadata.state is State.COMPLETE_COMMIT
            if before is State.PREPARE_ABORT:
                assert metadata is not None
                assert metadata.state is State.COMPLETE_ABORT
            before = None if metadata is None else metadata.state


TestTransactions = Transactions.TestCase
TestTransactions.settings = settings(max_examples=40, stateful_step_count=40)
