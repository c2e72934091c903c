"""Versions of an API: how fast clients leave an old one, how many live at once, and whom an end or a change breaks.

Units: `_d` days, `_us` microseconds, `_per_year` per year, `_share` fractions of 1; the rest counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, count, duration, percent, several
from sysdesign.probability.elementwise import broadcast

DAY = 86_400.0  # seconds
YEAR = 365.25  # days
HALVINGS = 60

QuickShare = Annotated[
    float, Input("Clients that move soon", "share", low=0, high=1, default=0.3,
                 help="apps that update by themselves, teams that follow each release")
]  # fmt: skip
QuickDays = Annotated[float, Input("Mean time until they move", "d", low=0.001, high=1e5, default=14)]
SlowDays = Annotated[float, Input("Mean time of the others", "d", low=0.001, high=1e5, default=300)]
StayShare = Annotated[
    float, Input("Clients that never move by themselves", "share", low=0, high=1, default=0.1,
                 help="of those that do not move soon")
]  # fmt: skip
LifeDays = Annotated[
    float, Input("Life of a client, mean", "d", low=0.01, high=36_500, default=1500,
                 help="then it is given up or written anew, on the newest version")
]  # fmt: skip
UsesShare = Annotated[
    float, Input("Clients that use what one change breaks", "share", low=0, high=1, default=0.05)
]  # fmt: skip
RepairDays = Annotated[float, Input("Time until a broken client is repaired", "d", low=0, high=3650, default=3)]


@dataclass(frozen=True)
class Clients:
    """Three kinds of clients by their shares and the rates a day at which they move; kinds on the last axis."""

    shares: np.ndarray
    rates: np.ndarray

    def left(self, days: np.ndarray) -> np.ndarray:
        """The share that has not moved so long after a newer version appeared."""
        return np.asarray((self.shares * np.exp(-self.rates * days[..., None])).sum(axis=-1))

    def days_until(self, share: np.ndarray) -> np.ndarray:
        """The time after which no more than a share is left, by halving."""
        low, high = np.zeros(share.shape), -np.log(share) / self.rates.min(axis=-1)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            more = self.left(middle) > share
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        return high


def _clients(quick: np.ndarray, soon: np.ndarray, slow: np.ndarray, stay: np.ndarray, life: np.ndarray) -> Clients:
    shares = np.stack([quick, (1 - quick) * (1 - stay), (1 - quick) * stay], axis=-1)
    rates = np.stack([1 / soon + 1 / life, 1 / slow + 1 / life, 1 / life], axis=-1)
    return Clients(shares, rates)


@dataclass(frozen=True)
class Migration(Lazy):
    """Clients that have moved some time after a newer version appeared, and those whom a change then breaks."""

    moved_share: Annotated[float, Output("Clients that have moved", "share")]
    half_d: Annotated[float, Output("Until half of them have", "d")]
    needed_d: Annotated[float, Output("Until no more are left than are allowed", "d")]
    broken_share: Annotated[float, Output("Clients that a change then breaks", "share")]
    unwarned_share: Annotated[float, Output("The same without notice", "share")]
    broken_clients: Annotated[float, Output("Clients that it breaks")]
    failing_d: Annotated[float, Output("Days that clients fail, all together", "d")]


@checked
def migrate(
    notice_d: Annotated[
        float, Input("Time after the newer form appeared", "d", low=0, high=36_500, default=180,
                     help="both forms work until then")
    ] = 180,
    quick_share: QuickShare = 0.3,
    quick_d: QuickDays = 14,
    slow_d: SlowDays = 300,
    stay_share: StayShare = 0.1,
    life_d: LifeDays = 1500,
    uses_share: UsesShare = 0.05,
    allowed_share: Annotated[
        float, Input("Clients that may be left at the end", "share", low=1e-6, high=0.9, default=0.01)
    ] = 0.01,
    clients: Annotated[float, Input("Clients", low=1, high=1e10, default=1000)] = 1000,
    repair_d: RepairDays = 3,
) -> Migration:  # fmt: skip
    """How many clients have left an old form of an API by some time, and how many a breaking change then hits.

    Some move soon, others slowly, a few never by themselves; each waits an exponential time, and every client is
    at last given up or written anew. So a share of sum(w exp(-a t)) is left after t. A change without a version that
    comes after a notice breaks those left that use what it changes; where it is not announced, all that use it.

    Clients are counted alike, however much each calls: weigh them by calls for a share of traffic. A deadline that
    hurries clients is not in it: give their times under notice. Clients that use what changes are taken to move as
    fast as the others. Elementwise over arrays. Raises InvalidInput where an input is out of range. Follows from
    counting; the times are the reader's own (the tests hold the form against app-updates-2015).

    >>> round(migrate(0).broken_share, 3)
    0.05
    """
    given = (
        notice_d, quick_share, quick_d, slow_d, stay_share, life_d, uses_share, allowed_share, clients, repair_d,
    )  # fmt: skip
    notice, quick, soon, slow, stay, life, uses, allowed, many, repair = broadcast(*given)
    who = _clients(quick, soon, slow, stay, life)
    left = cache(lambda: who.left(notice))
    return Migration.later(
        notice.shape,
        moved_share=lambda: 1 - left(),
        half_d=lambda: who.days_until(np.full(notice.shape, 0.5)),
        needed_d=lambda: who.days_until(allowed),
        broken_share=lambda: left() * uses,
        unwarned_share=lambda: uses,
        broken_clients=lambda: left() * uses * many,
        failing_d=lambda: left() * uses * many * repair,
    )


@dataclass(frozen=True)
class Versions(Lazy):
    """Versions that are served at once, where their clients are, and what serving and ending them costs."""

    versions: Annotated[float, Output("Versions served at once, mean")]
    newest_share: Annotated[float, Output("Clients on the newest", "share")]
    behind: Annotated[float, Output("Breaking changes between a client and the newest, mean")]
    behind_oldest: Annotated[float, Output("The same for the oldest version served, mean")]
    step_us: Annotated[float, Output("Time of the translations of a call, mean", "us")]
    step_oldest_us: Annotated[float, Output("The same for the oldest version", "us")]
    tests: Annotated[float, Output("Tests of a build, over all versions")]
    ended_per_year: Annotated[float, Output("Clients a year whose version ends under them", "share")]
    broken_per_year: Annotated[float, Output("Clients a year that break by that", "share")]
    failed_per_million: Annotated[float, Output("Calls that fail until clients are repaired, of a million")]


@checked
def serve(
    changes_per_year: Annotated[
        float, Input("Versions with a breaking change, a year", low=0.001, high=1000, default=4)
    ] = 4,
    support_d: Annotated[
        float, Input("Time that a version is served after its successor", "d", low=0, high=36_500, default=365.25,
                     help="if none ever ends, the age of the API")
    ] = 365.25,
    ended: Annotated[
        Literal["refused", "next"],
        Input("What a call to an ended version gets", default="refused",
              help="refused: an error; next: the oldest version that is still served"),
    ] = "refused",
    quick_share: QuickShare = 0.3,
    quick_d: QuickDays = 14,
    slow_d: SlowDays = 300,
    stay_share: StayShare = 0.1,
    life_d: LifeDays = 1500,
    uses_share: UsesShare = 0.05,
    repair_d: RepairDays = 3,
    step_us: Annotated[
        float, Input("Time of one translation", "us", low=0, high=1e6, default=20,
                     help="from one version to the next, for a call that it concerns")
    ] = 20,
    tests: Annotated[float, Input("Tests of one version", low=0, high=1e7, default=300)] = 300,
) -> Versions:  # fmt: skip
    """How many versions live at once, and how many clients lose theirs, by the rate of breaking changes and support.

    Versions with a breaking change appear as a Poisson process of rate r; each is served for S after its successor,
    so 1 + r S are served on average. Clients of three kinds move to the newest, each at a rate a of its own. Where an
    ended version is refused, a client whose version ends moves then: it does so with the chance f = r exp(-a S) /
    (r + a) before it moves by itself, and a f / (1 - f) times a year. Where the next version serves it, its version
    ends r exp(-a S) times a year, and that breaks it only if it uses what the change touched. With S = 0 the second is
    a change without any version. A broken client fails for `repair_d`.

    A call that names a version passes a translation for each change in between; of these only those that touch its
    resource cost anything: `step_us` counts each in the share `uses_share`. Irregular releases are assumed; regular
    ones have the same mean number of versions. Elementwise over arrays. Raises InvalidInput where an input is out of
    range. Follows from renewal theory; facebook-versions and shopify-versions have the two rules.

    >>> serve(4, 0.75 * 365.25).versions
    4.0
    """
    given = (
        changes_per_year, support_d, quick_share, quick_d, slow_d, stay_share, life_d, uses_share, repair_d,
        step_us, tests,
    )  # fmt: skip
    yearly, kept, quick, soon, slow, stay, life, uses, repair, step, cases = broadcast(*given)
    who = _clients(quick, soon, slow, stay, life)
    rate, end = (yearly / YEAR)[..., None], kept[..., None]
    place = cache(lambda: _refused(who.rates, rate, end) if ended == "refused" else _carried(who.rates, rate, end))
    mean = cache(lambda: tuple((who.shares * each).sum(axis=-1) for each in place()))
    hit = np.ones_like(uses) if ended == "refused" else uses
    broken = cache(lambda: mean()[2] * YEAR * hit)
    oldest = yearly * kept / YEAR
    return Versions.later(
        yearly.shape,
        versions=lambda: 1 + oldest,
        newest_share=lambda: mean()[0],
        behind=lambda: mean()[1],
        behind_oldest=lambda: oldest,
        step_us=lambda: mean()[1] * uses * step,
        step_oldest_us=lambda: oldest * uses * step,
        tests=lambda: (1 + oldest) * cases,
        ended_per_year=lambda: mean()[2] * YEAR,
        broken_per_year=broken,
        failed_per_million=lambda: np.minimum(broken() * repair / YEAR, 1) * 1e6,
    )


def _refused(moves: np.ndarray, rate: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, ...]:
    """For each kind: its share on the newest, the changes it is behind, and ends a day, where an end makes it move."""
    stays = np.exp(-moves * end)
    overtaken = rate / (rate + moves)  # a successor comes before the client moves by itself
    cycles = moves / (1 - overtaken * stays)  # a day, of all moves
    newest = cycles / (rate + moves)
    # Time since the successor appeared has the density cycles * overtaken * exp(-moves t) up to the end.
    once = (1 - stays) / moves
    weighed = (1 - stays * (1 + moves * end)) / moves**2
    return newest, cycles * overtaken * (once + rate * weighed), cycles * overtaken * stays


def _carried(moves: np.ndarray, rate: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same where the oldest version still served takes over: only changes younger than `end` lie between."""
    stays = np.exp(-moves * end)
    calm = np.exp(-(moves + rate) * end)  # neither a move nor a change
    return moves / (moves + rate) * (1 - calm) + calm, rate * (1 - stays) / moves, rate * stays


def _migrated(inputs: Mapping[str, Any], result: Migration) -> str:
    return (
        f"After {duration(inputs['notice_d'] * DAY)} {percent(result.moved_share)} of the clients have moved; a change "
        f"then breaks {percent(result.broken_share)} of them, against {percent(result.unwarned_share)} without notice. "
        f"Until {percent(inputs['allowed_share'])} are left it takes {duration(result.needed_d * DAY)}."
    )


def _served(inputs: Mapping[str, Any], result: Versions) -> str:
    fate = "which refuses their calls" if inputs["ended"] == "refused" else "and the next one serves them"
    return (
        f"{several(result.versions, 'version', 'live')} at once; {percent(result.newest_share)} of the clients use the "
        f"newest, the mean client is {amount(result.behind)} changes behind, and a build runs {count(result.tests)} "
        f"tests. In a year the version of {percent(result.ended_per_year)} of the clients ends under them, {fate}: "
        f"{percent(result.broken_per_year)} break."
    )


MODELS = (
    Model(migrate, "How long should an old version be served?", _migrated, "02-rest", "02-rest/version-migration"),
    Model(serve, "How many API versions live at once?", _served, "02-rest", "02-rest/version-ends"),
)
