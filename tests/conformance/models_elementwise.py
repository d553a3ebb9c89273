"""Random models of the operators on single elements: arithmetic, activations, quantization.

See cases.py for what a generator gives. Scales are drawn so that outputs spread over all codes, now and then so that they
saturate or vanish, and often as round numbers, where products fall on halves. Nothing is drawn that the reference refuses or
leaves undefined.
"""

from __future__ import annotations

import numpy as np
from formulas import negative, relu_between_scales
from tflite_builder import FLOAT32, INT8, INT16, INT32, UINT8, Operator, activation, build, constant

f32 = np.float32
ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]
_DTYPES = {INT8: np.int8, INT16: np.int16, INT32: np.int32, UINT8: np.uint8}


def scale_(rng, low=-3.0, high=0.0) -> np.float32:
    kind = rng.random()
    if kind < 0.15:
        return f32(2.0 ** int(rng.integers(int(low * 3.3), int(high * 3.3) + 1)))
    if kind < 0.3:
        return f32(int(rng.integers(1, 100)) / int(rng.choice([127, 128, 255, 256, 100, 1000])))
    return f32(10.0 ** rng.uniform(low, high))


def zero_point_(rng, type=INT8) -> int:
    if type in (INT16, INT32):
        return 0
    low = 0 if type == UINT8 else -128
    return low + int(rng.choice([0, 128, 255]) if rng.random() < 0.3 else rng.integers(256))


def codes(rng, shape, type=INT8, most=None) -> np.ndarray:
    limits = np.iinfo(_DTYPES[type])
    low, high = limits.min, limits.max
    if most is not None:
        low, high = max(low, -most), min(high, most)
    if rng.random() < 0.1:
        return rng.choice(np.array([low, high], _DTYPES[type]), shape)
    return rng.integers(low, high + 1, shape).astype(_DTYPES[type])


def shape_(rng, dimensions=5, most=7) -> list[int]:
    return [int(rng.integers(1, most + 1)) for _ in range(rng.integers(0, dimensions + 1))]


def long_shape(rng) -> list[int]:
    """Now and then as many elements as make the runtime work by a table."""
    if rng.random() < 0.25:
        return [int(rng.integers(1, 4)), int(rng.integers(170, 400))]
    return shape_(rng, 4, 9)


def broadcast_shapes(rng) -> tuple[list[list[int]], list[int]]:
    shape = shape_(rng, 6, 4 if rng.random() < 0.5 else 6)
    while np.prod(shape) > 4000:
        shape = shape_(rng, 6, 5)
    shapes = [list(shape), list(shape)]
    if rng.random() < 0.6:
        for s in shapes:
            for d in range(len(s)):
                if rng.random() < 0.35:
                    s[d] = 1
        if rng.random() < 0.5 and shape:
            shorter = shapes[int(rng.integers(2))]
            del shorter[: int(rng.integers(len(shorter) + 1))]
    return shapes, [int(d) for d in np.broadcast_shapes(*map(tuple, shapes))]


def unary(rng, name, scales, zero_points=None, shape=None, data=None, types=(INT8, INT8), options=None):
    shape = long_shape(rng) if shape is None else shape
    zero_points = zero_points or [zero_point_(rng, t) for t in types]
    tensors = [activation(shape, s, z, t) for s, z, t in zip(scales, zero_points, types)]
    data = codes(rng, shape, types[0]) if data is None else data
    return build(tensors, [Operator(name, [0], [1], options or {})], [0], [1]), [data]


def binary(rng, name, scales, zero_points=None, types=(INT8, INT8, INT8), options=None):
    shapes, output_shape = broadcast_shapes(rng)
    zero_points = zero_points or [zero_point_(rng, t) for t in types]
    values = [codes(rng, s, t) for s, t in zip(shapes, types)]
    tensors, inputs = [], []
    constant_at = int(rng.integers(2)) if rng.random() < 0.4 else None
    for index in range(2):
        if index == constant_at:
            tensors.append(constant(values[index], [scales[index]], [zero_points[index]]))
        else:
            tensors.append(activation(shapes[index], scales[index], zero_points[index], types[index]))
            inputs.append(index)
    tensors.append(activation(output_shape, scales[2], zero_points[2], types[2]))
    file = build(tensors, [Operator(name, [0, 1], [2], options or {})], inputs, [2])
    return file, [values[i] for i in inputs]


def fused(rng) -> dict:
    return dict(activation=str(rng.choice(ACTIVATIONS)))


def two_scales(rng) -> list[np.float32]:
    return [scale_(rng), scale_(rng)] if rng.random() < 0.8 else [scale_(rng)] * 2


