"""What the most popular keys do to the node that has them, under Zipf's law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.hashing.placing import PLACEMENT
from sysdesign.models.wording import count, percent, several
from sysdesign.probability.elementwise import plain


@dataclass(frozen=True)
class HotKeys:
    """What the most popular keys do to the node that has them."""

    hottest_share: Annotated[float, Output("Requests for the hottest key", "share")]
    top10_share: Annotated[float, Output("Requests for the ten hottest keys", "share")]
    top_percent_share: Annotated[float, Output("Requests for the hottest 1% of keys", "share")]
    node_load: Annotated[float, Output("Load of the hottest key's node, times the average")]
    useful_nodes: Annotated[float, Output("Nodes' worth of load that the cluster takes before that node is full")]
    copies: Annotated[float, Output("Copies of the hottest key that bring its part under the limit")]


@checked
def hot_keys(
    keys: Annotated[int, Input("Keys", low=1, high=10**12, default=1_000_000)],
    exponent: Annotated[float, Input("Zipf exponent", low=0, high=5, default=0.99)],
    nodes: Annotated[int, Input("Nodes", low=1, high=1_000_000, default=20)],
    limit: Annotated[
        float,
        Input("Largest part of a node's fair share that one key may take", "share", low=0.01, high=10, default=0.5),
    ] = 0.5,
) -> HotKeys:
    """How much traffic one key brings to its node, under Zipf popularity.

    The key of rank i gets i^-s / H(N, s) of the requests. Its node also has its even part of
    the rest. No hashing cures this: the key is on one node wherever that is. Splitting it
    over copies does (its reads; writes then cost a copy each). Popularity is fixed and
    requests are independent; measure your own exponent, as it decides everything.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: H(N, s) by direct summation of the first terms and Euler-Maclaurin for the rest.

    >>> round(hot_keys(1000, 1.0, 10).hottest_share, 4)
    0.1336
    """
    sums = np.vectorize(_zipf_sum, otypes=[float])
    whole = sums(keys, exponent)
    first = 1 / whole
    count_of = np.asarray(keys, dtype=float)
    load = first * nodes + (1 - first)
    return HotKeys(
        hottest_share=plain(first),
        top10_share=plain(sums(np.minimum(count_of, 10), exponent) / whole),
        top_percent_share=plain(sums(np.maximum(np.floor(count_of / 100), 1), exponent) / whole),
        node_load=plain(load),
        useful_nodes=plain(nodes / load),
        copies=plain(np.maximum(np.ceil(first * nodes / limit * (1 - 1e-12)), 1)),
    )


EXACT_TERMS = 2000


def _zipf_sum(number: float, exponent: float) -> float:
    """The sum of i^-s for i from 1 to `number`."""
    number = int(number)
    exact = float((np.arange(1, min(number, EXACT_TERMS) + 1, dtype=float) ** -exponent).sum())
    if number <= EXACT_TERMS:
        return exact
    start, stop, rest = float(EXACT_TERMS), float(number), 1 - exponent
    growth = math.log(stop / start)
    area = start**rest * (math.expm1(rest * growth) / rest if abs(rest) > 1e-12 else growth)
    ends = (stop**-exponent - start**-exponent) / 2
    slopes = exponent / 12 * (start ** (-exponent - 1) - stop ** (-exponent - 1))
    return exact + area + ends + slopes


def _hot(inputs: Mapping[str, Any], result: HotKeys) -> str:
    return (
        f"The hottest key draws {percent(result.hottest_share)} of requests, so its node has {count(result.node_load)} "
        f"times the average load: {several(inputs['nodes'], 'node', 'do')} the work of {count(result.useful_nodes)}."
    )


MODELS = (Model(hot_keys, PLACEMENT, _hot, "04-databases", "04-databases/hot-key"),)
