"""Authorization: what people keep, how long a check takes, what a removed right still opens, how rules drift apart.

Units: `_ms` milliseconds, `_s` seconds, `_share` fractions of 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from scipy.special import binom, digamma, gammaincinv

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, count, duration, percent, several
from sysdesign.probability.elementwise import broadcast
from sysdesign.probability.inversion import inverted

MOST_BRANCHES = 50  # each is a term of a sum
STEPS = 3  # of the search for a percentile
TERMS = 24  # of the inverted transform, which is smooth
NEAR = 1e-4  # rates so near each other, as a share, are taken as that far apart: the formula divides by what is between
BRIEF = 1e-3  # times so brief, over their mean, are told by a series: differences would lose digits
EULER = 0.5772156649015329
YEAR_S = 31_557_600.0
DAY_S = 86_400.0

Way = Literal["releases", "polls"]


@dataclass(frozen=True)
class Kept(Lazy):
    """What each model of rights asks people to keep, and to change."""

    possible_roles: Annotated[float, Output("Roles, if each job met each scope")]
    roles: Annotated[float, Output("Roles in use")]
    object_roles: Annotated[float, Output("Roles for single objects besides")]
    policies: Annotated[float, Output("Policies over attributes")]
    tuples: Annotated[float, Output("Relations stored")]
    entries: Annotated[float, Output("Entries of all objects' lists")]
    changed_entries: Annotated[float, Output("Entries that change when one person takes a post")]


@checked
def kept(
    jobs: Annotated[float, Input("Kinds of job", low=1, high=1e5, default=8)],
    scopes: Annotated[
        float, Input("Scopes", low=1, high=1e9, default=150, help="tenants, projects or places that rights stop at")
    ],
    people: Annotated[float, Input("People", low=1, high=1e10, default=5000)],
    posts: Annotated[float, Input("Posts of a person", low=0.01, high=1e4, default=2)] = 2,
    objects: Annotated[float, Input("Objects", low=0, high=1e15, default=100_000)] = 100_000,
    shared_share: Annotated[
        float, Input("Objects whose readers somebody picks", "share", low=0, high=1, default=0.05)
    ] = 0.05,
    readers: Annotated[float, Input("Readers picked for one", low=0, high=1e6, default=4)] = 4,
    conditions: Annotated[
        float, Input("Conditions that decide with the job", low=0, high=30, default=0, help="an amount, the hour")
    ] = 0,
) -> Kept:
    """What is kept by roles, attributes, relations and lists for the same rights, and how roles explode.

    A post is one job in one scope. Roles: one for each post that somebody has, and as many again for each condition
    that is or is not met. Of `jobs * scopes` posts, those drawn at random by `people * posts` holders are in use;
    where posts are handed out in order, there are fewer. An object whose readers are picked needs a role of
    its own. Policies: one a job and one a condition. Relations: one a post held, one for each object's place, one for
    each picked reader. Lists: each object names everybody of its scope and its picked readers.

    Groups in lists, roles above roles and rights of programs are left out; a list that names groups is half a
    relation. Elementwise over arrays. Follows from counting; no source needed.

    >>> kept(3, 3, 1e6, shared_share=0).roles
    9.0
    """
    job, scope, person, post, thing, shared, reader, condition = broadcast(
        jobs, scopes, people, posts, objects, shared_share, readers, conditions
    )
    held = person * post
    possible = job * scope * np.exp2(condition)
    in_scope = held / scope
    return Kept.later(
        held.shape,
        possible_roles=lambda: possible,
        roles=lambda: _in_use(possible, held),
        object_roles=lambda: thing * shared,
        policies=lambda: job + condition,
        tuples=lambda: held + thing + thing * shared * reader,
        entries=lambda: thing * (in_scope + shared * reader),
        changed_entries=lambda: thing / scope,
    )


def _in_use(cells: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Cells that are not empty, of which each draw hits one."""
    alone = np.where(cells > 1, np.log1p(-1 / np.maximum(cells, 2)), 0.0)
    return np.where(cells > 1, -cells * np.expm1(drawn * alone), np.minimum(cells, 1.0))


@dataclass(frozen=True)
class Check(Lazy):
    """How long the checks of one request take together, and what they ask of the store."""

    mean_ms: Annotated[float, Output("One check, mean", "ms")]
    p50_ms: Annotated[float, Output("All checks of a request, median", "ms")]
    p95_ms: Annotated[float, Output("95th percentile", "ms")]
    p99_ms: Annotated[float, Output("99th percentile", "ms")]
    lookups: Annotated[float, Output("Reads of the store for a request, mean")]
    hit_share: Annotated[float, Output("Checks that need no read", "share")]


