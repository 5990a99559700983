"""The ways in which a request is held against what who asks may do.

A guard stands before a handler.  Most are of two kinds: the request as a whole is about one
resource (`Whole`), or it has a list whose items each are about one (`Each`).  What may not be done
is taken out of the request before the handler sees it, and its refusal is put into the answer; so
handlers know nothing of all this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.errors import ErrorCode
from broker.security.acls import CLUSTER_NAME, Operation, ResourceType
from broker.server.coordination import after
from broker.server.dispatch import Answer, Fields, Handler, Request
from broker.server.guards.rights import FAILED, may
from broker.wire.codec import Struct

Later = Answer | asyncio.Future[Answer]
Guard = Callable[[Request, Handler], Later]
Name = Callable[[Request, Any], str | None]
Refuse = Callable[[Request, ErrorCode], Answer]
Refused = Callable[[Request, Any, ErrorCode], Mapping[str, Any]]


def put(body: Struct, items: str, found: Sequence[Any]) -> None:
    """Let a request have these items in place of those that it came with."""
    setattr(body, items, found)


def free(request: Request, handler: Handler) -> Later:
    """Everybody may ask this."""
    return handler(request)


def then(answer: Later, follow: Callable[[Fields], Answer]) -> Later:
    """What becomes of an answer, if there is one, now or when it is there."""

    def followed(found: Answer) -> Answer:
        return follow(found) if isinstance(found, Mapping) else found

    return after(answer, followed) if isinstance(answer, asyncio.Future) else followed(answer)


def in_turn(*guards: Guard) -> Guard:
    """All of them, each where those before it have nothing against the request."""
    first, *others = guards
    if not others:
        return first
    rest = in_turn(*others)

    def both(request: Request, handler: Handler) -> Later:
        return first(request, lambda same: rest(same, handler))

    return both


def error_code(request: Request, error: ErrorCode) -> Answer:
    """The refusal of an answer that has one error for all."""
    del request
    return {"error_code": error, "error_message": error.name}


def field(name: str) -> Callable[[Request], str]:
    """What a request says in a field of its body."""

    def found(request: Request) -> str:
        value: str = getattr(request.body, name)
        return value

    return found


@dataclass(frozen=True)
class Whole:
    """A request about one resource.

    name    which; the cluster has but one
    refuse  the answer to who may not
    """

    operation: Operation
    resource: ResourceType = ResourceType.CLUSTER
    name: Callable[[Request], str] = lambda _: CLUSTER_NAME
    refuse: Refuse = error_code

    def __call__(self, request: Request, handler: Handler) -> Later:
        """The handler's answer, or the refusal."""
        if may(request, self.operation, self.resource, self.name(request)):
            return handler(request)
        return self.refuse(request, FAILED[self.resource])


@dataclass(frozen=True)
class Each:
    """A request with a list of resources.

    items    where the request has them, and `answers` where the answer has what became of them
    name     of an item; None: there is none, which the handler will say
    refused  what is answered for an item that is refused
    """

    operation: Operation
    resource: ResourceType
    items: str
    answers: str
    name: Name
    refused: Refused

    def __call__(self, request: Request, handler: Handler) -> Later:
        """The handler's answer to what may be done, and the refusals."""
        body = request.body
        allowed, refusals = [], []
        for item in getattr(body, self.items):
            name = self.name(request, item)
            if name is None or may(request, self.operation, self.resource, name):
                allowed.append(item)
            else:
                refusals.append(self.refused(request, item, FAILED[self.resource]))
        if not refusals:
            return handler(request)
        if not allowed:
            return {self.answers: refusals}
        put(body, self.items, allowed)
        return then(
            handler(request),
            lambda found: {**found, self.answers: [*found[self.answers], *refusals]},
        )


# Names ----------------------------------------------------------------------------------------


def named(request: Request, item: Any) -> str:
    """The name of an item that has one."""
    del request
    found: str = item.name
    return found


def called_topic(request: Request, item: Any) -> str:
    """The same, where it is called a topic."""
    del request
    found: str = item.topic
    return found


def itself(request: Request, item: str) -> str:
    """An item that is a name."""
    del request
    return item


def by_id_from(version: int) -> Name:
    """The topic of an item that has its id, from this version on; None where there is none."""

    def found(request: Request, item: Any) -> str | None:
        if request.version < version:
            return named(request, item)
        topic = request.broker.catalog.ids.get(item.topic_id)
        return None if topic is None else topic.name

    return found


# Refusals -------------------------------------------------------------------------------------


def all_partitions(
    answers: str = "partitions",
    index: str = "partition_index",
    *,
    asked: str = "partitions",
    topic: str = "name",
    error: str = "error_code",
    **more: Any,
) -> Refused:
    """The refusal of all partitions of a topic.

    asked    where the request has them: numbers, or structs with the field `index`
    answers  where the answer has them, and `error` what says why; what else there is, is `more`
    """

    def refused(request: Request, item: Any, code: ErrorCode) -> Mapping[str, Any]:
        del request
        numbers = [
            part if isinstance(part, int) else getattr(part, index) for part in getattr(item, asked)
        ]
        named = {topic: getattr(item, topic, None), "topic_id": getattr(item, "topic_id", None)}
        parts = [{index: number, error: code, **more} for number in numbers]
        return {**named, answers: parts}

    return refused


def every(items: str, answers: str, refused: Refused) -> Refuse:
    """The refusal of a request as a whole, said of each item of a list."""

    def all_refused(request: Request, error: ErrorCode) -> Answer:
        found = [refused(request, item, error) for item in getattr(request.body, items) or ()]
        return {"error_code": error, "error_message": error.name, answers: found}

    return all_refused
