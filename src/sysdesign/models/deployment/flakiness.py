"""Flaky tests: how often a suite fails for nothing, and what running failures again hides.

Shares are 0 to 1; `_h` hours of people in a week.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import percent
from sysdesign.probability.elementwise import broadcast, plain

MINUTES = 60.0


@dataclass(frozen=True)
class Flaky:
    """A suite of tests that fail now and then on good code."""

    first_red_share: Annotated[float, Output("Runs of good code that fail, before anything is run again", "share")]
    red_share: Annotated[float, Output("Runs of good code that stay red", "share")]
    hidden_share: Annotated[float, Output("Runs that a real fault passes, which fails now and then", "share")]
    first_hidden_share: Annotated[float, Output("The same without running again", "share")]
    believed_share: Annotated[float, Output("Red runs that have a reason", "share")]
    target_rate: Annotated[float, Output("False failures of a test that keep red runs at what is wanted", "share")]
    lost_h: Annotated[float, Output("Hours of people spent on red runs without a reason, a week", "h")]
    extra_share: Annotated[float, Output("Tests run beyond the suite", "share")]


@checked
def flaky(
    tests: Annotated[float, Input("Tests in the suite", low=1, high=1e7, default=1000)] = 1000,
    false_rate: Annotated[
        float, Input("Runs of one test that fail on good code", "share", low=1e-9, high=0.5, default=0.0005)
    ] = 0.0005,
    retries: Annotated[float, Input("Times that what failed is run again", low=0, high=10, default=1)] = 1,
    again: Annotated[
        Literal["test", "suite"], Input("What is run again", default="test", help="the failed tests, or all of them")
    ] = "test",
    fault_rate: Annotated[
        float, Input("Runs in which a real, rare fault shows", "share", low=1e-6, high=1, default=0.1)
    ] = 0.1,
    broken_share: Annotated[
        float, Input("Runs of code that is plainly broken", "share", low=1e-6, high=1, default=0.05)
    ] = 0.05,
    wanted_share: Annotated[
        float, Input("Red runs of good code that are bearable", "share", low=1e-6, high=0.9, default=0.01)
    ] = 0.01,
    runs_per_week: Annotated[float, Input("Runs in a week", low=0, high=1e7, default=500)] = 500,
    look_min: Annotated[float, Input("Time of a person on a red run", "min", low=0, high=1e4, default=10)] = 10,
) -> Flaky:  # fmt: skip
    """How many runs of good code fail, and what real faults pass, when failures are run again.

    Tests fail falsely on their own, each with the same chance p: a suite of n is red in 1 - (1 - p)^n of its runs. A
    test that is run again up to r times stays red with p^(r + 1); a suite that is run again as a whole stays red with
    the suite's own share to that power. The same holds of a real fault that shows in a share of runs, a race for
    example: each further try is another chance to pass. Plainly broken code fails every time.

    False failures with a cause in common (a slow machine, a dependency) come together, so that a suite is red less
    often than this, and a retry helps less. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the definitions.

    >>> round(flaky(1000, 0.0005, 0).red_share, 3), round(flaky(fault_rate=0.1).hidden_share, 3)
    (0.394, 0.99)
    """
    given = (tests, false_rate, retries, fault_rate, broken_share, wanted_share, runs_per_week, look_min)
    count, false, tries, fault, broken, wanted, runs, look = broadcast(*given)
    first = -np.expm1(count * np.log1p(-false))
    each = -np.expm1(np.log1p(-wanted) / count)
    if again == "test":
        red = -np.expm1(count * np.log1p(-(false ** (tries + 1))))
        target = each ** (1 / (tries + 1))
        extra = false * (1 - false**tries) / (1 - false)
    else:
        red = first ** (tries + 1)
        target = -np.expm1(np.log1p(-(wanted ** (1 / (tries + 1)))) / count)
        extra = first * (1 - first**tries) / np.maximum(1 - first, 1e-300)
        extra = np.where(first >= 1, tries, np.minimum(extra, tries))
    found = (
        first, red, 1 - fault ** (tries + 1), 1 - fault, broken / (broken + (1 - broken) * red), target,
        runs * (1 - broken) * red * look / MINUTES, extra,
    )  # fmt: skip
    return Flaky(*map(plain, found))


def _reddened(inputs: Mapping[str, Any], result: Flaky) -> str:
    return (
        f"{percent(result.first_red_share)} of runs of good code fail at first, and {percent(result.red_share)} stay "
        f"red; of red runs, {percent(result.believed_share)} have a reason. A real fault that shows in "
        f"{percent(inputs['fault_rate'])} of runs passes {percent(result.hidden_share)} of them."
    )


MODELS = (Model(flaky, "What do flaky tests cost?", _reddened, "15-deployment", "15-deployment/flaky"),)
