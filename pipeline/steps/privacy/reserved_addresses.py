"""IP addresses that are nobody's in particular, since everybody may use them at home."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import numpy as np

from pipeline.steps.privacy.kinds import KINDS
from pipeline.steps.privacy.kinds import ip_address as ip

_INDEX = KINDS.index(ip.KIND)
_RESERVED = tuple(
    ip_network(network)
    for network in (
        *"10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16".split(),
        *"192.0.0.0/24 198.18.0.0/15 224.0.0.0/4 240.0.0.0/4 fc00::/7 fe80::/10".split(),
    )
)
"""Private, shared and link-local addresses, benchmarks, multicast and what is kept for later: the IANA
special-purpose registries (RFC 6890). Addresses for documentation stand for somebody's, as a placeholder
does, and are not among them."""


def is_reserved(address: bytes) -> bool:
    """Whether nobody in particular has this address. One in full-width digits is not read: nobody writes an
    example so."""
    try:
        read: IPv4Address | IPv6Address = ip_address(address.decode("ascii"))
    except ValueError:
        return False
    return any(read in network for network in _RESERVED if network.version == read.version)


def without_reserved(findings: np.ndarray, data: np.ndarray) -> np.ndarray:
    """The findings (int64 [n, 3]: first byte and end in ``data``, index of the kind) but those of reserved
    addresses."""
    stays = np.ones(len(findings), bool)
    for row in np.flatnonzero(findings[:, 2] == _INDEX).tolist():
        start, end, _ = findings[row].tolist()
        stays[row] = not is_reserved(data[start:end].tobytes())
    return findings[stays]
