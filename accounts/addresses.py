"""Which network addresses are everybody's, and which only this machine or its network can reach. Pure.

After the registries of special addresses, https://www.iana.org/assignments/iana-ipv4-special-registry/ and
https://www.iana.org/assignments/iana-ipv6-special-registry/. Written out here, because what `ipaddress` calls global
differs between releases of Python.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

# How an address names this machine.
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared between a carrier and its customers
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, and metadata of one cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4, no longer in use
        "192.168.0.0/16",
        "198.18.0.0/15",  # measurements between networks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        # Public by its number, but answered inside Azure with what belongs to the machine:
        # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
        "168.63.129.16/32",
    )
)
# The only global unicast addresses that are given out, and the parts of them that lead elsewhere.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",  # documentation
    )
)
# RFC 6052: names of IPv4-only hosts resolve to these in IPv6-only networks; the last four bytes are the address.
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, whatever form it is written in."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if (inside := _carried(address)) is not None:
        return is_public(str(inside))
    return (
        address in _PUBLIC_6 and address.scope_id is None and not any(address in network for network in _NOT_PUBLIC_6)
    )


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an operator allows beside the public internet: host names and networks."""

    hosts: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]

    def covers(self, host: str, address: str) -> bool:
        """Whether the host by its name, or the address by its network, is allowed."""
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return host.lower() in self.hosts or any(found in network for network in self.networks)


def allowed_by(entries: Iterable[str]) -> Allowed:
    """Reads a list of host names, addresses and networks."""
    hosts, networks = set(), []
    for entry in filter(None, (one.strip() for one in entries)):
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            hosts.add(entry.lower())
    return Allowed(frozenset(hosts), tuple(networks))


def is_elsewhere(url: str) -> bool:
    """Whether an address names another machine; one without a host names none."""
    host = urlsplit(url).hostname
    return bool(host) and host not in LOCAL_HOSTS
