"""Statements of docs/arithmetic.md for the operators with weights, in exact integers: the oracle where the tflite-micro wheel
refuses what the runtime takes."""

from __future__ import annotations

import math

import numpy as np


def multiplier(m: float) -> tuple[int, int]:
    """Mantissa and exponent of the contract, from a Python double."""
    fraction, exponent = math.frexp(m)
    mantissa = math.floor(fraction * 2**31 + 0.5)
    if mantissa == 2**31:
        mantissa, exponent = mantissa // 2, exponent + 1
    return (mantissa, exponent) if exponent >= -31 else (0, 0)


def requantize(acc: int, mantissa: int, exponent: int) -> int:
    """The two roundings of the contract."""
    product = (acc << max(exponent, 0)) * mantissa
    nudged = product + (2**30 if product >= 0 else 1 - 2**30)
    high = nudged // 2**31 if nudged >= 0 else -(-nudged // 2**31)
    shift = max(-exponent, 0)
    if shift == 0:
        return high
    magnitude = (abs(high) + (1 << (shift - 1))) >> shift
    return magnitude if high >= 0 else -magnitude


def activation_range(activation: str, scale, zero_point: int) -> tuple[int, int]:
    bound = lambda value: math.floor(float(np.float32(value) / np.float32(scale)) + 0.5)
    low = {"RELU": zero_point, "RELU6": zero_point, "RELU_N1_TO_1": zero_point - bound(1)}.get(activation, -128)
    high = {"RELU6": zero_point + bound(6), "RELU_N1_TO_1": zero_point + bound(1)}.get(activation, 127)
    return max(low, -128), min(high, 127)


def fully_connected(x, weights, bias, scales, zero_points, activation: str) -> np.ndarray:
    """`scales`: of the input, the units (one each) and the output; `zero_points`: of the input and the output."""
    s_in, s_weights, s_out = scales
    sums = (x.astype(np.int64) - zero_points[0]) @ weights.astype(np.int64).T + bias
    low, high = activation_range(activation, s_out, zero_points[1])
    codes = np.empty(sums.shape, np.int8)
    for unit, s_weight in enumerate(s_weights):
        m = multiplier(float(s_in) * float(s_weight) / float(s_out))
        for row, acc in enumerate(sums[:, unit]):
            codes[row, unit] = min(high, max(low, zero_points[1] + requantize(int(acc), *m)))
    return codes
