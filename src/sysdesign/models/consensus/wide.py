"""Distance as latency: what light in fiber allows, and what waiting for copies farther away adds to a write.

Sources: bozkurt-2018 for how much longer real ways are; ibm-latency-2024 for measured round trips.
Times in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.consensus.regions import REGIONS, ROUND_TRIPS_MS, RoundTrips, _matrix, _names
from sysdesign.models.declaration import Input, Model, Numbers, Output, as_numbers, checked
from sysdesign.models.wording import amount, several

LATENCY = "What does waiting for other places cost when nothing is broken?"
EARTH_KM = 6371.0  # mean radius
VACUUM_KM_PER_MS = 299.792458
# Centers of the cities of REGIONS, to a tenth of a degree.
LATITUDES, LONGITUDES = as_numbers((38.9, 32.8, 50.1, 35.7, -23.5)), as_numbers((-77.0, -96.8, 8.7, 139.7, -46.6))


@dataclass(frozen=True)
class Distances:
    """Round trips between places, each pair once."""

    pair: Annotated[tuple[str, ...], Output("Places")]
    distance_km: Annotated[np.ndarray, Output("Great circle", "km")]
    least_ms: Annotated[np.ndarray, Output("Round trip of light in straight fiber", "ms")]
    likely_ms: Annotated[np.ndarray, Output("Round trip over the ways there are", "ms")]
    measured_ms: Annotated[np.ndarray, Output("Round trip measured, where the places are the defaults", "ms")]
    longer: Annotated[np.ndarray, Output("Measured over the least")]


@checked
def distances(
    latitude: Annotated[Numbers, Input("Latitudes of the places", "degrees", low=-90, high=90, default=LATITUDES)]
    = LATITUDES,
    longitude: Annotated[Numbers, Input("Longitudes, east positive", "degrees", low=-180, high=180, default=LONGITUDES)]
    = LONGITUDES,
    longer: Annotated[float, Input("Way of a packet over the great circle", low=1, high=10, default=1.5)] = 1.5,
    refraction: Annotated[float, Input("Refractive index of the fiber", low=1, high=2, default=1.468)] = 1.468,
) -> Distances:  # fmt: skip
    """Round trips between places on the globe, from their distance.

    Light in fiber covers c / n, 204 km in a millisecond at an index of 1.468; a round trip is twice
    the great circle at that speed, and no protocol does better over fiber. Real ways are longer:
    of the internet's in the contiguous United States 2.1 times in a rule of thumb, 1.3 by the
    shortest conduits; between the default places one provider measured 1.4 to 2.5 times, most about 1.5.

    No switching, queues or loss. Give the likely times as `round_trip_ms` to `placement`,
    `commit_latency` or `waiting`. Raises InvalidInput where the lists differ in length.
    Source: bozkurt-2018 for the factors; ibm-latency-2024 for the measured times.

    >>> round(float(distances((0, 0), (0, 90)).distance_km[0]))
    10008
    """
    lat, lon = (np.radians(np.asarray(each, dtype=float)) for each in (latitude, longitude))
    if lat.size != lon.size or not 2 <= lat.size <= 20:
        raise InvalidInput(
            f"latitude holds {several(lat.size, 'number')} and longitude {lon.size}; give both for 2 to 20 places"
        )
    at, to = np.triu_indices(lat.size, 1)
    half = (
        np.sin((lat[to] - lat[at]) / 2) ** 2 + np.cos(lat[at]) * np.cos(lat[to]) * np.sin((lon[to] - lon[at]) / 2) ** 2
    )
    far = 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    least = 2 * far * refraction / VACUUM_KM_PER_MS
    known = tuple(latitude) == tuple(LATITUDES) and tuple(longitude) == tuple(LONGITUDES)
    measured = np.array(ROUND_TRIPS_MS, dtype=float) if known else np.zeros(at.size)
    names = REGIONS if known else tuple(f"place {each + 1}" for each in range(lat.size))
    over = np.divide(measured, least, out=np.zeros(at.size), where=least > 0)
    pairs = tuple(f"{names[a]} and {names[b]}" for a, b in zip(at, to, strict=True))
    return Distances(pairs, far, least, least * longer, measured, over)


@dataclass(frozen=True)
class Waiting:
    """What a write costs from each region, by how many copies it waits for."""

    region: Annotated[np.ndarray, Output("Region of the client")]
    region_name: Annotated[tuple[str, ...], Output("Region of the client", drawn=True)]
    local_ms: Annotated[np.ndarray, Output("Own copy alone", "ms")]
    zone_ms: Annotated[np.ndarray, Output("and one in another zone", "ms")]
    nearest_ms: Annotated[np.ndarray, Output("and the nearest other region", "ms")]
    majority_ms: Annotated[np.ndarray, Output("and a majority of the regions", "ms")]
    all_ms: Annotated[np.ndarray, Output("and every region", "ms")]
    leader_ms: Annotated[np.ndarray, Output("Majority by way of the best leader", "ms")]
    leader: Annotated[int, Output("Region of that leader")]


@checked
def waiting(
    round_trip_ms: RoundTrips,
    zone_ms: Annotated[float, Input("Round trip between zones", "ms", low=0, high=1e4, default=2)] = 2,
    write_ms: Annotated[float, Input("A copy stores the write", "ms", low=0, high=1e4, default=1)] = 1,
) -> Waiting:
    """What a write costs from each region, by how many copies it waits for.

    The latency half of PACELC, while nothing is broken. A write answered by the own copy is safe in
    one place; each wider promise waits for the round trip to the last copy it needs. A store
    without a leader asks the majority from the client's region; one with a leader adds the way to
    it, from the region that gives the least mean. One copy a region; copies store in parallel.

    Assumes fixed round trips, no queues and no retries: tails are those of `commit_latency`.
    Raises InvalidInput if the round trips are no matrix. Source: order statistics of the round trips;
    ibm-latency-2024 for the defaults, zones of one region 2 ms apart among them.

    >>> waiting((10, 50, 60)).majority_ms.tolist()
    [11.0, 11.0, 51.0]
    """
    trips = _matrix(round_trip_ms)
    count = len(trips)
    near = np.sort(trips, axis=1)  # the first of each row is the region itself
    majority = near[:, count // 2]
    means = [float(np.mean(trips[:, each] + majority[each])) for each in range(count)]
    leader = int(np.argmin(np.round(means, 9)))
    return Waiting(
        np.arange(1, count + 1), _names(trips), np.full(count, float(write_ms)),
        np.full(count, float(zone_ms + write_ms)), near[:, min(1, count - 1)] + write_ms, majority + write_ms,
        near[:, -1] + write_ms, trips[:, leader] + majority[leader] + write_ms, leader + 1,
    )  # fmt: skip


def _distances_sentence(inputs: Mapping[str, Any], result: Distances) -> str:
    near, far = int(np.argmin(result.distance_km)), int(np.argmax(result.distance_km))
    return (
        f"Between {result.pair[far]} light in fiber needs {amount(float(result.least_ms[far]))} ms for a round trip "
        f"and a packet about {amount(float(result.likely_ms[far]))} ms; between {result.pair[near]} "
        f"{amount(float(result.least_ms[near]))} and {amount(float(result.likely_ms[near]))} ms."
    )


def _waiting_sentence(inputs: Mapping[str, Any], result: Waiting) -> str:
    return (
        f"A write takes {amount(float(result.local_ms[0]))} ms with the own copy alone, "
        f"{amount(float(np.min(result.majority_ms)))} to {amount(float(np.max(result.majority_ms)))} ms with a "
        f"majority of {several(len(result.region), 'region')}, and up to {amount(float(np.max(result.leader_ms)))} ms "
        "by way of a leader."
    )


MODELS = (
    Model(distances, LATENCY, _distances_sentence, "00-cap", "00-cap/distances"),
    Model(waiting, LATENCY, _waiting_sentence, "00-cap", "00-cap/waiting"),
)
