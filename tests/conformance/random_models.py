"""Random models of one operator each, for every row of mcu_runtime/operators.def.

A generator takes a numpy Generator and gives (file, inputs). Scales are drawn so that outputs spread over all codes, now and
then so that they saturate or vanish. Nothing is drawn that the reference refuses (it aborts the process then).
"""

from __future__ import annotations

import numpy as np
from tflite_builder import Operator, activation, build, constant

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


def _window(rng, extent: int, kernel: int, stride: int, dilation: int, padding: str) -> int | None:
    reach = (kernel - 1) * dilation + 1
    if padding == "SAME":
        return -(-extent // stride)
    return (extent - reach) // stride + 1 if extent >= reach else None


def _weight_terms(rng, shape, channel_axis, taps, input_scale, allow_per_tensor=True):
    """Weights, their scales, an output scale that suits them, a bias."""
    channels = shape[channel_axis]
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    if rng.random() < 0.1:
        weights.flat[rng.integers(weights.size)] = -128
    per_tensor = allow_per_tensor and rng.random() < 0.3
    scales = (10.0 ** rng.uniform(-3, -1) * 2.0 ** rng.uniform(-1, 1, 1 if per_tensor else channels)).astype(f32)
    if len(scales) > 1 and rng.random() < 0.2:
        scales[rng.integers(len(scales))] = f32(1e-11)  # a dead channel, as real files have them
    spread = float(input_scale) * float(scales.max()) * 127 * 80 * np.sqrt(taps)
    output_scale = f32(spread / 100 * 2.0 ** rng.uniform(-2, 2))
    bias = rng.integers(-9000, 9000, channels).astype(np.int32) * int(np.sqrt(taps) + 1)
    with_bias = rng.random() < 0.8
    bias_tensor = constant(bias, (f32(input_scale) * scales).astype(f32)) if with_bias else None
    return constant(weights, scales, quantized_dimension=channel_axis), bias_tensor, output_scale


def _convolution_extents(rng):
    while True:
        height, width = (int(rng.integers(1, 10)) for _ in range(2))
        kernel_h, kernel_w = (int(rng.integers(1, 5)) for _ in range(2))
        stride_h, stride_w = (int(rng.integers(1, 4)) for _ in range(2))
        dilation_h, dilation_w = (int(rng.choice([1, 1, 2, 3])) for _ in range(2))
        padding = str(rng.choice(["SAME", "VALID"]))
        out_h = _window(rng, height, kernel_h, stride_h, dilation_h, padding)
        out_w = _window(rng, width, kernel_w, stride_w, dilation_w, padding)
        if out_h and out_w:
            options = dict(
                padding=padding,
                stride_h=stride_h,
                stride_w=stride_w,
                dilation_h=dilation_h,
                dilation_w=dilation_w,
                activation=_activation(rng),
            )
            return (height, width), (kernel_h, kernel_w), (out_h, out_w), options


def _with_weights(rng, name, input_shape, weight_shape, channel_axis, taps, output_shape, options, no_bias_index):
    input_scale = _scale(rng)
    weights, bias, output_scale = _weight_terms(rng, weight_shape, channel_axis, taps, input_scale)
    tensors = [
        activation(input_shape, input_scale, _zero_point(rng)),
        weights,
        activation(output_shape, output_scale, _zero_point(rng)),
    ]
    inputs = [0, 1]
    if bias is not None:
        tensors.append(bias)
        inputs.append(3)
    elif no_bias_index:
        inputs.append(-1)
    file = build(tensors, [Operator(name, inputs, [2], options)], [0], [2])
    return file, [_codes(rng, input_shape)]


def conv_2d(rng):
    extents, kernel, out, options = _convolution_extents(rng)
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    filter_channels, channels = int(rng.integers(1, 20)), int(rng.integers(1, 12)) * groups
    batches = int(rng.integers(1, 3))
    input_shape = [batches, *extents, filter_channels * groups]
    weight_shape = [channels, *kernel, filter_channels]
    taps = kernel[0] * kernel[1] * filter_channels
    return _with_weights(
        rng, "CONV_2D", input_shape, weight_shape, 0, taps, [batches, *out, channels], options, rng.random() < 0.5
    )


def depthwise_conv_2d(rng):
    extents, kernel, out, options = _convolution_extents(rng)
    channels_in, multiplier = int(rng.integers(1, 24)), int(rng.choice([1, 1, 1, 2, 3]))
    options["depth_multiplier"] = multiplier
    batches = int(rng.integers(1, 3))
    input_shape = [batches, *extents, channels_in]
    weight_shape = [1, *kernel, channels_in * multiplier]
    return _with_weights(
        rng,
        "DEPTHWISE_CONV_2D",
        input_shape,
        weight_shape,
        3,
        kernel[0] * kernel[1],
        [batches, *out, channels_in * multiplier],
        options,
        False,  # an index of -1 crashes the reference in this operator
    )


def fully_connected(rng):
    leading = _shape(rng, 3, 3)
    inputs, units = int(rng.integers(1, 200)), int(rng.integers(1, 40))
    options = dict(activation=_activation(rng))
    if len(leading) > 1 and rng.random() < 0.5:
        options["keep_num_dims"] = True
        output_shape = [*leading, units]
    else:
        output_shape = [int(np.prod(leading)), units]
    return _with_weights(
        rng, "FULLY_CONNECTED", [*leading, inputs], [units, inputs], 0, inputs, output_shape, options,
        rng.random() < 0.5,
    )  # fmt: skip


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
    "conv_2d": conv_2d,
    "depthwise_conv_2d": depthwise_conv_2d,
    "fully_connected": fully_connected,
    "quantize": quantize,
    "relu": relu,
    "relu6": relu6,
    "softmax": softmax,
}
