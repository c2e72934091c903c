"""Accelerators: the memory that a model takes to serve and to train, and its speed by bandwidth or by compute.

Sizes in `_bytes` bytes, speeds in bytes and operations a second; a token is what a language model reads or writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, count, duration, percent, several, size
from sysdesign.probability.elementwise import broadcast, plain

SLACK = 1e-9  # of what is counted: quotients and sums round
OPERATIONS = 2  # of a parameter for a token: a multiplication and an addition

Parameters = Annotated[float, Input("Parameters of the model", low=1e3, high=1e15, default=70e9)]
ParameterBytes = Annotated[
    float, Input("Bytes of a parameter", "B", low=0.1, high=8, default=2, help="4, 2, 1 or a half by precision")
]
DeviceBytes = Annotated[float, Input("Memory of a device", "B", low=1e6, high=1e13, default=80e9)]
Devices = Annotated[float, Input("Devices that hold the model together", low=1, high=1e6, default=4)]


@dataclass(frozen=True)
class Memory:
    """What serving a model keeps in memory."""

    weights_bytes: Annotated[float, Output("Weights", "B")]
    token_bytes: Annotated[float, Output("Cache of a token", "B")]
    sequence_bytes: Annotated[float, Output("Cache of a sequence", "B")]
    cache_bytes: Annotated[float, Output("Cache of all sequences", "B")]
    total_bytes: Annotated[float, Output("Weights and cache", "B")]
    devices: Annotated[float, Output("Devices that hold them")]
    most_sequences: Annotated[float, Output("Sequences that fit these devices")]
    cache_share: Annotated[float, Output("Of it, cache", "share")]


@checked
def memory(
    parameters: Parameters = 70e9,
    parameter_bytes: ParameterBytes = 2,
    layers: Annotated[float, Input("Layers", low=1, high=10_000, default=80)] = 80,
    cache_heads: Annotated[
        float, Input("Heads that keep keys and values", low=1, high=10_000, default=8,
                     help="all heads, or fewer where they share them in groups")
    ] = 8,
    head_size: Annotated[float, Input("Numbers of a head", low=1, high=10_000, default=128)] = 128,
    cache_number_bytes: Annotated[float, Input("Bytes of a number in the cache", "B", low=0.1, high=8, default=2)] = 2,
    context: Annotated[float, Input("Tokens of a sequence", low=1, high=1e8, default=8000)] = 8000,
    sequences: Annotated[float, Input("Sequences at once", low=1, high=1e7, default=32)] = 32,
    device_bytes: DeviceBytes = 80e9,
    kept_share: Annotated[
        float, Input("Memory kept for everything else", "share", low=0, high=0.9, default=0.1,
                     help="activations, the runtime, fragments; assumed")
    ] = 0.1,
) -> Memory:  # fmt: skip
    """The memory that serving a language model takes: weights once, a cache for each token of each sequence.

    A token keeps a key and a value of each caching head in each layer: 2 * layers * heads * size numbers. Devices are
    counted whole, the model split evenly over them. A cache in blocks wastes part of a block a sequence; one that
    reserves each sequence's longest context wastes what is not used of it: give that as `context`.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Sources: vllm-2023 for the cache of a token; llama3-2024 for the default's shape.

    >>> memory(13e9, layers=40, cache_heads=40).token_bytes
    819200.0
    """
    given = (
        parameters, parameter_bytes, layers, cache_heads, head_size, cache_number_bytes, context, sequences,
        device_bytes, kept_share,
    )  # fmt: skip
    params, each, depth, heads, width, number, tokens, many, device, kept = broadcast(*given)
    weights, token = params * each, 2 * depth * heads * width * number
    cache, usable = token * tokens * many, device * (1 - kept)
    devices = np.maximum(np.ceil((weights + cache) / usable - SLACK), 1)
    most = np.floor((devices * usable - weights) / (token * tokens) + SLACK)
    found = (
        weights, token, token * tokens, cache, weights + cache, devices, np.maximum(most, 0), cache / (weights + cache),
    )  # fmt: skip
    return Memory(*map(plain, found))


@dataclass(frozen=True)
class Training:
    """What training a model keeps on each device, besides activations."""

    state_bytes: Annotated[float, Output("Model, gradients and optimizer, once", "B")]
    each_bytes: Annotated[float, Output("Of it on each device", "B")]
    fits_parameters: Annotated[float, Output("Largest model that a device's memory takes so")]
    least_devices: Annotated[float, Output("Devices from which it fits, 0: never")]
    days: Annotated[float, Output("Time to train on the tokens", "d")]
    checkpoint_bytes: Annotated[float, Output("A checkpoint", "B")]


Sharded = Literal["nothing", "optimizer", "optimizer and gradients", "everything"]


@checked
def training(
    parameters: Annotated[float, Input("Parameters of the model", low=1e3, high=1e15, default=7.5e9)] = 7.5e9,
    devices: Annotated[float, Input("Devices that split the data", low=1, high=1e6, default=64)] = 64,
    sharded: Annotated[Sharded, Input("What they share out", default="nothing")] = "nothing",
    parameter_bytes: ParameterBytes = 2,
    gradient_bytes: Annotated[float, Input("Bytes of a gradient", "B", low=0.1, high=8, default=2)] = 2,
    optimizer_bytes: Annotated[
        float, Input("Bytes of the optimizer a parameter", "B", low=0, high=32, default=12,
                     help="12: Adam in mixed precision, a copy in full precision and two moments")
    ] = 12,
    device_bytes: DeviceBytes = 80e9,
    tokens: Annotated[float, Input("Tokens to train on", low=1, high=1e16, default=1e12)] = 1e12,
    operations_per_s: Annotated[
        float, Input("Operations a second of a device, at peak", low=1e6, high=1e18, default=312e12)
    ] = 312e12,
    used_share: Annotated[
        float, Input("Of the peak, what training reaches", "share", low=0.001, high=1, default=0.4, help="assumed")
    ] = 0.4,
) -> Training:  # fmt: skip
    """The memory that training takes on each device when its state is shared out, and the time for the tokens.

    Each device that trains on a part of the data keeps parameters, gradients and the optimizer's state, unless these
    are shared out over all devices. Shared parameters are fetched for each layer, at half as much communication
    again. Activations come on top, by the batch and the context. A token takes six operations a parameter: two
    forward, four back. A checkpoint is parameters and optimizer. Elementwise over arrays but for `sharded`.
    Raises InvalidInput where an input is out of range. Source: zero-2020.

    >>> [round(training(7.5e9, 64, way).each_bytes / 1e9, 1) for way in ("nothing", "optimizer", "everything")]
    [120.0, 31.4, 1.9]
    """
    given = (
        parameters, devices, parameter_bytes, gradient_bytes, optimizer_bytes, device_bytes, tokens, operations_per_s,
        used_share,
    )  # fmt: skip
    params, many, own, gradient, optimizer, device, read, speed, used = broadcast(*given)
    parts = {
        "nothing": (own + gradient + optimizer, 0.0 * own),
        "optimizer": (own + gradient, optimizer),
        "optimizer and gradients": (own, gradient + optimizer),
        "everything": (0.0 * own, own + gradient + optimizer),
    }
    whole, split = parts[sharded]
    each = params * (whole + split / many)
    left = device - params * whole
    least = np.where(left > 0, np.maximum(np.ceil(params * split / np.where(left > 0, left, 1) - SLACK), 1), 0)
    days = 6 * params * read / (many * speed * used) / 86_400
    found = (
        params * (own + gradient + optimizer), each, device / (whole + split / many), least, days,
        params * (own + optimizer),
    )  # fmt: skip
    return Training(*map(plain, np.broadcast_arrays(*found)))


@dataclass(frozen=True)
class Serving:
    """How fast a model answers several sequences at once."""

    step_ms: Annotated[float, Output("Time of a token of each sequence", "ms")]
    tokens_per_s: Annotated[float, Output("Tokens of all sequences while it writes", "1/s")]
    each_per_s: Annotated[float, Output("Tokens of one sequence", "1/s")]
    first_ms: Annotated[float, Output("Reading a prompt", "ms")]
    requests_per_s: Annotated[float, Output("Requests served, prompts included", "1/s")]
    answered_tokens_per_s: Annotated[float, Output("Tokens written, prompts included", "1/s")]
    answer_s: Annotated[float, Output("Time of an answer in a full batch", "s")]
    compute_share: Annotated[float, Output("Compute used while it writes", "share")]
    ridge_sequences: Annotated[float, Output("Sequences at which compute binds, cache left out")]
    memory_share: Annotated[float, Output("Memory used, of that of the devices", "share")]
    device_s_per_million: Annotated[float, Output("Device time of a million tokens written", "s")]


@checked
def serving(
    sequences: Annotated[float, Input("Sequences in a batch", low=1, high=1e6, default=32)] = 32,
    prompt_tokens: Annotated[float, Input("Tokens of a prompt", low=0, high=1e8, default=1000)] = 1000,
    answer_tokens: Annotated[float, Input("Tokens of an answer", low=1, high=1e7, default=300)] = 300,
    parameters: Annotated[
        float, Input("Parameters that a token uses", low=1e3, high=1e15, default=70e9)
    ] = 70e9,
    parameter_bytes: ParameterBytes = 2,
    token_bytes: Annotated[
        float, Input("Cache of a token", "B", low=0, high=1e9, default=327_680, help="of accelerator.memory")
    ] = 327_680,
    devices: Devices = 4,
    device_bytes: DeviceBytes = 80e9,
    bytes_per_s: Annotated[
        float, Input("Memory that a device reads in a second", "B/s", low=1e6, high=1e16, default=1.935e12)
    ] = 1.935e12,
    operations_per_s: Annotated[
        float, Input("Operations a second of a device, at peak", low=1e6, high=1e18, default=312e12)
    ] = 312e12,
    reached_share: Annotated[
        float, Input("Of both, what is reached", "share", low=0.001, high=1, default=0.6, help="assumed")
    ] = 0.6,
) -> Serving:  # fmt: skip
    """How fast a language model writes for several sequences at once: by memory bandwidth or by compute.

    For each token all weights are read once, for all sequences together, and every sequence's cache; each sequence
    costs two operations a parameter. The slower of both is the step's time (a roofline). Below the ridge a further
    sequence is nearly free; above it the step grows with the batch. A prompt is read at once and is bound by compute.
    A batch is kept full: a new prompt is read as soon as a place is free, and nobody writes meanwhile.

    The context of a sequence is its prompt and half of its answer. Left out: operations of attention, traffic between
    devices, queues, and drafts of smaller models. With experts, `parameters` are those that a token uses, and weights
    read are more once several sequences choose different ones. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Sources: roofline-2009; pope-2023 for the two phases.

    >>> round(serving(1, 0, 300, 7e9, 2, 0, 1, reached_share=1).step_ms, 2)
    7.24
    """
    given = (
        sequences, prompt_tokens, answer_tokens, parameters, parameter_bytes, token_bytes, devices, device_bytes,
        bytes_per_s, operations_per_s, reached_share,
    )  # fmt: skip
    many, prompt, answer, params, each, token, held, device, reads, speed, reached = broadcast(*given)
    reads, speed = reads * held * reached, speed * held * reached
    weights, cache = params * each, token * (prompt + answer / 2) * many
    reading, computing = (weights + cache) / reads, OPERATIONS * params * many / speed
    step = np.maximum(reading, computing)
    first = OPERATIONS * params * prompt / speed
    cycle = many * first + answer * step
    found = (
        step * 1000, many / step, 1 / step, first * 1000, many / cycle, many * answer / cycle, cycle, computing / step,
        weights / reads * speed / (OPERATIONS * params),
        (weights + token * (prompt + answer) * many) / (device * held),
        held * 1e6 * cycle / (many * answer),
    )  # fmt: skip
    return Serving(*map(plain, found))


def _kept(inputs: Mapping[str, Any], result: Memory) -> str:
    return (
        f"Weights take {size(result.weights_bytes)} and the cache {size(result.cache_bytes)}, "
        f"{size(result.sequence_bytes)} a sequence: {several(result.devices, 'device', 'hold')} both, with room for "
        f"{several(result.most_sequences, 'sequence')}."
    )


def _trained(inputs: Mapping[str, Any], result: Training) -> str:
    fits = f"it fits from {several(result.least_devices, 'device')} on" if result.least_devices else "it never fits so"
    return (
        f"Its state takes {size(result.each_bytes)} on each device besides activations; {fits}. The tokens take "
        f"{duration(result.days * 86_400)}, a checkpoint {size(result.checkpoint_bytes)}."
    )


def _served(inputs: Mapping[str, Any], result: Serving) -> str:
    bound = "compute" if result.compute_share >= 1 else "memory bandwidth"
    return (
        f"A step takes {duration(result.step_ms / 1000)}, bound by {bound}: {amount(result.each_per_s)} tokens a "
        f"second for each sequence, {count(result.tokens_per_s)} for all. Compute binds from "
        f"{count(result.ridge_sequences)} sequences on; prompts included, {amount(result.requests_per_s)} requests a "
        f"second are served, and {percent(result.memory_share)} of the memory is used."
    )


FITS = "How many devices does a model take?"
MODELS = (
    Model(memory, FITS, _kept, "01-compute", "01-compute/model-memory"),
    Model(training, FITS, _trained, "01-compute", "01-compute/training-memory"),
    Model(serving, "How many sequences in a batch?", _served, "01-compute", "01-compute/serving"),
)
