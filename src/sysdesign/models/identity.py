"""Identity: what guessing costs, when random identifiers meet, an authenticator's codes, how long revoked tokens work.

Units: `_s` seconds, `_per_s` per second, `_share` fractions of 1, `_bits` logarithms to base 2.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy.special import gammaln

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, Text, checked
from sysdesign.models.wording import amount, count, duration, percent
from sysdesign.probability.elementwise import plain

LEAST_SECRET = 10  # bytes; below it is no secret but a slip
MOST_SECRET = 1000


@dataclass(frozen=True)
class Guessing:
    """What finding one secret by trying takes."""

    guesses: Annotated[float, Output("Secrets that are equally likely")]
    guesses_per_s: Annotated[float, Output("Guesses of all machines", "1/s")]
    mean_s: Annotated[float, Output("Mean time until it is found", "s")]
    found_share: Annotated[float, Output("Chance that it is found within the span", "share")]
    safe_bits: Annotated[float, Output("Bits at which the chance is one in a million")]


@checked
def guessing(
    entropy_bits: Annotated[
        float, Input("Entropy of the secret, in bits", low=0, high=512, default=40,
                     help="log2 of the number of equally likely secrets; what people choose has less than it seems")
    ],
    guess_s: Annotated[
        float, Input("Time for a guess on one unit", "s", low=1e-12, high=1e6, default=0.1,
                     help="of an attacker with the stored hash: the hash's cost on their hardware")
    ],
    units: Annotated[float, Input("Units that guess side by side", low=1e-3, high=1e9, default=1000)] = 1000,
    span_s: Annotated[float, Input("Span of the attack", "s", low=1e-3, high=1e12, default=31_557_600)] = 31_557_600,
) -> Guessing:  # fmt: skip
    """What guessing a secret costs an attacker who can try as fast as the hash allows.

    Each of 2 ** entropy_bits secrets is equally likely and tried once: the mean takes half of them, the chance
    grows in proportion to the time. A dearer hash buys the same as more entropy: a doubling is one bit.

    Only for secrets drawn at random. People's passwords fall by lists, first the most frequent, so that the
    first guesses find far more than their share. Online guessing has guess_s from the limit on attempts, and
    one unit. Elementwise over arrays. Follows from counting; no source needed.

    >>> guessing(20, 0.5, 1).mean_s
    262144.25
    """
    guesses = np.exp2(np.asarray(entropy_bits, dtype=float))
    rate = np.asarray(units, dtype=float) / guess_s
    tried = rate * span_s
    found = ((guesses + 1) / 2 / rate, np.minimum(tried / guesses, 1), np.maximum(np.log2(tried * 1e6), 0))
    return Guessing(*(plain(each) for each in np.broadcast_arrays(guesses, rate, *found)))


@dataclass(frozen=True)
class Collision:
    """Whether two of many random identifiers are the same."""

    collision_share: Annotated[float, Output("Chance that any two are the same", "share")]
    pairs: Annotated[float, Output("Pairs that are the same, on average")]
    allowed_ids: Annotated[float, Output("Identifiers up to which the chance stays as allowed")]
    half_ids: Annotated[float, Output("Identifiers at which the chance is one half")]
    needed_bits: Annotated[float, Output("Random bits that keep the chance as allowed")]


@checked
def collision(
    random_bits: Annotated[float, Input("Random bits of an identifier", low=1, high=512, default=122)],
    ids: Annotated[float, Input("Identifiers drawn", low=2, high=1e30, default=1e9)],
    allowed_share: Annotated[
        float, Input("Chance of a collision that is allowed", "share", low=1e-30, high=0.5, default=1e-9)
    ] = 1e-9,
) -> Collision:  # fmt: skip
    """When random identifiers meet: the birthday problem.

    The chance that n draws out of N = 2 ** random_bits are not all different is one minus the product of
    1 - k / N over k below n. It is computed as written where N is small, and by the first terms of the
    product's logarithm where n is far below N. The two thresholds leave all but the first term out.

    For bits that a sound generator draws: a generator seeded alike on two machines repeats itself. Bits of a
    timestamp count as random only among identifiers of the same instant.
    Elementwise over arrays. Follows from the definition; no source needed.

    >>> round(collision(np.log2(365), 23).collision_share, 4)
    0.5073
    """
    space, drawn = np.broadcast_arrays(np.exp2(np.asarray(random_bits, dtype=float)), np.asarray(ids, dtype=float))
    pairs = drawn * (drawn - 1) / 2 / space
    log_free = np.where(drawn > 0.05 * space, _log_free_by_gamma(space, drawn), _log_free_by_terms(space, drawn))
    allowed = -np.log1p(-np.asarray(allowed_share, dtype=float))
    found = (
        -np.expm1(log_free), pairs, _ids_for(space, allowed), _ids_for(space, np.log(2)),
        np.maximum(np.log2(drawn * (drawn - 1) / 2 / allowed), 0),
    )  # fmt: skip
    return Collision(*(plain(each) for each in np.broadcast_arrays(*found)))


def _log_free_by_gamma(space: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """log of N! / (N - n)! / N ** n; more draws than values surely meet. Exact enough for small N only."""
    inside = np.minimum(drawn, space)
    log_free = gammaln(space + 1) - gammaln(space - inside + 1) - inside * np.log(space)
    return np.where(drawn > space, -np.inf, np.minimum(log_free, 0))


def _log_free_by_terms(space: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The same as minus the sums of k / N, (k / N) ** 2 / 2, ... over k below n."""
    n = np.minimum(drawn, 0.05 * space + 2)
    first = n * (n - 1) / 2 / space
    second = first * (2 * n - 1) / 3 / 2 / space
    third = first * n * (n - 1) / 2 / space / space / 3
    return -(first + second + third)


