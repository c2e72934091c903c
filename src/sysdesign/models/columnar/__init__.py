"""Columns: how their values are encoded to the byte, and how large they become.

Units: `_bytes` bytes, `bits` bits; shares are 0 to 1.
"""

from __future__ import annotations

from sysdesign.models.columnar.encoding import encode, encoded
from sysdesign.models.columnar.sizes import column_size, sized
from sysdesign.models.declaration import Model

__all__ = ["column_size", "encode"]

MODELS = (
    Model(
        encode, "Which encoding suits a column?", encoded, "19-olap-oltp", "19-olap-oltp/encodings", subject="columnar"
    ),
    Model(
        column_size,
        "How large does a column become?",
        sized,
        "19-olap-oltp",
        "19-olap-oltp/column-size",
        subject="columnar",
    ),
)
