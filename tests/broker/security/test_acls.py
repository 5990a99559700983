"""Decisions against a reference of a few lines, filters, and what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from broker.security.acls import (
    Acl,
    Filter,
    Operation,
    PatternType,
    Permission,
    ResourceType,
)
from broker.security.authorizer import Authorizer
from broker.security.store import Store, decode

TOPIC, GROUP = ResourceType.TOPIC, ResourceType.GROUP
LITERAL, PREFIXED = PatternType.LITERAL, PatternType.PREFIXED
ALLOW, DENY = Permission.ALLOW, Permission.DENY
OP = Operation
NAMES = ["a", "ab", "abc", "b", ""]
USERS, HOSTS = ["User:x", "User:y"], ["1.1.1.1", "2.2.2.2"]

acls = st.builds(
    Acl,
    st.sampled_from([TOPIC, GROUP]),
    st.sampled_from([*NAMES[:-1], "*"]),
    st.sampled_from([LITERAL, PREFIXED]),
    st.sampled_from([*USERS, "User:*"]),
    st.sampled_from([*HOSTS, "*"]),
    st.sampled_from([OP.ALL, OP.READ, OP.WRITE, OP.DESCRIBE, OP.ALTER_CONFIGS, OP.CREATE]),
    st.sampled_from([ALLOW, DENY]),
)
asked_operations = st.sampled_from([OP.READ, OP.WRITE, OP.DESCRIBE, OP.DESCRIBE_CONFIGS, OP.DELETE])


def naive(
    known: Iterable[Acl], user: str, host: str, operation: Operation, resource: ResourceType,
    name: str, *, everyone: bool,
) -> bool:  # fmt: skip
    """What StandardAuthorizer says, read from its documentation."""
    about = [
        acl
        for acl in known
        if acl.resource is resource
        and (name.startswith(acl.name) if acl.pattern is PREFIXED else acl.name in {name, "*"})
    ]
    mine = [acl for acl in about if acl.principal in {user, "User:*"} and acl.host in {host, "*"}]
    implied = {
        OP.DESCRIBE: [OP.READ, OP.WRITE, OP.DELETE, OP.ALTER],
        OP.DESCRIBE_CONFIGS: [OP.ALTER_CONFIGS],
    }.get(operation, [])
    if any(acl.permission is DENY and acl.operation in {operation, OP.ALL} for acl in mine):
        return False
    if any(
        acl.permission is ALLOW and acl.operation in {operation, OP.ALL, *implied} for acl in mine
    ):
        return True
    return everyone and not about


questions = st.tuples(
    st.sampled_from(USERS), st.sampled_from(HOSTS), asked_operations,
    st.sampled_from([TOPIC, GROUP]), st.sampled_from([name for name in NAMES if name]),
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(acls, max_size=8), st.lists(acls, max_size=3), questions, st.booleans())
def test_decisions_are_those_of_the_reference(
    kept: list[Acl],
    removed: list[Acl],
    asked: tuple[str, str, Operation, ResourceType, str],
    everyone: bool,
) -> None:
    authorizer = Authorizer([*removed, *kept], everyone=everyone)
    for acl in set(removed) - set(kept):
        authorizer.remove(acl)
    assert set(authorizer) == set(kept)
    assert authorizer.allows(*asked) is naive(kept, *asked, everyone=everyone)


def no_host_counts(acl: Acl, principal: str, host: str) -> bool:
    del host
    return acl.principal in {principal, "User:*"}


def nobody_is_everybody(acl: Acl, principal: str, host: str) -> bool:
    return acl.principal == principal and acl.host in {host, "*"}


@pytest.mark.parametrize(
    ("what", "mistaken"),
    [
        ("_ALLOWED_BY", {}),
        ("_concerns", no_host_counts),
        ("_concerns", nobody_is_everybody),
        ("ANYTHING", "**"),
    ],
)
def test_a_mistaken_authorizer_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch, what: str, mistaken: object
) -> None:
    monkeypatch.setattr(f"broker.security.authorizer.{what}", mistaken)

    def wrong(found: tuple[list[Acl], tuple[str, str, Operation, ResourceType, str]]) -> bool:
        kept, asked = found
        decided = Authorizer(kept).allows(*asked)
        return decided is not naive(kept, *asked, everyone=False)

    any_one = settings(max_examples=5000, phases=[Phase.generate], derandomize=True, database=None)
    assert find(st.tuples(st.lists(acls, max_size=3), questions), wrong, settings=any_one)


@settings(max_examples=150)
@given(st.lists(acls, max_size=6), asked_operations)
def test_any_resource_is_one_that_there_might_be(kept: list[Acl], operation: Operation) -> None:
    """Names that are all names there are, and one that nobody has named: some are allowed."""
    names = [
        prefix + more for prefix in ("a", "ab", "abc", "b", "z", "*") for more in ("", "-more")
    ]
    operation = OP.WRITE if operation in {OP.DESCRIBE, OP.DESCRIBE_CONFIGS} else operation
    found = Authorizer(kept).allows_any("User:x", "1.1.1.1", operation, TOPIC)
    some = any(
        naive(kept, "User:x", "1.1.1.1", operation, TOPIC, name, everyone=False) for name in names
    )
    # An entry for all names may be cut by others until nothing that anybody would name is left.
    assert found or not some


def acl(name: str = "t", pattern: PatternType = LITERAL, permission: Permission = ALLOW) -> Acl:
    return Acl(TOPIC, name, pattern, "User:x", "*", OP.WRITE, permission)


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ([], False),
        ([acl()], True),
        ([acl(), acl(permission=DENY)], False),
        ([acl(), acl("*", permission=DENY)], False),
        ([acl("t", PREFIXED), acl("t", PREFIXED, DENY)], False),
        ([acl("to", PREFIXED), acl("t", PREFIXED, DENY)], False),
        ([acl("t", PREFIXED), acl("to", PREFIXED, DENY)], True),
        ([acl("t", PREFIXED), acl("t", LITERAL, DENY)], True),
        ([acl("*"), acl("t", PREFIXED, DENY)], True),
        ([replace(acl(), principal="User:y")], False),
        ([replace(acl(), resource=GROUP)], False),
        ([replace(acl(), operation=OP.READ)], False),
        ([replace(acl(), operation=OP.ALL)], True),
    ],
)
def test_whether_there_is_a_topic_to_write_to(kept: list[Acl], found: bool) -> None:
    assert Authorizer(kept).allows_any("User:x", "1.1.1.1", OP.WRITE, TOPIC) is found


def test_super_users_may_do_what_is_denied() -> None:
    authorizer = Authorizer([acl(permission=DENY)], ["User:x"])
    assert authorizer.allows("User:x", "1.1.1.1", OP.WRITE, TOPIC, "t")
    assert authorizer.allows_any("User:x", "1.1.1.1", OP.WRITE, TOPIC)


ANY = Filter(ResourceType.ANY, None, PatternType.ANY, None, None, Operation.ANY, Permission.ANY)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ANY, "* ab* ab b"),
        (replace(ANY, name="ab"), "ab* ab"),
        (replace(ANY, name="ab", pattern=LITERAL), "ab"),
        (replace(ANY, name="abc", pattern=PatternType.MATCH), "* ab*"),
        (replace(ANY, name="ab", pattern=PatternType.MATCH), "* ab* ab"),
        (replace(ANY, pattern=PREFIXED), "ab*"),
        (replace(ANY, principal="User:y"), ""),
        (replace(ANY, operation=OP.READ), ""),
        (replace(ANY, resource=GROUP), ""),
        (replace(ANY, permission=ALLOW, host="*"), "* ab* ab b"),
        (replace(ANY, host="1.1.1.1"), ""),
    ],
)
def test_filters_mean_what_they_say(wanted: Filter, found: str) -> None:
    kept = {"*": acl("*"), "ab*": acl("ab", PREFIXED), "ab": acl("ab"), "b": acl("b")}
    assert [name for name, each in kept.items() if wanted.matches(each)] == found.split()


def test_what_is_no_entry_is_said() -> None:
    assert acl().fault() is None
    wrong = [
        replace(acl(), resource=ResourceType.ANY),
        replace(acl(), pattern=PatternType.MATCH),
        replace(acl(), operation=OP.ANY),
        replace(acl(), permission=Permission.UNKNOWN),
        replace(acl(), name=""),
        replace(acl(), resource=ResourceType.CLUSTER),
        replace(acl(), principal="x"),
    ]
    assert len({each.fault() for each in wrong} - {None}) == len(wrong)
    assert ANY.fault() is None
    assert replace(ANY, operation=OP.UNKNOWN).fault()


@given(st.lists(acls, max_size=5))
def test_entries_are_kept(kept: list[Acl]) -> None:
    assert decode(Store(b"s", kept).encode()).acls == kept


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version": 2}', b'{"version": 1}'])
def test_a_damaged_file_is_noticed(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(data)
