"""Random models of one operator each, for every row of mcu_runtime/operators.def.

A generator takes a numpy Generator and gives (file, inputs). Scales are drawn so that outputs spread over all codes, now and
then so that they saturate or vanish. Nothing is drawn that the reference refuses (it aborts the process then).
"""

from __future__ import annotations

import numpy as np
from tflite_builder import Operator, activation, build

f32 = np.float32
ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


def _scale(rng) -> np.float32:
    return f32(10.0 ** rng.uniform(-3, 0))


def _zero_point(rng) -> int:
    return int(rng.choice([-128, 0, 127])) if rng.random() < 0.3 else int(rng.integers(-128, 128))


def _codes(rng, shape) -> np.ndarray:
    if rng.random() < 0.1:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    return rng.integers(-128, 128, shape).astype(np.int8)


def _shape(rng, most_dimensions=5, most=7) -> list[int]:
    return [int(rng.integers(1, most + 1)) for _ in range(rng.integers(1, most_dimensions + 1))]


def _activation(rng) -> str:
    return str(rng.choice(ACTIVATIONS))


def add(rng):
    shape = _shape(rng, 4)
    shapes = [list(shape), list(shape)]
    if rng.random() < 0.5:  # broadcast
        for s in shapes:
            for d in range(len(s)):
                if rng.random() < 0.3:
                    s[d] = 1
        if rng.random() < 0.5:
            shorter = shapes[int(rng.integers(2))]
            del shorter[: int(rng.integers(len(shorter)))]
    output_shape = list(np.broadcast_shapes(*shapes))
    scales = [_scale(rng), _scale(rng)] if rng.random() < 0.8 else [_scale(rng)] * 2
    output_scale = f32(max(map(float, scales)) * 2.0 ** rng.uniform(-3, 3))
    tensors = [activation(s, scale, _zero_point(rng)) for s, scale in zip(shapes, scales)]
    tensors.append(activation(output_shape, output_scale, _zero_point(rng)))
    file = build(tensors, [Operator("ADD", [0, 1], [2], dict(activation=_activation(rng)))], [0, 1], [2])
    return file, [_codes(rng, s) for s in shapes]


def _rescale(rng, name, ratio):
    shape = _shape(rng, 4, 12)
    scale, zero_point = _scale(rng), _zero_point(rng)
    output_scale = f32(float(scale) * ratio)
    output_zero_point = zero_point if ratio == 1.0 else _zero_point(rng)
    tensors = [activation(shape, scale, zero_point), activation(shape, output_scale, output_zero_point)]
    return build(tensors, [Operator(name, [0], [1])], [0], [1]), [_codes(rng, shape)]


def relu(rng):
    return _rescale(rng, "RELU", 2.0 ** rng.uniform(-4, 4))


def relu6(rng):
    return _rescale(rng, "RELU6", 1.0)  # the reference clamps and does not requantize


def quantize(rng):
    return _rescale(rng, "QUANTIZE", 2.0 ** rng.uniform(-4, 4))


def softmax(rng):
    shape = _shape(rng, 3, 12)
    if rng.random() < 0.1:
        shape[-1] = int(rng.integers(100, 500))
    scale = f32(10.0 ** rng.uniform(-5, 1))
    tensors = [activation(shape, scale, _zero_point(rng)), activation(shape, f32(1 / 256), -128)]
    beta = float(rng.choice([1.0, 1.0, 0.5, 2.7]))
    return build(tensors, [Operator("SOFTMAX", [0], [1], dict(beta=beta))], [0], [1]), [_codes(rng, shape)]


GENERATORS = {
    "add": add,
    "quantize": quantize,
    "relu": relu,
    "relu6": relu6,
    "softmax": softmax,
}
