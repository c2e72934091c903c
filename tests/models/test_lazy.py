import pickle
from dataclasses import fields

import numpy as np
import pytest

from sysdesign.models import caching, capacity, discovery, replication, tail

SETTINGS, WORLDS = np.array([[0.0], [0.02], [0.4]]), np.array([20.0, 30.0, 40.0, 50.0])
RUNS = (
    (tail.in_series, {"p99_ms": 1, "extra_share": SETTINGS, "extra_p99_ms": WORLDS, "round_trip_ms": SETTINGS}),
    (caching.staleness, {"ttl_s": WORLDS, "changes_per_s": 0.1, "lost_share": SETTINGS, "fill_s": SETTINGS}),
    (replication.lag, {"writes_per_s": WORLDS, "applies_per_s": 80 + SETTINGS}),
    (capacity.with_nodes_added, {"reads_per_s": 1e5 * SETTINGS, "writes_per_s": WORLDS, "node_reads_per_s": 4e4,
                                 "node_writes_per_s": 1e4}),
    (discovery.staleness, {"instances": WORLDS, "refresh_s": 100 * SETTINGS, "eject_after": np.array([[0], [1], [5]])}),
)  # fmt: skip


@pytest.mark.parametrize(("model", "given"), RUNS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_result_over_settings_by_worlds_is_that_of_each_point(model, given):
    found = model(**given)
    for at in np.ndindex(3, 4):
        alone = model(**{name: float(np.broadcast_to(value, (3, 4))[at]) for name, value in given.items()})
        for each in fields(alone):
            assert getattr(found, each.name)[at] == pytest.approx(getattr(alone, each.name), rel=1e-6)


def test_a_field_is_computed_once_when_asked_for_and_goes_with_the_result():
    found = tail.in_series(30)
    assert "p99_ms" not in vars(found)
    assert found.p99_ms == pytest.approx(30) and "p99_ms" in vars(found)
    assert pickle.loads(pickle.dumps(found)) == found
    with pytest.raises(AttributeError, match="Series has no 'p98_ms'"):
        found.p98_ms  # noqa: B018
