"""Whether adding nodes still helps: the laws of Amdahl and Gustafson, and the Universal Scalability Law.

Amdahl: the same work on more nodes, limited by its serial share. Gustafson: more work in the same time.
The Universal Scalability Law (Gunther) adds what nodes cost each other: with contention alpha, coherency
beta and one node's throughput gamma, X(n) = gamma n / (1 + alpha (n - 1) + beta n (n - 1)), which peaks.
All assume equal nodes and the same work per request at every size. A fit extrapolates: trust its peak
only near the loads that were measured. Source: usl-r-package.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy import special

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Numbers, Output, checked
from sysdesign.models.wording import amount, percent, several

PARALLEL = Input("Work that can be spread", "share", low=0, high=0.999999999, default=0.95)
NODES = Input("Nodes", low=1, high=1e9, default=32)
LOADS = (1, 18, 36, 72, 108, 144, 216)  # users and scripts an hour: SPEC SDM91 on a SPARCcenter 2000
RATES = (64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2)
NO_PEAK = 0.0
FURTHEST = 1000  # a peak so many times beyond the largest load measured is rounding, not a finding


@dataclass(frozen=True)
class Speedup:
    """How much faster n nodes are than one."""

    speedup: Annotated[float, Output("Times as fast")]
    efficiency: Annotated[float, Output("Use made of each node", "share")]
    limit: Annotated[float, Output("Times as fast with any number of nodes, at most")]


@dataclass(frozen=True)
class ScaledSpeedup:
    """How much more work n nodes do in the same time."""

    speedup: Annotated[float, Output("Times as much work")]
    efficiency: Annotated[float, Output("Use made of each node", "share")]


@dataclass(frozen=True)
class Scalability:
    """Throughput under the Universal Scalability Law, and where it peaks."""

    capacity: Annotated[float, Output("Times the throughput of one node")]
    throughput: Annotated[float, Output("Throughput")]
    efficiency: Annotated[float, Output("Use made of each node", "share")]
    peak_nodes: Annotated[float, Output("Nodes at the peak, or 0 where there is none")]
    peak_throughput: Annotated[float, Output("Throughput at the peak, or 0 where there is none")]


@dataclass(frozen=True)
class Limits:
    """The marks of a scalability curve with both contention and coherency."""

    peak_nodes: Annotated[float, Output("Nodes at the peak")]
    peak_throughput: Annotated[float, Output("Throughput at the peak")]
    limit_throughput: Annotated[float, Output("Throughput that contention alone would allow")]
    optimal_nodes: Annotated[float, Output("Nodes at which perfect scaling would reach that limit")]


@dataclass(frozen=True)
class Fit:
    """A scalability curve fitted to measurements, with 95% intervals."""

    alpha: Annotated[float, Output("Contention")]
    alpha_low: Annotated[float, Output("Contention, at least")]
    alpha_high: Annotated[float, Output("Contention, at most")]
    beta: Annotated[float, Output("Coherency")]
    beta_low: Annotated[float, Output("Coherency, at least")]
    beta_high: Annotated[float, Output("Coherency, at most")]
    gamma: Annotated[float, Output("Throughput of one node")]
    gamma_low: Annotated[float, Output("Throughput of one node, at least")]
    gamma_high: Annotated[float, Output("Throughput of one node, at most")]
    alpha_error: Annotated[float, Output("Standard error of the contention")]
    beta_error: Annotated[float, Output("Standard error of the coherency")]
    gamma_error: Annotated[float, Output("Standard error of one node's throughput")]
    residual_error: Annotated[float, Output("Residual standard error")]
    r_squared: Annotated[float, Output("Variance explained", "share")]
    peak_nodes: Annotated[float, Output("Nodes at the peak, or 0 where there is none")]
    peak_nodes_low: Annotated[float, Output("Nodes at the peak, at least")]
    peak_nodes_high: Annotated[float, Output("Nodes at the peak, at most")]
    peak_throughput: Annotated[float, Output("Throughput at the peak, or 0 where there is none")]
    curve_nodes: Annotated[np.ndarray, Output("Nodes")]
    curve_throughput: Annotated[np.ndarray, Output("Throughput fitted")]
    curve_low: Annotated[np.ndarray, Output("Throughput fitted, at least")]
    curve_high: Annotated[np.ndarray, Output("Throughput fitted, at most")]


@checked
def amdahl(
    parallel_share: Annotated[float, PARALLEL],
    nodes: Annotated[float, NODES],
) -> Speedup:
    """Speedup of the same work on more nodes: 1 / ((1 - p) + p / n). Takes arrays elementwise.

    Assumes that the parallel part spreads evenly and at no cost: a ceiling, never a forecast.

    >>> round(amdahl(parallel_share=0.95, nodes=8).speedup, 6)
    5.925926
    """
    share, count = np.asarray(parallel_share, float), np.asarray(nodes, float)
    speedup = 1 / ((1 - share) + share / count)
    return Speedup(*_plain(speedup, speedup / count, 1 / (1 - share)))


@checked
def gustafson(
    parallel_share: Annotated[float, Input("Time spent in spread work", "share", low=0, high=1, default=0.95)],
    nodes: Annotated[float, NODES],
) -> ScaledSpeedup:
    """Work done in the same time when the problem grows with the nodes: (1 - p) + p n.

    The share is of the time on all nodes, Amdahl's is of the time on one: the same program has a greater
    one here. Assumes that the serial part does not grow. Takes arrays elementwise.
    """
    share, count = np.asarray(parallel_share, float), np.asarray(nodes, float)
    speedup = (1 - share) + share * count
    return ScaledSpeedup(*_plain(speedup, speedup / count))


@checked
def usl(
    nodes: Annotated[float, NODES],
    alpha: Annotated[float, Input("Contention", low=0, high=1, default=0.03)],
    beta: Annotated[float, Input("Coherency", low=0, high=1, default=0.0005)],
    gamma: Annotated[float, Input("Throughput of one node", low=1e-9, high=1e12, default=1)] = 1.0,
) -> Scalability:
    """Throughput of n nodes by the Universal Scalability Law, and the peak beyond which more nodes hurt.

    The peak lies at sqrt((1 - alpha) / beta), but not under one node. Without coherency there is none: the
    law is then Amdahl's. Takes arrays elementwise. Source: usl-r-package.
    """
    count, one = np.asarray(nodes, float), np.asarray(gamma, float)
    contention, coherency = np.asarray(alpha, float), np.asarray(beta, float)
    capacity = _capacity(count, contention, coherency)
    peak = _peak(contention, coherency)
    top = np.where(peak > 0, one * _capacity(np.maximum(peak, 1.0), contention, coherency), NO_PEAK)
    return Scalability(*_plain(capacity, one * capacity, capacity / count, peak, top))


def _capacity(nodes: Any, alpha: Any, beta: Any) -> Any:
    return nodes / (1 + alpha * (nodes - 1) + beta * nodes * (nodes - 1))


def _peak(alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
    peak = np.sqrt(np.divide(1 - alpha, beta, out=np.zeros(np.broadcast(alpha, beta).shape), where=beta > 0))
    return np.where(beta > 0, np.maximum(peak, 1.0), NO_PEAK)


@checked
def usl_limits(
    alpha: Annotated[float, Input("Contention", low=1e-12, high=1, default=0.03)],
    beta: Annotated[float, Input("Coherency", low=1e-15, high=1, default=0.0005)],
    gamma: Annotated[float, Input("Throughput of one node", low=1e-9, high=1e12, default=1)] = 1.0,
) -> Limits:
    """Peak of a scalability curve, and the limit that contention alone would set: gamma / alpha.

    `optimal_nodes` = 1 / alpha is where the straight line of perfect scaling meets that limit; beyond it,
    nodes mostly wait. Takes arrays elementwise. Source: usl-r-package.
    """
    contention, coherency, one = np.asarray(alpha, float), np.asarray(beta, float), np.asarray(gamma, float)
    peak = _peak(contention, coherency)
    return Limits(*_plain(peak, one * _capacity(peak, contention, coherency), one / contention, 1 / contention))


@checked
def usl_fit(
    nodes: Annotated[Numbers, Input("Nodes, or concurrent users, of each measurement", low=1, high=1e9, default=LOADS)],
    throughput: Annotated[Numbers, Input("Throughput measured at each", low=1e-9, high=1e15, default=RATES)],
) -> Fit:
    """The Universal Scalability Law fitted to load-test measurements, with its uncertainty.

    Nonlinear least squares on all three parameters, alpha and beta within 0 to 1. Errors are assumed
    independent and equally large at every load; intervals are Student's t on the standard errors (so a
    parameter near 0 may have an interval that goes below it), that of the peak is taken on its logarithm.
    A peak over 1,000 times beyond the largest load is told as none.
    Raises InvalidInput for fewer than four measurements, fewer than three different loads, or lists of
    different lengths. Source: usl-r-package.
    """
    x, y = np.asarray(nodes, float), np.asarray(throughput, float)
    if x.size != y.size or x.size < 4 or np.unique(x).size < 3:
        raise InvalidInput(
            f"nodes holds {several(x.size, 'value')} ({np.unique(x).size} different) and throughput {y.size}; "
            "give four measurements or more, at three different loads or more, as many throughputs as nodes"
        )
    from scipy.optimize import least_squares  # takes longer to load than the other laws to run

    scale = float(y.max())
    best = least_squares(
        lambda p: p[2] * _capacity(x, p[0], p[1]) - y / scale,
        _start(x, y / scale),
        jac=lambda p: _gradient(x, p),
        bounds=([0, 0, 0], [1, 1, np.inf]),
        x_scale="jac",
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
        max_nfev=2000,
    )
    residual = np.sqrt(np.sum(best.fun**2) / (x.size - 3))
    gradient = _gradient(x, best.x)
    weights = np.maximum(np.sqrt((gradient**2).sum(axis=0)), 1e-300)  # the parameters differ by many sizes
    covariance = np.linalg.pinv((gradient / weights).T @ (gradient / weights)) / np.outer(weights, weights)
    return _fit(x, y, best.x, covariance * residual**2, float(residual), scale)


def _start(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where to begin: n / X(n) is linear in 1 / gamma, alpha / gamma and beta / gamma."""
    from scipy.optimize import nnls

    columns = np.column_stack([np.ones(x.size), x - 1, x * (x - 1)]) * (y**2 / x)[:, None]
    sizes = np.maximum(np.sqrt((columns**2).sum(axis=0)), 1e-300)
    found, _ = nnls(columns / sizes, y)
    found = found / sizes
    if found[0] <= 0:
        return np.array([0.01, 1e-4, float(np.max(y / x))])
    return np.clip(np.array([found[1] / found[0], found[2] / found[0], 1 / found[0]]), 1e-9, [0.999, 0.999, np.inf])


