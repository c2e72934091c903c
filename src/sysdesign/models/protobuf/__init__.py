"""Protocol Buffers: a message to the byte, the size of a number by its type, and of messages against JSON.

Units: `_bytes` bytes; shares are 0 to 1.
"""

from __future__ import annotations

from sysdesign.models.protobuf import encoding, sizes
from sysdesign.models.protobuf.encoding import encode
from sysdesign.models.protobuf.sizes import message, number

__all__ = ["encode", "message", "number"]

MODELS = (*encoding.MODELS, *sizes.MODELS)
