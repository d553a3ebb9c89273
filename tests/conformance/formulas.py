"""Formulas of docs/arithmetic.md in exact Python integers, for what the tflite-micro wheel lacks or has otherwise. One section
a family of operators."""

from __future__ import annotations

import math

import formulas_weights
import numpy as np
from formulas_weights import multiplier

f32 = np.float32


# The scalar arithmetic.


def requantize(acc: int, m: float) -> int:
    """The two roundings."""
    return formulas_weights.requantize(acc, *multiplier(m))


def bound_code(bound: int, scale) -> int:
    """round(float32(bound / scale)), half away from zero."""
    quotient = float(f32(bound) / f32(scale))
    return int(math.copysign(math.floor(abs(quotient) + 0.5), quotient))


# Operators on single elements.


def relu_between_scales(x, s_in, s_out, z_in, z_out, low, high) -> np.ndarray:
    """Stand-alone RELU, RELU6, RELU_N1_TO_1."""
    limits = np.iinfo(x.dtype)
    least = max(limits.min, z_out + bound_code(low, s_out))
    most = limits.max if high is None else min(limits.max, z_out + bound_code(high, s_out))
    m = float(s_in) / float(s_out)
    results = [min(most, max(least, z_out + requantize(int(q) - z_in, m))) for q in x.reshape(-1)]
    return np.array(results, x.dtype).reshape(x.shape)


def negative(x, s_in, s_out, z_in, z_out) -> np.ndarray:
    m = float(s_in) / float(s_out)
    results = [min(127, max(-128, z_out + requantize(z_in - int(q), m))) for q in x.reshape(-1)]
    return np.array(results, np.int8).reshape(x.shape)
