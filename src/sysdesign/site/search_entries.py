"""What search finds beside sections, and only who knows models, decisions and explorers can tell: these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sysdesign.content import Reference
from sysdesign.models.declaration import Model
from sysdesign.models.registry import models
from sysdesign.protocols import PROTOCOLS
from sysdesign.search.entries import Entry
from sysdesign.search.index import Index
from sysdesign.site.decision_pages import frameworks


def further_entries(decisions: Mapping[str, Any], models: Mapping[str, Model]) -> Iterator[Entry]:
    """Decisions by their question and options, models and explorers by their title, name and what they inform."""
    for name, each in sorted(decisions.items()):
        options = " · ".join(option.label for option in each.options.values())
        aliases = (name.replace("-", " "), *(option.label for option in each.options.values()))
        place = f"decisions/{name}/"
        yield Entry(name, place, "", each.question, 0, "", "", aliases, says=options, kind="decision")
    for name, model in sorted(models.items()):
        place = f"models/{name}/"
        yield Entry(name, place, "", model.title, 0, name, "", (name,), says=model.decision, kind="model")
    for name, protocol in sorted(PROTOCOLS.items()):
        place = f"explorers/{name}/"
        yield Entry(name, place, "", protocol.title, 0, name, "", (name,), says=protocol.question, kind="explorer")


def index_of(reference: Reference) -> Index:
    """What is searched: sections, and all else that the site has pages for; models and frameworks are read for it."""
    return Index(reference, further_entries(frameworks(reference), models()))