def _ids_for(space: np.ndarray, hazard: Any) -> np.ndarray:
    return 0.5 + np.sqrt(0.25 + 2 * space * hazard)


Algorithm = Literal["SHA-1", "SHA-256", "SHA-512"]
_DIGESTS = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}


@dataclass(frozen=True)
class Code:
    """What an authenticator shows, and what guessing it gives."""

    code: Annotated[str, Output("Code")]
    step: Annotated[int, Output("Time step that it stands for")]
    left_s: Annotated[float, Output("Time until the next code", "s")]
    guessed_share: Annotated[float, Output("Chance that the attempts hit a code that is accepted", "share")]
    attempts_for_half: Annotated[float, Output("Attempts that guess a code with a chance of one half")]


@checked
def totp(
    secret: Annotated[Text, Input("Secret, in base32 as it is handed out", default="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")],
    at_s: Annotated[float, Input("Time since 1970", "s", low=0, high=1e12, default=59)],
    digits: Annotated[int, Input("Digits of the code", low=6, high=10, default=6)] = 6,
    period_s: Annotated[int, Input("Length of a time step", "s", low=1, high=3600, default=30)] = 30,
    algorithm: Annotated[Algorithm, Input("Hash", default="SHA-1")] = "SHA-1",
    window: Annotated[int, Input("Steps accepted before and after", low=0, high=100, default=1)] = 1,
    attempts: Annotated[float, Input("Attempts that an attacker gets", low=0, high=1e9, default=5)] = 5,
) -> Code:
    """A time-based one-time password, and the chance to guess one.

    The code is the keyed hash of the time step's number, cut to `digits` decimals. Of all codes 2 * window + 1
    are accepted at a time; they are taken as different, and each attempt as a fresh guess.
    Source: RFC 6238 and RFC 4226. Refuses a secret that is not base32.

    >>> totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59, digits=8).code
    '94287082'
    """
    step, into = divmod(float(at_s), period_s)
    digest = hmac.new(_key(secret), int(step).to_bytes(8, "big"), _DIGESTS[algorithm]).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    hit = min((2 * window + 1) / 10**digits, 1)
    guessed = -float(np.expm1(attempts * np.log1p(-hit)))
    half = float(np.log(0.5) / np.log1p(-hit))
    return Code(f"{number % 10**digits:0{digits}d}", int(step), period_s - into, guessed, half)


def _key(secret: str) -> bytes:
    letters = "".join(secret.split()).replace("-", "").rstrip("=").upper()
    try:
        key = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        raise InvalidInput("secret is not base32: it may hold A to Z and 2 to 7, and spaces") from None
    if not LEAST_SECRET <= len(key) <= MOST_SECRET:
        raise InvalidInput(f"secret holds {len(key)} bytes; from {LEAST_SECRET} to {MOST_SECRET:,} work")
    return key


