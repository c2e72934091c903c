"""Decisions that run: a framework and a workload in, a choice and its reasons out."""

from sysdesign.decide.answer import Answer
from sysdesign.decide.deciding import decide
from sysdesign.decide.framework import Framework
from sysdesign.decide.influence import relevant_inputs
from sysdesign.decide.loading import framework, frameworks, parse_framework
from sysdesign.decide.prose import prose
from sysdesign.decide.record import recheck, record
from sysdesign.decide.schema import vocabulary_entries, workload_schema
from sysdesign.decide.workload import Workload, load_workload, parse_workload, workload_of

__all__ = [
    "Answer",
    "Framework",
    "Workload",
    "decide",
    "framework",
    "frameworks",
    "load_workload",
    "parse_framework",
    "parse_workload",
    "prose",
    "recheck",
    "record",
    "relevant_inputs",
    "vocabulary_entries",
    "workload_of",
    "workload_schema",
]
