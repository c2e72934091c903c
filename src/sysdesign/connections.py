"""Connections that end where the other side is slow: a request does not come, or an answer is not taken."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sysdesign.service import HEADERS

HEAD_S = 10.0  # from a connection's first moment, or the end of its last answer, to the end of a request's headers
TAKEN_S = 60.0  # for the other side to take what is sent, once it has stopped taking


class PatientNotForever(H11Protocol):
    """uvicorn's connection, with an end to waiting; it times only what comes after an answer."""

    _head: asyncio.TimerHandle | None = None
    _taken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head()
        self._stop_taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taken = self._taken or self.loop.call_later(TAKEN_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_taken()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's, with the headers that all answers carry."""
        head = [("content-type", "text/plain; charset=utf-8"), ("connection", "close"), *HEADERS.items()]
        events: list[Any] = [h11.Response(status_code=400, headers=head, reason=b"Bad Request")]
        for event in (*events, h11.Data(data=msg.encode("ascii")), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch_head(self) -> None:
        """Time the wait for headers, and nothing else: the body has a bound of its own."""
        if self.conn.their_state is not h11.IDLE:
            self._stop_head()
        elif self._head is None and not self.transport.is_closing():
            self._head = self.loop.call_later(HEAD_S, self._cut_off)

    def _cut_off(self) -> None:
        self._head = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
        self._head = None

    def _stop_taken(self) -> None:
        if self._taken is not None:
            self._taken.cancel()
        self._taken = None
