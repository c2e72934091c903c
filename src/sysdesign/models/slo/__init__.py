"""Error budgets and the alerts that guard them: how long an outage goes unnoticed and what it spends.

A service level objective allows a share of bad events, the error budget, over a window.
The burn rate is how many times faster than that the budget is being spent: at 1 it
lasts exactly the window. Traffic is taken as constant, so a share of requests and a share
of time are the same; at night an outage spends less than these figures say.
Units: shares 0 to 1, `_min` minutes, `_h` hours, `_d` days.
Source: sre-workbook-alerting-2018 (The Site Reliability Workbook, chapter 5).
"""

from __future__ import annotations

from sysdesign.models.slo import alerts, budgets
from sysdesign.models.slo.alerts import Alerting, BurnRule, burn_rule, outage, steady_outage
from sysdesign.models.slo.budgets import ErrorBudget, LowTraffic, error_budget, low_traffic

__all__ = [
    "Alerting",
    "BurnRule",
    "ErrorBudget",
    "LowTraffic",
    "burn_rule",
    "error_budget",
    "low_traffic",
    "outage",
    "steady_outage",
]

MODELS = (*budgets.MODELS, *alerts.MODELS)
