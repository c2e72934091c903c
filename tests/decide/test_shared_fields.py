"""Fields of a workload as inputs of models: what decisions hand over as it is, and of the same kind."""

import pytest

from sysdesign import units
from sysdesign.decide.shared_fields import fields_of_models
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import inputs_of
from sysdesign.models.registry import models
from sysdesign.site.decision_pages import frameworks
from tests.reading import whole_reference


def kind(unit):
    try:
        return units.unit(unit)[1]
    except InvalidInput:  # a name of the field's own, such as erlangs
        return units.PURE


@pytest.fixture(scope="module")
def shared():
    return fields_of_models(frameworks(whole_reference()).values())


def test_what_formulas_hand_over_is_found_by_the_most_frequent(shared):
    assert shared["capacity.fullest_node"]["node_writes_per_s"] == "machine.writes_per_s"  # others pass messages
    assert shared["push.resume"]["away_s"] == "push.away"
    assert "reads_per_s" not in shared["capacity.fullest_node"]  # nearly always handed over times the peak


def test_each_is_an_input_of_its_model_in_a_unit_of_the_same_kind(shared):
    known = models()
    for name in shared.keys() & known.keys():
        inputs = inputs_of(known[name].function)
        for key, field in shared[name].items():
            assert kind(inputs[key].input.unit) == kind(FIELDS[field].unit), (name, key)
