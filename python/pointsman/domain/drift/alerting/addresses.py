"""Which addresses messages may be sent to: those of public networks, and what the operator allows."""

import ipaddress
from dataclasses import dataclass

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""IPv6 networks whose last four bytes are an IPv4 address that is connected to."""
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
_RESERVED = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "3fff::/20")))
"""What is not public, though tables of the standard library may not know it yet."""
_OF_CLOUDS = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "169.254.169.254", "fd00:ec2::254")))
"""Where machines of clouds are told of themselves, keys included; one of them looks public."""


def refusal(address: str) -> str:
    """Answers why nothing is sent to an address; empty where it may be.

    Args:
        address: As the resolver answers it, with or without a zone.
    """
    found = _inner(ipaddress.ip_address(address.partition("%")[0]))
    kinds = (
        ("a metadata", found in _OF_CLOUDS),
        ("a multicast", found.is_multicast),
        ("a loopback", found.is_loopback),
        ("a link-local", found.is_link_local),
        ("an unspecified", found.is_unspecified),
        ("a private or reserved", not found.is_global or _is_reserved(found)),
    )
    return next((f"{address} is {kind} address" for kind, is_so in kinds if is_so), "")


@dataclass(frozen=True)
class AllowedTargets:
    """What the operator allows.

    Attributes:
        names: Hosts, each with a port or None for any.
        networks: Networks, each with a port or None for any.
    """

    names: frozenset[tuple[str, int | None]] = frozenset()
    networks: frozenset[tuple[_Network, int | None]] = frozenset()

    @classmethod
    def read(cls, entries: tuple[str, ...]) -> "AllowedTargets":
        """Reads names, addresses and networks, as in ``smtp.internal:25``, ``10.0.0.0/8`` or ``[::1]:25``.

        Raises:
            ValueError: One is none of these; the message names it.
        """
        names: set[tuple[str, int | None]] = set()
        networks: set[tuple[_Network, int | None]] = set()
        for entry in entries:
            host, port = _split(entry)
            try:
                networks.add((ipaddress.ip_network(host), port))
            except ValueError:
                if not host or "/" in host or ":" in host or not host.isprintable() or " " in host:
                    raise ValueError(
                        f"{entry!r} is no host, address or network, for example smtp.internal:25, "
                        "[::1]:25 or 10.0.0.0/8"
                    ) from None
                names.add((host.lower().rstrip("."), port))
        return cls(frozenset(names), frozenset(networks))

    def allow(self, host: str, address: str, port: int) -> bool:
        """Says whether a host that has an address may be connected to at a port.

        Args:
            host: As it was named.
            address: As the resolver answers it.
            port: The port.
        """
        name = host.lower().rstrip(".")
        if (name, None) in self.names or (name, port) in self.names:
            return True
        plain = ipaddress.ip_address(address.partition("%")[0])
        return any(
            one.version == plain.version and plain in one and of_port in (None, port)
            for one, of_port in self.networks
        )


def _inner(address: _Address) -> _Address:
    """Answers the address that is connected to in the end: IPv6 has forms that lead to one of IPv4."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _TRANSLATED) and not address.is_loopback and int(address):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_reserved(address: _Address) -> bool:
    if address.version == _PUBLIC_IPV6.version and address not in _PUBLIC_IPV6:
        return True
    return any(address.version == network.version and address in network for network in _RESERVED)


def _split(entry: str) -> tuple[str, int | None]:
    if entry.startswith("[") and "]" in entry:
        host, _, rest = entry[1:].partition("]")
        if not rest:
            return host, None
        port = rest.removeprefix(":")
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
    else:
        return entry, None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError(f"{entry!r}: the port is not a number from 1 to 65535")
    return host, int(port)
