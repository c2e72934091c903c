"""AWS's own service models: a snapshot of what they say, facts compared with it, drift reported."""

from sysdesign.vendor.compare import Comparison, compare
from sysdesign.vendor.drift import Drift, drift
from sysdesign.vendor.snapshot import Snapshot, extract, read_snapshot, write_snapshot

__all__ = ["Comparison", "Drift", "Snapshot", "compare", "drift", "extract", "read_snapshot", "write_snapshot"]
