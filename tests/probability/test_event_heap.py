"""The heap of events: always the earliest first, against Python's own."""

import heapq

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.probability.event_heap import pop, push, replace_first

moves = st.lists(st.tuples(st.sampled_from(["push", "pop", "replace"]), st.integers(0, 20)), max_size=60)


@given(moves)
def test_events_leave_in_the_order_of_their_times_each_with_what_it_says(moves):
    times, events, size, plain = np.empty(80), np.empty(80, np.int64), 0, []
    for number, (move, time) in enumerate(moves):
        if move == "push":
            size = push(times, events, size, float(time), number)
            heapq.heappush(plain, (time, number))
        elif plain:
            first = next(each for each in plain if each == (times[0], events[0]))
            assert first[0] == plain[0][0]
            plain.remove(first)
            if move == "pop":
                size = pop(times, events, size)
            else:
                replace_first(times, events, size, float(time), number)
                plain.append((time, number))
            heapq.heapify(plain)
        assert size == len(plain)
        assert sorted(zip(times[:size], events[:size], strict=True)) == sorted(plain)
