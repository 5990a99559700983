"""What the broker says of itself: one line an event, whoever causes it and however often."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from broker.errors import ErrorCode
from broker.events import LOG, Event, tell
from broker.groups.config import GroupConfig
from broker.groups.consumer.requests import ConsumerGroupHeartbeat
from broker.groups.coordinator import GroupCoordinator
from broker.groups.requests import JoinGroup, LeaveGroup, Leaver, Protocol, SyncGroup
from broker.owners import partition_for
from broker.server import meter
from broker.wire import records
from broker.wire.apis import ApiKey
from tests.broker.operations.watching import connected, ended, events
from tests.broker.raw import RawClient
from tests.broker.server.running import Program, running
from tests.broker.shell import Shell
from verdict.log_lines import MOST, PLENTY, SECONDS, JsonLines, Limiter, TextLines

DOCS = Path(__file__).parents[3] / "docs" / "operations.md"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


# Lines ----------------------------------------------------------------------------------------


class Written:
    """A logger whose lines are kept."""

    def __init__(self, form: logging.Formatter) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(form)
        self.handler.addFilter(Limiter())

    @property
    def lines(self) -> list[str]:
        return self._stream.getvalue().splitlines()


@pytest.fixture(params=[TextLines, JsonLines])
def written(request: pytest.FixtureRequest) -> Iterator[Written]:
    found = Written(request.param())
    level = LOG.level
    LOG.addHandler(found.handler)
    LOG.setLevel(logging.DEBUG)
    yield found
    LOG.setLevel(level)
    LOG.removeHandler(found.handler)


def test_names_that_clients_chose_cannot_make_lines(written: Written) -> None:
    """No line break, no escape of a terminal, no line without end."""
    evil = "g\n2026 ERROR owned\x1b[31m\u2028\x85" + "x" * 10_000
    tell(Event.MEMBER_FENCED, group=evil, member=evil, why="\ud800")
    [line] = written.lines
    assert line.isprintable()
    assert len(line) < 3_000


def test_what_was_not_expected_is_shown_with_where_it_was_raised(written: Written) -> None:
    try:
        raise ValueError("first\nsecond")  # noqa: TRY301 - it is what the test is about
    except ValueError as error:
        tell(Event.REQUEST_FAILED, trace=error, client="here")
    first, *rest = written.lines
    if rest:
        assert all(line.startswith("    ") for line in rest)
        assert "ValueError: first" in "".join(rest)
    else:
        assert "ValueError: first" in json.loads(first)["trace"]


def test_what_clients_cause_without_end_is_left_out_and_counted(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.time", lambda: now)
    monkeypatch.setattr("time.time_ns", lambda: int(now * 1e9))
    for number in range(PLENTY + 500):
        tell(Event.RUBBISH, client="here", why=f"a frame of {number} bytes")
        tell(Event.TOPIC_DELETED, topic=f"t{number}")
    assert len([line for line in written.lines if "frame of" in line]) == MOST
    assert len([line for line in written.lines if "deleted" in line]) == PLENTY
    now += SECONDS
    tell(Event.RUBBISH, client="here", why="one more")
    assert str(PLENTY + 500 - MOST) in written.lines[-1]
    tell(Event.TOPIC_DELETED, topic="t")
    assert "500" in written.lines[-1]


def test_other_libraries_are_written_too(written: Written) -> None:
    logging.getLogger("verdict.broker.other").warning("it is %s", "odd")
    [line] = written.lines
    assert "it is odd" in line


def test_the_page_for_people_has_each_event() -> None:
    told = re.findall(r"^\| `([a-z_]+)` \| ([A-Z]+) \|", DOCS.read_text("utf-8"), re.MULTILINE)
    assert dict(told) == {event.code: logging.getLevelName(event.level) for event in Event}
    assert len(told) == len(Event)


# Groups ---------------------------------------------------------------------------------------


class Heard:
    """A group coordinator, and what it says."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        numbers = count(1)
        core = GroupCoordinator(GroupConfig(), lambda: str(next(numbers)), self.tell)
        self.shell = Shell(core.handle)
        self.shell.own([partition_for("g", 50)])

    def tell(self, event: Event, /, *, trace: object = None, **fields: Any) -> None:
        event.sentence.format_map(fields)
        self.said.append((event.code, fields))

    def take(self) -> list[tuple[str, str]]:
        """Each event, and why or how many."""
        said, self.said = self.said, []
        return [(code, str(fields.get("why", fields.get("members")))) for code, fields in said]


