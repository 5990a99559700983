"""Which guard stands before which API.

An API that is not in the table cannot be served where there is an authorizer: the broker does not
start.  Where there is none, no guard stands anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from broker.server.dispatch import Handler
from broker.server.guards import cluster, groups, topics, transactions
from broker.server.guards.combine import Guard
from broker.wire.apis import ApiKey

GUARDS: Mapping[ApiKey, Guard] = {
    **cluster.GUARDS,
    **groups.GUARDS,
    **topics.GUARDS,
    **transactions.GUARDS,
}


def guarded(handlers: Mapping[ApiKey, Handler]) -> Mapping[ApiKey, Handler]:
    """The handlers, each behind its guard."""
    return {key: _behind(GUARDS[key], handler) for key, handler in handlers.items()}


def _behind(guard: Guard, handler: Handler) -> Handler:
    return lambda request: guard(request, handler)