def _sum(rng, name, type):
    scales = two_scales(rng)
    scales.append(f32(max(map(float, scales)) * 2.0 ** (rng.uniform(-3, 3) if rng.random() < 0.8 else rng.integers(-3, 4))))
    options = fused(rng)
    if rng.random() < 0.3:
        options["pot_scale_int16"] = False
    return binary(rng, name, scales, types=(type,) * 3, options=options)


def add(rng):
    return _sum(rng, "ADD", INT8)


def add_int16(rng):
    return _sum(rng, "ADD", INT16)


def sub(rng):
    return _sum(rng, "SUB", INT8)


def sub_int16(rng):
    return _sum(rng, "SUB", INT16)


def _mul(rng, type):
    scales = two_scales(rng)
    most = 127 if type == INT8 else 32767
    factor = most * 2.0 ** (rng.uniform(-4, 2) if rng.random() < 0.8 else -int(rng.integers(0, 8)))
    scales.append(f32(float(scales[0]) * float(scales[1]) * max(factor, 1.001)))
    return binary(rng, "MUL", scales, types=(type,) * 3, options=fused(rng))


def mul(rng):
    return _mul(rng, INT8)


def mul_int16(rng):
    return _mul(rng, INT16)


def _extreme(rng, name, type):
    scale, zero_point = scale_(rng), zero_point_(rng, type)
    return binary(rng, name, [scale] * 3, [zero_point] * 3, types=(type,) * 3)


def maximum(rng):
    return _extreme(rng, "MAXIMUM", INT8)


def maximum_int16(rng):
    return _extreme(rng, "MAXIMUM", INT16)


def minimum(rng):
    return _extreme(rng, "MINIMUM", INT8)


def minimum_int16(rng):
    return _extreme(rng, "MINIMUM", INT16)


def _squared_difference(rng, type):
    scales = two_scales(rng)
    most = 127 if type == INT8 else 32767
    scales.append(f32(max(map(float, scales)) ** 2 * most * 2.0 ** rng.uniform(-4, 3)))
    return binary(rng, "SQUARED_DIFFERENCE", scales, types=(type,) * 3)


def squared_difference(rng):
    return _squared_difference(rng, INT8)


def squared_difference_int16(rng):
    return _squared_difference(rng, INT16)


def _prelu(rng, type):
    scales = two_scales(rng)
    scales.append(f32(float(scales[0]) * 2.0 ** rng.uniform(-3, 3) * max(1.0, float(scales[1]) * rng.choice([1, 30]))))
    return binary(rng, "PRELU", scales, types=(type, INT8, type))


def prelu(rng):
    return _prelu(rng, INT8)


def prelu_int16(rng):
    return _prelu(rng, INT16)


def ratio_scales(rng, most=4.0) -> list[np.float32]:
    """Input and output; the ratio is now and then a round number."""
    kind = rng.random()
    if kind < 0.2:
        first = scale_(rng)
        return [first, f32(float(first) * 2.0 ** int(rng.integers(-most, most + 1)))]
    if kind < 0.4:
        unit = 10.0 ** rng.uniform(-4, -2)
        return [f32(unit * int(rng.integers(1, 40))), f32(unit * int(rng.integers(1, 40)))]
    first = scale_(rng)
    return [first, f32(float(first) * 2.0 ** rng.uniform(-most, most))]


def _relu(rng, name, type, low, high):
    """Where the wheel has not the contract's formula, that formula is the oracle."""
    scales = ratio_scales(rng) if rng.random() < 0.8 else [scale_(rng)] * 2
    zero_points = [zero_point_(rng, type) for _ in range(2)]
    if scales[0] == scales[1] and rng.random() < 0.5:
        zero_points[1] = zero_points[0]
    file, inputs = unary(rng, name, scales, zero_points, types=(type, type))
    in_the_wheel = name == "RELU" or (name == "RELU6" and scales[0] == scales[1] and zero_points[0] == zero_points[1])
    if in_the_wheel:
        return file, inputs
    return file, inputs, [relu_between_scales(inputs[0], *scales, *zero_points, low, high)]


def relu(rng):
    return _relu(rng, "RELU", INT8, 0, None)


def relu_int16(rng):
    return _relu(rng, "RELU", INT16, 0, None)


def relu6(rng):
    return _relu(rng, "RELU6", INT8, 0, 6)


def relu6_int16(rng):
    return _relu(rng, "RELU6", INT16, 0, 6)


def relu_n1_to_1(rng):
    return _relu(rng, "RELU_N1_TO_1", INT8, -1, 1)


