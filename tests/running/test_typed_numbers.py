"""Numbers as people type them for a model."""

import pytest

from sysdesign.errors import InvalidInput
from sysdesign.models.queueing import littles_law
from sysdesign.running.model_run import list_parts, run


def littles(**given):
    return run("queueing.littles_law", given).result


def test_the_same_number_in_any_writing():
    plain = littles(arrivals_per_s=10_000, duration_s=0.2)
    for arrivals, duration in (("10k", "0.2"), ("10,000", "200 ms"), ("10 000/s", "0.2 s"), ("10k requests/s", 0.2)):
        assert littles(arrivals_per_s=arrivals, duration_s=duration) == plain


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0,2", r"duration_s: '0,2' is not a number.*write 0\.2"),
        ("5 to 10 ms", "duration_s: '5 to 10 ms' is a range; one value is needed"),
        ("9" * 5000, "duration_s: .*is not a quantity"),
        ("5 GB", "duration_s: '5 GB' is not in s"),
        ("nan", "is not a quantity"),
        (10**5000, "more than 300 digits"),
    ],
    ids=["decimal comma", "range", "digits", "unit", "nan", "integer"],
)
def test_what_is_no_single_number_is_refused_with_a_reason(text, why):
    with pytest.raises(InvalidInput, match=why):
        littles(arrivals_per_s=100, duration_s=text)


def test_a_whole_number_beyond_floats_is_refused_in_python_too():
    with pytest.raises(InvalidInput, match="more than 300 digits"):
        littles_law(arrivals_per_s=10**5000, duration_s=1)


def test_lists_are_parted_by_semicolons_where_there_are_any():
    assert list_parts("3, 5, 7") == ["3", " 5", " 7"]
    assert list_parts("1,000; 2,000") == ["1,000", " 2,000"]
    with pytest.raises(InvalidInput, match="'1,000' is a number with thousands, or two of a list"):
        list_parts("1,000,2,000")
    with pytest.raises(InvalidInput, match="decimal mark"):
        run("scaling_laws.usl_fit", {"nodes": "1;2;3;4", "throughput": "0,5;1,5;2,5;3,5"})
