"""What programs read beside the pages: `llms.txt`, each document as Markdown and JSON, and the records.

The Markdown and the JSON of a document stand beside its page, `index.md` and `index.json`, so that
whoever knows one address knows all three. Every record has an address of its own: facts and terms in
their tables, numbers and claims on the document's evidence page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from sysdesign.content import Reference
from sysdesign.content.brief import brief, brief_markdown, has_brief
from sysdesign.content.document import Document, Section
from sysdesign.content.records import Claim, Number, PlannedDocument
from sysdesign.decide.plain_answers import plain_answers
from sysdesign.errors import UnknownName
from sysdesign.site.addresses import folder_of, link_target, root_from, target_if_there
from sysdesign.site.layout import Page, Site

NAME = "System Design Reference"
SENTENCE = "How to design systems, where every number is sourced or computed and every trade-off can be run."
# None reads past where the next one begins: a text of openings alone takes linear time.
_ADDRESS = r"(?:(?!\]\()[^)\s])"
_LINK = re.compile(rf"(?<=\]\()(?!#|https?:){_ADDRESS}+(?=\))")
_FIGURE = re.compile(rf"""!\[((?:(?!!\[)[^\]\n])*)\]\({_ADDRESS}*(?:\s+"((?:[^"\\\n]|\\.)*)")?\)""")
_FENCE = re.compile(r"^(?:```|~~~)", re.MULTILINE)
NOT_LISTED = ("404.html", "search/index.html")  # pages that no map of the site names


def document_files(site: Site, slug: str) -> Iterator[Page]:
    """A written document as Markdown and as JSON, and its brief as Markdown."""
    document, folder = site.reference.documents[slug], folder_of(site.reference.planned(slug))
    text = markdown(site.reference, document.source, root_from(folder))
    yield f"{folder}index.md", text.encode()
    yield f"{folder}index.json", _json(_document(site, document, text.split("\n")))
    if has_brief(document):
        found = brief(document, plain_answers(site.decisions.values(), document.name))
        text = markdown(site.reference, brief_markdown(found), root_from(f"{folder}brief/"))
        yield f"{folder}brief/index.md", text.encode()


def record_files(site: Site) -> Iterator[Page]:
    """Where programs begin, and the records that documents share."""
    yield "llms.txt", _llms(site).encode()
    yield "facts/index.json", _json([_fact(fact) for fact in site.reference.facts.values()])
    yield "glossary/index.json", _json([_term(site.reference, term) for term in site.reference.terms.values()])


def site_map(address: str, paths: Iterable[str]) -> Iterator[Page]:
    """The map of the site's pages, and where it stands; both need the address at which the site will stand."""
    pages = sorted(path.removesuffix("index.html") for path in paths if path not in NOT_LISTED)
    rows = "".join(f"<url><loc>{escape(address + page)}</loc></url>\n" for page in pages)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    yield "sitemap.xml", f"{head}{rows}</urlset>\n".encode()
    yield "robots.txt", f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n".encode()


def markdown(reference: Reference, text: str, root: str) -> str:
    """A document's Markdown as it reads from its own folder: links lead to Markdown, figures are told in words."""
    parts = _FENCE.split(text)
    parts[::2] = [_links_mended(reference, part, root) for part in parts[::2]]
    return "```".join(parts)


def _links_mended(reference: Reference, text: str, root: str) -> str:
    told = _FIGURE.sub(lambda match: " ".join(filter(None, (f"*Figure: {match[2] or ''}*", match[1]))), text)
    return _LINK.sub(lambda match: _as_markdown(reference, match[0], root), told)


def _as_markdown(reference: Reference, href: str, root: str) -> str:
    try:
        target = link_target(reference, href, root)
    except UnknownName:  # a check names it
        return href
    if target.kind not in ("section", "document"):
        return target.href
    page, _, anchor = target.href.partition("#")
    return f"{page}index.md" + (f"#{anchor}" if anchor else "")