def _leaky_relu(rng, type):
    scales = ratio_scales(rng)
    alpha = float(rng.choice([0.0, 0.01, 0.1, 0.2, 0.25, 0.3, 0.5, 1.0, 1.5, rng.uniform(0, 2), 10.0 ** rng.uniform(-6, 0)]))
    return unary(rng, "LEAKY_RELU", scales, types=(type, type), options=dict(alpha=alpha))


def leaky_relu(rng):
    return _leaky_relu(rng, INT8)


def leaky_relu_int16(rng):
    return _leaky_relu(rng, INT16)


def hard_swish(rng):
    scales = [scale_(rng, -4, 1) if rng.random() < 0.9 else f32(10.0 ** rng.uniform(-9, 3))]
    scales.append(f32(float(scales[0]) * 2.0 ** rng.uniform(-6, 5)))
    return unary(rng, "HARD_SWISH", scales)


def elu(rng):
    scales = [scale_(rng, -4, 0.5), scale_(rng, -3, -1.5)]
    if rng.random() < 0.5:
        scales[1] = f32(float(scales[0]) * 2.0 ** rng.uniform(-3, 3))
    return unary(rng, "ELU", scales)


def _abs(rng, type):
    return unary(rng, "ABS", ratio_scales(rng) if rng.random() < 0.8 else [scale_(rng)] * 2, types=(type, type))


def abs_(rng):
    return _abs(rng, INT8)


def abs_int16(rng):
    return _abs(rng, INT16)


def neg(rng):
    scales = ratio_scales(rng) if rng.random() < 0.5 else [scale_(rng)] * 2
    zero_points = [zero_point_(rng), zero_point_(rng)]
    file, inputs = unary(rng, "NEG", scales, zero_points)
    return file, inputs, [negative(inputs[0], *scales, *zero_points)]


def rsqrt(rng):
    """Codes under the zero point are refused by the reference when it runs."""
    zero_points = [zero_point_(rng), zero_point_(rng)]
    shape = long_shape(rng)
    data = rng.integers(zero_points[0], 128, shape).astype(np.int8)
    scales = [scale_(rng, -4, 1)]
    scales.append(f32(1 / np.sqrt(float(scales[0])) / 127 * 2.0 ** rng.uniform(-5, 4)))
    return unary(rng, "RSQRT", scales, zero_points, shape, data)


def logistic(rng):
    return unary(rng, "LOGISTIC", [scale_(rng, -5, 1.5), f32(1 / 256)], [zero_point_(rng), -128])


def tanh(rng):
    return unary(rng, "TANH", [scale_(rng, -5, 1.5), f32(1 / 128)], [zero_point_(rng), 0])


def _int16_scale(rng) -> np.float32:
    kind = rng.random()
    if kind < 0.3:
        return f32(2.0 ** int(rng.integers(-16, -7)))
    if kind < 0.5:  # about where a scale is taken for a power of two
        power = f32(2.0 ** int(rng.choice([-12, -11])))
        return (power.view(np.int32) + np.int32(rng.integers(-12000, 6500))).view(f32)
    return f32(10.0 ** rng.uniform(-7, 0.5))


def logistic_int16(rng):
    return unary(rng, "LOGISTIC", [_int16_scale(rng), f32(1 / 32768)], types=(INT16, INT16))


def tanh_int16(rng):
    return unary(rng, "TANH", [_int16_scale(rng), f32(1 / 32768)], types=(INT16, INT16))


def _softmax_shape(rng) -> list[int]:
    shape = shape_(rng, 3, 12) or [7]
    if rng.random() < 0.1:
        shape[-1] = int(rng.integers(100, 500))
    return shape


def softmax(rng):
    beta = float(rng.choice([1.0, 1.0, 0.5, 2.7]))
    wide = rng.random() < 0.2
    types = (INT8, INT16 if wide else INT8)
    scales = [f32(10.0 ** rng.uniform(-5, 1)), f32(1 / 65536 if wide else 1 / 256)]
    zero_points = [zero_point_(rng), -32768 if wide else -128]
    return unary(rng, "SOFTMAX", scales, zero_points, _softmax_shape(rng), types=types, options=dict(beta=beta))


def softmax_int16(rng):
    beta = float(rng.choice([1.0, 1.0, 0.5, 2.7]))
    scales = [f32(10.0 ** rng.uniform(-6, 0)) if rng.random() < 0.6 else scale_(rng), f32(1 / 32768)]
    shape = _softmax_shape(rng)
    most = int(rng.choice([32768, 3000, 300]))
    return unary(
        rng,
        "SOFTMAX",
        scales,
        shape=shape,
        data=codes(rng, shape, INT16, most),
        types=(INT16, INT16),
        options=dict(beta=beta),
    )


