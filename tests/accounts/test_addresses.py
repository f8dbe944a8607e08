"""Which addresses are the internet's: a table of both kinds, and what holds for all of them."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.addresses import allowed_by, is_public

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1",
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "168.63.129.16", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:a00:1", "::7f00:1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:7f00:1::1",
    "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "2606:4700::1%eth0",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
    "172.32.0.0", "192.167.255.255", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]  # fmt: skip
NO_ADDRESSES = [
    "",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "1.2.3",
    "example.com",
    "::ffff:8.8.8",
]


@pytest.mark.parametrize("text", [*PRIVATE, *NO_ADDRESSES])
def test_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize("text", PUBLIC)
def test_public(text: str) -> None:
    assert is_public(text)


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_alike(address: IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(str(address))
    assert is_public(str(IPv6Address(int(ip_address("64:ff9b::")) + int(address)))) == is_public(str(address))


@given(st.ip_addresses())
def test_never_public_what_python_calls_private(address: IPv4Address | IPv6Address) -> None:
    judged = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
    if judged.is_private or judged.is_loopback or judged.is_link_local or judged.is_multicast or judged.is_unspecified:
        assert not is_public(str(address))


def test_an_operator_allows_by_name_address_or_network() -> None:
    allowed = allowed_by(["Collector.internal", " 10.1.0.0/16 ", "fd00::/8", "", "192.168.1.5"])
    assert allowed.covers("collector.INTERNAL", "10.9.9.9")
    assert allowed.covers("other", "10.1.2.3")
    assert allowed.covers("other", "::ffff:10.1.2.3")
    assert allowed.covers("other", "fd00::1")
    assert allowed.covers("other", "192.168.1.5")
    assert not allowed.covers("other", "10.2.0.1")
    assert not allowed.covers("other", "127.0.0.1")
    assert not allowed.covers("other", "nonsense")
