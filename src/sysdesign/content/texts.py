"""What reading and searching need, at once: the plan, the terms and the documents' texts.

Parsing twenty documents takes seconds, and who asks for one section does not wait
for that. A document's text is kept as it was parsed, in the user's cache folder,
under a hash of the document and of the parser; anything odd there is parsed anew.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from dataclasses import is_dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sysdesign import kept
from sysdesign.content import document, located
from sysdesign.content.asked import asked
from sysdesign.content.document import Document
from sysdesign.content.loading import (
    LIMIT_DOCUMENT,
    cache_folder,
    collection_paused,
    default_root,
    load_document,
    load_outline,
)
from sysdesign.content.records import PlannedDocument
from sysdesign.content.reference import Reference

PARSERS = ("sysdesign.content.parsing", "sysdesign.content.markdown", "sysdesign.content.document", "markdown_it")


def load_texts(root: Path | None = None, only: str = "") -> Reference:
    """Plan, terms, symptoms, documents and how people ask, without the records behind their evidence and tokens.

    With `only`, an address, its document alone where that is written. Raises as `load` does, and UnknownName.
    """
    with collection_paused():
        folder = root or default_root()
        plan, terms, symptoms = load_outline(folder)
        outline = Reference(folder, plan, {}, {}, {}, {}, {}, terms, {}, symptoms, {}, {}, {})
        cache = cache_folder("texts", folder) if root is None else None
        if only:
            planned = outline.named(only.partition("#")[0])
            if (text := _text(folder, planned, cache)) is not None:
                return replace(outline, documents={planned.slug: text})
        texts = {planned.slug: _text(folder, planned, cache) for planned in plan.documents}
        written = {slug: text for slug, text in texts.items() if text is not None}
        return replace(outline, documents=written, asked=asked(folder, plan))


def _text(root: Path, planned: PlannedDocument, folder: Path | None) -> Document | None:
    path = root / f"{planned.name}.md"
    if folder is None or not located.is_there(path, f"{root.name}/{planned.name}.md"):
        return load_document(root, planned)
    key = _key(located.read_text(path, f"{root.name}/{path.name}", LIMIT_DOCUMENT), planned)
    at = folder / planned.slug
    found = _read(at, key)
    if found is None:
        parsed = load_document(root, planned)
        if parsed is None:
            return None
        found = replace(parsed, tokens=(), sections=tuple(replace(section, tokens=()) for section in parsed.sections))
        kept.write(at, key + pickle.dumps(found, protocol=5))
    return found


def _key(text: str, planned: PlannedDocument) -> bytes:
    named = f"{planned.slug}\0{planned.name}\0{text}".encode()
    return hashlib.sha256(_parsers() + named).digest()


@cache
def _parsers() -> bytes:
    """A hash of what parses, found without loading it."""
    found = hashlib.sha256()
    for name in PARSERS:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            found.update(Path(spec.origin).read_bytes())
    return found.digest()


def _read(path: Path, key: bytes) -> Document | None:
    data = kept.read(path)
    if data is None or not data.startswith(key):
        return None
    try:
        found = _Texts(io.BytesIO(data[len(key) :])).load()
    except Exception:  # a file cut short or meddled with fails in any way that pickle knows
        return None
    return found if isinstance(found, Document) else None


class _Texts(pickle.Unpickler):
    """Makes the values of a document and nothing else, whatever the file says."""

    def find_class(self, module: str, name: str) -> Any:
        found = vars(document).get(name) if module == document.__name__ else None  # a dotted name is none of them
        if not (isinstance(found, type) and is_dataclass(found)):
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a document")
        return found