def test_a_classic_group_says_what_becomes_of_it() -> None:
    heard = Heard()
    shell = heard.shell

    def join(member: str, instance: str | None = None) -> int:
        protocols = (Protocol("range", b""),)
        return shell.ask(
            JoinGroup(3, "g", member, 10_000, 60_000, "p", protocols, instance_id=instance)
        )

    first = join("")
    assert heard.take() == [("group_rebalances", "-1 joins")]
    shell.sleep(3000)
    name = shell.replies[first].member_id
    assert heard.take() == [("group_generation", "1")]
    shell.ask(SyncGroup(3, "g", 1, name, assignments=((name, b""),)))
    static = join("", "i")
    assert heard.take() == [("group_rebalances", "i-2 joins")]
    join(name)
    assert heard.take() == [("group_generation", "2")]
    fenced = shell.replies[static].member_id
    join("", "i")
    assert heard.take()[0] == ("member_fenced", "i came back as i-3")
    assert fenced == "i-2"
    shell.ask(LeaveGroup("g", (Leaver(name),)))
    shell.sleep(120_000)
    said = heard.take()
    assert ("member_expired", "it was not heard of") in said
    assert said[-1] == ("group_generation", "0")


def test_a_consumer_group_says_what_becomes_of_it() -> None:
    heard = Heard()

    def beat(member: str, epoch: int) -> Any:
        return heard.shell.answer(
            ConsumerGroupHeartbeat(
                1, "g", member, epoch, rebalance_timeout=30_000, topics=("t",), owned=()
            )
        )

    beat("m1", 0)
    beat("m2", 0)
    assert heard.take() == [("group_epoch", "m1 joins"), ("group_epoch", "m2 joins")]
    assert beat("m1", 77).error is ErrorCode.FENCED_MEMBER_EPOCH
    assert heard.take() == [("member_fenced", "FENCED_MEMBER_EPOCH")]
    beat("m2", -1)
    assert heard.take() == [("group_epoch", "m2 is out")]
    heard.shell.sleep(60_000)
    assert heard.take() == [("group_epoch", "m1 is out"), ("member_expired", "it was not heard of")]


# The whole ------------------------------------------------------------------------------------


def test_the_program_writes_json(tmp_path: Path) -> None:
    """A start after a kill, topics, rubbish, a stop: each a line with its fields."""
    program = Program(tmp_path, "--log-format", "json", "-v")
    client = RawClient(program.port)
    topic = {"name": "t", "num_partitions": 1, "replication_factor": 1}
    client.answer_to(ApiKey.CREATE_TOPICS, 7, topics=[topic], timeout=10_000)
    batch = records.build([(b"secret key", b"secret value")], 1000)
    part = {"index": 0, "records": batch}
    wanted = {"name": "t", "partition_data": [part]}
    client.answer_to(ApiKey.PRODUCE, 9, acks=-1, timeout=1000, topic_data=[wanted])
    for _ in range(MOST * 3):
        with connected(program.port) as rubbish:
            rubbish.sendall(b"GET /secret HTTP/1.1\r\n\r\n")
            assert ended(rubbish) == b""
    program.kill()
    path = tmp_path / "t-0" / f"{0:020}.log"
    path.write_bytes(path.read_bytes() + b"\0" * 33)
    first = events(program.said)
    program = Program(tmp_path, "--log-format", "json")
    assert program.stop() == 0
    second = events(program.said)
    for line in (*first, *second):
        assert TIME.fullmatch(line["time"])
        assert line["level"] in {"DEBUG", "INFO", "WARNING", "ERROR"}
        fields = Event[line["event"].upper()].sentence.format_map(line)
        assert line["message"] == fields
    by_name = {line["event"]: line for line in (*first, *second)}
    assert by_name["topic_created"]["topic"] == "t"
    cut = {name: by_name["log_cut"][name] for name in ("topic", "partition", "offset", "bytes")}
    assert cut == {"topic": "t", "partition": 0, "offset": 1, "bytes": 33}
    assert by_name["listening"]["protocol"] == "PLAINTEXT"
    assert by_name["rubbish"]["client"] == "127.0.0.1"
    assert len([line for line in first if line["event"] == "rubbish"]) == MOST
    codes = [line["event"] for line in second]
    assert codes == ["recovering", "log_cut", "recovered", "listening", "stopping", "stopped"]
    assert "secret" not in program.said + json.dumps(first)


def test_who_holds_others_up_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "SLOW", 0.0)
    with running(tmp_path) as broker, caplog.at_level(logging.WARNING, "verdict.broker"):
        RawClient(broker.port, "slowpoke").answer_to(ApiKey.API_VERSIONS, 0)
    [told] = [each for each in caplog.records if each.__dict__.get("event") is Event.REQUEST_SLOW]
    fields = told.__dict__["fields"]
    assert (fields["api"], fields["client_id"]) == ("API_VERSIONS", "slowpoke")
