"""The page of each decision, their list by question, and the vocabulary that workloads use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sysdesign.content import Reference, located
from sysdesign.decide import Framework, parse_framework, vocabulary_entries
from sysdesign.decide.field import Field, Word
from sysdesign.decide.framework import Consequence, Rule
from sysdesign.decide.vocabulary import FIELDS, GROUPS
from sysdesign.errors import BadContent, nearest
from sysdesign.site.addresses import folder_of, root_from, target_if_there
from sysdesign.site.filter_words import of_decision
from sysdesign.site.layout import Page, Site


def frameworks(reference: Reference) -> dict[str, Framework]:
    """The decision frameworks by name, in the plan's order of their documents. Raises BadContent."""
    if not reference.decisions:
        return {}
    order = {document.name: at for at, document in enumerate(reference.plan.documents)}
    found = {}
    for name, path in reference.decisions.items():
        shown = f"{reference.root.name}/decisions/{path.name}"
        found[name] = _framework(located.read_text(path, shown), shown)
        if found[name].document not in order:
            line = located.read(path, shown).line(("document",))
            about = f"the decision is about {found[name].document[:80]!r}, which the plan does not hold"
            raise BadContent(shown, line, about, nearest(found[name].document, order, "documents"))
    return dict(sorted(found.items(), key=lambda item: (order[item[1].document], item[0])))


@lru_cache(maxsize=256)
def _framework(text: str, path: str) -> Framework:
    """A framework from its text; an edit of one file parses one file again."""
    return parse_framework(text, path)


def pages(site: Site) -> Iterator[Page]:
    """The vocabulary, the list of decisions, and a page for each."""
    yield _workload(site)
    if site.decisions:
        yield _list(site)
    for framework in site.decisions.values():
        yield _page(site, framework)


def _list(site: Site) -> Page:
    root = root_from("decisions/index.html")
    groups = []
    for planned in site.reference.plan.documents:
        own = [framework for framework in site.decisions.values() if framework.document == planned.name]
        if own:
            written = planned.slug in site.reference.documents
            href = f"{root}{folder_of(planned)}" if written else ""
            words = {framework.id: of_decision(framework, site.names) for framework in own}
            groups.append({"title": planned.title, "href": href, "decisions": own, "words": words})
    return site.page(
        "decisions/index.html",
        "decisions.html",
        title="Decisions",
        groups=groups,
        description="Questions that a described workload answers, with reasons and with what would change the answer.",
    )


def _page(site: Site, framework: Framework) -> Page:
    path = f"decisions/{framework.id}/index.html"
    root = root_from(path)
    reference = site.reference
    labels = {name: option.label for name, option in framework.options.items()}
    return site.page(
        path,
        "decision.html",
        title=framework.question,
        framework=framework,
        document=target_if_there(reference, framework.document, root),
        options=[
            {"id": name, "label": option.label, "target": target_if_there(reference, option.section, root)}
            for name, option in framework.options.items()
        ],
        constraints=[_rule(reference, c, [labels[name] for name in c.rules_out]) for c in framework.constraints],
        outcomes=[
            {**_rule(reference, c, [c.outcome.heading]), "texts": _texts_of(c, labels)} for c in framework.consequences
        ],
        efforts=[outcome.heading for name, outcome in framework.efforts_weighed.items() if name != "cost"],
        cautions=[_rule(reference, c, [labels[name] for name in c.options]) for c in framework.cautions],
        fields=[(name, FIELDS[name].label, FIELDS[name].meaning) for name in framework.warned_by],
        known=sorted(site.decisions),
        description=f"{framework.question} Answered for your workload.",
        main_class="decision-page",
    )


def _rule(reference: Reference, rule: Rule, names: list[str]) -> dict[str, Any]:
    return {
        "name": "; ".join(names),
        "when": rule.text,
        "because": rule.because,
        "source": reference.sources.get(rule.source),
    }


def _texts_of(rule: Consequence, labels: dict[str, str]) -> list[tuple[str, str]]:
    """The formulas of an outcome by the options' labels."""
    return [(labels.get(name, "All others"), text) for name, text in rule.texts.items()]


def _workload(site: Site) -> Page:
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
    for entry in vocabulary_entries():
        takes, unknown = _texts(FIELDS[entry["name"]])
        groups[entry["group"]].append({**entry, "takes": takes, "unknown_text": unknown})
    shown = [{"name": name, "meaning": meaning, "fields": groups[name]} for name, meaning in GROUPS.items()]
    return site.page(
        "workload/index.html",
        "workload.html",
        title="Workload",
        groups=shown,
        description="The words and quantities in which a system is described, and what unknown stands for.",
    )


def _texts(field: Field) -> tuple[str, str]:
    """What a field takes, and what it stands for where it is unknown."""
    if isinstance(field, Word):
        return ", ".join(field.words), field.central
    (low, high), (likely_low, central, likely_high) = map(field.text, field.bounds), map(field.text, field.prior)
    return f"{low} to {high}", f"{central} ({likely_low} to {likely_high})"