def _llms(site: Site) -> str:
    """The form is that of https://llmstxt.org: a name, a sentence, then lists of links."""
    reference = site.reference
    lines = [f"# {NAME}", "", f"> {SENTENCE}", ""]
    lines += [
        "Each document stands as a page, as `index.md` and as `index.json` in one folder; `brief/index.md` there is "
        "its short form. Marks such as [^name] lead to the evidence, listed in the JSON.",
        "",
    ]
    for group in reference.plan.groups:
        members = [each for each in reference.plan.documents if each.group == group.id and _written(reference, each)]
        if members:
            lines += [f"## {group.title}", ""]
            lines += [f"- [{each.title}]({folder_of(each)}index.md): {each.sentence}" for each in members]
            lines.append("")
    lines += [
        "## Records",
        "",
        "- [Facts](facts/index.json): what vendors say of their services, with the day each was checked",
    ]
    lines += ["- [Glossary](glossary/index.json): one sentence for each term, and its section", ""]
    lines += ["## Optional", ""]
    lines += [f"- [{name} decision](decisions/{name}/): {each.question}" for name, each in site.decisions.items()]
    lines += [f"- [{name} model](models/{name}/): {each.title}" for name, each in site.models.items()]
    return "\n".join(lines) + "\n"


def _written(reference: Reference, planned: PlannedDocument) -> bool:
    return planned.slug in reference.documents


def _document(site: Site, document: Document, lines: Sequence[str]) -> dict[str, Any]:
    reference, slug = site.reference, document.slug
    planned = reference.planned(slug)
    used = dict.fromkeys(use.id for use in document.footnote_uses)
    return {
        "name": document.name, "title": document.title, "sentence": planned.sentence, "page": "./",
        "prerequisites": list(planned.prerequisites),
        "sections": [_section(section, lines) for section in document.sections],
        "claims": [_claim(claim) for claim in reference.claims.get(slug, ())],
        "numbers": [_number(reference.numbers[id_]) for id_ in reference.numbers_of.get(slug, ())],
        "facts": [_fact(reference.facts[id_], "../") for id_ in used if id_ in reference.facts],
        "sources": [
            {"id": id_, **reference.sources[id_].model_dump(include={"author", "title", "year", "url", "supports"})}
            for id_ in used if id_ in reference.sources
        ],
        "symptoms": [
            {"notice": each.notice, "kind": each.kind, "section": f"#{each.section.partition('#')[2]}"}
            for each in reference.symptoms if each.section.partition("#")[0] == document.name
        ],
        "decisions": [
            {"name": name, "question": each.question, "page": f"../decisions/{name}/"}
            for name, each in site.decisions.items() if each.document == document.name
        ],
    }  # fmt: skip


def _section(section: Section, lines: Sequence[str]) -> dict[str, Any]:
    return {
        "title": section.title, "level": section.level, "page": f"#{section.anchor}", "words": section.words,
        "markdown": "\n".join(lines[section.line - 1 : section.end_line]).strip(),
    }  # fmt: skip


def _claim(claim: Claim) -> dict[str, Any]:
    told = claim.model_dump(mode="json", exclude={"place", "section"})
    return {**told, "section": f"#{claim.section}", "page": f"evidence/#claim:{claim.id}"}


def _number(number: Number) -> dict[str, Any]:
    told = number.model_dump(mode="json", exclude={"place"} if number.measured else {"place", "measured"})
    return {**told, "page": f"evidence/#number:{number.id}"}


def _fact(fact: Any, root: str = "../") -> dict[str, Any]:
    told = fact.model_dump(mode="json", by_alias=True, exclude={"place", "check", "shows"})
    return {**told, "page": f"{root}facts/#{fact.id}"}


def _term(reference: Reference, term: Any) -> dict[str, Any]:
    told = {"id": term.id, "term": term.term, "aliases": list(term.aliases), "sentence": term.sentence}
    target = target_if_there(reference, term.home, "../")
    return {**told, "home": target.href if target else "", "page": f"../glossary/#{term.id}"}


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
