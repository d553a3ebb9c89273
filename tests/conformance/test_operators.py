"""Every operator of the device runtime, byte for byte against the reference kernels of the tflite-micro wheel, or, where
the wheel has not the operator or not the contract's arithmetic, against an independent formula.

MOTE_CONFORMANCE_CASES: how many random models an operator (default 500). MOTE_CONFORMANCE_SEED: the first one's seed
(default 0). MOTE_BUILD_DIR: the build folder.
"""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
from cases import GENERATORS, case, reference_steps
from formulas_weights import multiplier, requantize
from mote_library import MoteModel
from tflite_builder import Operator, activation, build, constant

CASES = int(os.environ.get("MOTE_CONFORMANCE_CASES", "500"))
FIRST = int(os.environ.get("MOTE_CONFORMANCE_SEED", "0"))
f32 = np.float32


def reference(file: bytes, inputs) -> np.ndarray:
    return reference_steps(file, [inputs])[0][0]


def differences(got: list[np.ndarray], expected: list[np.ndarray]) -> str:
    """Empty where all bytes of all outputs are equal."""
    assert len(got) == len(expected)
    for number, (ours, theirs) in enumerate(zip(got, expected)):
        ours, theirs = ours.reshape(-1), np.asarray(theirs).reshape(-1)
        if ours.size != theirs.size or ours.dtype != theirs.dtype:
            return f"output {number} is {ours.dtype}[{ours.size}] for {theirs.dtype}[{theirs.size}]"
        differ = np.flatnonzero(ours.view(np.uint8) != theirs.view(np.uint8)) // ours.itemsize
        if differ.size:
            at = differ[0]
            return f"{differ.size} of {ours.nbytes} bytes of output {number} differ, first at {at}: {ours[at]} for {theirs[at]}"
    return ""


def check(file, inputs, expected, request):
    difference = differences(MoteModel(file).invoke(*inputs), [expected])
    folder = os.environ.get("MOTE_BUILD_DIR", "build")
    line = f"run it again: MOTE_BUILD_DIR={folder} python -m pytest '{request.node.nodeid}'"
    assert not difference, f"{difference}; {line}"


def test_every_operator_of_the_table_has_a_generator(rows):
    assert sorted(rows) == sorted(GENERATORS)


@pytest.mark.parametrize("operator", sorted(GENERATORS))
def test_equals_the_reference_byte_for_byte(operator, request):
    folder = os.environ.get("MOTE_BUILD_DIR", "build")
    for seed in range(FIRST, FIRST + CASES):
        one = case(operator, seed)
        again = (
            f"run it again: MOTE_BUILD_DIR={folder} MOTE_CONFORMANCE_SEED={seed} MOTE_CONFORMANCE_CASES=1 "
            f"python -m pytest '{request.node.nodeid}'"
        )
        expected = one.expected()
        try:
            model = MoteModel(one.file)
            got = [model.invoke(*inputs) for inputs in one.steps]
        except Exception as error:
            raise AssertionError(f"{operator}, seed {seed}: {error}; {again}") from error
        for step, (ours, theirs) in enumerate(zip(got, expected)):
            difference = differences(ours, theirs)
            assert not difference, f"{operator}, seed {seed}, step {step}: {difference}; {again}"


# What random models hardly ever meet, sought out on purpose.


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("with_bias", [False, True])
def test_fully_connected_forms_its_multiplier_in_double(with_bias, per_channel, seed, request):
    """Models whose output would differ by one if the product of the scales were formed in float32."""
    rng = np.random.default_rng([7, seed])
    while True:
        s_in, s_w = (f32(x) for x in rng.uniform(0.001, 0.1, 2))
        s_out = f32(float(s_in) * float(s_w) * 4000 * 127 * 200 / 120 * rng.uniform(0.9, 1.1))
        in_double = multiplier(float(s_in) * float(s_w) / float(s_out))
        in_float = multiplier(float(f32(s_in * s_w)) / float(s_out))
        acc = None
        for code in range(-120, 120):
            near = int((code + 0.5) / (in_double[0] * 2.0 ** (in_double[1] - 31)))
            for candidate in range(near - 3, near + 4):
                if requantize(candidate, *in_double) != requantize(candidate, *in_float):
                    acc = candidate
        if acc is not None:
            break
    if with_bias:
        weights, x = np.zeros((2, 4), np.int8), np.zeros((1, 4), np.int8)
    else:
        terms = abs(acc) // (127 * 127) + 2
        weights, x = np.zeros((2, terms), np.int8), np.full((1, terms), 127, np.int8)
        sign = 1 if acc >= 0 else -1
        whole, rest = divmod(abs(acc), 127)
        full, part = divmod(whole, 127)
        weights[:, :full] = sign * 127
        weights[:, full] = sign * part
        weights[:, full + 1 :] = 0
        x = np.concatenate([x, [[1]]], axis=1).astype(np.int8)
        weights = np.concatenate([weights, np.full((2, 1), sign * rest)], axis=1).astype(np.int8)
    scales = [s_w, s_w] if per_channel else [s_w]
    tensors = [activation(x.shape, s_in, 0), constant(weights, scales), activation([1, 2], s_out, 0)]
    inputs = [0, 1]
    if with_bias:
        tensors.append(constant(np.full(2, acc, np.int32), [f32(s_in * s_w)]))
        inputs.append(3)
    file = build(tensors, [Operator("FULLY_CONNECTED", inputs, [2])], [0], [2])
    expected = reference(file, [x])
    assert expected[0, 0] == requantize(acc, *in_double)
    check(file, [x], expected, request)


