"""The page of a document that is planned: what it will answer, and what of it can be run already."""

from __future__ import annotations

from sysdesign.site.addresses import folder_of, root_from
from sysdesign.site.layout import Page, Site, document_item


def page(site: Site, slug: str) -> Page:
    """The page of the planned document with that slug."""
    reference, planned = site.reference, site.reference.planned(slug)
    path = f"{folder_of(planned)}index.html"
    root = root_from(path)
    return site.page(
        path, "planned.html",
        layout="wide", main_class="narrow", title=planned.title, description=planned.sentence,
        sentence=planned.sentence, topics=[topic.topic for topic in planned.topics],
        group_title=next(group.title for group in reference.plan.groups if group.id == planned.group),
        before=[document_item(reference, reference.planned(name), root) for name in planned.prerequisites],
        decisions=[each for each in site.decisions.values() if each.document == planned.name],
        models=[each for each in site.models.values() if each.document == slug],
    )  # fmt: skip
