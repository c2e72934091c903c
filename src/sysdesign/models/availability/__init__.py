"""Availability: what each part must promise so that the whole keeps its promise.

Availability is the long-run share of time (or of requests) that is served. Parts
are taken as independent unless a function says what they share; real parts share
deployments, configuration, certificates and networks, so a product of availabilities
is an upper bound on redundancy and never a promise.
Units: shares 0 to 1, `_min` minutes, `_h` hours, `_d` days. A year has 365 days and
a month 30 unless the caller says otherwise: with 30.44 days, three nines allow
43.8 minutes a month instead of 43.2.
"""

from __future__ import annotations

from sysdesign.models.availability import composition, lost_time
from sysdesign.models.availability.composition import Chain, Composition, Copies, k_of_n, parallel, series
from sysdesign.models.availability.lost_time import (
    DependencyBudget,
    Downtime,
    Incidents,
    Repair,
    dependency_budget,
    downtime,
    incidents,
    repair,
)

__all__ = [
    "Chain",
    "Composition",
    "Copies",
    "DependencyBudget",
    "Downtime",
    "Incidents",
    "Repair",
    "dependency_budget",
    "downtime",
    "incidents",
    "k_of_n",
    "parallel",
    "repair",
    "series",
]

MODELS = (*composition.MODELS, *lost_time.MODELS)
