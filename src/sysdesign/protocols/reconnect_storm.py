"""Clients that connect again after a deploy: the model `push.reconnect` told second by second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from sysdesign.models.push import reconnect
from sysdesign.protocols.telling import Curve, Fault, Part, Protocol, Step

CLIENTS, HANDSHAKES_PER_S, BACKOFF_S, CAP_S = 100_000.0, 5_000.0, 1.0, 30.0
SHOWN_S = 60
JITTER: dict[str, Literal["full", "equal", "none"]] = {"none": "none", "full": "full", "equal": "equal"}


def play(given: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps by how clients spread their first attempt, by jitter, and by what is left of the servers."""
    taken = HANDSHAKES_PER_S * (0.5 if given["servers"] == "half" else 1.0)
    found = reconnect(CLIENTS, taken, float(given["spread_s"]), BACKOFF_S, CAP_S, JITTER[given["jitter"]])
    back = np.interp(np.arange(SHOWN_S + 1), found.time_s, found.connected, left=0.0)
    return tuple(
        _step(now, _attempts(found.time_s, found.attempts_per_s, now), float(back[now]), taken, found.back_s)
        for now in range(SHOWN_S + 1)
    )


def _attempts(time: np.ndarray, attempts: np.ndarray, now: int) -> float:
    """Mean rate over the second that begins now."""
    ends = np.append(time[1:], time[-1] + (time[-1] - time[-2]))
    inside = np.clip(np.minimum(ends, now + 1) - np.maximum(time, now), 0.0, None)
    return float(np.sum(inside * attempts))


def _step(now: int, attempts: float, back: float, taken: float, back_s: float) -> Step:
    refused = max(0.0, attempts - taken)
    parts = (
        Part(
            "Clients",
            f"{back:.0%} connected",
            f"{attempts:,.0f} attempts in this second",
            "good" if back >= 0.99 else "",
        ),
        Part(
            "Servers",
            f"take {taken:,.0f} a second",
            "the queue is full" if refused else "",
            "bad" if refused else "good",
        ),
    )
    counts = (
        ("Connected", f"{back * CLIENTS:,.0f}"),
        ("Attempts", f"{attempts:,.0f}/s"),
        ("All are back after", f"{back_s:.0f} s"),
    )
    times = attempts / taken
    broken = f"the servers are asked for {times:.1f} times the handshakes that they take" if times > 1.05 else ""
    return Step(
        float(now), _says(now, back, back_s, times), parts, (), counts, broken, (attempts, taken, back * CLIENTS)
    )


def _says(now: int, back: float, back_s: float, times: float) -> str:
    if now == 0:
        return f"All {CLIENTS:,.0f} connections are closed at once, and clients try again."
    if back_s <= now < back_s + 1:
        return "99% of the clients are back."
    if now == SHOWN_S and back < 0.99:
        return f"After a minute {back:.0%} are back; it takes {back_s:,.0f} s until 99% are."
    return ""


PROTOCOL = Protocol(
    name="reconnect-storm",
    title="A WebSocket reconnect storm",
    question="How do clients come back without knocking the servers over?",
    section="03-WebSocket-Implementation#reconnecting",
    promise="Clients ask for no more handshakes than the servers take.",
    assumes=(
        f"{CLIENTS:,.0f} clients; servers that take {HANDSHAKES_PER_S:,.0f} handshakes a second and let one second "
        f"of them wait; a backoff of {BACKOFF_S:g} s that doubles up to {CAP_S:g} s after each refusal. "
        "Rates, not single clients."
    ),
    faults=(
        Fault("spread_s", "First attempts", {"0": "at once", "30": "spread over 30 s"}, "0"),
        Fault("jitter", "Backoff", {"full": "full jitter", "equal": "equal jitter", "none": "no jitter"}, "none"),
        Fault("servers", "Servers left", {"all": "all", "half": "half of them"}, "all"),
    ),
    play=play,
    curves=(Curve("attempts", "1/s"), Curve("handshakes taken", "1/s"), Curve("clients connected", "")),
)  # fmt: skip
