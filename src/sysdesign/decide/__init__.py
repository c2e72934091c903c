"""Decisions that run: a framework and a workload in, outcomes, a choice and its reasons out."""

from sysdesign.decide.answer import Answer
from sysdesign.decide.deciding import decide
from sysdesign.decide.effort import own_efforts
from sysdesign.decide.framework import Framework
from sysdesign.decide.influence import relevant_inputs
from sysdesign.decide.loading import framework, frameworks, parse_framework
from sysdesign.decide.prices import read_prices
from sysdesign.decide.prose import prose
from sysdesign.decide.rechecking import Recheck, recheck
from sysdesign.decide.record import Kept, read_record, record
from sysdesign.decide.schema import vocabulary_entries, workload_schema
from sysdesign.decide.starter import starter
from sysdesign.decide.wording import Wording, as_json, worded
from sysdesign.decide.workload import Workload, load_workload, parse_workload, workload_of

__all__ = [
    "Answer",
    "Framework",
    "Kept",
    "Recheck",
    "Wording",
    "Workload",
    "as_json",
    "decide",
    "framework",
    "frameworks",
    "load_workload",
    "own_efforts",
    "parse_framework",
    "parse_workload",
    "prose",
    "read_prices",
    "read_record",
    "recheck",
    "record",
    "relevant_inputs",
    "starter",
    "vocabulary_entries",
    "worded",
    "workload_of",
    "workload_schema",
]
