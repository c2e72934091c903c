"""Results of which each field is computed when it is first asked for: a decision asks for one or two of many."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self

import numpy as np

from sysdesign.probability.elementwise import plain


class Lazy:
    """Base of a result's dataclass. Checks of inputs stay in the model: computing a field refuses nothing."""

    @classmethod
    def later(cls, shape: tuple[int, ...], /, **told: Any) -> Self:
        """The result: fields that functions give, each of the shape of the inputs together, and others as they are."""
        found = object.__new__(cls)
        computed = {name: value for name, value in told.items() if callable(value)}
        found.__dict__.update(told | {"_later": (shape, computed)})
        for name in computed:
            del found.__dict__[name]
        return found

    def __getattr__(self, name: str) -> Any:
        shape, computed = self.__dict__.get("_later", ((), {}))
        if name not in computed:
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        value = self.__dict__[name] = plain(np.broadcast_to(computed[name](), shape))
        return value

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, each.name) for each in fields(self))  # type: ignore[arg-type]
