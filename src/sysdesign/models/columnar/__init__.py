"""Columns: how their values are encoded to the byte, how large they become, and which blocks a range leaves to read.

Units: `_bytes` bytes, `bits` bits; shares are 0 to 1.
"""

from __future__ import annotations

from sysdesign.models.columnar import encoding, sizes, zones
from sysdesign.models.columnar.encoding import encode
from sysdesign.models.columnar.sizes import column_size
from sysdesign.models.columnar.zones import zone_map

__all__ = ["column_size", "encode", "zone_map"]

MODELS = (*encoding.MODELS, *sizes.MODELS, *zones.MODELS)
