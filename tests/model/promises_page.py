"""docs/promises.md, made of the catalogue and of what the tests have pinned.

python -m tests.model.promises_page      writes it anew

A machine has a `Section`: what it promises, what it refines, and what was counted of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from checker import Machine, Promise
from checker.check import settled
from checker.language.lowering import lower
from model import Compaction, Group, Log, Routing
from model.controller import Controller
from model.replication import Readers, Replication
from spec import (
    BELIEVED_AND_FALSE,
    COMPACTION,
    CONTROLLER,
    DELIVERY,
    LOG,
    MEMBERSHIP,
    OWNERSHIP,
    REPLICATION,
    ROUTING,
)
from spec.replication import CTL_1, CTL_3, CTL_4, CTL_5, CTL_7, REP_5, REP_9
from tests.model import logs_pinned, pinned, replication_pinned
from tests.model.pinned import Broken, Counted

PAGE = Path(__file__).parents[2] / "docs" / "promises.md"

INTRODUCTION = """\
# The promises

What Kafka promises, and what many believe that it promises. Each is decided by visiting every
reachable state of a machine (folder `model/`), in the configurations named below; "14 states" is
the length of the shortest trace that shows it, the initial state counted. A promise is only asked
in a configuration that it speaks of.

What must happen in the end holds in every fair run
([what fairness is](language.md#what-happens-eventually)).

Each promise that holds is worth something: there is a design, switched on by a setting, in which
it is false, and that is found. Of broken designs the numbers are the states of the shortest
traces; of a run that goes on for ever, of its stem and one round of its loop.

Besides, machines refine the abstract machines of `spec/`: each step, seen through a mapping, is a
step of the specification or changes nothing in it.

`make check` searches all configurations. This page is made by `python -m tests.model.promises_page`
from the catalogue in `spec/` and from the numbers that the tests pin; a test holds it to both.
"""


@dataclass(frozen=True)
class Section:
    """A machine: what is said of it, and what was pinned.

    mappings  name, specification, and what that says
    """

    title: str
    machine: type[Machine]
    about: str
    chapters: tuple[tuple[str, tuple[Promise, ...]], ...]
    mappings: tuple[tuple[str, str, str], ...]
    counted: Mapping[str, Counted]
    broken: tuple[Broken, ...]


GROUP_SECTION = Section(
    "Consumer groups",
    Group,
    """\
Consumer groups on the classic protocol: `verdict check group`.

GRP-5, GRP-7 and DLV-7 say what must happen in the end: where what is sent and not given up arrives,
members that run go on, and timeouts that may strike do (`model/progress.py`). They are asked where
`records` is set, to the number of records of which it is asked whether they are processed.
Partitions are interchangeable, and so are groups: the mappings read the first.
""",
    (("Ownership", OWNERSHIP), ("Membership", MEMBERSHIP), ("Delivery", DELIVERY)),
    (
        ("as_ownership", "Ownership", "one partition, its owner, and who may commit"),
        ("as_membership", "Membership", "the states of a group and its generations"),
        ("as_delivery", "Delivery", "one partition, what is processed, and what is committed"),
    ),
    pinned.COUNTED,
    pinned.BROKEN,
)

LOG_SECTION = Section(
    "The log",
    Log,
    """\
A broker's log of a partition: `verdict check log`.

Kafka commits before it flushes, and leaves it to the other replicas to have what a power failure
takes. So with a single copy LOG-4 is false where the power fails.
""",
    (("Appends, segments, recovery", LOG),),
    (("as_partition_log", "PartitionLog", "committed records that stay, and a start that moves"),),
    logs_pinned.COUNTED[Log],
    logs_pinned.BROKEN[Log],
)

COMPACTION_SECTION = Section(
    "Compaction",
    Compaction,
    """\
A compacted log, its cleaner, and a reader: `verdict check compaction`.
""",
    (("Tables and tombstones", COMPACTION),),
    (("as_changelog", "ChangelogTable", "a table, and a log that amounts to it"),),
    logs_pinned.COUNTED[Compaction],
    logs_pinned.BROKEN[Compaction],
)

ROUTING_SECTION = Section(
    "Routing",
    Routing,
    """\
A producer that finds the leaders of its partitions: `verdict check routing`.
""",
    (("Keys, partitions and leaders", ROUTING),),
    (),
    logs_pinned.COUNTED[Routing],
    logs_pinned.BROKEN[Routing],
)

READING = (REP_5, REP_9)
CONTROLLING = (CTL_4, CTL_5, CTL_7)

REPLICATION_SECTION = Section(
    "Replication",
    Replication,
    """\
The replicas of a partition, and what the controller decides of them: `verdict check replication`.

In what Kafka calls safe (acks=all, min.insync.replicas of 2, clean elections, eligible leader
replicas) nothing that was acknowledged is lost while one broker crashes, nor while brokers crash
one after the other. With acks=1, with one replica in sync, or with unclean elections it is.

REP-10 to REP-12 and CTL-6 say what must happen in the end: where sessions that may expire do,
brokers that run are heard again and do their work, and those that crashed start again
(`model/replication/progress.py`).
""",
    (
        ("Copies", tuple(one for one in REPLICATION if one not in READING)),
        ("Decisions", tuple(one for one in CONTROLLER if one not in CONTROLLING)),
    ),
    (("as_partition_log", "PartitionLog", "what may be read is an append-only log"),),
    replication_pinned.COUNTED[Replication],
    replication_pinned.BROKEN[Replication],
)

READERS_SECTION = Section(
    "Readers",
    Readers,
    """\
The same with clients that read: `verdict check readers`. A consumer that looks at epochs goes back
where a log has lost what it had read. That is enough where a log loses records once; where that
happens twice, a leader's answer may be an end of an older epoch that is not before the consumer's
position, which the consumer takes for good, and REP-9 is false.
""",
    (("What is read", READING),),
    (("as_partition_log", "PartitionLog", "what may be read is an append-only log"),),
    replication_pinned.COUNTED[Readers],
    replication_pinned.BROKEN[Readers],
)

CONTROLLER_SECTION = Section(
    "The controller",
    Controller,
    """\
The metadata log, those who write it, and those who read it: `verdict check controller`.
""",
    (("One log of decisions", (CTL_1, CTL_3, *CONTROLLING)),),
    (),
    replication_pinned.COUNTED[Controller],
    replication_pinned.BROKEN[Controller],
)

SECTIONS = (
    GROUP_SECTION,
    LOG_SECTION,
    COMPACTION_SECTION,
    ROUTING_SECTION,
    REPLICATION_SECTION,
    READERS_SECTION,
    CONTROLLER_SECTION,
)


@cache
def asked(title: str, configuration: str) -> frozenset[str]:
    """The ids of the promises that are asked in a configuration of a section's machine."""
    machine = next(section.machine for section in SECTIONS if section.title == title)
    settings = next(one.settings for one in machine.configurations if one.name == configuration)
    properties = lower(machine(**settings)).properties
    return frozenset(prop.promise.id for prop in properties if not settled(prop))


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(line for one in SECTIONS for line in _section(one))])


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield ""
    yield section.about
    for title, promises in section.chapters:
        yield from _chapter(section, title, promises)
    if section.mappings:
        yield f"### Specifications that `{section.machine.__name__}` refines"
        yield ""
        yield "| mapping | specification | says | false in |"
        yield "| --- | --- | --- | --- |"
        for name, spec, says in section.mappings:
            yield f"| `{name}` | `{spec}` | {says} | {_false(section, name)} |"
        yield ""
    yield f"### Broken designs of `{section.machine.__name__}`"
    yield ""
    yield "| design | settings | false |"
    yield "| --- | --- | --- |"
    yield from _designs(section)
    yield ""
    yield f"### Configurations of `{section.machine.__name__}`"
    yield ""
    yield (
        "| configuration | what happens in it | settings | distinct states | generated | depth |"
    )
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    yield from _configurations(section)
    yield ""