@checked
def check(
    levels: Annotated[
        int, Input("Levels", low=1, high=50, default=3, help="document, folder, group, group in a group: one each")
    ],
    branches: Annotated[
        int, Input("Branches at a level, side by side", low=1, high=MOST_BRANCHES, default=2)
    ] = 2,
    hit_ratio: Annotated[float, Input("Hit ratio of the cache of answers", "share", low=0, high=1, default=0.8)] = 0.8,
    lookup_ms: Annotated[float, Input("Read of the store, mean", "ms", low=0, high=1e6, default=1)] = 1,
    step_ms: Annotated[float, Input("Time of a level besides", "ms", low=0, high=1e6, default=0.1)] = 0.1,
    call_ms: Annotated[float, Input("Call to whoever decides", "ms", low=0, high=1e6, default=1)] = 1,
    checks: Annotated[int, Input("Checks of a request, side by side", low=1, high=1000, default=1)] = 1,
) -> Check:  # fmt: skip
    """How long checks take that walk a graph: by its depth and width, the cache, and the checks of one request.

    Each level waits for the slowest of its branches, and the next one begins then. A branch is a hit of the cache,
    or a read whose time is exponential; hits and times are independent. The walk goes to its end, as it does
    where the answer is no. One level and one branch is a list or a fact that is fetched. A request waits for
    the slowest of its checks.

    With a hit ratio h a level takes lookup_ms times the sum of (1 - h ** k) / k for k up to `branches` on average.
    Percentiles invert the transform of the levels' sum. What leaves a cache hot or a replica slow hits several
    branches at once: then many branches are less bad than told, and many checks too.
    Elementwise over arrays. Source: pang-2019 for the walk; its store's reads have a median of 0.5 ms
    and a 95th percentile of 2 ms, near an exponential law's 2.2 ms.

    >>> check(1, 1, 0, 10, 0, 0).mean_ms
    10.0
    """
    level, branch, hit, read, step, call, many = broadcast(
        levels, branches, hit_ratio, lookup_ms, step_ms, call_ms, checks
    )
    fixed = call + level * step

    def percentile(share: float) -> Any:
        return lambda: fixed + read * _each_width(_Walk.within, level, branch, hit, share ** (1 / many))

    return Check.later(
        level.shape,
        mean_ms=lambda: fixed + read * _each_width(_Walk.mean, level, branch, hit, hit),
        p50_ms=percentile(0.5),
        p95_ms=percentile(0.95),
        p99_ms=percentile(0.99),
        lookups=lambda: many * level * branch * (1 - hit),
        hit_share=lambda: hit ** (level * branch),
    )


def _each_width(
    of: Callable[[_Walk, np.ndarray], np.ndarray],
    levels: np.ndarray,
    branches: np.ndarray,
    hits: np.ndarray,
    share: np.ndarray,
) -> np.ndarray:
    """A function of walks, for those of each width together: the width is the number of terms."""
    found = np.zeros(levels.shape)
    for width in np.unique(branches):
        at = branches == width
        found[at] = of(_Walk(levels[at].astype(float), int(width), 1 - hits[at]), share[at])
    return found


