"""Where each page stands on the site, and where a link in the text leads.

All links are relative, so that the site works under any prefix. `root` is the
way from a page to the home page: "./" at the top, "../" one folder down.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from sysdesign import markup
from sysdesign.content import Reference
from sysdesign.content.records import PlannedDocument
from sysdesign.errors import UnknownName


@dataclass(frozen=True)
class Target:
    """What a link leads to."""

    href: str
    title: str = ""  # of the document or page, for the preview
    sentence: str = ""  # its first sentence
    kind: str = "page"  # section | document | planned | page | outside


def root_from(path: str) -> str:
    """The relative way home from the page at `path` ("models/caching.lru/index.html")."""
    return "../" * path.count("/") or "./"


def folder_of(document: PlannedDocument) -> str:
    """The folder of a document's page: `05-caching-strategies/`."""
    return f"{document.name.lower()}/"


def section_target(reference: Reference, address: str, root: str) -> Target:
    """The target of `05-Caching-Strategies#cache-stampede`. Raises UnknownName for what the plan does not hold."""
    name, _, anchor = address.partition("#")
    planned = reference.named(PurePosixPath(name).name)
    if planned.slug not in reference.documents:
        return Target(f"{root}{folder_of(planned)}", planned.title, planned.sentence, "planned")
    _, section = reference.section(address)
    href = f"{root}{folder_of(planned)}"
    if not anchor:
        return Target(href, planned.title, planned.sentence, "document")
    return Target(f"{href}#{anchor}", f"{planned.title}: {section.title}", section.first_sentence, "section")


def target_if_there(reference: Reference, address: str, root: str) -> Target | None:
    """The target of a section, None where there is none: a check names it, and the page still helps."""
    try:
        return section_target(reference, address, root)
    except UnknownName:
        return None


def link_target(reference: Reference, href: str, root: str) -> Target:
    """The target of a link as a document writes it. Raises UnknownName where it leads nowhere on the site."""
    if href.startswith("#"):
        return Target(href, kind="section")
    if fault := markup.address_fault(href):
        raise UnknownName(f"the address {href[:80]!r} {fault}. Link to https://, or to a page of the site")
    if ":" in href.partition("/")[0]:
        return Target(href, kind="outside")
    path = PurePosixPath(href.partition("#")[0])
    if path.suffix == ".md":
        return section_target(reference, href.removeprefix("./"), root)
    if path.suffix == ".yaml":
        return _record_target(reference, path, root)
    raise UnknownName(f"the link {href!r} leads to no page of the site. Link a document, a decision or the glossary")


def _record_target(reference: Reference, path: PurePosixPath, root: str) -> Target:
    match path.parent.name or path.stem:
        case "decisions" if path.stem in reference.decisions:
            return Target(f"{root}decisions/{path.stem}/")
        case "facts" | "sources" as page if page == "sources" or path.parent.name == "facts":
            return Target(f"{root}facts/")
        case "glossary":
            return Target(f"{root}glossary/")
        case "workloads":
            return Target(f"{root}workload/")
        case _:
            raise UnknownName(
                f"the link {str(path)!r} leads to no page of the site. Link a document, a decision or the glossary"
            )


def model_href(name: str, root: str, inputs: dict[str, object] | None = None) -> str:
    """The page of a model, opened with these inputs."""
    query = "&".join(f"{quote(key)}={quote(input_text(value), safe='(),')}" for key, value in (inputs or {}).items())
    return f"{root}models/{name}/" + (f"?{query}" if query else "")


def input_text(value: object) -> str:
    """An input as the address bar and the command line write it."""
    if isinstance(value, (list, tuple)):
        return ", ".join(input_text(item) for item in value)
    return f"{value:g}" if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)
