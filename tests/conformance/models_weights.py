"""Random models of one operator each: the operators with weights, on int8 and int16 activations, with int8 and int4 weights.

Nothing is drawn whose sum could leave its type: the reference wraps there, the runtime refuses the file.
"""

from __future__ import annotations

import formulas_weights as formulas
import numpy as np
from tflite_builder import INT8, INT16, INT32, Operator, activation, build, constant, int4_constant

f32 = np.float32
ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


def _zero_point(rng, type) -> int:
    if type == INT16:
        return 0
    return int(rng.choice([-128, 0, 127])) if rng.random() < 0.3 else int(rng.integers(-128, 128))


def _codes(rng, shape, type) -> np.ndarray:
    dtype = np.int16 if type == INT16 else np.int8
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    if rng.random() < 0.15:
        return rng.choice(np.array([low, high], dtype), shape)
    return rng.integers(low, high + 1, shape).astype(dtype)


def _window(extent: int, kernel: int, stride: int, dilation: int, padding: str) -> int | None:
    reach = (kernel - 1) * dilation + 1
    if padding == "SAME":
        return -(-extent // stride)
    return (extent - reach) // stride + 1 if extent >= reach else None


def _extents(rng):
    """Extents of image, filter and output, and the options that lead from one to the other."""
    while True:
        image = [1 if rng.random() < 0.1 else int(rng.integers(1, 12)) for _ in range(2)]
        kernel = [1, 1] if rng.random() < 0.25 else [int(rng.integers(1, 6)) for _ in range(2)]
        stride = [int(rng.integers(1, 4)) for _ in range(2)]
        dilation = [int(rng.choice([1, 1, 1, 2, 3])) for _ in range(2)]
        padding = str(rng.choice(["SAME", "VALID"]))
        out = [_window(*axis, padding) for axis in zip(image, kernel, stride, dilation)]
        if all(out):
            options = dict(padding=padding, activation=str(rng.choice(ACTIVATIONS)))
            options.update(stride_h=stride[0], stride_w=stride[1], dilation_h=dilation[0], dilation_w=dilation[1])
            return image, kernel, out, options


class Weighted:
    """Weights, bias and scales of an operator whose channels sum `taps` products each. `input_scale`: of what it reads,
    where that is not free."""

    def __init__(self, rng, type, bits, shape, channel_axis, taps, per_tensor_only=False, input_scale=None):
        largest = 7 if bits == 4 else 127
        channels = shape[channel_axis]
        self.taps = taps
        self.weights = rng.integers(-largest, largest + 1, shape).astype(np.int8)
        kind = rng.random()
        if kind < 0.15:  # the one code that is not symmetric
            self.weights.flat[rng.integers(self.weights.size, size=1 + self.weights.size // 9)] = -largest - 1
        elif kind < 0.25:  # sums as large as they get
            self.weights[...] = rng.choice([-largest - 1, largest])
        self.input_scale = f32(10.0 ** rng.uniform(-3, 0)) if input_scale is None else f32(input_scale)
        per_tensor = per_tensor_only or rng.random() < 0.3
        self.scales = (10.0 ** rng.uniform(-3, -1) * 2.0 ** rng.uniform(-1, 1, 1 if per_tensor else channels)).astype(f32)
        if len(self.scales) > 1 and rng.random() < 0.2:
            self.scales[rng.integers(len(self.scales))] = f32(1e-11)  # a dead channel, as real files have them
        spread = float(self.input_scale) * float(self.scales.max()) * largest * np.sqrt(taps)
        spread *= 19000 if type == INT16 else 80
        self.output_scale = f32(spread / (25000 if type == INT16 else 100) * 2.0 ** rng.uniform(-2, 2))
        if rng.random() < 0.2:  # a multiplier at a power of two, 1/2 and more among them
            if input_scale is None:
                self.input_scale = f32(2.0 ** int(rng.integers(-8, 1)))
            self.scales = (2.0 ** rng.integers(-4, 1, len(self.scales))).astype(f32)
            room = int(np.log2(2.0**31 / (2.0 * taps * (largest + 1) * (32768 if type == INT16 else 255))))
            power = int(rng.integers(-10, max(-9, min(room, 4))))
            self.output_scale = f32(float(self.input_scale) * float(self.scales.max()) * 2.0**-power)
            if rng.random() < 0.5:
                self.output_scale = np.nextafter(self.output_scale, f32(rng.choice([0, 1e9])))
        self.bias = (rng.integers(-9000, 9000, channels) * int(np.sqrt(taps) + 1)).astype(np.int64)
        self.has_bias = rng.random() < 0.8
        if not self.has_bias:
            self.bias[...] = 0
        pack = int4_constant if bits == 4 else constant
        self.tensor = pack(self.weights, self.scales, quantized_dimension=channel_axis)

    def multiply_bias(self, factor: int) -> None:
        """No further than results of int16 operators, in 64-bit sums, have room in 32 bits: others are refused."""
        multiplier = float(self.input_scale) * float(self.scales.max()) / float(self.output_scale)
        room = int(min(2.0**31 * 0.99 / multiplier, 2.0**46)) - 128 * 32768 * self.taps
        self.bias = np.clip(self.bias * factor, -room, room)

    def bias_tensor(self, dtype):
        scales = (self.input_scale * self.scales).astype(f32)
        return constant(self.bias.astype(dtype), scales) if self.has_bias else None


def _model(rng, name, type, w: Weighted, input_shape, output_shape, options, narrow=None, may_leave_out=True):
    """The file, the input, and both zero points. `narrow`: int16 alone; whether sums are of 32 bits."""
    if type == INT16:
        if narrow and not w.has_bias:
            options["quantized_bias_type"] = INT32
        if not narrow and w.has_bias and rng.random() < 0.3:
            w.multiply_bias(int(rng.integers(1, 1 << 12)))
    zero_points = [_zero_point(rng, type) for _ in range(2)]
    tensors = [
        activation(input_shape, w.input_scale, zero_points[0], type),
        w.tensor,
        activation(output_shape, w.output_scale, zero_points[1], type),
    ]
    inputs = [0, 1]
    bias = w.bias_tensor(np.int64 if type == INT16 and not narrow else np.int32)
    if bias is not None:
        bias.quantized_dimension = int(rng.choice([0, 0, 3]))  # files in the wild say 3, of one dimension
        tensors.append(bias)
        inputs.append(3)
    elif may_leave_out and rng.random() < 0.5:
        inputs.append(-1)
    x = _codes(rng, input_shape, type)
    return build(tensors, [Operator(name, inputs, [2], options)], [0], [2]), x, zero_points


def _narrow(rng, type, taps):
    """Sums of 32 bits hold so many products of int16 codes and weights."""
    return type == INT16 and rng.random() < 0.5 and taps < 300


def _conv_2d(rng, type, bits):
    image, kernel, out, options = _extents(rng)
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    filter_channels, channels = int(rng.integers(1, 20)), int(rng.integers(1, 28 if groups == 1 else 9)) * groups
    batches = int(rng.integers(1, 3))
    taps = kernel[0] * kernel[1] * filter_channels
    w = Weighted(rng, type, bits, [channels, *kernel, filter_channels], 0, taps)
    shapes = [batches, *image, filter_channels * groups], [batches, *out, channels]
    file, x, _ = _model(rng, "CONV_2D", type, w, *shapes, options, _narrow(rng, type, taps))
    return file, [x]


def _depthwise_conv_2d(rng, type, bits):
    image, kernel, out, options = _extents(rng)
    channels_in, multiplier = int(rng.integers(1, 32)), int(rng.choice([1, 1, 1, 1, 2, 3, 8]))
    if multiplier > 3:
        channels_in = int(rng.integers(1, 4))
    options["depth_multiplier"] = multiplier
    channels, batches = channels_in * multiplier, int(rng.integers(1, 3))
    w = Weighted(rng, type, bits, [1, *kernel, channels], 3, kernel[0] * kernel[1])
    shapes = [batches, *image, channels_in], [batches, *out, channels]
    # An index of -1 crashes the reference in this operator.
    file, x, _ = _model(rng, "DEPTHWISE_CONV_2D", type, w, *shapes, options, False, may_leave_out=False)
    return file, [x]


def _fully_connected(rng, type, bits):
    leading = [int(rng.integers(1, 4)) for _ in range(rng.integers(1, 4))]
    if rng.random() < 0.4:
        leading = [1]
    inputs, units = int(rng.integers(1, 300)), int(rng.integers(1, 40))
    options = dict(activation=str(rng.choice(ACTIVATIONS)))
    rows = int(np.prod(leading))
    output_shape = [rows, units]
    if len(leading) > 1 and rng.random() < 0.5:
        options["keep_num_dims"] = True
        output_shape = [*leading, units]
    w = Weighted(rng, type, bits, [units, inputs], 0, inputs)
    file, x, zero_points = _model(
        rng, "FULLY_CONNECTED", type, w, [*leading, inputs], output_shape, options, _narrow(rng, type, inputs)
    )
    if bits == 8 or len(w.scales) == 1:
        return file, [x]
    # The reference refuses int4 weights with a scale a unit.
    scales = w.input_scale, w.scales, w.output_scale
    codes = formulas.fully_connected(x.reshape(rows, inputs), w.weights, w.bias, scales, zero_points, options["activation"])
    return file, [x], [codes.reshape(output_shape)]


def _rows(make):
    return {
        "": lambda rng: make(rng, INT8, 8),
        "_int16": lambda rng: make(rng, INT16, 8),
        "_int4": lambda rng: make(rng, INT8, 4),
    }


GENERATORS = {
    f"{name}{suffix}": generator
    for name, make in (
        ("conv_2d", _conv_2d),
        ("depthwise_conv_2d", _depthwise_conv_2d),
        ("fully_connected", _fully_connected),
    )
    for suffix, generator in _rows(make).items()
}