@pytest.mark.parametrize("name,bound", [("RELU6", 6.0), ("RELU_N1_TO_1", 1.0)])
def test_fused_bounds_are_rounded_from_a_float32_quotient(name, bound, request):
    x = np.arange(-128, 128).astype(np.int8).reshape(1, 1, 256, 1)
    differing = 0
    for k in range(5, 250):
        exact = f32(bound / (k + 0.5))
        for scale in (np.nextafter(exact, f32(0)), exact, np.nextafter(exact, f32(1e9))):
            in_double = math.floor(bound / float(scale) + 0.5)
            in_float = math.floor(float(f32(bound) / scale) + 0.5)
            if in_double == in_float:
                continue
            differing += 1
            for zero_point in (-128, 3):
                tensors = [activation(x.shape, scale, zero_point)] * 2
                options = dict(padding="VALID", stride_w=1, stride_h=1, filter_w=1, filter_h=1, activation=name)
                file = build(tensors, [Operator("MAX_POOL_2D", [0], [1], options)], [0], [1])
                check(file, [x], reference(file, [x]), request)
    assert differing > 50


@pytest.mark.parametrize("seed", range(60))
def test_relu6_requantizes_between_scales_as_the_contract_says(seed, request):
    """tflite-micro's own RELU6 clamps and leaves the codes as they are; here the contract's formula is the reference."""
    rng = np.random.default_rng([8, seed])
    s_in, s_out = (f32(x) for x in 10.0 ** rng.uniform(-2, -0.5, 2))
    z_in, z_out = (int(z) for z in rng.integers(-128, 128, 2))
    x = np.arange(-128, 128).astype(np.int8).reshape(1, 256)
    file = build(
        [activation(x.shape, s_in, z_in), activation(x.shape, s_out, z_out)], [Operator("RELU6", [0], [1])], [0], [1]
    )
    m = multiplier(float(s_in) / float(s_out))
    top = min(127, z_out + math.floor(float(f32(6.0) / s_out) + 0.5))
    expected = np.array([min(top, max(z_out, z_out + requantize(int(v) - z_in, *m))) for v in x[0]], np.int8)
    check(file, [x], expected, request)


@pytest.mark.parametrize("depth", [1, 2, 10, 511])
@pytest.mark.parametrize("scale", [2.0**-26 * 1.5, 1e-6, 0.01, 0.1, 1.0, 16.0, 40.0, 1000.0])
def test_softmax_at_the_ends_of_its_range(depth, scale, request):
    rng = np.random.default_rng([9, depth])
    x = np.stack([np.full(depth, -128), np.full(depth, 127), rng.integers(-128, 128, depth), rng.integers(-3, 3, depth)])
    x = x.astype(np.int8)
    tensors = [activation(x.shape, f32(scale), 5), activation(x.shape, f32(1 / 256), -128)]
    file = build(tensors, [Operator("SOFTMAX", [0], [1], dict(beta=1.0))], [0], [1])
    check(file, [x], reference(file, [x]), request)


@pytest.mark.parametrize("seed", range(20))
def test_a_chain_of_operators_that_share_memory_keeps_every_value(seed, request):
    """RESHAPE, RELU and ADD work in place where lifetimes permit; values that are still needed must survive."""
    rng = np.random.default_rng([10, seed])
    shape = [1, 4, 6]
    scale, zero_point = f32(0.05), int(rng.integers(-20, 20))
    tensors = [activation(shape, scale, zero_point)]
    operators, live = [], [0]
    for _ in range(int(rng.integers(4, 14))):
        kind = str(rng.choice(["RELU", "RESHAPE", "ADD"]))
        a, b = (int(i) for i in rng.choice(live, 2))
        new_shape = list(rng.permutation(shape)) if kind == "RESHAPE" else list(tensors[a].shape)
        if kind == "ADD" and tensors[a].shape != tensors[b].shape:
            kind = "RELU"
        keep = kind == "RESHAPE"
        tensors.append(activation([int(d) for d in new_shape], scale, zero_point if keep or rng.random() < 0.5 else 3))
        if keep:
            tensors[-1].zero_points = tensors[a].zero_points
        operators.append(Operator(kind, [a, b] if kind == "ADD" else [a], [len(tensors) - 1]))
        live.append(len(tensors) - 1)
    file = build(tensors, operators, [0], [len(tensors) - 1])
    x = rng.integers(-128, 128, shape).astype(np.int8)
    check(file, [x], reference(file, [x]), request)
