"""docs/promises.md, made of the catalogue and of what the tests have pinned.

python -m tests.model.promises_page      writes it anew
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from checker import Promise
from checker.check import settled
from checker.language.lowering import lower
from model import Group
from spec import BELIEVED_AND_FALSE, DELIVERY, MEMBERSHIP, OWNERSHIP
from tests.model.pinned import BROKEN, COUNTED

PAGE = Path(__file__).parents[2] / "docs" / "promises.md"

INTRODUCTION = """\
# The promises

What Kafka's consumer groups promise on the classic protocol, and what many believe that they
promise. Each is decided by visiting every reachable state of the machine `Group` (folder
`model/`), in the configurations named below; "14 states" is the length of the shortest trace that
shows it, the initial state counted. A promise is only asked in a configuration that it speaks of.

GRP-5, GRP-7 and DLV-7 say what must happen in the end. They hold in every fair run: one in which
what is sent and not given up arrives, members that run go on, and timeouts that may strike do
(`model/progress.py`; [what fairness is](language.md#what-happens-eventually)). They are asked where
`records` is set, to the number of records of which it is asked whether they are processed.

`make check` searches all configurations. This page is made by `python -m tests.model.promises_page`
from the catalogue in `spec/` and from the numbers that the tests pin; a test holds it to both.
"""

REFINED = """\
## Specifications

Besides, in every configuration the group refines three abstract machines of `spec/`: each of its
steps, seen through a mapping, is a step of the specification or changes nothing in it. Partitions
are interchangeable, and so are groups: the mappings read the first.

| mapping | specification | says | false in |
| --- | --- | --- | --- |
"""

BROKEN_DESIGNS = """\
## Broken designs

Each promise that holds is worth something: there is a design, switched on by a setting, in which
it is false, and that is found. The numbers are the states of the shortest traces; of a run that
goes on for ever, of its stem and one round of its loop.

| design | settings | false |
| --- | --- | --- |
"""

SETTINGS = """\
## Configurations

| configuration | what happens in it | settings | distinct states | generated | depth |
| --- | --- | --- | ---: | ---: | ---: |
"""

MAPPINGS = (
    ("as_ownership", "Ownership", "one partition, its owner, and who may commit"),
    ("as_membership", "Membership", "the states of a group and its generations"),
    ("as_delivery", "Delivery", "one partition, what is processed, and what is committed"),
)


@cache
def asked(configuration: str) -> frozenset[str]:
    """The ids of the promises that are asked in a configuration."""
    settings = next(one.settings for one in Group.configurations if one.name == configuration)
    properties = lower(Group(**settings)).properties
    return frozenset(prop.promise.id for prop in properties if not settled(prop))


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            INTRODUCTION,
            *_chapter("Ownership", OWNERSHIP),
            *_chapter("Membership", MEMBERSHIP),
            *_chapter("Delivery", DELIVERY),
            REFINED.rstrip(),
            *(
                f"| `{name}` | `{spec}` | {says} | {_false(name)} |"
                for name, spec, says in MAPPINGS
            ),
            "",
            BROKEN_DESIGNS.rstrip(),
            *_designs(),
            "",
            SETTINGS.rstrip(),
            *_configurations(),
            "",
        ]
    )


def _chapter(title: str, promises: tuple[Promise, ...]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield "| id | promise | holds in | false in |"
    yield "| --- | --- | --- | --- |"
    for promise in promises:
        sentence = promise.sentence
        if promise.id in BELIEVED_AND_FALSE:
            sentence += " (*believed, and false*)"
        yield f"| {promise.id} | {sentence} | {_holds(promise.id)} | {_false(promise.id)} |"
    yield ""
    yield "| id | source | without it |"
    yield "| --- | --- | --- |"
    for promise in promises:
        yield f"| {promise.id} | {promise.source} | {promise.guards} |"
    yield ""


def _holds(identifier: str) -> str:
    names = [name for name in COUNTED if identifier in asked(name)]
    good = [name for name in names if identifier not in COUNTED[name].false]
    if good == list(COUNTED):
        return "every configuration"
    return ", ".join(_met(identifier, name) for name in good) or "none"


def _met(identifier: str, name: str) -> str:
    length = COUNTED[name].witnessed.get(identifier)
    return name if length is None else f"{name} ({length} states)"


def _false(identifier: str) -> str:
    found = {name: counted.false.get(identifier) for name, counted in COUNTED.items()}
    return ", ".join(f"{name} ({length} states)" for name, length in found.items() if length)


def _designs() -> Iterator[str]:
    for broken in BROKEN:
        false = ", ".join(
            f"{identifier} {length or 'never reached'}"
            for identifier, length in broken.false.items()
        )
        yield f"| {broken.design} | {_settings(broken.settings)} | {false} |"


def _configurations() -> Iterator[str]:
    for one in Group.configurations:
        counted = COUNTED[one.name]
        numbers = f"{counted.distinct:,} | {counted.generated:,} | {counted.depth}"
        yield f"| {one.name} | {one.about} | {_settings(one.settings)} | {numbers} |"


def _settings(settings: object) -> str:
    assert hasattr(settings, "items")
    return "`" + " ".join(f"{k}={getattr(v, 'name', v)}" for k, v in settings.items()) + "`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
