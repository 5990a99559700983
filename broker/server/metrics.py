"""The broker's metrics, by the names and in the types of Prometheus.

Everything is read when it is asked for: counters from the meter, and the rest from what the
broker is at that moment.  That is done in the thread that serves, in one go, so that numbers fit
together; writing them as text is left to another.

A family has at most `MOST_SERIES` series, whatever topics and groups clients make, and no label is
longer than `LONGEST`; `verdict_broker_series_left_out` says of which families there would be more.

Source: Prometheus's guide to naming.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from broker.errors import ErrorCode
from broker.server.meter import BOUNDS, Times

if TYPE_CHECKING:
    from broker.groups.core import Core
    from broker.server.server import Server

PREFIX: Final = "verdict_broker_"
MOST_SERIES = 10_000
LONGEST = 300
"""Characters of a label: a group may have a name of 32 thousand."""


@dataclass(frozen=True)
class Family:
    """What a metric is."""

    kind: type[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]
    help: str
    labels: tuple[str, ...] = ()

    def empty(self, name: str) -> CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily:
        """The family without its series."""
        return self.kind(PREFIX + name, self.help, labels=self.labels)


_counter, _gauge, _times = CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
_partition = ("topic", "partition")
_committed = ("group", "topic", "partition")

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "ready": Family(_gauge, "1 where clients are served, otherwise 0."),
        "requests": Family(_counter, "Requests that were answered.", ("api",)),
        "request_errors": Family(
            _counter, "Answers that hold an error, once for each.", ("api", "error")
        ),
        "request_seconds": Family(
            _times, "Time from a request to its answer, with what it waited.", ("api",)
        ),
        "request_thread_seconds": Family(
            _counter, "Time that the serving thread spent on requests.", ("api",)
        ),
        "received_bytes": Family(_counter, "Bytes from clients."),
        "sent_bytes": Family(_counter, "Bytes to clients."),
        "connections": Family(_gauge, "Connections that are open."),
        "connections_opened": Family(_counter, "Connections that were let in."),
        "connections_refused": Family(
            _counter, "Connections that were not let in, or closed for what they sent.", ("why",)
        ),
        "request_buffer_bytes": Family(_gauge, "Memory lent to large requests."),
        "waiting_bytes": Family(_gauge, "Memory of all requests that wait; it has a limit."),
        "unsent_bytes": Family(_gauge, "Memory of answers that are not read; it has a limit."),
        "produced_bytes": Family(_counter, "Bytes of batches appended.", ("topic",)),
        "fetched_bytes": Family(_counter, "Bytes of batches given to consumers.", ("topic",)),
        "log_start_offset": Family(_gauge, "The first offset that can be read.", _partition),
        "log_end_offset": Family(_gauge, "The offset of the next record.", _partition),
        "log_size_bytes": Family(_gauge, "Bytes of a partition's segments.", _partition),
        "group_members": Family(_gauge, "Members of a group.", ("group",)),
        "group_generation": Family(
            _gauge, "A classic group's generation, or a consumer group's epoch.", ("group",)
        ),
        "group_state": Family(_gauge, "1 for the state that a group is in.", ("group", "state")),
        "group_committed_offset": Family(_gauge, "The offset that is committed.", _committed),
        "group_lag": Family(_gauge, "Records that are left to read.", _committed),
        "delayed_fetches": Family(_gauge, "Fetches that wait for more."),
        "delayed_fetch_bytes": Family(_gauge, "Bytes held for them."),
        "delayed_joins": Family(_gauge, "Members that wait for others to join or to assign."),
        "delayed_join_bytes": Family(_gauge, "Bytes held for them."),
        "fetch_sessions": Family(_gauge, "Fetch sessions."),
        "flush_seconds": Family(_times, "Flushes of logs."),
        "compaction_seconds": Family(_times, "Compactions of logs."),
        "disk_failures": Family(_counter, "Reads and writes that the disk refused."),
        "series_left_out": Family(_gauge, "Series of a family beyond its limit.", ("family",)),
    }
)
"""All families, by what follows the prefix; counters get `_total` after it."""

Sample = tuple[str, tuple[str, ...], float]
"""A family, the values of its labels, and that of the series."""


@dataclass(frozen=True)
class Collected(Collector):
    """All metrics as they were at one moment."""

    families: Sequence[Metric]

    def collect(self) -> Iterable[Metric]:
        """They themselves."""
        return self.families

    def text(self) -> bytes:
        """As Prometheus reads them."""
        return generate_latest(self)


class Metrics:
    """What is served as metrics."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._process = ProcessCollector(registry=None)

    def collected(self) -> Collected:
        """All metrics as they are now."""
        made: dict[str, Any] = {name: family.empty(name) for name, family in FAMILIES.items()}
        counts: Counter[str] = Counter()
        left_out: Counter[str] = Counter()
        for name, labels, value in self._samples():
            counts[name] += 1
            if counts[name] > MOST_SERIES or any(len(label) > LONGEST for label in labels):
                left_out[PREFIX + name] += 1
            else:
                made[name].add_metric(labels, value)
        for family, count in left_out.items():
            made["series_left_out"].add_metric((family,), count)
        for name, labels, times in self._times():
            _add(made[name], labels, times)
        return Collected([*made.values(), *self._process.collect()])

    def _times(self) -> Iterator[tuple[str, tuple[str, ...], Times]]:
        meter = self._server.broker.meter
        for key, counted in meter.requests.items():
            if any(counted.times.counts):
                yield "request_seconds", (key.name,), counted.times
        yield "flush_seconds", (), meter.flushes
        yield "compaction_seconds", (), meter.compactions

    def _samples(self) -> Iterator[Sample]:
        yield "ready", (), float(not self._server.unready())
        yield from self._requests()
        yield from self._connections()
        if self._server.opened:
            yield from self._logs()
            yield from self._groups()
            yield from self._waiting()

    def _requests(self) -> Iterator[Sample]:
        for key, counted in self._server.broker.meter.requests.items():
            if any(counted.times.counts):
                yield "requests", (key.name,), sum(counted.times.counts)
                yield "request_thread_seconds", (key.name,), counted.busy
            for code, count in counted.errors.items():
                yield "request_errors", (key.name, ErrorCode(code).name), count

    def _connections(self) -> Iterator[Sample]:
        server, meter = self._server, self._server.broker.meter
        yield "received_bytes", (), meter.received
        yield "sent_bytes", (), meter.sent
        yield "connections", (), len(server.connections)
        yield "connections_opened", (), meter.opened
        for event, count in meter.refused.items():
            yield "connections_refused", (event.code,), count
        yield "request_buffer_bytes", (), server.buffers.lent
        yield "waiting_bytes", (), server.load.waiting
        yield "unsent_bytes", (), server.load.unsent
        yield "disk_failures", (), meter.disk_failures

    def _logs(self) -> Iterator[Sample]:
        catalog, meter = self._server.broker.catalog, self._server.broker.meter
        for name, size in meter.produced.items():
            if name in catalog.topics:
                yield "produced_bytes", (name,), size
        fetched: Counter[str] = Counter()
        for key, size in meter.fetched.items():
            topic = catalog.topics.get(key) if isinstance(key, str) else catalog.ids.get(key)
            if topic is not None:
                fetched[topic.name] += size
        for name, size in fetched.items():
            yield "fetched_bytes", (name,), size
        for partition in catalog:
            labels = (partition.topic, str(partition.index))
            yield "log_start_offset", labels, partition.log.start_offset
            yield "log_end_offset", labels, partition.high_watermark
            yield "log_size_bytes", labels, partition.log.size

    def _groups(self) -> Iterator[Sample]:
        topics = self._server.broker.catalog.topics
        for core in self._server.broker.group_cores():
            yield from _states(core)
            for group, positions in core.offsets.committed.items():
                for (topic, index), position in positions.items():
                    labels, offset = (group, topic, str(index)), position.value.offset
                    yield "group_committed_offset", labels, offset
                    if topic in topics and index < len(topics[topic].partitions):
                        end = topics[topic].partitions[index].high_watermark
                        yield "group_lag", labels, end - offset

    def _waiting(self) -> Iterator[Sample]:
        broker = self._server.broker
        yield "fetch_sessions", (), len(broker.sessions)
        yield "delayed_fetches", (), len(broker.purgatory)
        yield "delayed_fetch_bytes", (), broker.purgatory.held
        waiting = [
            member
            for core in broker.group_cores()
            for group in core.classic.values()
            for member in group.members.values()
            if member.joining is not None or member.syncing is not None
        ]
        yield "delayed_joins", (), len(waiting)
        held = sum(len(each.metadata) for member in waiting for each in member.protocols)
        yield "delayed_join_bytes", (), held + sum(len(member.assignment) for member in waiting)


def _states(core: Core) -> Iterator[Sample]:
    for classic in core.classic.values():
        yield "group_members", (classic.name,), len(classic.members)
        yield "group_generation", (classic.name,), classic.generation
        yield "group_state", (classic.name, classic.state.value), 1
    for consumer in core.consumer.values():
        yield "group_members", (consumer.name,), len(consumer.members)
        yield "group_generation", (consumer.name,), consumer.epoch
        yield "group_state", (consumer.name, consumer.state), 1


def _add(family: Metric, labels: tuple[str, ...], times: Times) -> None:
    assert isinstance(family, HistogramMetricFamily)
    names = [*(str(bound) for bound in BOUNDS), "+Inf"]
    buckets = list(zip(names, map(float, accumulate(times.counts)), strict=True))
    family.add_metric(labels, buckets, times.total)