def _chapter(section: Section, title: str, promises: tuple[Promise, ...]) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    yield "| id | promise | holds in | false in |"
    yield "| --- | --- | --- | --- |"
    for promise in promises:
        sentence = promise.sentence
        if promise.id in BELIEVED_AND_FALSE:
            sentence += " (*believed, and false*)"
        holds, false = _holds(section, promise.id), _false(section, promise.id)
        yield f"| {promise.id} | {sentence} | {holds} | {false} |"
    yield ""
    yield "| id | source | without it |"
    yield "| --- | --- | --- |"
    for promise in promises:
        yield f"| {promise.id} | {promise.source} | {promise.guards} |"
    yield ""


def _holds(section: Section, identifier: str) -> str:
    counted = section.counted
    names = [name for name in counted if identifier in asked(section.title, name)]
    good = [name for name in names if identifier not in counted[name].false]
    if good == list(counted):
        return "every configuration"
    return ", ".join(_met(counted[name], identifier, name) for name in good) or "none"


def _met(counted: Counted, identifier: str, name: str) -> str:
    length = counted.witnessed.get(identifier)
    return name if length is None else f"{name} ({length} states)"


def _false(section: Section, identifier: str) -> str:
    found = {name: counted.false.get(identifier) for name, counted in section.counted.items()}
    return ", ".join(f"{name} ({length} states)" for name, length in found.items() if length)


def _designs(section: Section) -> Iterator[str]:
    for broken in section.broken:
        false = ", ".join(
            f"{identifier} {length or 'never reached'}"
            for identifier, length in broken.false.items()
        )
        yield f"| {broken.design} | {_settings(broken.settings)} | {false} |"


def _configurations(section: Section) -> Iterator[str]:
    for one in section.machine.configurations:
        counted = section.counted[one.name]
        numbers = f"{counted.distinct:,} | {counted.generated:,} | {counted.depth}"
        yield f"| {one.name} | {one.about} | {_settings(one.settings)} | {numbers} |"


def _settings(settings: object) -> str:
    assert hasattr(settings, "items")
    return "`" + " ".join(f"{k}={getattr(v, 'name', v)}" for k, v in settings.items()) + "`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
