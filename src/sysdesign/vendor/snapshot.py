"""The snapshot: what AWS's own models say at the paths that our facts name.

Committed as reference/facts/snapshot.json, so that every check holds the facts
against it offline. It holds what the models say, not whether a fact is true.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sysdesign.content.located import LIMIT_BYTES, is_there, read_text
from sysdesign.content.records import Fact
from sysdesign.content.tidy import write_atomically
from sysdesign.errors import BadContent
from sysdesign.vendor import service_models

NAME = "facts/snapshot.json"
SHOWN = f"reference/{NAME}"
LEAST_SERVICES = 400  # fewer, or no s3 among them, and the snapshot is not one of AWS
RENEW = "Run `sysdesign facts snapshot`"


@dataclass(frozen=True)
class ServiceSnapshot:
    """What one service's model says at the paths asked for; None where a path leads nowhere."""

    date: str
    limits: dict[str, dict[str, Any] | None]
    texts: dict[str, str | None]


@dataclass(frozen=True)
class Snapshot:
    """What one version of botocore says."""

    botocore: str
    services: tuple[str, ...]  # every service there is
    partitions: dict[str, list[str]]
    models: dict[str, ServiceSnapshot]

    @property
    def paths(self) -> int:
        """How many places of the service models it holds."""
        return sum(len(model.limits) + len(model.texts) for model in self.models.values())

    @property
    def fault(self) -> str:
        """Why nothing can be proved with this snapshot, or ""."""
        if "s3" not in self.services or len(self.services) <= LEAST_SERVICES:
            return (
                f"lists {len(self.services)} services, s3 {'among' if 's3' in self.services else 'not among'} them; "
                f"AWS has more than {LEAST_SERVICES}, and absence from a list that is not whole proves nothing"
            )
        return ""


def extract(facts: Iterable[Fact], data: Path | None = None, version: str = "") -> Snapshot:
    """The snapshot for these facts from the installed botocore, or from another copy of its data folder."""
    folder = data or service_models.data_folder()
    wanted: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for fact in facts:
        for check in fact.check:
            if check.path and check.service != service_models.PARTITIONS:
                wanted[check.service].add(("texts" if check.kind == "doc-regex" else "limits", check.path))
    models = {service: _service(folder, service, paths) for service, paths in sorted(wanted.items())}
    return Snapshot(
        botocore=version or service_models.installed_version(),
        services=tuple(service_models.service_names(folder)),
        partitions=service_models.partitions(folder),
        models={service: found for service, found in models.items() if found is not None},
    )


def _service(folder: Path, service: str, paths: set[tuple[str, str]]) -> ServiceSnapshot | None:
    found = service_models.service_model(folder, service)
    if found is None:
        return None
    date, model = found
    limits = {path: service_models.limits_at(model, path) for kind, path in sorted(paths) if kind == "limits"}
    texts = {path: service_models.text_at(model, path) for kind, path in sorted(paths) if kind == "texts"}
    return ServiceSnapshot(date, limits, texts)


def snapshot_text(snapshot: Snapshot) -> str:
    """The snapshot as its file holds it; equal snapshots give equal texts."""
    plain = asdict(snapshot)
    plain["services"] = " ".join(snapshot.services)
    plain["partitions"] = {name: " ".join(regions) for name, regions in snapshot.partitions.items()}
    return json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_snapshot(root: Path, snapshot: Snapshot) -> Path:
    """Write the snapshot under the folder `reference/`, in one step. Raises BadContent for a faulty one."""
    if snapshot.fault:
        raise BadContent(SHOWN, 1, f"botocore {snapshot.botocore} {snapshot.fault}", "Install botocore afresh")
    path = root / NAME
    write_atomically(path, snapshot_text(snapshot).encode())
    return path


def read_snapshot(root: Path) -> Snapshot:
    """The committed snapshot. Raises BadContent where it is missing or broken."""
    path = root / NAME
    if not is_there(path, SHOWN):
        raise BadContent(SHOWN, 1, "is missing", RENEW)
    try:
        plain = json.loads(read_text(path, SHOWN, LIMIT_BYTES))
        return Snapshot(
            botocore=plain["botocore"],
            services=tuple(plain["services"].split()),
            partitions={name: regions.split() for name, regions in plain["partitions"].items()},
            models={name: ServiceSnapshot(**model) for name, model in plain["models"].items()},
        )
    except BadContent:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadContent(SHOWN, 1, f"cannot be read ({error})", RENEW) from None
