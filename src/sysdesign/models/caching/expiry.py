"""When entries expire: what a time to live costs in misses and staleness, and what expiry does to the origin.

Requests for the key form a Poisson process. A cluster of clients that wake
together is burstier: there every number here is a floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from scipy.special import exp1, gammainc

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Output, checked
from sysdesign.probability.elementwise import Numeric, plain

EULER_GAMMA = 0.5772156649015329
MOST_TOKENS = 1_000  # lease tokens that may fall into one rebuild


@dataclass(frozen=True)
class Expiry:
    """One key under a time to live, in the long run."""

    hit_ratio: Annotated[float, Output("Hit ratio", "share")]
    fetches_per_s: Annotated[float, Output("Fetches from the origin", "1/s")]
    stale_share: Annotated[float, Output("Answers older than the last change", "share")]
    mean_age_s: Annotated[float, Output("Mean age of an answer", "s")]


@checked
def ttl(
    requests_per_s: Annotated[float, Input("Requests for the key", "1/s", low=1e-6, high=1e6, default=0.1)],
    ttl_s: Annotated[float, Input("Time to live", "s", low=1e-3, high=1e7, default=60)],
    changes_per_s: Annotated[float, Input("Changes of the value", "1/s", low=0, high=1e4, default=0.001)] = 0.001,
    renewal: Annotated[
        Literal["fixed", "sliding"],
        Input("Renewal", default="fixed", help="fixed: counted from the fetch; sliding: from the last read"),
    ] = "fixed",
) -> Expiry:
    """Hit ratio and staleness of one key with a time to live.

    Assumes Poisson requests and Poisson changes, a fetch that takes no time and
    a cache that evicts nothing early. With a fixed time each fetch is followed by
    requests_per_s * ttl_s hits on average; with a sliding one a request hits if the
    gap before it is below the time. An answer is stale if the value changed since
    its fetch.

    A sliding entry that is read often never expires, and its age has no useful
    mean: raises InvalidInput where the expected life exceeds 1e12 times the time
    to live. Renewal arguments, given at the formulas; no source needed.
    """
    demand = np.asarray(requests_per_s * ttl_s, dtype=float)
    if renewal == "fixed":
        return _fixed(requests_per_s, ttl_s, changes_per_s, demand)
    if np.any(demand > 27.6):  # e ** 27.6 is 1e12
        raise InvalidInput(
            f"requests_per_s times ttl_s is {float(demand.max()):g}: a sliding entry read that often never expires, "
            "so its staleness grows without end; keep the product below 27.6 or use renewal=fixed"
        )
    return _sliding(requests_per_s, ttl_s, changes_per_s, demand)


def _fixed(requests_per_s: Numeric, ttl_s: Numeric, changes_per_s: Numeric, demand: np.ndarray) -> Expiry:
    hit = demand / (1 + demand)
    changes = np.asarray(changes_per_s * ttl_s, dtype=float)
    # a hit's age is uniform on [0, ttl]; the difference cancels where changes are rare
    often = np.maximum(changes, 1e-4)
    stale = np.where(changes > 1e-4, 1 + np.expm1(-often) / often, changes / 2 - changes**2 / 6)
    return Expiry(plain(hit), plain(requests_per_s / (1 + demand)), plain(hit * stale), plain(hit * ttl_s / 2))


def _sliding(requests_per_s: Numeric, ttl_s: Numeric, changes_per_s: Numeric, demand: np.ndarray) -> Expiry:
    hit = -np.expm1(-demand)
    both = requests_per_s + changes_per_s
    # chance that the next request comes in time and before any change
    fresh_step = requests_per_s / both * -np.expm1(-both * ttl_s)
    fresh_hits = np.exp(-demand) * fresh_step / (1 - fresh_step)
    # mean gap before a hit; the difference cancels where requests are rare
    rare = ttl_s * (0.5 - demand / 12)
    gap = np.where(demand < 1e-4, rare, 1 / requests_per_s - ttl_s * np.exp(-demand) / hit)
    age = hit * gap * np.exp(demand)
    stale = np.maximum(hit - fresh_hits, 0.0)  # rounding alone can bring it below zero
    return Expiry(plain(hit), plain(requests_per_s * np.exp(-demand)), plain(stale), plain(age))


@dataclass(frozen=True)
class Stampede:
    """What the origin sees when one popular entry expires."""

    requests_per_expiry: Annotated[float, Output("Queries per expiry", "")]
    duplicates_per_expiry: Annotated[float, Output("Queries beyond the one needed", "")]
    waiting_requests: Annotated[float, Output("Requests that wait for another's rebuild", "")]
    early_s: Annotated[float, Output("Time to live given up", "s")]
    origin_per_s: Annotated[float, Output("Queries in the long run", "1/s")]


@checked
def stampede(
    arrivals_per_s: Annotated[float, Input("Requests for the key", "1/s", low=0.001, high=1e7, default=2000)],
    rebuild_s: Annotated[float, Input("Time to rebuild the entry", "s", low=1e-4, high=600, default=0.5)],
    protection: Annotated[
        Literal["none", "locking", "leases", "early expiry"], Input("Protection", default="none")
    ] = "none",
    ttl_s: Annotated[float, Input("Time to live", "s", low=0.01, high=1e7, default=60)] = 60,
    early_factor: Annotated[
        float,
        Input("Early expiry: eagerness", low=0.1, high=10, default=1, help="beta of XFetch; above 1 rebuilds earlier"),
    ] = 1,
    token_interval_s: Annotated[
        float, Input("Leases: shortest time between tokens", "s", low=0.01, high=600, default=10)
    ] = 10,
    arrivals: Annotated[
        Literal["even", "random"],
        Input("Arrivals", default="even", help="even: equally spaced; random: a Poisson process"),
    ] = "even",
) -> Stampede:
    """Queries that one expiry of a popular entry sends to the origin.

    Unprotected, the first request after the expiry and all that arrive until it
    has rebuilt the entry query the origin: arrivals_per_s * rebuild_s of them if
    they come evenly (rounded up), one more on average if at random. A lock lets one
    through and the others wait; it is assumed never to be lost. Leases hand out
    one token per interval, so a rebuild longer than the interval is joined by a
    second. Early expiry (XFetch) lets a request with s seconds to go rebuild with
    probability exp(-s / (early_factor * rebuild_s)); for a busy key the queries come
    to exp(1 / early_factor) in all, whatever the rate.

    Assumes a rebuild time that does not grow with the queries at once; where the
    origin slows down under them, these numbers are floors. Early expiry is
    computed for random arrivals in either case: a busy stream thinned by chance
    is random. Raises InvalidInput if more than 1,000 tokens fall into one rebuild.
    Source: vattani-2015 (early expiry), nishtala-2013 (leases); derived for Poisson arrivals.
    """
    followers = _followers(arrivals_per_s, rebuild_s, arrivals)
    early, unnoticed = np.zeros_like(followers), np.ones_like(followers)
    if protection == "none":
        queries, waiting = 1 + followers, np.zeros_like(followers)
    elif protection == "locking":
        queries, waiting = np.ones_like(followers), followers
    elif protection == "leases":
        queries = 1 + _further_tokens(arrivals_per_s, rebuild_s, token_interval_s, arrivals)
        waiting = np.maximum(followers - (queries - 1), 0.0)
    else:
        extra, early, unnoticed = _early_expiry(arrivals_per_s, rebuild_s, ttl_s, early_factor)
        queries, waiting = 1 + extra, np.zeros_like(followers)
    cycle = ttl_s - early + unnoticed / arrivals_per_s + rebuild_s
    return Stampede(*map(plain, (queries, queries - 1, waiting, early, queries / cycle)))


def _followers(arrivals_per_s: Numeric, rebuild_s: Numeric, arrivals: str) -> np.ndarray:
    """Requests after the first within the rebuild that it started."""
    caught = np.asarray(arrivals_per_s * rebuild_s, dtype=float)
    return _steps_within(caught) if arrivals == "even" else caught


def _steps_within(ratio: Numeric) -> np.ndarray:
    """Multiples of a step, from the first, that lie below `ratio` steps; a rounding error apart is equal."""
    return np.maximum(np.ceil(ratio * (1 - 1e-12)) - 1, 0.0)


def _further_tokens(
    arrivals_per_s: Numeric, rebuild_s: Numeric, token_interval_s: Numeric, arrivals: str
) -> np.ndarray:
    """Expected tokens after the first while the first is rebuilding.

    The k-th needs k intervals, and a request after each to claim it.
    """
    most = float(np.max(rebuild_s / token_interval_s))
    if most > MOST_TOKENS:
        raise InvalidInput(
            f"rebuild_s is {most:g} times token_interval_s, so tokens limit nothing; "
            f"give a token_interval_s of at least rebuild_s / {MOST_TOKENS}"
        )
    if arrivals == "even":
        requests_per_token = np.maximum(np.ceil(arrivals_per_s * token_interval_s * (1 - 1e-12)), 1.0)
        return _steps_within(arrivals_per_s * rebuild_s / requests_per_token)
    total = np.zeros(np.broadcast(arrivals_per_s, rebuild_s, token_interval_s).shape)
    for k in range(1, int(most) + 1):
        left = np.maximum(rebuild_s - k * token_interval_s, 0.0)
        total = total + gammainc(k, arrivals_per_s * left)
    return total


def _early_expiry(
    arrivals_per_s: Numeric, rebuild_s: Numeric, ttl_s: Numeric, early_factor: Numeric
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Queries beyond the first, mean time given up, and the chance that no request rebuilds early.

    With u = exp(-s / (beta * rebuild)), the first early rebuild comes at u with
    density a exp(-a (u - u_ttl)), a = arrivals * beta * rebuild. Until it is done
    further requests rebuild too: with the same rule before the expiry, all after it.
    """
    scale_s = early_factor * rebuild_s
    a = np.asarray(arrivals_per_s * scale_s, dtype=float)
    u_ttl = np.exp(-ttl_s / scale_s)
    u_split = np.maximum(np.exp(-1 / early_factor), u_ttl)  # rebuilt before the expiry below, after it above
    gone, spared = np.exp(-a * (u_split - u_ttl)), np.exp(-a * (1 - u_ttl))
    before = np.expm1(1 / early_factor) * ((1 + a * u_ttl) - (1 + a * u_split) * gone)
    caught = arrivals_per_s * rebuild_s
    after = (
        (a + caught) * (gone - spared)
        - ((1 + a * u_split) * gone - (1 + a) * spared)
        + a * (np.log(u_split) * gone + gone * _scaled_exp1(a * u_split) - spared * _scaled_exp1(a))
    )
    extra = np.maximum(before + after + spared * caught, 0.0)
    return extra, _time_given_up(a, u_ttl, ttl_s, scale_s), spared


