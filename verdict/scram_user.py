"""`verdict broker --add-scram`: the first user of a broker that lets nobody in without one.

    verdict broker --data-dir DIR --add-scram 'SCRAM-SHA-512=[name=admin]' < password

The password is the first line of standard input, so that no list of processes shows it; a terminal
is asked for it without an echo.  The broker must not run: once it does, its administrators add
users with `kafka-configs` and the like.
"""

from __future__ import annotations

import re
import secrets
import sys

from broker.security.scram import (
    HASHES,
    LEAST_ITERATIONS,
    MOST_ITERATIONS,
    SALT,
    Credential,
)
from broker.server.access import load, save
from broker.server.server import open_directory

_FORM = re.compile(r"(?P<mechanism>[A-Z0-9-]+)=\[(?P<options>[^\]]*)\]")
OPTIONS = {"name", "iterations"}


def add(text: str, data_dir: str) -> str:
    """Add a user, or change a password; what was done.

    ValueError where the text says no user, `DirectoryError` where the directory cannot be used.
    """
    mechanism, name, iterations = _parse(text)
    directory = open_directory(data_dir)
    try:
        store = load(directory)
        password = _password(name)
        if not password:
            raise ValueError("a password is not empty: say it on standard input")
        found = Credential.of_password(mechanism, password, secrets.token_bytes(SALT), iterations)
        store.scram.setdefault(mechanism, {})[name] = found
        save(directory, store)
    finally:
        directory.unlock()
    return f"{name} has a password for {mechanism}"


def _parse(text: str) -> tuple[str, str, int]:
    found = _FORM.fullmatch(text.strip())
    pairs = [] if found is None else [each.partition("=") for each in found["options"].split(",")]
    options = {name.strip(): value.strip() for name, _, value in pairs}
    if found is None or found["mechanism"] not in HASHES or not options.get("name"):
        raise ValueError("a user is said as 'SCRAM-SHA-256=[name=alice]', or with SCRAM-SHA-512")
    if not options.keys() <= OPTIONS:
        raise ValueError(f"only {' and '.join(sorted(OPTIONS))} are said; a password is not")
    iterations = options.get("iterations", str(LEAST_ITERATIONS))
    if not iterations.isdecimal() or not LEAST_ITERATIONS <= int(iterations) <= MOST_ITERATIONS:
        raise ValueError(f"iterations are {LEAST_ITERATIONS} to {MOST_ITERATIONS}")
    return found["mechanism"], options["name"], int(iterations)


def _password(name: str) -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(f"password of {name}: ")
    return sys.stdin.readline().rstrip("\r\n")
