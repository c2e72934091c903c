"""How long a customer waits before one server with Poisson arrivals: the whole law, not only its mean.

`md1_wait_quantiles` is exact for constant service: a sum of positive terms over the chances of the queue's
lengths. `mg1_quantiles` takes any service law: the wait is a geometric number of residual services
(Pollaczek and Khinchine), convolved on a lattice. Both stop being true where arrivals are not Poisson
or the server does not take customers in order. Each of the two is the other's test for constant service.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from sysdesign.errors import InvalidInput
from sysdesign.models.queueing.kernels import md1_states
from sysdesign.probability.distribution import Distribution

CELLS = 1 << 14  # lattice cells; halving their width changes a percentile by less than 0.1%
EXACT_SERVICES = 64  # beyond so many services the wait's tail is one exponential to all digits


def md1_wait_quantiles(load: float, shares: tuple[float, ...]) -> list[float]:
    """Wait that each share of customers stays within, in units of one constant service."""
    lengths = np.cumsum(md1_states(load, EXACT_SERVICES + 2))[1:]  # at most i in line, one in service
    return [_md1_quantile(load, share, lengths) for share in shares]


def _md1_quantile(load: float, share: float, lengths: np.ndarray) -> float:
    if share <= 1 - load:
        return 0.0
    low, high = 0.0, float(EXACT_SERVICES) - 1e-9
    if _md1_cdf(load, high, lengths) < share:
        rate = _md1_tail_rate(load)
        return math.log((1 - load) / (load * math.exp(rate) - 1) / (1 - share)) / rate
    for _ in range(70):
        middle = (low + high) / 2
        low, high = (middle, high) if _md1_cdf(load, middle, lengths) < share else (low, middle)
    return high


def _md1_cdf(load: float, services: float, lengths: np.ndarray) -> float:
    """Chance of a wait of at most `services` services: enough of the line is gone by then."""
    k = int(services) + 1
    left = load * (k - services)
    j = np.arange(k)
    return float(np.sum(lengths[k - 1 - j] * np.exp(j * math.log(left) - left - gammaln(j + 1))))


def _md1_tail_rate(load: float) -> float:
    """The positive root of load (e^x - 1) = x: how fast the wait's tail falls, per service."""
    low, high = 0.0, 2 * (1 - load) / load + 2
    low = max(1e-12, 1 - load)  # the root is above 2 (1 - load) / (1 + load), so above this
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if load * math.expm1(middle) < middle else (low, middle)
    return (low + high) / 2


def mg1_quantiles(
    load: float, service: Distribution, mean_wait: float, shares: tuple[float, ...]
) -> tuple[list[float], list[float]]:
    """Wait and time in the system that each share of customers stays within, in the service's unit.

    Raises InvalidInput where the tail is so heavy that the lattice would have to be too coarse.
    """
    span = 12 * (mean_wait + service.mean)
    for _ in range(12):
        width = span / CELLS
        waits = _wait_masses(load, service, width)
        times = _convolve(waits, _masses(service, width))
        if np.sum(times) > max(shares):
            return [_at(waits, width, q, 0.5) for q in shares], [_at(times, width, q, 0.5) for q in shares]
        span *= 2
    raise InvalidInput(
        f"service is {service.text}; its tail is too heavy for a percentile of the wait: "
        "bound it, or simulate with queue_simulation.ggc"
    )


def _wait_masses(load: float, service: Distribution, width: float) -> np.ndarray:
    """Masses of the wait at 0, width, 2 width, ..., by transform; damped so that the far end cannot wrap round."""
    edges = np.arange(CELLS + 1) * width
    survival = 1 - np.asarray(service.cdf(edges), dtype=float)
    # area under the survival curve: trapezoids of cells in which it may jump are exact to width / 2
    residual = np.concatenate([[0.0], np.cumsum((survival[1:] + survival[:-1]) / 2) * width / service.mean])
    middle = np.minimum(1.0, np.interp(edges[:-1] + width / 2, edges, residual))
    masses = np.diff(middle, prepend=0.0)
    damp = np.exp(np.log(1e-9) / (2 * CELLS) * np.arange(2 * CELLS))
    transform = np.fft.rfft(np.concatenate([masses, np.zeros(CELLS)]) * damp)
    return np.fft.irfft((1 - load) / (1 - load * transform), 2 * CELLS)[:CELLS] / damp[:CELLS]


def _masses(service: Distribution, width: float) -> np.ndarray:
    middles = (np.arange(CELLS) + 0.5) * width
    return np.diff(np.asarray(service.cdf(middles), dtype=float), prepend=0.0)


def _convolve(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.fft.irfft(np.fft.rfft(one, 2 * CELLS) * np.fft.rfft(other, 2 * CELLS), 2 * CELLS)[:CELLS]


def _at(masses: np.ndarray, width: float, share: float, middle: float) -> float:
    """Where the lattice's mass reaches `share`; a cell's mass lies evenly about its point."""
    sums = np.cumsum(masses)
    if share <= sums[0]:
        return 0.0
    at = int(np.searchsorted(sums, share))
    into = (share - sums[at - 1]) / max(masses[at], 1e-300)
    return width * (at - middle + min(1.0, into))
