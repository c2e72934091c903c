"""Votes over sites: how often a majority can talk, when sites are lost and when links between them are cut."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Numbers, Output, as_numbers, checked
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.elementwise import broadcast, plain

TIE = "Where should the tie-breaker stand?"
MOST_SITES = 5
MONTH_MIN = 30 * 24 * 60.0

SiteUp = Annotated[float, Input("One site is up", "share", low=0, high=1, default=0.9995)]
LinkUp = Annotated[float, Input("A link between two sites works", "share", low=0, high=1, default=0.9995)]
WitnessUp = Annotated[float, Input("The witness is up", "share", low=0, high=1, default=0.999)]
Arrangement = Literal[
    "one site", "two sites alike", "witness at the first site", "witness at a third site", "three sites"
]  # fmt: skip
# Votes and share of clients of each site; a site without clients holds a witness.
ARRANGEMENTS: dict[str, tuple[tuple[int, ...], tuple[float, ...]]] = {
    "one site": ((1,), (1.0,)),
    "two sites alike": ((1, 1), (0.5, 0.5)),
    "witness at the first site": ((2, 1), (0.5, 0.5)),
    "witness at a third site": ((1, 1, 1), (0.5, 0.5, 0.0)),
    "three sites": ((1, 1, 1), (1 / 3, 1 / 3, 1 / 3)),
}
EQUAL = as_numbers((1,))


@dataclass(frozen=True)
class Sites:
    """How often votes over sites decide, and whom they serve."""

    decides: Annotated[float, Output("Some site can gather a majority", "share")]
    serves: Annotated[float, Output("Clients of live sites that reach it", "share")]
    stopped_min: Annotated[float, Output("No majority anywhere, a month", "min")]
    unserved_min: Annotated[float, Output("A client without service, a month, mean", "min")]
    stops_alone: Annotated[float, Output("Sites whose loss alone stops everything")]
    links_alone: Annotated[float, Output("Links whose cut alone stops everything")]


@checked
def sites(
    arrangement: Annotated[Arrangement, Input("Arrangement", default="witness at a third site")],
    site_availability: SiteUp,
    link_availability: LinkUp,
    witness_availability: WitnessUp = 0.999,
) -> Sites:
    """How often a majority over sites can talk, by where the tie-breaker stands.

    Every combination of sites up and links working is weighed. A site leads when it and the sites
    that it reaches over working links hold more than half of all votes; its clients and those
    of the sites it reaches are served. A cut between two sites that both see a witness leaves the
    choice of leader to it: either may lead, and its clients count. A witness has a vote, neither
    clients nor data, and cannot lead; where it stands at the first site it falls with it.

    Assumes independent sites and links, no relaying through a third site, and clients who are
    bound to their own site; clients of a lost site are counted as unserved. Node failures
    inside a site are left to `availability`. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Source: enumeration, so exact.

    >>> sites("two sites alike", 0.9, 1.0).decides
    0.81
    """
    votes, clients = ARRANGEMENTS[arrangement]
    witness = witness_availability if arrangement == "witness at a third site" else site_availability
    up = [witness if share == 0 else site_availability for share in clients]
    return _weighed(votes, clients, tuple(share > 0 for share in clients), up, link_availability)


@checked
def votes(
    votes: Annotated[Numbers, Input("Votes at each site", low=0, high=1000, default=(2, 2, 1))],
    site_availability: SiteUp,
    link_availability: LinkUp,
    client_share: Annotated[
        Numbers, Input("Clients at each site; one number for equal shares", low=0, high=1e9, default=(1,))
    ] = EQUAL,
) -> Sites:
    """How often a majority of any votes over up to five sites can talk.

    The same enumeration as `sites`, for votes and clients of your own: 2, 2, 1 is two sites of two
    replicas and one vote elsewhere. Raises InvalidInput where there are more than five sites, no
    votes, or shares of another number. Elementwise over arrays of availabilities.
    Source: enumeration, so exact.
    """
    count = tuple(float(each) for each in votes)
    if len(count) > MOST_SITES or not sum(count) > 0:
        raise InvalidInput(
            f"votes holds {several(len(count), 'site')} with {sum(count):g} votes; give 1 to {MOST_SITES}, not all 0"
        )
    given = tuple(float(each) for each in client_share)
    weights = (1.0,) * len(count) if len(given) == 1 else given
    if len(weights) != len(count) or not sum(weights) > 0:
        raise InvalidInput(f"client_share holds {several(len(given), 'number')} for {several(len(count), 'site')}")
    shares = tuple(each / sum(weights) for each in weights)
    return _weighed(
        count, shares, tuple(each > 0 for each in count), [site_availability] * len(count), link_availability
    )


def _weighed(
    votes: tuple[float, ...], clients: tuple[float, ...], may_lead: tuple[bool, ...], up: list[Any], link: Any
) -> Sites:
    """The outcome of each state, weighed by its chance."""
    *each_up, works = broadcast(*up, link)
    decides = serves = np.zeros(works.shape)
    for alive, cut, ours, served in _states(votes, clients, may_lead):
        chance = works ** (len(_pairs(len(votes))) - cut) * (1 - works) ** cut
        for site, share in enumerate(each_up):
            chance = chance * (share if alive[site] else 1 - share)
        decides = decides + chance * ours
        serves = serves + chance * served
    alone, links = _single_points(votes, clients, may_lead)
    found = (decides, serves, (1 - decides) * MONTH_MIN, (1 - serves) * MONTH_MIN, alone, links)
    return Sites(*map(plain, np.broadcast_arrays(*found)))


def _pairs(count: int) -> list[tuple[int, int]]:
    return list(itertools.combinations(range(count), 2))


@lru_cache(maxsize=64)
def _states(
    votes: tuple[float, ...], clients: tuple[float, ...], may_lead: tuple[bool, ...]
) -> tuple[tuple[tuple[bool, ...], int, float, float], ...]:
    """Sites alive, links cut, whether someone leads and the clients served, with like states gathered."""
    gathered: dict[tuple[tuple[bool, ...], int], np.ndarray] = {}
    pairs = _pairs(len(votes))
    for alive in itertools.product((True, False), repeat=len(votes)):
        for works in itertools.product((True, False), repeat=len(pairs)):
            served = _served(votes, clients, may_lead, alive, dict(zip(pairs, works, strict=True)))
            found = gathered.setdefault((alive, works.count(False)), np.zeros(2))
            found += (served is not None, served or 0.0)
    return tuple((*key, float(found[0]), float(found[1])) for key, found in gathered.items())


def _served(
    votes: tuple[float, ...],
    clients: tuple[float, ...],
    may_lead: tuple[bool, ...],
    alive: tuple[bool, ...],
    works: Mapping[tuple[int, int], bool],
) -> float | None:
    """Share of clients that the best leader serves; None where no site gathers a majority."""
    best = None
    for leader in range(len(votes)):
        if not (alive[leader] and may_lead[leader]):
            continue
        reached = [
            at for at in range(len(votes))
            if alive[at] and (at == leader or works[min(at, leader), max(at, leader)])
        ]  # fmt: skip
        if 2 * sum(votes[at] for at in reached) > sum(votes):
            best = max(best or 0.0, sum(clients[at] for at in reached))
    return best


def _single_points(
    votes: tuple[float, ...], clients: tuple[float, ...], may_lead: tuple[bool, ...]
) -> tuple[float, float]:
    """How many sites, and how many links, stop everything by being lost alone."""
    whole = (True,) * len(votes)
    pairs = _pairs(len(votes))
    all_work = dict.fromkeys(pairs, True)
    lost = [tuple(at != site for at in range(len(votes))) for site in range(len(votes))]
    return (
        float(sum(_served(votes, clients, may_lead, alive, all_work) is None for alive in lost)),
        float(sum(_served(votes, clients, may_lead, whole, {**all_work, pair: False}) is None for pair in pairs)),
    )


def _sites_sentence(inputs: Mapping[str, Any], result: Sites) -> str:
    return (
        f"A majority can talk {percent(result.decides)} of the time and is missing "
        f"{duration(result.stopped_min * 60)} a month; a client is without service "
        f"{duration(result.unserved_min * 60)}, and {several(result.stops_alone, 'site')} alone can stop everything."
    )


def _votes_sentence(inputs: Mapping[str, Any], result: Sites) -> str:
    return (
        f"With votes {', '.join(amount(float(each)) for each in inputs['votes'])} a majority can talk "
        f"{percent(result.decides)} of the time; the loss of {several(result.stops_alone, 'site')} alone, or the cut "
        f"of {several(result.links_alone, 'link')}, stops everything."
    )


MODELS = (
    Model(sites, TIE, _sites_sentence, "00-cap", "00-cap/sites"),
    Model(votes, TIE, _votes_sentence, "00-cap", "00-cap/votes"),
)
