"""The page of each decision, and their list by question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sysdesign.content import Reference
from sysdesign.site.layout import Page, Site


def frameworks(reference: Reference) -> dict[str, Any]:
    """The decision frameworks by name."""
    return {}


def pages(site: Site) -> Iterator[Page]:
    """The list of decisions, and a page for each."""
    return iter(())