def _time_given_up(a: np.ndarray, u_ttl: Numeric, ttl_s: Numeric, scale_s: Numeric) -> np.ndarray:
    """Mean time to live left at the first early rebuild, counting 0 where there is none."""
    at_ttl = a * u_ttl
    rare = np.log(a) + EULER_GAMMA + exp1(a)  # u_ttl too small to matter
    safe = np.maximum(at_ttl, 1e-9)
    spared = np.exp(-(a - at_ttl))
    general = ttl_s / scale_s - (_scaled_exp1(safe) - spared * _scaled_exp1(a))
    return np.clip(scale_s * np.where(at_ttl < 1e-8, rare, general), 0.0, ttl_s)


def _scaled_exp1(x: Numeric) -> np.ndarray:
    """exp(x) times the exponential integral E1(x), without overflow."""
    x = np.asarray(x, dtype=float)
    small = np.minimum(x, 50.0)
    series, term = np.zeros_like(x), 1 / np.maximum(x, 50.0)
    for k in range(1, 16):  # asymptotic: the 16th term is below 1e-13 at x = 50
        series, term = series + term, -term * k / np.maximum(x, 50.0)
    return np.where(x < 50, np.exp(small) * exp1(np.maximum(small, 1e-300)), series)


@dataclass(frozen=True)
class Leases:
    """Origin queries for a set of hot, often written keys."""

    without_per_s: Annotated[float, Output("Queries without leases", "1/s")]
    with_per_s: Annotated[float, Output("Queries with leases", "1/s")]
    reduction: Annotated[float, Output("Reduction", "times")]
    share_without_value: Annotated[float, Output("Time without a fresh value, with leases", "share")]


