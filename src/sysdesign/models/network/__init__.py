"""Networks: addresses of a plan, ports of a translator, and where the time of a request goes."""

from __future__ import annotations

from sysdesign.models.network import addresses, ports, round_trips
from sysdesign.models.network.addresses import Overlap, Plan, Ranges, overlap, plan, ranges
from sysdesign.models.network.ports import Ports, nat_ports
from sysdesign.models.network.round_trips import Bytes, Throughput, first_byte, throughput

__all__ = [
    "Bytes", "Overlap", "Plan", "Ports", "Ranges", "Throughput",
    "first_byte", "nat_ports", "overlap", "plan", "ranges", "throughput",
]  # fmt: skip

MODELS = (*addresses.MODELS, *ports.MODELS, *round_trips.MODELS)
