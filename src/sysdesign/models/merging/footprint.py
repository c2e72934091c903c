"""Bytes that types which merge keep beside their values, in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.merging.split import RESOLVE
from sysdesign.models.wording import amount, size
from sysdesign.probability.elementwise import broadcast, plain


@dataclass(frozen=True)
class Metadata:
    """State of one replica by type, in bytes."""

    g_counter: Annotated[float, Output("Counter, up", "B")]
    pn_counter: Annotated[float, Output("Counter, up and down", "B")]
    g_set: Annotated[float, Output("Grow-only set", "B")]
    two_phase_set: Annotated[float, Output("Two-phase set", "B")]
    observed_remove_set: Annotated[float, Output("Observed-remove set", "B")]
    tombstone_set: Annotated[float, Output("Set with a tombstone for each removal", "B")]
    lww_set: Annotated[float, Output("Last write wins, each element", "B")]
    mv_register: Annotated[float, Output("Register with siblings", "B")]
    sequence: Annotated[float, Output("Sequence", "B")]
    values: Annotated[float, Output("The live values alone", "B")]
    overhead: Annotated[float, Output("Observed-remove set over its values")]
    sequence_overhead: Annotated[float, Output("Sequence over its live values")]


@checked
def metadata(
    live: Annotated[float, Input("Elements there now", low=0, high=1e9, default=100)],
    removed: Annotated[float, Input("Elements removed since the start", low=0, high=1e9, default=400)],
    replicas: Annotated[float, Input("Replicas that have ever written", low=1, high=1e7, default=3)],
    siblings: Annotated[float, Input("Values of a register side by side", low=1, high=1e4, default=2)] = 2,
    value_bytes: Annotated[float, Input("Value, or element", "B", low=0, high=1e7, default=16)] = 16,
    name_bytes: Annotated[float, Input("Name of a replica", "B", low=1, high=256, default=16)] = 16,
    count_bytes: Annotated[float, Input("Count, or time", "B", low=1, high=16, default=8)] = 8,
) -> Metadata:
    """Bytes that types which merge keep beside their values, by what was added and removed.

    A dot is a replica's name and a count. Counters hold one for each replica, twice if they also
    count down. A grow-only set keeps every value, a two-phase set those removed twice; a set of
    last writes keeps a stamp and a name for every element ever seen. An observed-remove set keeps a
    dot for each live element and one for each replica; with tombstones also one for each removal.
    A sequence keeps two dots and the value for every element ever inserted.

    Plain encoding: no compression, no runs of elements under one dot, no tombstones collected once
    all replicas have seen them; real libraries do each of these. Elements are different ones.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: almeida-2023 for what each type holds.

    >>> metadata(0, 0, 3).g_counter
    72.0
    """
    given = (live, removed, replicas, siblings, value_bytes, name_bytes, count_bytes)
    there, gone, writers, beside, value, name, count = broadcast(*given)
    dot = name + count
    every, context, values = there + gone, writers * dot, there * value
    observed = there * (value + dot) + context
    sequence = every * (value + 2 * dot)
    found = (
        context, 2 * context, every * value, (every + gone) * value, observed,
        every * (value + dot) + gone * dot, every * (value + dot), beside * (value + dot) + context, sequence, values,
        _times(observed, values), _times(sequence, values),
    )  # fmt: skip
    return Metadata(*map(plain, found))


def _times(whole: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.divide(whole, values, out=np.zeros(whole.shape), where=values > 0)


def _weighed(inputs: Mapping[str, Any], result: Metadata) -> str:
    return (
        f"The live values are {size(result.values)}; an observed-remove set holds {size(result.observed_remove_set)}, "
        f"{amount(result.overhead)} times that, and a sequence with its tombstones {size(result.sequence)}."
    )


MODELS = (Model(metadata, RESOLVE, _weighed, "00-cap", "00-cap/merging-metadata"),)