def _quantize(rng, pairs):
    types = pairs[int(rng.integers(len(pairs)))]
    scales = ratio_scales(rng)
    data = None
    shape = long_shape(rng)
    if INT16 in types and types[0] != types[1]:  # ratios that fill the other type
        scales[1] = f32(float(scales[0]) * (256 if types[0] == INT16 else 1 / 256) * 2.0 ** rng.uniform(-2, 2))
    if types[1] == INT32:
        scales[1] = f32(float(scales[0]) * 2.0 ** -rng.uniform(0, 14))
    if types[0] == INT32:
        most = int(2.0 ** rng.uniform(8, 31) - 1)
        data = codes(rng, shape, INT32, most)
        reach = 32767 if types[1] == INT16 else 127
        scales[1] = f32(float(scales[0]) * max(most / reach * 2.0 ** rng.uniform(-2, 2), 1.001))
    return unary(rng, "QUANTIZE", scales, shape=shape, data=data, types=types)


def quantize(rng):
    return _quantize(
        rng,
        [(INT8, INT8)] * 3
        + [(INT8, UINT8), (UINT8, INT8), (INT8, INT16), (INT8, INT32), (INT32, INT8), (INT32, INT16)],
    )


def quantize_int16(rng):
    return _quantize(rng, [(INT16, INT8), (INT16, INT16), (INT16, INT32)])


def quantize_float(rng):
    type = int(rng.choice([INT8, INT8, INT16]))
    scale, zero_point = scale_(rng), zero_point_(rng, type)
    shape = shape_(rng, 4, 9)
    reach = 127 if type == INT8 else 32767
    data = (rng.normal(size=shape) * float(scale) * reach / 2).astype(f32)
    if rng.random() < 0.5:  # halves, and what is next to them
        halves = ((rng.integers(-reach, reach, shape) + 0.5) * float(scale)).astype(f32)
        data = (halves.view(np.int32) + rng.integers(-2, 3, shape).astype(np.int32)).view(f32)
    if rng.random() < 0.2:
        data = np.where(rng.random(shape) < 0.2, f32(0), data)
        data = np.where(rng.random(shape) < 0.1, f32(scale * 1e5), data).astype(f32)
    tensors = [activation(shape, type=FLOAT32), activation(shape, scale, zero_point, type)]
    return build(tensors, [Operator("QUANTIZE", [0], [1])], [0], [1]), [np.asarray(data, f32)]


def _dequantize(rng, type):
    shape = shape_(rng, 4, 9)
    scale = scale_(rng) if rng.random() < 0.9 else f32(10.0 ** rng.uniform(-44, 36))
    tensors = [activation(shape, scale, zero_point_(rng, type), type), activation(shape, type=FLOAT32)]
    return build(tensors, [Operator("DEQUANTIZE", [0], [1])], [0], [1]), [codes(rng, shape, type)]


def dequantize(rng):
    return _dequantize(rng, int(rng.choice([INT8, UINT8])))


def dequantize_int16(rng):
    return _dequantize(rng, INT16)


GENERATORS = {
    "abs": abs_,
    "abs_int16": abs_int16,
    "add": add,
    "add_int16": add_int16,
    "dequantize": dequantize,
    "dequantize_int16": dequantize_int16,
    "elu": elu,
    "hard_swish": hard_swish,
    "leaky_relu": leaky_relu,
    "leaky_relu_int16": leaky_relu_int16,
    "logistic": logistic,
    "logistic_int16": logistic_int16,
    "maximum": maximum,
    "maximum_int16": maximum_int16,
    "minimum": minimum,
    "minimum_int16": minimum_int16,
    "mul": mul,
    "mul_int16": mul_int16,
    "neg": neg,
    "prelu": prelu,
    "prelu_int16": prelu_int16,
    "quantize": quantize,
    "quantize_float": quantize_float,
    "quantize_int16": quantize_int16,
    "relu": relu,
    "relu6": relu6,
    "relu6_int16": relu6_int16,
    "relu_int16": relu_int16,
    "relu_n1_to_1": relu_n1_to_1,
    "rsqrt": rsqrt,
    "softmax": softmax,
    "softmax_int16": softmax_int16,
    "squared_difference": squared_difference,
    "squared_difference_int16": squared_difference_int16,
    "sub": sub,
    "sub_int16": sub_int16,
    "tanh": tanh,
    "tanh_int16": tanh_int16,
}