@dataclass(frozen=True)
class _Walk:
    """Walks of one width, levels one after the other, each the longest of its branches; the mean of a read is 1."""

    levels: np.ndarray
    branches: int
    missed: np.ndarray

    @cached_property
    def shares(self) -> np.ndarray:
        """That a level has 0, 1, 2, ... misses, along a last axis."""
        misses = np.arange(self.branches + 1)
        missed = self.missed[:, None]
        return np.asarray(binom(self.branches, misses) * missed**misses * (1 - missed) ** (self.branches - misses))

    @cached_property
    def level_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and mean square of one level: the longest of k reads is 1 + 1/2 + ... + 1/k on average."""
        each = 1 / np.arange(1, self.branches + 1)
        longest = np.cumsum(each)
        return self.shares[:, 1:] @ longest, self.shares[:, 1:] @ (longest**2 + np.cumsum(each**2))

    def mean(self, _: np.ndarray) -> np.ndarray:
        return np.asarray(self.levels * self.level_moments[0])

    def within(self, share: np.ndarray) -> np.ndarray:
        """The time within which that share of the walks ends: a gamma law's, corrected along the logarithm."""
        free = (1 - self.missed) ** (self.levels * self.branches)
        misses = share > free
        found = np.zeros(share.shape)
        if misses.any():
            walks = _Walk(self.levels[misses], self.branches, self.missed[misses])
            found[misses] = walks._longer(free[misses], share[misses])
        return found

    def _longer(self, free: np.ndarray, share: np.ndarray) -> np.ndarray:
        mean, square = self.level_moments
        whole = self.levels * mean
        missed = whole / (1 - free)
        variance = np.maximum((self.levels * (square - mean**2) + whole**2) / (1 - free) - missed**2, 1e-6 * missed**2)
        inside = np.clip((share - free) / (1 - free), 1e-12, 1 - 1e-15)
        at = np.maximum(gammaincinv(missed**2 / variance, inside) * variance / missed, 1e-9)
        wanted = np.log1p(-share)
        for _ in range(STEPS):
            after, falls = np.maximum(inverted(lambda s: self._later(s, free[:, None]), at, TERMS), 1e-12)
            at = np.clip(at + (np.log(after) - wanted) * after / falls, at / 2, at * 2)
        return np.asarray(at)

    def _later(self, s: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Transforms of the share that takes longer than a time, and of how fast it falls there."""
        whole = self._transform(s)
        return np.stack([(1 - whole) / s, whole - free])

    def _transform(self, s: np.ndarray) -> np.ndarray:
        product, level = np.ones_like(s), self.shares[:, :1] + 0 * s
        for misses in range(1, self.branches + 1):
            product = product * misses / (misses + s)
            level = level + self.shares[:, misses, None] * product
        return np.asarray(level ** self.levels[:, None])


@dataclass(frozen=True)
class Removed(Lazy):
    """What a right opens after it was removed."""

    works_mean_s: Annotated[float, Output("It works on, mean", "s")]
    works_worst_s: Annotated[float, Output("It works on, worst", "s")]
    opened_share: Annotated[float, Output("Removals after which it opens what was added later", "share")]
    opened_per_million: Annotated[float, Output("The same, per million removals")]
    opened_per_year: Annotated[float, Output("The same, times a year")]
    fresh_share: Annotated[float, Output("Checks that must read fresh where a token asks for it", "share")]


@checked
def removed(
    age_s: Annotated[float, Input("Age of the rules that a check may use, at most", "s", low=0, high=1e8, default=10)],
    follow_s: Annotated[
        float, Input("From a removal to the first new content, mean", "s", low=0.001, high=1e9, default=600)
    ] = 600,
    look_s: Annotated[
        float, Input("From the new content to a look by who was removed, mean", "s", low=0.001, high=1e9, default=600)
    ] = 600,
    lag_s: Annotated[float, Input("Delay of every removal besides", "s", low=0, high=1e7, default=0)] = 0,
    removals_per_day: Annotated[float, Input("Removals", "1/day", low=0, high=1e9, default=100)] = 100,
    seen_s: Annotated[
        float, Input("Age of content when it is checked, mean", "s", low=0.001, high=1e10, default=1000)
    ] = 1000,
) -> Removed:
    """How long a removed right works on, and how often it opens what came after its removal: the new enemy.

    A check uses rules of an age that falls evenly between lag_s and lag_s + age_s: a cache's entries, a token of that
    life, a policy pulled so often, a snapshot. New content follows a removal, and a look of the removed person
    follows the content, after exponential times. The look opens it if the rules are older than both times together.
    With a token stored with the content a check uses rules at least as new, so nothing is opened, and checks of
    content younger than the oldest rules in use read fresh; removed rights go on to open older content all the same.

    One removal, one look: who looks again and again has more chances. Elementwise over arrays.
    Source: pang-2019 for the order of events; the rest follows from the law of a sum of two exponential times.

    >>> removed(10).works_worst_s
    10.0
    """
    age, follow, look, lag, removals, seen = broadcast(age_s, follow_s, look_s, lag_s, removals_per_day, seen_s)

    def opened() -> np.ndarray:
        return _overtaken(lag, age, 1 / follow, 1 / look)

    return Removed.later(
        age.shape,
        works_mean_s=lambda: lag + age / 2,
        works_worst_s=lambda: lag + age,
        opened_share=opened,
        opened_per_million=lambda: 1e6 * opened(),
        opened_per_year=lambda: removals * YEAR_S / DAY_S * opened(),
        fresh_share=lambda: -np.expm1(-(lag + age) / seen),
    )


def _overtaken(lag: np.ndarray, age: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Chance that two exponential times of these rates end within an age, even between lag and lag + age."""
    second = np.where(np.abs(first - second) < NEAR * first, first * (1 + NEAR), second)
    early, late = _ended(lag, first, second), _ended(lag + age, first, second)
    spread = age > BRIEF * (lag + age)
    return np.clip(np.where(spread, (late - early) / np.where(spread, age, 1.0), _within(lag, first, second)), 0, 1)


def _within(time: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Chance that both end within a time, one after the other."""
    long = 1 - (first * np.exp(-second * time) - second * np.exp(-first * time)) / (first - second)
    return np.where((first + second) * time < BRIEF, first * second * time**2 / 2, long)


def _ended(time: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The integral of `_within` from 0."""
    slow = first / second * -np.expm1(-second * time) - second / first * -np.expm1(-first * time)
    long = time - slow / (first - second)
    return np.where((first + second) * time < BRIEF, first * second * time**3 / 6, long)


@dataclass(frozen=True)
class Copies(Lazy):
    """What keeping one rule in several places does."""

    one_mean_s: Annotated[float, Output("Until one copy has a change, mean", "s")]
    all_mean_s: Annotated[float, Output("Until the last copy has it, mean", "s")]
    wrong: Annotated[float, Output("Copies that are wrong at a time, mean")]
    any_wrong_share: Annotated[float, Output("Time with a wrong copy", "share")]
    differ_share: Annotated[float, Output("Time in which a change is on its way", "share")]


@checked
def copies(
    places: Annotated[float, Input("Copies of the rule", low=1, high=1e9, default=12)],
    wait_s: Annotated[float, Input("Between two releases or polls of a copy", "s", low=0, high=1e9, default=259_200)],
    way: Annotated[
        Way, Input("How a change comes", default="releases", help="releases: at random times; polls: at even intervals")
    ] = "releases",
    changes_per_year: Annotated[float, Input("Changes of the rule a year", low=0, high=1e7, default=12)] = 12,
    missed_share: Annotated[
        float, Input("Changes that one copy misses or gets wrong", "share", low=0, high=1, default=0.03)
    ] = 0.03,
    found_s: Annotated[
        float, Input("Until a wrong copy is found and mended, mean", "s", low=0, high=1e10, default=2_592_000)
    ] = 2_592_000,
) -> Copies:
    """One rule in many places: when the last has a change, and how many are wrong meanwhile.

    Releases of a copy come at random times, so that the last of n copies has a change after wait_s times
    1 + 1/2 + ... + 1/n on average; polls come every wait_s with phases of their own, so that it is n / (n + 1) of
    one wait. Changes come at random times, each copy misses one with missed_share, and is wrong until that is found:
    Little's law gives the wrong copies, and a Poisson law whether there is one.

    Copies miss changes apart from each other. What all get wrong together, a fault in the rule, no place mends.
    Elementwise over arrays. Follows from Little's law and from the longest of several times; no source needed.

    >>> copies(1, 3600, "polls").all_mean_s
    1800.0
    """
    place, wait, change, missed, found = broadcast(places, wait_s, changes_per_year, missed_share, found_s)
    wrong = place * change / YEAR_S * missed * found
    last = wait * (digamma(place + 1) + EULER if way == "releases" else place / (place + 1))
    return Copies.later(
        place.shape,
        one_mean_s=lambda: wait * (1 if way == "releases" else 0.5),
        all_mean_s=lambda: last,
        wrong=lambda: wrong,
        any_wrong_share=lambda: -np.expm1(-wrong),
        differ_share=lambda: -np.expm1(-change / YEAR_S * last),
    )


def _counted(inputs: Mapping[str, Any], result: Kept) -> str:
    return (
        f"The same rights are {several(result.roles, 'role')} and {count(result.object_roles)} for single objects, "
        f"{several(result.policies, 'rule')} over attributes, {count(result.tuples)} relations or "
        f"{count(result.entries)} entries of lists, of which a person who takes a post changes "
        f"{count(result.changed_entries)}."
    )


def _walked(inputs: Mapping[str, Any], result: Check) -> str:
    return (
        f"A check takes {duration(result.mean_ms / 1000)} on average, a request's checks together "
        f"{duration(result.p99_ms / 1000)} at the 99th percentile, with {amount(result.lookups)} reads of the store; "
        f"{percent(result.hit_share)} of checks need none."
    )


def _outlived(inputs: Mapping[str, Any], result: Removed) -> str:
    return (
        f"A removed right works on for {duration(result.works_mean_s)} on average and {duration(result.works_worst_s)} "
        f"at most; in {percent(result.opened_share)} of removals it opens what was added later, which a token with "
        f"the content prevents if {percent(result.fresh_share)} of checks read fresh."
    )


def _spread(inputs: Mapping[str, Any], result: Copies) -> str:
    return (
        f"The last copy has a change after {duration(result.all_mean_s)} on average; {amount(result.wrong)} copies are "
        f"wrong at a time, and in {percent(result.any_wrong_share)} of the time there is one."
    )


RIGHTS = "Which model of rights, and where is it checked?"
MODELS = (
    Model(kept, RIGHTS, _counted, "12-identity", "12-identity/rights-kept"),
    Model(check, RIGHTS, _walked, "12-identity", "12-identity/check-depth"),
    Model(removed, RIGHTS, _outlived, "12-identity", "12-identity/new-enemy"),
    Model(copies, RIGHTS, _spread, "12-identity", "12-identity/rule-copies"),
)