@checked
def leases(
    token_interval_s: Annotated[
        float, Input("Shortest time between tokens of a key", "s", low=0.001, high=3600, default=10)
    ],
    keys: Annotated[float, Input("Hot keys", low=1, high=1e9, default=1000)] = 1000,
    reads_per_s: Annotated[float, Input("Reads of each key", "1/s", low=0.001, high=1e6, default=100)] = 100,
    writes_per_s: Annotated[float, Input("Writes of each key", "1/s", low=1e-6, high=1e5, default=0.2)] = 0.2,
    rebuild_s: Annotated[
        float,
        Input("Time to rebuild an entry", "s", low=1e-4, high=600, default=0.05, most=AtMost("token_interval_s")),
    ] = 0.05,
) -> Leases:
    """What lease tokens save when a write deletes a hot key and all its readers rebuild it.

    Without leases each write is followed by 1 + reads_per_s * rebuild_s queries.
    With them the cache gives one reader a token to rebuild, and the next token of
    that key no sooner than the interval; readers without a token wait or take
    the old value. Assumes Poisson reads and writes, independent keys, and a rebuild
    shorter than the interval (InvalidInput otherwise: a second token would go out).
    Source: nishtala-2013, section 3.2.1, gives 10 s and a fall from 17,000 to 1,300
    queries a second, but not the rates behind it: only direction and size compare.
    """
    if np.any(np.asarray(rebuild_s) > token_interval_s):
        raise InvalidInput(
            f"rebuild_s is {np.max(rebuild_s):g}, longer than token_interval_s: a second token goes out before the "
            "first is used; give a token_interval_s of rebuild_s or more"
        )
    valid_s = 1 / writes_per_s
    without = (1 + reads_per_s * rebuild_s) / (valid_s + 1 / reads_per_s + rebuild_s)
    slack_s = token_interval_s - rebuild_s
    between_tokens_s = token_interval_s + valid_s * np.exp(-writes_per_s * slack_s) + 1 / reads_per_s
    with_leases = 1 / between_tokens_s
    lacking = 1 - valid_s / between_tokens_s
    return Leases(plain(keys * without), plain(keys * with_leases), plain(without / with_leases), plain(lacking))
