"""A fleet by its number of instances, against the queue it is made of and against plain sums."""

import numpy as np
import pytest

from sysdesign.errors import InvalidInput
from sysdesign.models.queueing import instances, mmc
from sysdesign.running.model_run import run


def test_each_number_is_the_queue_of_its_servers():
    fleet = instances(900, 250, at_once=4, counts=5)
    for at, number in enumerate(fleet.instances):
        queue = mmc(900, 250 / 4, int(number) * 4)
        assert fleet.mean_time_s[at] == pytest.approx(queue.mean_time_s)
        assert fleet.time_p99_s[at] == pytest.approx(queue.time_p99_s)
        assert fleet.utilization[at] == pytest.approx(queue.utilization)


def test_the_fewest_that_keep_up_come_first():
    assert instances(1000, 250, counts=1).instances.tolist() == [5]  # four would be full, and the line endless
    assert instances(999, 250, counts=1).instances.tolist() == [4]


def test_one_lost_and_costs_are_plain_sums():
    fleet = instances(900, 250, price_per_month=70, mean_share=0.5, counts=3)
    assert fleet.one_lost_per_s == pytest.approx([750, 1000, 1250])
    assert fleet.cost_per_month == pytest.approx([280, 350, 420])
    assert fleet.cost_per_million == pytest.approx(np.array([280, 350, 420]) / (450 * 2_629_800) * 1e6)


def test_a_lost_zone_takes_its_share_rounded_up():
    fleet = instances(900, 250, zones=3, counts=4)
    assert fleet.instances.tolist() == [4, 5, 6, 7]
    assert fleet.zone_lost_per_s.tolist() == [2 * 250, 3 * 250, 4 * 250, 4 * 250]
    assert instances(900, 250).zone_lost_per_s.max() == 0  # all stand in the one zone
    lost = run("queueing.instances", {"arrivals_per_s": 900, "instance_per_s": 250, "zones": 3}).sentence
    assert lost.endswith("6 instances keep up with a zone lost.")


def test_a_target_leaves_room_at_the_peak():
    fleet = instances(900, 250, target_utilization=0.6, counts=1)
    assert fleet.instances.tolist() == [6] and fleet.utilization[0] == pytest.approx(0.6)
    assert instances(901, 250, target_utilization=0.6, counts=1).instances.tolist() == [7]


def test_one_instance_is_spoken_of_as_one():
    said = run("queueing.instances", {"arrivals_per_s": 100, "instance_per_s": 250}).sentence
    assert said.startswith("1 instance keeps up, 40% in use") and said.endswith("2 instances keep up with one lost.")


def test_more_than_one_line_can_hold_is_refused():
    with pytest.raises(InvalidInput, match="one cell of the fleet"):
        instances(1e8, 1, at_once=8)
