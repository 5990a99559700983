"""Which handler answers which API."""

from __future__ import annotations

from collections.abc import Mapping

from broker.server.dispatch import Handler
from broker.server.handlers import (
    acls,
    cluster,
    configs,
    consumers,
    fetch,
    groups,
    offsets,
    placement,
    positions,
    produce,
    sasl,
    topics,
    transactions,
    users,
)
from broker.wire.apis import ApiKey

HANDLERS: Mapping[ApiKey, Handler] = {
    **acls.HANDLERS,
    **cluster.HANDLERS,
    **configs.HANDLERS,
    **consumers.HANDLERS,
    **fetch.HANDLERS,
    **groups.HANDLERS,
    **offsets.HANDLERS,
    **placement.HANDLERS,
    **positions.HANDLERS,
    **produce.HANDLERS,
    **sasl.HANDLERS,
    **topics.HANDLERS,
    **transactions.HANDLERS,
    **users.HANDLERS,
}