def _gradient(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    below = 1 + p[0] * (x - 1) + p[1] * x * (x - 1)
    return np.column_stack([-p[2] * x * (x - 1) / below**2, -p[2] * x * x * (x - 1) / below**2, x / below])


def _fit(x: np.ndarray, y: np.ndarray, p: np.ndarray, covariance: np.ndarray, residual: float, scale: float) -> Fit:
    spread = float(special.stdtrit(x.size - 3, 0.975))
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    low, high = p - spread * errors, p + spread * errors
    peak, peak_low, peak_high = _peak_interval(p, covariance, spread, FURTHEST * float(x.max()))
    at = np.geomspace(1, max(float(x.max()), min(2 * peak, 10 * float(x.max()))), 60)
    fitted = scale * p[2] * _capacity(at, p[0], p[1])
    slope = _gradient(at, p)
    band = spread * scale * np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", slope, covariance, slope), 0.0))
    total = float(np.sum((y - y.mean()) ** 2))
    left = (residual * scale) ** 2 * (x.size - 3)
    top = scale * float(p[2] * _capacity(peak, p[0], p[1])) if peak else NO_PEAK
    return Fit(
        alpha=float(p[0]),
        alpha_low=float(low[0]),
        alpha_high=float(high[0]),
        beta=float(p[1]),
        beta_low=float(low[1]),
        beta_high=float(high[1]),
        gamma=scale * float(p[2]),
        gamma_low=scale * float(low[2]),
        gamma_high=scale * float(high[2]),
        alpha_error=float(errors[0]),
        beta_error=float(errors[1]),
        gamma_error=scale * float(errors[2]),
        residual_error=residual * scale,
        r_squared=1 - left / total if total > 0 else 1.0,
        peak_nodes=peak,
        peak_nodes_low=peak_low,
        peak_nodes_high=peak_high,
        peak_throughput=top,
        curve_nodes=at,
        curve_throughput=fitted,
        curve_low=fitted - band,
        curve_high=fitted + band,
    )


def _peak_interval(p: np.ndarray, covariance: np.ndarray, spread: float, furthest: float) -> tuple[float, float, float]:
    """The peak with its interval, by the first-order error of its logarithm."""
    peak = float(_peak(np.array(p[0]), np.array(p[1])))
    if peak > furthest:
        return NO_PEAK, NO_PEAK, NO_PEAK
    if peak <= 1:
        return peak, peak, peak
    slope = np.array([-0.5 / (1 - p[0]), -0.5 / p[1]])
    error = math.sqrt(max(0.0, float(slope @ covariance[:2, :2] @ slope)))
    factor = math.exp(min(spread * error, 300.0))
    return peak, max(1.0, peak / factor), peak * factor


def _plain(*values: Any) -> tuple[Any, ...]:
    return tuple(float(value) if np.ndim(value) == 0 else value for value in np.broadcast_arrays(*values))


HELPS = "Do more nodes still help?"


def _fit_work(inputs: Mapping[str, Any]) -> float:
    """Seconds: the steps of the fit are some to some hundred, and each looks at every measurement."""
    return 0.02 + 15e-6 * np.size(inputs["nodes"])


def _usl_sentence(inputs: Any, result: Scalability) -> str:
    start = (
        f"These nodes do {amount(result.capacity)} times the work of one, {percent(result.efficiency)} of each is used"
    )
    return start + (f"; beyond {several(round(result.peak_nodes), 'node')}, more hurt." if result.peak_nodes else ".")


def _fit_sentence(inputs: Any, result: Fit) -> str:
    if not result.peak_nodes:
        return f"Contention is {amount(result.alpha)} and no peak shows in these measurements."
    return (
        f"Throughput peaks near {result.peak_nodes:.0f} ({result.peak_nodes_low:.0f} to {result.peak_nodes_high:.0f}); "
        f"contention is {amount(result.alpha)}, coherency {amount(result.beta)}."
    )


MODELS = (
    Model(amdahl, HELPS, lambda i, r: f"They are {amount(r.speedup)} times as fast as one, and never over "
                                      f"{amount(r.limit, 4)}.",
          "01-compute", "01-compute/amdahl"),
    Model(gustafson, HELPS, lambda i, r: f"They do {amount(r.speedup, 4)} times the work of one in the same time.",
          "01-compute", "01-compute/gustafson"),
    Model(usl, HELPS, _usl_sentence, "01-compute", "01-compute/usl"),
    Model(usl_limits, HELPS, lambda i, r: f"Throughput peaks at {several(r.peak_nodes, 'node')}.",
          "01-compute", "01-compute/usl-limits"),
    Model(usl_fit, HELPS, _fit_sentence, "01-compute", "01-compute/usl-fit", _fit_work),
)  # fmt: skip