@dataclass(frozen=True)
class Revocation:
    """How long a session that was revoked goes on working, by how its token is checked, and what checks cost."""

    token_mean_s: Annotated[float, Output("Self-contained token: works on, mean", "s")]
    token_worst_s: Annotated[float, Output("Self-contained token: works on, worst", "s")]
    cached_mean_s: Annotated[float, Output("Checked and kept: works on, mean", "s")]
    cached_worst_s: Annotated[float, Output("Checked and kept: works on, worst", "s")]
    renewals_per_s: Annotated[float, Output("Tokens issued anew", "1/s")]
    cached_checks_per_s: Annotated[float, Output("Checks, with answers kept", "1/s")]
    checks_per_s: Annotated[float, Output("Checks of every request", "1/s")]
    stolen_requests: Annotated[float, Output("Requests served after a revocation, self-contained, mean")]


@checked
def revocation(
    life_s: Annotated[float, Input("Life of an access token", "s", low=1, high=1e8, default=900)],
    cache_s: Annotated[float, Input("Time that the answer of a check is kept", "s", low=0, high=1e7, default=30)] = 30,
    sessions: Annotated[float, Input("Sessions in use", low=1, high=1e10, default=100_000)] = 100_000,
    requests_per_s: Annotated[
        float, Input("Requests of one session", "1/s", low=1e-9, high=1e5, default=0.1)
    ] = 0.1,
    skew_s: Annotated[float, Input("Clock skew that is forgiven", "s", low=0, high=1e5, default=60)] = 60,
) -> Revocation:  # fmt: skip
    """How long a revoked token works, and what asking costs instead.

    A token that carries its own expiry works until then, and for the skew that checks forgive: a revocation
    comes at any time of its life alike. Asking the issuer at every request ends it at once and costs a check a
    request. Keeping the answer for cache_s costs one check in 1 / requests_per_s + cache_s (requests come at
    random), and the revoked session works on while an answer is kept.

    Leaves out what propagates in the issuer itself. A list of revoked tokens that is pushed has its own delay
    in place of cache_s. Elementwise over arrays. Follows from renewal theory; no source needed.

    >>> revocation(900, skew_s=0).token_mean_s
    450.0
    """
    rate = np.asarray(requests_per_s, dtype=float)
    kept = rate * cache_s
    token_mean = np.asarray(life_s, dtype=float) / 2 + skew_s
    asked = sessions * rate
    found = (
        token_mean, np.asarray(life_s, dtype=float) + skew_s, kept / (1 + kept) * cache_s / 2, cache_s + 0.0,
        sessions / np.asarray(life_s, dtype=float), asked / (1 + kept), asked, token_mean * rate,
    )  # fmt: skip
    return Revocation(*(plain(each) for each in np.broadcast_arrays(*found)))


def _guessed(inputs: Mapping[str, Any], result: Guessing) -> str:
    return (
        f"{amount(result.guesses_per_s)} guesses a second find it in {duration(result.mean_s)} on average, and within "
        f"the span with a chance of {percent(result.found_share)}; {result.safe_bits:.0f} bits make that one in a "
        "million."
    )


def _met(inputs: Mapping[str, Any], result: Collision) -> str:
    return (
        f"Two of them are the same with a chance of {percent(result.collision_share)}; up to "
        f"{count(result.allowed_ids)} identifiers the chance stays as allowed, which {count(inputs.get('ids', 1e9))} "
        f"need {result.needed_bits:.0f} random bits for."
    )


def _shown(inputs: Mapping[str, Any], result: Code) -> str:
    return (
        f"The code is {result.code} for another {duration(result.left_s)}; the attempts guess one that is accepted "
        f"with a chance of {percent(result.guessed_share)}."
    )


def _revoked(inputs: Mapping[str, Any], result: Revocation) -> str:
    return (
        f"A revoked token works on for {duration(result.token_mean_s)} on average and {duration(result.token_worst_s)} "
        f"at most; checks whose answers are kept make it {duration(result.cached_worst_s)} at most, for "
        f"{amount(result.cached_checks_per_s)} checks a second."
    )


SECRETS = "How long must a secret be, and how long may a token live?"
MODELS = (
    Model(guessing, SECRETS, _guessed, "12-identity", "12-identity/guessing"),
    Model(collision, SECRETS, _met, "12-identity", "12-identity/collision"),
    Model(totp, SECRETS, _shown, "12-identity", "12-identity/codes"),
    Model(revocation, SECRETS, _revoked, "12-identity", "12-identity/answers-kept"),
)
