"""What passes between the service and a worker: a head in JSON and bytes behind it."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sysdesign.errors import InvalidInput

MOST_DEPTH = 50  # of lists and mappings in each other
LENGTHS = struct.Struct("!QQ")
ORDER = struct.Struct("!cQ")  # to the nursery: a letter and a number


@dataclass(frozen=True)
class Request:
    """One run: an operation of `work.OPERATIONS`, what it is given, and its bounds."""

    operation: str
    arguments: dict[str, Any]
    seconds: float
    uploads: Mapping[str, Any] = field(default_factory=dict)  # bytes of files, or views, by the input that takes them


@dataclass(frozen=True)
class Answer:
    """JSON of the result, or the kind of error (`work.KINDS`) and its message as the body."""

    error: str
    body: bytes
    retire: bool = False  # whether the worker has grown so large that another should take its place


def packed_request(request: Request) -> bytes:
    """The request as it is sent, but for its files, which follow. Raises InvalidInput for what is nested too deep."""
    if _is_deep(request.arguments):
        raise InvalidInput(f"the request is nested more than {MOST_DEPTH} deep; no input takes that")
    head: dict[str, Any] = {
        "operation": request.operation,
        "arguments": request.arguments,
        "seconds": request.seconds,
        "uploads": {name: len(data) for name, data in request.uploads.items()},
    }
    return _head(head, sum(head["uploads"].values()))


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_DEPTH):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [part for parts in inner for part in parts if isinstance(part, (dict, list))]
    return bool(level)


def packed_answer(answer: Answer) -> bytes:
    """The answer as it is sent."""
    return _head({"error": answer.error, "retire": answer.retire}, len(answer.body)) + answer.body


def _head(head: dict[str, Any], body_length: int) -> bytes:
    text = json.dumps(head).encode()
    return LENGTHS.pack(len(text), body_length) + text


def received_request(connection: socket.socket) -> Request | None:
    """The next request, None when the service has left."""
    lengths = _exactly(connection, LENGTHS.size)
    if lengths is None:
        return None
    head_length, body_length = LENGTHS.unpack(lengths)
    head, body = _exactly(connection, head_length), _exactly(connection, body_length)
    if head is None or body is None:
        return None
    found = json.loads(head)
    uploads, at = {}, 0
    for name, length in found.pop("uploads").items():
        uploads[name] = body[at : at + length]
        at += length
    return Request(**found, uploads=uploads)


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    data = bytearray()
    while len(data) < length:
        part = connection.recv(min(length - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return bytes(data)


async def received_answer(reader: asyncio.StreamReader, longest: int) -> Answer:
    """The answer to a request. Raises EOFError when the worker is gone, or when it says more than `longest` bytes."""
    head_length, body_length = LENGTHS.unpack(await reader.readexactly(LENGTHS.size))
    if max(head_length, body_length) > longest:
        raise EOFError
    head = json.loads(await reader.readexactly(head_length))
    return Answer(head["error"], await reader.readexactly(body_length), head["retire"])
