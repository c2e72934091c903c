"""Sketches: quantiles and counts of distinct values in little memory, and how far off they may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, size
from sysdesign.probability.elementwise import broadcast, plain

BETA = np.sqrt(3 * np.log(2) - 1)  # 1.0389, HyperLogLog's constant for many registers
COUNTED = 2.5  # values a register, up to which empty registers are counted instead


@dataclass(frozen=True)
class DDSketch:
    """What a sketch with a relative error takes for a range of values."""

    buckets: Annotated[float, Output("Buckets for the range")]
    growth: Annotated[float, Output("Each bound, times the one before")]
    size_bytes: Annotated[float, Output("Bytes of its counts", "B")]
    kept_from_s: Annotated[float, Output("Least value with that error, within the buckets allowed", "s")]
    kept_error: Annotated[float, Output("Error that covers the range within the buckets allowed", "share")]


@checked
def ddsketch(
    accuracy: Annotated[float, Input("Relative error", "share", low=1e-5, high=0.5, default=0.01)],
    low_s: Annotated[float, Input("Least value", "s", low=1e-12, high=1e9, default=1e-3)] = 1e-3,
    high_s: Annotated[float, Input("Largest value", "s", low=1e-12, high=1e12, default=60)] = 60,
    most_buckets: Annotated[float, Input("Buckets allowed", low=2, high=1e7, default=2048)] = 2048,
    count_bytes: Annotated[float, Input("Bytes of a count", "B", low=1, high=64, default=8)] = 8,
) -> DDSketch:
    """Buckets of a sketch that gives every quantile within a relative error.

    Bounds grow by (1 + a) / (1 - a), so that the middle of a bucket is within a of all in it: the buckets of a
    range are the logarithm of its ends' ratio over that of the growth. Sketches of equal growth merge without a
    loss. Where fewer buckets are allowed the lowest collapse, and quantiles below kept_from_s lose the promise.

    The buckets are those between the ends; ones that stay empty may take no memory. An exponential histogram
    is the same with growth 2 ** (2 ** -scale). Elementwise over arrays. Raises InvalidInput where high_s lies
    below low_s. Source: Masson, Rim and Lee (2019).

    >>> round(ddsketch(0.02).buckets)
    275
    """
    error, low, high, most, each = broadcast(accuracy, low_s, high_s, most_buckets, count_bytes)
    if (high < low).any():
        raise InvalidInput("high_s lies below low_s; the range goes from the least value to the largest")
    growth = np.log1p(error) - np.log1p(-error)
    decades = np.log(high / low)
    buckets = np.maximum(decades / growth, 1)
    least = np.maximum(low, high * np.exp(-np.minimum(most * growth, 700)))
    found = (buckets, np.exp(growth), np.minimum(buckets, most) * each, least, np.tanh(decades / most / 2))
    return DDSketch(*(plain(value) for value in found))


@dataclass(frozen=True)
class Distinct:
    """How near a count of distinct values is."""

    error_share: Annotated[float, Output("Standard error of the count", "share")]
    most_error_share: Annotated[float, Output("Error that 95 counts of 100 stay below", "share")]
    large_error_share: Annotated[float, Output("Standard error for many values", "share")]
    size_bytes: Annotated[float, Output("Bytes of the sketch", "B")]
    exact_bytes: Annotated[float, Output("Bytes of a list of hashes, which is exact", "B")]
    needed_registers: Annotated[float, Output("Registers for an error of 1%")]


@checked
def hyperloglog(
    registers: Annotated[float, Input("Registers", low=16, high=16_777_216, default=16_384)],
    distinct: Annotated[float, Input("Distinct values", low=1, high=1e18, default=1e6)] = 1e6,
    register_bits: Annotated[float, Input("Bits of a register", low=4, high=8, default=6)] = 6,
    hash_bytes: Annotated[float, Input("Bytes of a hash in a list", "B", low=1, high=64, default=8)] = 8,
) -> Distinct:
    """Error and size of HyperLogLog, a count of distinct values in a few kilobytes.

    Each of m registers keeps the longest run of zeros among its hashes; their harmonic mean gives the count
    with a standard error of 1.04 / sqrt(m), whatever the count. Up to 2.5 m values the empty registers are
    counted instead, with the error of linear counting. Registers of two sketches merge by their maximum, so
    counts add over machines and days without counting twice; an intersection is not to be had so.

    Around 2.5 m values plain HyperLogLog is off by more than said, which later editions mend. Elementwise over
    arrays. Source: Flajolet, Fusy, Gandouet and Meunier (2007); Whang, Vander-Zanden and Taylor (1990).

    >>> round(hyperloglog(16_384).large_error_share, 4)
    0.0081
    """
    many, values, bits, each = broadcast(registers, distinct, register_bits, hash_bytes)
    large = BETA / np.sqrt(many)
    load = np.minimum(values / many, COUNTED)
    few = np.sqrt(many * np.maximum(np.expm1(load) - load, load * load / 2)) / (many * load)
    error = np.where(values <= COUNTED * many, few, large)
    found = (error, 1.96 * error, large, many * bits / 8, values * each, (BETA / 0.01) ** 2 + 0 * many)
    return Distinct(*(plain(value) for value in found))


def _quantiles_said(inputs: Mapping[str, Any], result: DDSketch) -> str:
    return (
        f"{amount(result.buckets)} buckets hold the range, {size(result.size_bytes)}; within the buckets allowed "
        f"the error holds from {duration(result.kept_from_s)} on."
    )


def _distinct_said(inputs: Mapping[str, Any], result: Distinct) -> str:
    return (
        f"The count is off by {percent(result.error_share)} as a rule, from {size(result.size_bytes)}; an exact list "
        f"takes {size(result.exact_bytes)}."
    )


QUESTION = "How exact must a summary be?"
MODELS = (
    Model(ddsketch, QUESTION, _quantiles_said, "11-observability", "11-observability/sketch"),
    Model(hyperloglog, QUESTION, _distinct_said, "19-olap-oltp", "19-olap-oltp/distinct"),
)
