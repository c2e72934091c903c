"""Memory of open connections: library, kernel, windows of compression, queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import count, percent, size
from sysdesign.probability.elementwise import broadcast, plain

CODER_BYTES = 14 * 1024  # states of compressor and decompressor besides their windows, about


@dataclass(frozen=True)
class Memory:
    """What open connections take, and how many fit."""

    each_bytes: Annotated[float, Output("Memory of a connection in the process", "B")]
    coder_bytes: Annotated[float, Output("Of it for compression", "B")]
    in_all_bytes: Annotated[float, Output("Memory of a connection with the kernel's part", "B")]
    total_bytes: Annotated[float, Output("Memory of all connections", "B")]
    fitting: Annotated[float, Output("Connections that fit into a server")]
    servers: Annotated[float, Output("Servers, by memory alone")]
    coder_share: Annotated[float, Output("Compression in the memory", "share")]


@checked
def memory(
    connections: Annotated[float, Input("Open connections", low=1, high=1e10, default=100_000)] = 100_000,
    library_bytes: Annotated[
        float, Input("Library and tasks of a connection", "B", low=0, high=1e8, default=14 * 1024)
    ] = 14 * 1024,
    kernel_bytes: Annotated[
        float, Input("Kernel's part of a connection", "B", low=0, high=1e8, default=4000,
                     help="idle; buffers grow with what is in flight, and no view of the process shows them")
    ] = 4000,
    compression: Annotated[
        Literal["kept", "each message", "none"],
        Input("Compression", default="kept", help="kept: windows stay between messages; each message: only meanwhile"),
    ] = "kept",
    window_bits: Annotated[float, Input("Window bits", low=8, high=15, default=12)] = 12,
    memory_level: Annotated[float, Input("Memory level of the compressor", low=1, high=9, default=5)] = 5,
    busy_share: Annotated[
        float, Input("Connections with a message at work", "share", low=0, high=1, default=0.01)
    ] = 0.01,
    queued_bytes: Annotated[float, Input("Queue of a connection, mean", "B", low=0, high=1e10, default=0)] = 0,
    state_bytes: Annotated[float, Input("Application's state of a connection", "B", low=0, high=1e9, default=2000)] = (
        2000
    ),
    server_bytes: Annotated[float, Input("Memory of a server", "B", low=1e6, high=1e14, default=16e9)] = 16e9,
    used_share: Annotated[float, Input("Of it for connections", "share", low=0.01, high=1, default=0.7)] = 0.7,
) -> Memory:  # fmt: skip
    """The memory of open connections, and how many fit into a server.

    A compressor takes 2 ** (window_bits + 2) + 2 ** (memory_level + 9) bytes and a decompressor 2 ** window_bits, and
    both some fixed state. Windows that are kept between messages make small alike messages shrink and are held for
    every connection; without that they are held while a message is at work.

    Fragmentation and garbage of a collector are left out: measure a thousand connections and divide. With an answer of
    `fitting` above the descriptors of a process, those bound it. Elementwise over arrays.
    Raises InvalidInput where an input is out of range.
    Source: websockets-compression, for the windows and for the memory of seven settings.

    >>> memory(1, state_bytes=0).each_bytes / 1024
    64.0
    """
    given = (connections, library_bytes, kernel_bytes, window_bits, memory_level, busy_share, queued_bytes)
    every = broadcast(*given, state_bytes, server_bytes, used_share)
    many, library, kernel, bits, level, busy, queued, state, server, used = every
    windows = 2 ** (bits + 2) + 2 ** (level + 9) + 2**bits + CODER_BYTES
    coder = windows * {"kept": 1.0, "each message": busy, "none": 0.0}[compression]
    process = library + coder + queued + state
    whole = process + kernel
    fitting = np.floor(server * used / np.maximum(whole, 1))
    found = (
        process, coder, whole, many * whole, fitting, np.ceil(many * whole / (server * used)),
        coder / np.maximum(whole, 1),
    )  # fmt: skip
    return Memory(*map(plain, found))


def _held(inputs: Mapping[str, Any], result: Memory) -> str:
    return (
        f"A connection takes {size(result.in_all_bytes)}, {percent(result.coder_share)} of it for compression; "
        f"all take {size(result.total_bytes)}, and {count(result.fitting)} fit into a server."
    )


MODELS = (Model(memory, "How much memory do connections take?", _held, "03-websocket", "03-websocket/memory"),)
