"""Identity: published codes, counted birthdays, and attacks and revocations drawn one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import identity
from tests.models.corners import assert_finite_at_corners, assert_sentences

TWENTY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # 12345678901234567890
LONGER = {
    "SHA-1": TWENTY,
    "SHA-256": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA",
    "SHA-512": TWENTY * 3 + "GEZDGNA",
}


def test_each_secret_is_found_once_it_is_tried():
    generator = np.random.default_rng(1)
    bits, rate = 10, 8.0
    tried = (generator.integers(0, 2**bits, 200_000) + 1) / rate  # the secret's place in the attacker's order
    said = identity.guessing(bits, 1 / rate, 1, span_s=50)
    assert tried.mean() == pytest.approx(said.mean_s, rel=0.01)
    assert np.mean(tried <= 50) == pytest.approx(said.found_share, rel=0.01)


@given(st.floats(1, 200), st.floats(1e-9, 1e3), st.floats(1, 1e6))
def test_a_hash_twice_as_dear_is_one_bit(bits, guess, units):
    dearer, longer = identity.guessing(bits, 2 * guess, units), identity.guessing(bits + 1, guess, units)
    assert dearer.found_share == pytest.approx(longer.found_share)
    safe = identity.guessing(identity.guessing(bits, guess, units).safe_bits, guess, units)
    assert safe.found_share == pytest.approx(1e-6) or safe.guesses == 1


def exactly(space, drawn):
    return 1 - math.prod(1 - k / space for k in range(drawn))


@pytest.mark.parametrize("space", [2, 16, 365, 4096, 2**20])
def test_the_birthday_problem_as_the_product_says(space):
    for drawn in sorted({2, 3, max(2, int(space**0.5)), max(2, int(2 * space**0.5)), max(2, min(space, 3000))}):
        said = identity.collision(math.log2(space), drawn).collision_share
        assert said == pytest.approx(exactly(space, drawn), rel=2e-4), drawn


def test_more_than_there_are_surely_meet():
    assert identity.collision(4, 17).collision_share == 1


def test_birthdays_drawn_one_by_one():
    generator = np.random.default_rng(2)
    drawn = np.sort(generator.integers(0, 1000, (40_000, 30)), axis=1)
    met = np.mean((np.diff(drawn, axis=1) == 0).any(axis=1))
    assert met == pytest.approx(identity.collision(math.log2(1000), 30).collision_share, rel=0.03)


@given(st.floats(20, 160), st.floats(1e-12, 0.01))
def test_thresholds_are_the_inverse(bits, allowed):
    said = identity.collision(bits, 1000, allowed)
    if said.allowed_ids < 2:
        return
    again = identity.collision(bits, said.allowed_ids, allowed)
    assert again.collision_share == pytest.approx(allowed, rel=1e-2)
    assert again.needed_bits == pytest.approx(bits, abs=1e-6)


@pytest.mark.parametrize(
    ("at", "codes"),
    [
        (59, ("94287082", "46119246", "90693936")),
        (1111111109, ("07081804", "68084774", "25091201")),
        (1111111111, ("14050471", "67062674", "99943326")),
        (1234567890, ("89005924", "91819424", "93441116")),
        (2000000000, ("69279037", "90698825", "38618901")),
        (20000000000, ("65353130", "77737706", "47863826")),
    ],
)
def test_the_table_of_rfc_6238(at, codes):
    for algorithm, code in zip(LONGER, codes, strict=True):
        assert identity.totp(LONGER[algorithm], at, digits=8, algorithm=algorithm).code == code


def test_secrets_are_read_as_people_copy_them():
    spaced = " ".join(TWENTY[at : at + 4] for at in range(0, len(TWENTY), 4)).lower()
    assert identity.totp(spaced, 59).code == identity.totp(TWENTY, 59).code == "287082"


@pytest.mark.parametrize("secret", ["1nvalid!", "", "MFRGG", "ÄÖÜ"])
def test_what_is_no_secret_is_refused(secret):
    with pytest.raises(InvalidInput, match="secret"):
        identity.totp(secret, 59)


def test_a_code_is_guessed_as_often_as_drawn():
    generator = np.random.default_rng(3)
    wanted = generator.integers(0, 1000, (400_000, 1))
    guesses = generator.integers(0, 1000, (400_000, 40))
    met = np.mean((guesses == wanted).any(axis=1))
    scaled = 1 - (1 - 1e-3) ** 40
    assert met == pytest.approx(scaled, rel=0.02)
    said = identity.totp(TWENTY, 59, window=0, attempts=40_000)
    assert said.guessed_share == pytest.approx(1 - (1 - 1e-6) ** 40_000)


def test_revocations_drawn_one_by_one():
    generator = np.random.default_rng(4)
    rate, cache, life = 0.05, 30.0, 900.0
    said = identity.revocation(life, cache, sessions=1000, requests_per_s=rate, skew_s=0)
    works, checks, until = [], 0, 200_000.0
    now = 0.0
    kept = []
    while now < until:  # an answer is asked for at a request, kept, and asked for again at the next one
        now += generator.exponential(1 / rate)
        kept.append(now)
        checks += 1
        now += cache
    starts = np.array(kept)
    revoked = generator.uniform(0, until, 200_000)
    at = np.searchsorted(starts, revoked) - 1
    left = np.where(at >= 0, starts[np.maximum(at, 0)] + cache - revoked, 0)
    works = np.maximum(left, 0)
    assert works.mean() == pytest.approx(said.cached_mean_s, rel=0.05)
    assert checks / until * 1000 == pytest.approx(said.cached_checks_per_s, rel=0.05)
    ages = generator.uniform(0, life, 100_000)
    assert (life - ages).mean() == pytest.approx(said.token_mean_s, rel=0.02)


@given(st.floats(1, 1e6), st.floats(0, 1e5), st.floats(1e-6, 1e3))
def test_keeping_answers_never_asks_more_and_never_works_longer(life, cache, rate):
    said = identity.revocation(life, cache, requests_per_s=rate)
    assert said.cached_checks_per_s <= said.checks_per_s * (1 + 1e-12)
    assert 0 <= said.cached_mean_s <= cache / 2 + 1e-9
    assert identity.revocation(life, 0, requests_per_s=rate).cached_checks_per_s == pytest.approx(said.checks_per_s)


def test_arrays_are_taken_element_by_element():
    bits = np.array([8.0, 64.0, 122.0])
    many = identity.collision(bits, np.array([10.0, 1e9, 1e15])).collision_share
    one = [identity.collision(b, n).collision_share for b, n in zip(bits, (10.0, 1e9, 1e15), strict=True)]
    assert many == pytest.approx(one)


@pytest.mark.parametrize("model", identity.MODELS, ids=lambda model: model.name)
def test_results_are_numbers_everywhere(model):
    assert_finite_at_corners(model.function)


def test_results_are_said_in_words():
    assert_sentences(identity.MODELS)
