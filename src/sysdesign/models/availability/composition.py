"""A whole of parts: chains, copies and quorums, and what failures in common do to them.

Parts are independent unless a function says what they share. Units: shares 0 to 1, `_min` minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy import special

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Numbers, Output, checked
from sysdesign.models.wording import duration, percent, several
from sysdesign.probability.elementwise import plain

MINUTES_PER_DAY = 1440.0
MINUTES_PER_YEAR = 365 * MINUTES_PER_DAY


@dataclass(frozen=True)
class Composition:
    """A system built of parts."""

    availability: Annotated[float, Output("Availability", "share")]
    unavailability: Annotated[float, Output("Unavailability", "share")]  # exact where availability rounds to 1
    nines: Annotated[float, Output("Nines")]
    year_min: Annotated[float, Output("Downtime a year of 365 days", "min")]
    month_min: Annotated[float, Output("Downtime a month of 30 days", "min")]


def composed(unavailability: float | np.ndarray) -> Composition:
    lost = np.asarray(unavailability, dtype=float)
    # A system that cannot fail has no finite number of nines: it shows those of the smallest double, 308.
    nines = -np.log10(np.maximum(lost, np.finfo(float).tiny)) + 0.0
    return Composition(
        availability=plain(1 - lost),
        unavailability=plain(lost),
        nines=plain(nines),
        year_min=plain(lost * MINUTES_PER_YEAR),
        month_min=plain(lost * 30 * MINUTES_PER_DAY),
    )


@dataclass(frozen=True)
class Chain(Composition):
    """A chain of parts, and what each costs."""

    part: Annotated[np.ndarray, Output("Part")]  # 1, 2, ... in the order given
    part_year_min: Annotated[np.ndarray, Output("Downtime a year of the part alone", "min")]
    so_far_year_min: Annotated[np.ndarray, Output("Downtime a year of the chain up to it", "min")]


@dataclass(frozen=True)
class Copies(Composition):
    """Copies of one thing, and what each adds."""

    copies: Annotated[np.ndarray, Output("Copies")]
    with_copies_year_min: Annotated[np.ndarray, Output("Downtime a year with so many copies", "min")]
    shared_year_min: Annotated[np.ndarray, Output("Downtime a year of what they share", "min", drawn=True)]


Parts = Annotated[
    Numbers, Input("Availability of each part", "share", low=0.0, high=1.0, default=(0.999, 0.9995, 0.9999))
]


@checked
def series(availabilities: Parts) -> Chain:
    """A chain in which every part must work.

    Assumes independent parts. Positively correlated failures overlap and make the true
    availability higher, up to that of the weakest part; the sum of the unavailabilities
    is the lower bound whatever the correlation.
    Raises InvalidInput where an availability is outside 0 to 1.

    >>> round(series((0.999, 0.999)).availability, 6)
    0.998001
    """
    parts = np.asarray(availabilities, dtype=float)
    with np.errstate(divide="ignore"):
        so_far = -np.expm1(np.cumsum(np.log(parts)))  # exact where the product rounds to 1
    whole = composed(so_far[-1])
    return Chain(
        **vars(whole),
        part=np.arange(1, parts.size + 1),
        part_year_min=(1 - parts) * MINUTES_PER_YEAR,
        so_far_year_min=so_far * MINUTES_PER_YEAR,
    )


@checked
def parallel(
    availabilities: Annotated[
        Numbers, Input("Availability of each copy", "share", low=0.0, high=1.0, default=(0.999, 0.999))
    ],
    shared: Annotated[
        float,
        Input("Availability of what all copies share (switch, deployment, network)", "share", low=0, high=1, default=1),
    ] = 1.0,
) -> Copies:
    """Copies of which one is enough, behind something that they share.

    Assumes that copies fail independently of each other and of `shared`, and that the
    switch from one to another is instant and certain; a switch that can fail belongs in
    `shared`. With `shared` below 1 no number of copies gets past it.
    Raises InvalidInput where an availability is outside 0 to 1.

    >>> round(parallel((0.99, 0.99)).availability, 6)
    0.9999
    """
    all_down = np.cumprod(1 - np.asarray(availabilities, dtype=float))
    lost = (1 - shared) + shared * all_down
    return Copies(
        **vars(composed(lost[-1])),
        copies=np.arange(1, lost.size + 1),
        with_copies_year_min=lost * MINUTES_PER_YEAR,
        shared_year_min=np.full(lost.size, (1 - shared) * MINUTES_PER_YEAR),
    )


@checked
def k_of_n(
    availability: Annotated[float, Input("Availability of one node", "share", low=0.0, high=1.0, default=0.99)],
    n: Annotated[int, Input("Nodes", low=1, high=10_000, default=3)],
    k: Annotated[int, Input("Nodes that must be up", low=1, high=10_000, default=2, most=AtMost("n"))],
    shared_cause: Annotated[
        float, Input("Share of failures that take all nodes at once (beta factor)", "share", low=0, high=1, default=0)
    ] = 0.0,
) -> Composition:
    """A system that works while at least k of its n equal nodes do.

    With shared_cause = 0 nodes are independent and this is the binomial tail; k = 1 is
    parallel, k = n is series, k = n // 2 + 1 a majority quorum. Otherwise a share beta of
    a node's unavailability q is one event that takes all nodes together (the beta-factor
    model of reliability engineering), independent of each node's own failures, which are
    thinned to (q - beta q) / (1 - beta q) so that one node alone stays at its given
    availability. It has no event that takes some nodes and not others.
    Elementwise over arrays. Raises InvalidInput where k exceeds n or an input is out of range.
    Source: the binomial tail as the regularized incomplete beta function; the split of q
    follows from the definition.

    >>> round(k_of_n(0.99, 3, 2).availability, 9)
    0.999702
    """
    if np.any(np.asarray(k) > np.asarray(n)):
        raise InvalidInput(f"k is {k} and n is {n}; no more than n nodes can be up, so k is 1 to n")
    down = 1 - np.asarray(availability, dtype=float)
    together = np.asarray(shared_cause, dtype=float) * down
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = np.where(together < 1, (down - together) / (1 - together), 0.0)
    too_few_up = special.betainc(np.asarray(n) - k + 1, k, np.clip(alone, 0, 1))
    return composed(together + (1 - together) * too_few_up)


def _composition_sentence(inputs: Mapping[str, Any], result: Composition) -> str:
    down = duration(result.year_min * 60)
    return f"Together they are up {percent(result.availability)} of the time, down {down} a year."


def _quorum(inputs: Mapping[str, Any], result: Composition) -> str:
    verb = "is" if inputs["k"] == 1 else "are"
    return (
        f"At least {inputs['k']:g} of {several(inputs['n'], 'node')} {verb} up except for "
        f"{duration(result.year_min * 60)} a year; "
        f"one node alone is down {duration((1 - inputs['availability']) * 365 * 86_400)}."
    )


PROMISE = "What must each dependency promise?"

MODELS = (
    Model(series, PROMISE, _composition_sentence, "07-resilience", "07-resilience/chain"),
    Model(parallel, PROMISE, _composition_sentence, "07-resilience", "07-resilience/copies"),
    Model(k_of_n, PROMISE, _quorum, "00-cap", "00-cap/shared-causes"),
)
