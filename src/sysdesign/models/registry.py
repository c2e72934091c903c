"""Every model that commands, pages and checks offer, by name.

A subject is a file beside this one; it lists what it offers in `MODELS`.
`SUBJECTS` is the literal list of subjects, and a test holds it against the folder.
"""

from __future__ import annotations

import importlib
from functools import cache

from sysdesign.errors import UnknownName, nearest
from sysdesign.models.declaration import Model

SUBJECTS = (
    "accelerator",
    "alerting",
    "authorization",
    "autoscaling",
    "availability",
    "balancing",
    "blast_radius",
    "caching",
    "capacity",
    "clocks",
    "columnar",
    "consensus",
    "consistency",
    "containers",
    "dataflow",
    "deployment",
    "discovery",
    "edge",
    "durability",
    "event_sourcing",
    "graphql",
    "hashing",
    "http2",
    "idempotency",
    "identity",
    "interruption",
    "merging",
    "messaging",
    "network",
    "object_storage",
    "olap",
    "pagination",
    "partition",
    "percentiles",
    "protobuf",
    "push",
    "queueing",
    "quorum",
    "rate_limiting",
    "recovery",
    "replication",
    "retries",
    "scaling_laws",
    "serverless",
    "sessions",
    "sketches",
    "slo",
    "storage_engine",
    "tail",
    "telemetry",
    "transactions",
    "versioning",
)  # fmt: skip


@cache
def models() -> dict[str, Model]:
    """All models by name, in the order of the subjects."""
    found: dict[str, Model] = {}
    for subject in SUBJECTS:
        found.update(_of(subject))
    return found


@cache
def _of(subject: str) -> dict[str, Model]:
    return {model.name: model for model in importlib.import_module(f"sysdesign.models.{subject}").MODELS}


def model(name: str) -> Model:
    """The model of that name, for which its own subject alone is loaded. Raises UnknownName, naming the nearest."""
    subject = name.partition(".")[0]
    found = _of(subject).get(name) if subject in SUBJECTS else None
    if found is None:
        raise UnknownName(f"there is no model {name!r}. {nearest(name, models(), 'models')}")
    return found
