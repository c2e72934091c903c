"""A quota dealt out over sites beforehand, so that each can spend its part without asking the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import gammainc, gammaincc

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.partition.losses import LONGEST_S, SPLIT, _ratio
from sysdesign.models.wording import amount, count, percent
from sysdesign.probability.elementwise import broadcast, plain


@dataclass(frozen=True)
class Escrow:
    """What a dealt quota refuses and saves while sites cannot talk."""

    refused: Annotated[float, Output("Refused with the quota dealt out, mean")]
    refused_share: Annotated[float, Output("of the requests", "share")]
    left_over: Annotated[float, Output("Quota that lies unused at other sites, mean")]
    needless: Annotated[float, Output("Refused although quota was left elsewhere, mean")]
    oversold: Annotated[float, Output("Sold beyond the quota if sites do not deal it and all go on, mean")]
    refused_by_majority: Annotated[float, Output("Refused if only the largest site goes on, mean")]
    enough_chance: Annotated[float, Output("Chance that a site's part lasts", "share")]


@checked
def escrow(
    quota: Annotated[float, Input("Quota left when the split begins", low=0, high=1e9, default=1000)],
    requests_per_s: Annotated[float, Input("Requests for one of it", "1/s", low=0, high=1e7, default=2)],
    duration_s: Annotated[float, Input("Length of the partition", "s", low=0, high=LONGEST_S, default=300)],
    sites: Annotated[int, Input("Sites that cannot talk", low=1, high=1000, default=3)],
    largest_share: Annotated[
        float, Input("Requests at the largest site", "share", low=0, high=1, default=0.5, help="the others are alike")
    ] = 0.5,
    dealt_share: Annotated[
        float,
        Input("Quota dealt to the largest site", "share", low=0, high=1, default=0.5, help="the rest evenly"),
    ] = 0.5,
    held_back_share: Annotated[float, Input("Quota that is not dealt out", "share", low=0, high=1, default=0)] = 0,
) -> Escrow:
    """Share of requests that a quota dealt over sites refuses while they cannot talk.

    Each site may spend its part and no more, so the quota holds without coordination; a site
    that runs dry refuses while another has some left. Requests at a site are Poisson; a site with
    part b and mean m refuses E[max(N - b, 0)]. Parts are whole: rounded down. Beside it: what is
    oversold where every site believes in the whole quota, and what is refused where only the
    largest site goes on and has all of it.

    Assumes requests for one unit each, none given back, and parts that were dealt before the split
    and not moved since. Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: bailis-2014-coordination for rules that need no coordination; the means are those of the Poisson law.

    >>> escrow(100, 0, 60, 2).refused
    0.0
    """
    total, rate, length, number, large, dealt, held = broadcast(
        quota, requests_per_s, duration_s, sites, largest_share, dealt_share, held_back_share
    )
    others = number - 1
    lone = others < 1
    large, dealt = np.where(lone, 1.0, large), np.where(lone, 1.0, dealt)
    mean = rate * length
    means = (mean * large, _ratio(mean * (1 - large), others))
    whole = np.floor(total + 1e-9)
    given = whole * (1 - held)
    parts = (np.floor(given * dealt + 1e-9), np.floor(_ratio(given * (1 - dealt), others) + 1e-9))
    over = [_excess(m, part) for m, part in zip(means, parts, strict=True)]
    refused = over[0] + others * over[1]
    spent = mean - refused
    least = _excess(mean, whole)  # what one place with all of the quota would refuse
    free = _excess(means[0], whole) + others * _excess(means[1], whole)
    lasts = [gammaincc(part + 1, m) for m, part in zip(means, parts, strict=True)]
    found = (
        refused, _ratio(refused, mean), np.maximum(whole - spent, 0.0), np.maximum(refused - least, 0.0),
        np.maximum(least - free, 0.0), mean - means[0] + _excess(means[0], whole),
        (lasts[0] + others * lasts[1]) / number,
    )  # fmt: skip
    return Escrow(*map(plain, np.broadcast_arrays(*found)))


def _excess(mean: np.ndarray, part: np.ndarray) -> np.ndarray:
    """The mean of max(N - b, 0) for a Poisson N: m P(N >= b) - b P(N >= b + 1)."""
    at_least = np.where(part > 0, gammainc(np.maximum(part, 1.0), mean), 1.0)
    return np.maximum(mean * at_least - part * gammainc(part + 1, mean), 0.0)


def _escrow_sentence(inputs: Mapping[str, Any], result: Escrow) -> str:
    return (
        f"Dealt out, the quota refuses {percent(result.refused_share)} of requests, {count(result.needless)} of them "
        f"while another site has some left; without dealing, all sites together sell {amount(result.oversold)} "
        "too many."
    )


MODELS = (Model(escrow, SPLIT, _escrow_sentence, "00-cap", "00-cap/escrow"),)
