"""An address plan: what fits a range, and how likely ranges that nobody planned collide."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import gammaln

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, Text, checked
from sysdesign.models.wording import amount, percent, several
from sysdesign.probability.elementwise import broadcast, plain

BITS = 32  # of an IPv4 address
JUST_WHOLE = 1 + 1e-12  # a quotient that rounding put just below a whole number is that number
MOST_RANGES = 2000

Range = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Plan:
    """What a network holds, cut into equal subnets, and for how long."""

    subnets: Annotated[float, Output("Subnets that the network holds")]
    spare_subnets: Annotated[float, Output("Subnets left over, below 0 where some do not fit")]
    usable: Annotated[float, Output("Usable addresses of a subnet")]
    nodes: Annotated[float, Output("Nodes that fit a subnet during a rollout")]
    nodes_all: Annotated[float, Output("Nodes that fit the zones together")]
    pods_all: Annotated[float, Output("Containers that fit the zones together")]
    used: Annotated[float, Output("Addresses in use at the peak, of those usable", "share")]
    full_years: Annotated[float, Output("Until a subnet is full, 100 years at most", "year")]


@checked
def plan(
    prefix: Annotated[
        int, Input("Prefix length of the network", low=8, high=28, default=16, most=AtMost("subnet_prefix"))
    ] = 16,
    subnet_prefix: Annotated[int, Input("Prefix length of a subnet for nodes", low=8, high=30, default=20)] = 20,
    zones: Annotated[int, Input("Zones, a subnet of each kind in each", low=1, high=16, default=3)] = 3,
    kinds: Annotated[int, Input("Kinds of subnet in a zone", low=1, high=16, default=3)] = 3,
    nodes: Annotated[float, Input("Nodes today, in all zones", low=0, high=1e7, default=60)] = 60,
    pods_each: Annotated[
        float, Input("Addresses for containers on each node", low=0, high=1000, default=30, help="0: an overlay")
    ] = 30,
    surge: Annotated[float, Input("Nodes added while all are replaced", "share", low=0, high=1, default=0.25)] = 0.25,
    growth: Annotated[float, Input("Growth a year", "share", low=0, high=20, default=0.4)] = 0.4,
    reserved: Annotated[int, Input("Addresses of each subnet that the provider keeps", low=0, high=16, default=5)] = 5,
) -> Plan:
    """How many nodes and containers an address plan holds, and for how many years of growth.

    A subnet of prefix p has 2^(32 - p) addresses less those that the provider reserves. Nodes are spread evenly over
    the zones; each takes an address and one for each of its containers, and a rollout adds `surge` of them while the
    old still run. Growth is a constant factor a year. Addresses that a plugin keeps warm, and blocks in a row that a
    scattered subnet no longer has, come on top: raise `pods_each`. Balancers, endpoints and functions take addresses
    too. Elementwise over arrays. Raises InvalidInput where a subnet is larger than its network.
    Follows from the arithmetic; the five reserved addresses are those of AWS (NET-1).

    >>> plan(16, 20).usable, plan(16, 20).subnets
    (4091.0, 16.0)
    """
    given = (prefix, subnet_prefix, zones, kinds, nodes, pods_each, surge, growth, reserved)
    whole, part, places, sorts, now, pods, added, more, kept = broadcast(*given)
    if (larger := part < whole).any():
        raise InvalidInput(
            f"subnet_prefix is /{part[larger][0]:.0f} in a network of /{whole[larger][0]:.0f}, so the subnet is the "
            f"larger; give a subnet_prefix of {whole[larger][0]:.0f} or more"
        )
    count = 2.0 ** (part - whole)
    usable = np.maximum(2.0 ** (BITS - part) - kept, 0)
    each = (1 + pods) * (1 + added)
    fit = np.floor(usable / each * JUST_WHOLE)
    used = np.where(usable > 0, now / places * each / np.maximum(usable, 1), np.where(now > 0, 1e9, 0.0))
    found = (count, count - places * sorts, usable, fit, fit * places, fit * places * pods, used, _years(used, more))
    return Plan(*map(plain, found))


def _years(used: np.ndarray, growth: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        years = -np.log(used) / np.log1p(growth)
    return np.where(used >= 1, 0.0, np.where((growth > 0) & (used > 0), np.minimum(years, 100), 100.0))


@dataclass(frozen=True)
class Overlap:
    """Ranges picked without a plan."""

    any_overlap: Annotated[float, Output("Chance that at least two overlap", "share")]
    pairs: Annotated[float, Output("Overlapping pairs to expect")]
    next_overlaps: Annotated[float, Output("Chance that one more network overlaps one of them", "share")]
    blocks: Annotated[float, Output("Blocks to choose from")]


@checked
def overlap(
    networks: Annotated[int, Input("Networks, each with a range of its own choice", low=1, high=1_000_000, default=20)],
    prefix: Annotated[int, Input("Prefix length of each", low=9, high=28, default=16)] = 16,
    space_prefix: Annotated[
        int, Input("Prefix length of the space they choose from", low=1, high=24, default=8, help="8 for 10.0.0.0/8",
                   most=AtMost("prefix"))
    ] = 8,
    default_share: Annotated[
        float, Input("Networks that keep a tool's default range", "share", low=0, high=1, default=0.1)
    ] = 0.1,
) -> Overlap:  # fmt: skip
    """How likely networks that nobody planned use the same addresses.

    The birthday problem with a favorite day: each network takes an aligned block of its size at random, except for a
    share that keeps one block, the default of a tool. Two aligned blocks overlap only where they are the same, or the
    smaller lies in the larger: take the larger size for all, which is exact for a small and a large one.
    One network that overlaps cannot be routed to the others without translation, whatever its size.
    Elementwise over arrays. Raises InvalidInput where the blocks are larger than the space. Follows from counting.

    >>> round(overlap(23, 16, 8, 0).any_overlap, 3)
    0.637
    """
    count, size, space, usual = broadcast(networks, prefix, space_prefix, default_share)
    if (size < space).any():
        raise InvalidInput(
            f"prefix is {size.min():.0f} in a space of /{space.max():.0f}; give a prefix as long or longer"
        )
    blocks = 2.0 ** (size - space)
    other = (1 - usual) / blocks
    favorite = usual + other
    pairs = count * (count - 1) / 2 * (favorite**2 + (blocks - 1) * other**2)
    apart = _distinct(count, blocks - 1, other) + count * favorite * _distinct(count - 1, blocks - 1, other)
    meets = 1 - favorite * (1 - favorite) ** count - (blocks - 1) * other * (1 - other) ** count
    found = (np.clip(1 - apart, 0, 1), pairs, np.clip(meets, 0, 1), blocks)
    return Overlap(*map(plain, found))


def _distinct(count: np.ndarray, blocks: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Chance that so many picks, each of a block with that chance, take different ones of these blocks."""
    possible = (count <= blocks) & ((chance > 0) | (count == 0))
    ways = gammaln(blocks + 1) - gammaln(np.where(possible, blocks - count, 0) + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = ways + np.where(count > 0, count * np.log(chance), 0.0)
    return np.where(possible, np.exp(np.minimum(logarithm, 0.0)), 0.0)


@dataclass(frozen=True)
class Ranges:
    """Ranges as addresses, and where they overlap."""

    range: Annotated[tuple[str, ...], Output("Range")]
    first: Annotated[tuple[str, ...], Output("First address")]
    last: Annotated[tuple[str, ...], Output("Last address")]
    addresses: Annotated[np.ndarray, Output("Addresses")]
    usable: Annotated[np.ndarray, Output("Usable as one subnet")]
    overlaps: Annotated[tuple[str, ...], Output("Overlaps")]
    overlapping_pairs: Annotated[int, Output("Overlapping pairs")]
    routes: Annotated[int, Output("Routes that name them all, and nothing else")]
    one_route: Annotated[tuple[str, ...], Output("Shortest single route over them all", apart=True)]
    covered: Annotated[float, Output("Of that route, addresses that are theirs", "share")]


@checked
def ranges(
    networks: Annotated[
        Text,
        Input("Ranges", default="10.20.0.0/16, 10.20.128.0/20, 10.21.0.0/16, 172.17.0.0/16",
              help="in CIDR notation, a comma, blank or line apart; IPv4 or IPv6"),
    ],
    reserved: Annotated[
        int, Input("Addresses of each subnet that the provider keeps", low=0, high=16, default=5)
    ] = 5,
) -> Ranges:  # fmt: skip
    """Which ranges overlap, what they hold, and how few routes name them.

    Addresses with a rest behind the prefix are refused, since they are mostly a slip (10.20.1.0/16). Lists have an
    entry for each range, in the order given. `routes` is what a router needs when neighbors are joined; the single
    route covers foreign addresses too, of which `covered` tells. Raises InvalidInput for a text that is no range, for
    IPv4 and IPv6 in one list, and for more than 2,000 ranges. Follows from the prefixes; by Python's `ipaddress`.

    >>> ranges(Text("10.0.0.0/16, 10.0.128.0/20")).overlapping_pairs
    1
    """
    found = _parsed(networks)
    over = [[other for other in found if other is not each and each.overlaps(other)] for each in found]  # type: ignore[arg-type]
    joined = list(ipaddress.collapse_addresses(found))  # type: ignore[type-var]
    whole = _supernet(found)
    sizes = [each.num_addresses for each in found]
    return Ranges(
        tuple(map(str, found)),
        tuple(str(each.network_address) for each in found),
        tuple(str(each.broadcast_address) for each in found),
        np.array(sizes, dtype=float),
        np.array([max(size - reserved, 0) for size in sizes], dtype=float),
        tuple(", ".join(map(str, each)) or "none" for each in over),
        sum(map(len, over)) // 2,
        len(joined),
        (str(whole),),
        sum(each.num_addresses for each in joined) / whole.num_addresses,
    )


def _parsed(text: str) -> list[Range]:
    words = text.replace(",", " ").replace(";", " ").split()
    if not 1 <= len(words) <= MOST_RANGES:
        raise InvalidInput(f"networks holds {len(words):,} ranges; give 1 to {MOST_RANGES:,}, such as 10.20.0.0/16")
    found = [_range(word) for word in words]
    if len({each.version for each in found}) > 1:
        raise InvalidInput("networks holds IPv4 and IPv6, which never overlap; give them apart")
    return found


def _range(word: str) -> Range:
    try:
        return ipaddress.ip_network(word)
    except ValueError as fault:
        if "host bits" in str(fault):
            meant = ipaddress.ip_network(word, strict=False)
            raise InvalidInput(f"networks: {word} is an address within {meant}; give {meant}") from fault
        raise InvalidInput(f"networks: {word!r} is no range; give one such as 10.20.0.0/16 or 2001:db8::/48") from fault


def _supernet(found: list[Range]) -> Range:
    """The longest prefix that all of them share."""
    least = min(int(each.network_address) for each in found)
    most = max(int(each.broadcast_address) for each in found)
    bits = found[0].max_prefixlen
    length = bits - (least ^ most).bit_length()
    return ipaddress.ip_network((least >> (bits - length) << (bits - length), length))


def _planned(inputs: Mapping[str, Any], result: Plan) -> str:
    years = result.full_years
    full = "is not full within 100 years" if years >= 100 else f"is full in {amount(years, 2)} years"
    spare = several(abs(result.spare_subnets), "subnet")
    return (
        f"A /{inputs['subnet_prefix']} has {amount(result.usable, 4)} usable addresses, room for "
        f"{several(result.nodes, 'node')} during a rollout; it {'is too small today' if result.used >= 1 else full}, "
        f"and the network {f'holds {spare} more' if result.spare_subnets >= 0 else f'is {spare} short'}."
    )


def _overlapping(inputs: Mapping[str, Any], result: Overlap) -> str:
    return (
        f"At least two of {several(inputs['networks'], 'network')} overlap with a chance of "
        f"{percent(result.any_overlap)}, and one more does with {percent(result.next_overlaps)}."
    )


def _listed(inputs: Mapping[str, Any], result: Ranges) -> str:
    return (
        f"{several(len(result.range), 'range')} with {several(result.overlapping_pairs, 'overlapping pair')}; "
        f"{several(result.routes, 'route', 'name')} them all, and {result.one_route[0]} covers them, "
        f"{percent(result.covered)} of it theirs."
    )


ADDRESSES = "How large must networks and subnets be?"
MODELS = (
    Model(plan, ADDRESSES, _planned, "10-networking", "10-networking/addresses"),
    Model(overlap, ADDRESSES, _overlapping, "10-networking", "10-networking/overlap"),
    Model(ranges, ADDRESSES, _listed, "10-networking", "10-networking/ranges"),
)
