"""Where messages may go: no address of this machine, of private networks or of clouds, in whatever form."""

import pytest

from pointsman.domain.drift.alerting.addresses import AllowedTargets, refusal


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.1.1",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.2.3",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:a9fe:a9fe",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "192.0.0.192",
        "64:ff9b:1::7f00:1",
        "::ffff:0:169.254.169.254",
        "3fff::1",
        "4000::1",
        "5f00::1",
    ],
)
def test_refused(address):
    assert refusal(address).startswith(f"{address} is a"), address


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
)
def test_taken(address):
    assert refusal(address) == ""


@pytest.mark.parametrize(
    ("entry", "host", "address", "port"),
    [
        ("smtp.internal", "smtp.internal", "10.0.0.5", 25),
        ("SMTP.internal:25", "smtp.internal.", "10.0.0.5", 25),
        ("10.0.0.0/8", "anything", "10.9.9.9", 443),
        ("10.0.0.5:25", "anything", "10.0.0.5", 25),
        ("[::1]:25", "localhost", "::1", 25),
        ("fd00::/8", "anything", "fd12::1", 1),
    ],
)
def test_what_the_operator_allows_is_taken(entry, host, address, port):
    assert AllowedTargets.read((entry,)).allow(host, address, port)


@pytest.mark.parametrize(
    ("entry", "host", "address", "port"),
    [
        ("smtp.internal:25", "smtp.internal", "10.0.0.5", 26),
        ("smtp.internal", "evil.smtp.internal", "10.0.0.5", 25),
        ("10.0.0.0/8", "smtp.internal", "11.0.0.1", 25),
        ("10.0.0.5:25", "anything", "10.0.0.5", 80),
        ("127.0.0.1", "anything", "::1", 80),
    ],
)
def test_what_is_beside_it_is_not(entry, host, address, port):
    assert not AllowedTargets.read((entry,)).allow(host, address, port)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "10.0.0.0/33",
        "host:0",
        "host:99999",
        "host:x",
        "host:",
        "[::1]:",
        "[::1]25x",
        "a b",
        "[::1",
        "::1:x:",
    ],
)
def test_an_entry_that_is_none_is_named(entry):
    with pytest.raises(ValueError, match=r"is no host|port is not"):
        AllowedTargets.read((entry,))
