"""Cores shared alike by all threads: transactions beside threads that stay, and queries that take turns in slots."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, gammaincc, gammaln

TINY = 1e-280


def beside(load: np.ndarray, cores: np.ndarray, standing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean number of transactions beside threads that stay, and the share of a core that each of these gets.

    `load` is what transactions ask for in cores, below `cores`. Weights are Poisson's while a core is free for each
    thread, and from `first` on those of a negative binomial law.
    """
    load, cores, standing = np.broadcast_arrays(load, cores, standing)
    first = np.ceil(np.maximum(cores - standing, 0))
    head = np.where(first > 0, gammaincc(np.maximum(first, 1), load), 0)
    head_mean = load * np.where(first > 1, gammaincc(np.maximum(first - 1, 1), load), 0)
    full = np.where(first > 0, np.maximum((first + standing) / cores, 1), 1.0)
    weight = np.exp(first * np.log(load) - load - gammaln(first + 1)) * full
    tail, tail_mean, shift = _tail(first, standing, load / cores)
    head, head_mean = head * np.exp(-shift), head_mean * np.exp(-shift)
    total = head + weight * tail
    idle = ((cores - standing) * head - head_mean) / total
    pace = np.where(standing > 0, (cores - idle - load) / np.maximum(standing, 1e-300), 1.0)
    return (head_mean + weight * tail_mean) / total, np.clip(pace, 1e-12, 1.0)


def _tail(first: np.ndarray, standing: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of b(n) / b(first) and of n b(n) / b(first) from `first` on, where b(n) = (n + K over n) x^n.

    Beside many threads they are too large for a number, so both lack the factor exp(third).
    """
    most = first + standing
    log_b = gammaln(most + 1) - gammaln(first + 1) - gammaln(standing + 1) + first * np.log(x)
    beyond = np.where(first > 0, betainc(np.maximum(first, 1), standing + 1, x), 1.0)
    beyond_mean = np.where(first > 1, betainc(np.maximum(first - 1, 1), standing + 2, x), 1.0)
    few = (beyond < TINY) | (beyond_mean < TINY)  # far out, where the next terms are nothing beside the first
    scale = np.where(few, 0.0, -(standing + 1) * np.log1p(-x) - log_b)
    shift = np.maximum(scale - 500, 0)
    tail = np.exp(scale - shift + np.log(np.where(few, 1.0, beyond)))
    mean = (standing + 1) * x / (1 - x) * np.exp(scale - shift + np.log(np.where(few, 1.0, beyond_mean)))
    ratio = np.minimum(x * (most + 1) / (first + 1), 0.5)
    near = 1 / (1 - ratio)
    return np.where(few, near, tail), np.where(few, first * near + ratio * near**2, mean), shift


def levels(slots: np.ndarray) -> np.ndarray:
    """Queries running at 1, 2, ... in the system, along a first axis of its own; never more than the slots."""
    count = np.arange(1, int(np.max(slots)) + 1).reshape(-1, *(1,) * slots.ndim)
    return np.minimum(count, slots)


def ends_per_s(work: np.ndarray, threads: np.ndarray, slots: np.ndarray, pace: np.ndarray) -> np.ndarray:
    """Queries that end a second at each level, where each of their threads gets `pace` of a core."""
    return levels(slots) * threads * pace / work


def in_slots(asked: np.ndarray, ends: np.ndarray, slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of time with 0, 1, ... queries running, the last with all slots, and the mean number of all queries.

    A birth and death process; beyond the slots they wait, and its weights are geometric.
    """
    level = np.arange(len(ends) + 1).reshape(-1, *(1,) * slots.ndim)
    weights = np.concatenate((np.ones((1, *slots.shape)), np.cumprod(asked / ends, axis=0)))
    weights = np.where(level <= slots, weights, 0.0)
    last = np.where(level == slots, weights, 0.0)
    busy = asked / ends[-1]
    waiting = last.sum(axis=0) * busy / (1 - busy)
    total = weights.sum(axis=0) + waiting
    shares = (weights + np.where(level == slots, waiting, 0.0)) / total
    line = (level * weights).sum(axis=0) + waiting * (slots + 1 / (1 - busy))
    return shares, line / total
