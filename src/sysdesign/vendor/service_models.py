"""AWS's descriptions of its own services, as the Python package botocore ships them.

Read with gzip and json alone, as plain data; botocore itself is never imported.
The file of a service lists operations and shapes; a path names one place in it:

    Timeout                       a shape: its min, max, enum, members
    CreateQueueRequest.Attributes a member: its own text, and the limits of its target shape
    op:CreateQueue                an operation: its text
    shape:Matcher                 a shape: its text
    SERVICE                       the service: its text
    operations                    the names of all operations
"""

from __future__ import annotations

import gzip
import html
import importlib.util
import json
import re
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from sysdesign.errors import MissingTool

PARTITIONS = "partitions.json"
OPERATIONS = "operations"
SERVICE = "SERVICE"
_LIMITS = ("min", "max", "enum")


def data_folder() -> Path:
    """The folder of the installed botocore that holds its models. Raises MissingTool."""
    found = importlib.util.find_spec("botocore")
    if found is None or found.origin is None:
        raise MissingTool('botocore is not installed. Install it with: pip install "sysdesign[facts]"')
    return Path(found.origin).parent / "data"


def installed_version() -> str:
    """Version of the installed botocore. Raises MissingTool."""
    data_folder()
    return metadata.version("botocore")


def service_names(data: Path) -> list[str]:
    """Folder names of all services, which are not always product names (stepfunctions, events, elbv2)."""
    return sorted(path.name for path in data.iterdir() if path.is_dir() and newest_model(path) is not None)


def newest_model(service: Path) -> Path | None:
    """The newest model of a service, or None where the folder holds none."""
    dated = sorted(service.glob("[0-9][0-9][0-9][0-9]-*/service-2.json*"))
    return dated[-1] if dated else None


@lru_cache(maxsize=8)
def service_model(data: Path, service: str) -> tuple[str, dict[str, Any]] | None:
    """Date and content of a service's newest model, or None where there is no such service."""
    path = newest_model(data / service)
    if path is None:
        return None
    content = path.read_bytes()
    return path.parent.name, json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def partitions(data: Path) -> dict[str, list[str]]:
    """Regions by partition."""
    content = json.loads((data / PARTITIONS).read_text())
    return {entry["id"]: sorted(entry["regions"]) for entry in content["partitions"]}


def text_at(model: dict[str, Any], path: str) -> str | None:
    """The documentation at a path, as plain text, or None where the path leads nowhere."""
    if path == SERVICE:
        return plain_text(model.get("documentation", ""))
    if path.startswith("op:"):
        found = model["operations"].get(path[3:])
    elif path.startswith("shape:"):
        found = model["shapes"].get(path[6:])
    else:
        found = _member(model, path)
    return None if found is None else plain_text(found.get("documentation", ""))


def limits_at(model: dict[str, Any], path: str) -> dict[str, Any] | None:
    """Least, greatest, closed list and members of the shape at a path, or None where it leads nowhere."""
    if path == OPERATIONS:
        return {OPERATIONS: sorted(model["operations"])}
    shape = _shape(model, path.removeprefix("shape:"))
    if shape is None:
        return None
    found = {name: shape[name] for name in _LIMITS if name in shape}
    if "members" in shape:
        found["members"] = sorted(shape["members"])
    return found


def _shape(model: dict[str, Any], path: str) -> dict[str, Any] | None:
    if "." not in path:
        return model["shapes"].get(path)
    member = _member(model, path)
    return None if member is None else model["shapes"].get(member["shape"])


def _member(model: dict[str, Any], path: str) -> dict[str, Any] | None:
    """The member that `Shape.member` names; further names lead on through the members' own shapes."""
    first, *names = path.split(".")
    shape = model["shapes"].get(first)
    member = None
    for name in names:
        member = (shape or {}).get("members", {}).get(name)
        if member is None:
            return None
        shape = model["shapes"].get(member["shape"])
    return member


def plain_text(documentation: str) -> str:
    """Text without tags, white space collapsed."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", documentation)).split())
