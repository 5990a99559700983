"""Users of SCRAM: listed, added, changed and removed by administrators.

Who adds a user salts the password himself and sends what came of it; what is kept tells less.  What
is told of a user is which mechanisms there are, and how many iterations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from broker.errors import ErrorCode
from broker.security.scram import HASHES, LEAST_ITERATIONS, MOST_ITERATIONS, Credential
from broker.security.store import Store
from broker.server.dispatch import Fields, Handler, Request
from broker.wire.apis import ApiKey

MECHANISMS = dict(enumerate(HASHES, start=1))
NUMBERS = {name: number for number, name in MECHANISMS.items()}


def describe(request: Request) -> Fields:
    """Which mechanisms users have passwords for."""
    store, asked = request.broker.access.store, [each.name for each in request.body.users or ()]
    known = sorted({user for users in store.scram.values() for user in users})
    named = Counter(asked or known)
    return {
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "results": [_described(store, name, named[name]) for name in named],
    }


def _described(store: Store, name: str, times: int) -> dict[str, Any]:
    infos = [
        {"mechanism": NUMBERS[mechanism], "iterations": users[name].iterations}
        for mechanism, users in store.scram.items()
        if name in users
    ]
    if times > 1:
        return _refused(name, ErrorCode.DUPLICATE_RESOURCE, "Cannot describe a user twice.")
    if not infos:
        return _refused(name, ErrorCode.RESOURCE_NOT_FOUND, "There is no such user.")
    return {**_refused(name, ErrorCode.NONE, None), "credential_infos": infos}


def _refused(name: str, error: ErrorCode, words: str | None) -> dict[str, Any]:
    return {"user": name, "error_code": error, "error_message": words}


def alter(request: Request) -> Fields:
    """Add and remove passwords; of each user one at a time, and none where it is asked for more."""
    access, body = request.broker.access, request.body
    named = Counter(each.name for each in (*body.deletions, *body.upsertions))
    results = {
        name: _refused(name, ErrorCode.DUPLICATE_RESOURCE, "A user is changed once in a request.")
        for name, times in named.items()
        if times > 1
    }
    before = {mechanism: dict(users) for mechanism, users in access.store.scram.items()}
    for change, wanted in ((_remove, body.deletions), (_set, body.upsertions)):
        for each in wanted:
            if each.name not in results:
                error, words = change(access.store, each)
                results[each.name] = _refused(each.name, error, words)
    try:
        access.keep()
    except OSError as failure:
        access.store.scram = before
        error, words = ErrorCode.KAFKA_STORAGE_ERROR, failure.strerror
        results = {name: _refused(name, error, words) for name in named}
    return {"results": list(results.values())}


Outcome = tuple[ErrorCode, str | None]


def _fault(each: Any) -> Outcome | None:
    if not each.name:
        return ErrorCode.UNACCEPTABLE_CREDENTIAL, "Username must not be empty"
    if each.mechanism not in MECHANISMS:
        return ErrorCode.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism"
    return None


def _remove(store: Store, each: Any) -> Outcome:
    fault = _fault(each)
    if fault is not None:
        return fault
    users = store.scram.get(MECHANISMS[each.mechanism], {})
    if users.pop(each.name, None) is None:
        words = "Attempt to delete a user credential that does not exist"
        return ErrorCode.RESOURCE_NOT_FOUND, words
    return ErrorCode.NONE, None


def _set(store: Store, each: Any) -> Outcome:
    fault = _fault(each)
    if fault is not None:
        return fault
    if not LEAST_ITERATIONS <= each.iterations <= MOST_ITERATIONS:
        many = "few" if each.iterations < LEAST_ITERATIONS else "many"
        return ErrorCode.UNACCEPTABLE_CREDENTIAL, f"Too {many} iterations"
    salt, salted = bytes(each.salt), bytes(each.salted_password)
    if not salt or not salted:
        return ErrorCode.UNACCEPTABLE_CREDENTIAL, "A salt and a salted password are needed"
    mechanism = MECHANISMS[each.mechanism]
    found = Credential.of_salted(mechanism, salted, salt, each.iterations)
    store.scram.setdefault(mechanism, {})[each.name] = found
    return ErrorCode.NONE, None


def describe_quotas(request: Request) -> Fields:
    """How much users may send: nobody has a quota, and `kafka-configs` asks nevertheless."""
    del request
    return {"error_code": ErrorCode.NONE, "error_message": None, "entries": []}


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.DESCRIBE_CLIENT_QUOTAS: describe_quotas,
    ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS: describe,
    ApiKey.ALTER_USER_SCRAM_CREDENTIALS: alter,
}
