"""Columns: how their values are encoded to the byte, how large they become, and which blocks a range leaves to read.

Units: `_bytes` bytes, `bits` bits; shares are 0 to 1.
"""

from __future__ import annotations

from sysdesign.models.columnar.encoding import encode, encoded
from sysdesign.models.columnar.sizes import column_size, sized
from sysdesign.models.columnar.zones import kept, zone_map
from sysdesign.models.declaration import Model

__all__ = ["column_size", "encode", "zone_map"]

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
    Model(
        zone_map,
        "How much does the order of rows save?",
        kept,
        "19-olap-oltp",
        "19-olap-oltp/zone-map",
        subject="columnar",
    ),
)
