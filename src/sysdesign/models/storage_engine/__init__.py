"""Storage engines: what a B-tree or an LSM-tree reads, writes and stores for each byte of data.

Amplification is bytes (or pages, or places looked at) for one that the user meant. Keys
are uniform and sizes constant; compression, caches and the write-ahead log are left out
unless an input names them: the log adds 1 to every write amplification here. KB is
1,024 bytes where a rule of a vendor says KB. Units: `_bytes` bytes, `_per_s` per second.
"""

from __future__ import annotations

from sysdesign.models.storage_engine import btrees, capacity_prices, lsm_trees, throughput
from sysdesign.models.storage_engine.btrees import BTree, Capacity, btree, btree_capacity
from sysdesign.models.storage_engine.capacity_prices import Modes, capacity_modes
from sysdesign.models.storage_engine.lsm_trees import Filter, Levels, Lsm, bloom, lsm, lsm_levels
from sysdesign.models.storage_engine.throughput import Burst, HotPartition, Units, burst, capacity_units, hot_partition

__all__ = [
    "BTree",
    "Burst",
    "Capacity",
    "Filter",
    "HotPartition",
    "Levels",
    "Lsm",
    "Modes",
    "Units",
    "bloom",
    "btree",
    "btree_capacity",
    "burst",
    "capacity_modes",
    "capacity_units",
    "hot_partition",
    "lsm",
    "lsm_levels",
]

MODELS = (*btrees.MODELS, *lsm_trees.MODELS, *throughput.MODELS, *capacity_prices.MODELS)
