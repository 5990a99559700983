"""Files of properties, entries of JAAS, listeners, and the names in certificates."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.security.jaas import users
from broker.security.principals import of_certificate
from broker.server.configuration import Configuration
from broker.server.listeners import ANY, listeners
from broker.server.properties import parse
from broker.server.setting import InvalidSetting
from tests.broker.security.certificates import authority, openssl

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


def test_properties_are_read_as_java_reads_them() -> None:
    text = """
# a comment \\
! another
a=1
  b : 2
c 3
d
e=x \\
    y\\
    z
f\\:g=h=i
j=\\u00e4\\t\\\\n
k=k \\\\
a=last"""
    assert parse(text) == {
        "a": "last", "b": "2", "c": "3", "d": "", "e": "x yz", "f:g": "h=i", "j": "ä\t\\n",
        "k": "k \\",
    }  # fmt: skip


def test_users_are_those_of_the_entry() -> None:
    entry = f"""{PLAIN} required username="b" password='p'
        user_alice="a \\"quoted\\"; one" user_bob='x=y' user_carol=bare ;"""
    assert users("PLAIN", entry) == {"alice": 'a "quoted"; one', "bob": "x=y", "carol": "bare"}


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "hunter2",
        f'{PLAIN} required user_a="hunter2"',
        f'{PLAIN} user_a="hunter2";',
        f'{PLAIN} required user_a="hunter2;',
        f'{PLAIN} required user_a="hunter2"; more',
        'org.example.Other required user_a="hunter2";',
    ],
)
def test_what_is_no_entry_is_refused_without_being_shown(entry: str) -> None:
    with pytest.raises(ValueError, match="module") as refused:
        users("PLAIN", entry)
    assert "hunter2" not in str(refused.value)


def test_listeners_have_names_protocols_and_addresses() -> None:
    found = listeners(
        Configuration(
            {
                "listeners": "inside://127.0.0.1:9092, OUTSIDE://[::1]:9093,SSL://:9094",
                "listener.security.protocol.map": "INSIDE:PLAINTEXT,OUTSIDE:SASL_SSL,SSL:SSL",
                "advertised.listeners": "OUTSIDE://broker.example.org:443",
            }
        )
    )
    assert [(each.name, each.protocol, each.host, each.port) for each in found] == [
        ("INSIDE", "PLAINTEXT", "127.0.0.1", 9092),
        ("OUTSIDE", "SASL_SSL", "::1", 9093),
        ("SSL", "SSL", ANY, 9094),
    ]
    assert found[1].at("::1", 1).told == ("broker.example.org", 443)
    assert found[0].at("127.0.0.1", 1).told == ("127.0.0.1", 1)
    assert found[2].at(ANY, 1).told[0] not in {ANY, ""}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"listeners": ""}, "listen somewhere"),
        ({"listeners": "127.0.0.1:9092"}, "NAME://HOST:PORT"),
        ({"listeners": "PLAINTEXT://127.0.0.1:99999"}, "NAME://HOST:PORT"),
        ({"listeners": "SSL://a:1,ssl://b:2"}, "twice"),
        ({"listeners": "MINE://a:1"}, "no protocol"),
        ({"listener.security.protocol.map": "A:B"}, "NAME:PROTOCOL"),
        ({"advertised.listeners": "SSL://a:1"}, "listeners has not"),
    ],
)
def test_what_is_no_listener_is_said(given: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidSetting, match=said):
        listeners(Configuration(given))


def test_certificates_name_their_principals(tmp_path: Path) -> None:
    """As Java's X500Principal writes them, which is what Kafka's principal builder takes."""
    issuer = authority(tmp_path)
    subjects = {
        "/CN=alice": "CN=alice",
        "/C=DE/O=Example, Inc./OU=a\\+b/CN=älter": "CN=älter,OU=a\\+b,O=Example\\, Inc.,C=DE",
        "/DC=org/DC=example/UID=u1/CN= two  spaces ": (
            "CN=\\ two  spaces\\ ,UID=u1,DC=example,DC=org"
        ),
        "/CN=a/emailAddress=a@example.org": (
            "1.2.840.113549.1.9.1=#160d61406578616d706c652e6f7267,CN=a"
        ),
        '/CN=#"x"=<y>;': 'CN=\\#\\"x\\"\\=\\<y\\>\\;',
    }
    for number, (subject, name) in enumerate(subjects.items()):
        path = issuer.issue(str(number), subject)
        der = openssl("x509", "-in", path, "-outform", "DER")
        assert of_certificate(der) == f"User:{name}"


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x03\x30\x01\x02", bytes(40)])
def test_what_is_no_certificate_has_no_principal(der: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        of_certificate(der)
