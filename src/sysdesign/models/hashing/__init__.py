"""Hashing keys to nodes: how even the load is, how many keys move on a resize, what a hot key does.

Hashes are taken as uniform and independent. The closed forms follow from that; the drawn
models place real keys with real hashes and give 95% intervals. Loads are multiples of the
average node's, shares 0 to 1. Nodes are equal; a key is counted once whatever its traffic,
but in `hot_keys`.
"""

from __future__ import annotations

from sysdesign.models.hashing import hot_key, key_spread, placing, resizing, rings
from sysdesign.models.hashing.hot_key import HotKeys, hot_keys
from sysdesign.models.hashing.key_spread import KeySpread, spread
from sysdesign.models.hashing.placing import Bucket, jump
from sysdesign.models.hashing.resizing import Moved, MovedDrawn, moved, moved_drawn
from sysdesign.models.hashing.rings import RingDrawn, RingSpread, ring, ring_drawn

__all__ = [
    "Bucket",
    "HotKeys",
    "KeySpread",
    "Moved",
    "MovedDrawn",
    "RingDrawn",
    "RingSpread",
    "hot_keys",
    "jump",
    "moved",
    "moved_drawn",
    "ring",
    "ring_drawn",
    "spread",
]

MODELS = (*rings.MODELS, *key_spread.MODELS, *resizing.MODELS, *hot_key.MODELS, *placing.MODELS)


def warm() -> None:
    """Compile the kernels, so that no request waits for it."""
    placing.warm()
