"""Networks that are not part of the public internet.

Sources, as of November 2026: IANA's IPv4 and IPv6 Special-Purpose Address Registries, IPv6 address
space, and multicast blocks. Python's `ipaddress` has such a table too, but it differs between
versions of Python. Blocks that the registries call globally reachable (AS112, AMT, PCP anycast) are
refused as well: they are network services, never receivers of webhooks.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

SPECIAL_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private use
        "100.64.0.0/10",  # shared address space of carriers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link local
        "172.16.0.0/12",  # private use
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relay anycast, deprecated
        "192.168.0.0/16",  # private use
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and limited broadcast
    )
)
# Global unicast. All other blocks of IPv6 are special or unassigned: loopback, discard-only
# (100::/64), local NAT64 (64:ff9b:1::/48), segment routing (5f00::/16), unique local (fc00::/7),
# link local, site local, multicast.
UNICAST_IPV6 = IPv6Network("2000::/3")
SPECIAL_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, ORCHID, AMT, AS112, DRIP
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, deprecated; contains an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# Networks that embed an IPv4 address: IPv4-mapped addresses, and NAT64's well-known prefix.
_OF_IPV4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_IPV4_BITS = 0xFFFF_FFFF


def is_public_ipv4(address: IPv4Address) -> bool:
    """Return whether an address belongs to a public host."""
    return not any(address in network for network in SPECIAL_IPV4)


def is_public_ipv6(address: IPv6Address) -> bool:
    """Return whether an address belongs to a public host.

    An address that embeds an IPv4 address is checked as that IPv4 address.
    """
    if any(address in network for network in _OF_IPV4):
        return is_public_ipv4(IPv4Address(int(address) & _IPV4_BITS))
    return address in UNICAST_IPV6 and not any(address in network for network in SPECIAL_IPV6)
