"""Every model that commands, pages and checks offer, by name.

A subject is a file beside this one; it lists what it offers in `MODELS`.
`SUBJECTS` is the literal list of subjects, and a test holds it against the folder.
"""

from __future__ import annotations

import difflib
import importlib
from functools import cache

from sysdesign.errors import UnknownName
from sysdesign.models.declaration import Model

SUBJECTS = (
    "caching",
)  # fmt: skip


@cache
def models() -> dict[str, Model]:
    """All models by name, in the order of the subjects."""
    found: dict[str, Model] = {}
    for subject in SUBJECTS:
        for model in importlib.import_module(f"sysdesign.models.{subject}").MODELS:
            found[model.name] = model
    return found


def model(name: str) -> Model:
    """The model of that name. Raises UnknownName, naming the nearest."""
    try:
        return models()[name]
    except KeyError:
        near = difflib.get_close_matches(name, models(), n=3, cutoff=0.4)
        hint = f"Did you mean {', '.join(near)}?" if near else "`sysdesign model list` names them all."
        raise UnknownName(f"there is no model {name!r}. {hint}") from None
