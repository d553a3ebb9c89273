"""Models of one layer to a few for every variant of kernels: the weighted ones of layer_models.py, and sums, pools, means,
softmax and tables, alone and between convolutions; and layers drawn for kernels that are particular about weights and channels.

    model(shape, seed)    the file of layers that are written down
    DRAWN[name](rng)      a file of one layer
    random_model(rng)     any of these
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

from layer_models import Layer, Shape, _Chain, conv, dense, depthwise, random_layer  # noqa: E402
from models_weights import ACTIVATIONS, Weighted, _window  # noqa: E402
from tflite_builder import INT8, Operator, activation, build, constant  # noqa: E402

f32 = np.float32
TABLES = ["LOGISTIC", "TANH", "HARD_SWISH", "LEAKY_RELU", "RELU", "RELU6", "ABS", "ELU", "QUANTIZE"]


def add(**more):
    """With a second input of the network."""
    return Layer("add", **more)


def sub(**more):
    return Layer("sub", **more)


def average(kernel=(2, 2), **more):
    return Layer("average", 0, kernel, **more)


def largest(kernel=(2, 2), **more):
    return Layer("largest", 0, kernel, **more)


def global_average(**more):
    return Layer("global", **more)


def mean():
    return Layer("mean")


def softmax():
    return Layer("softmax")


def table():
    """An operator that is a table of codes, drawn."""
    return Layer("table")


# What no weights take part in; name: what asks for it.
ELEMENTWISE = {
    "sum": Shape((5, 6, 8), [add()]),
    "sum of one element": Shape((1, 1, 1), [add()]),
    "sum of odd channels": Shape((3, 5, 7), [add(activation="NONE")]),
    "sum, clamped": Shape((4, 3, 5), [add(activation="RELU_N1_TO_1")]),
    "sum, clamped at six": Shape((4, 3, 16), [add(activation="RELU6")]),
    "sum of a row": Shape((1, 33, 3), [add()]),
    "difference": Shape((5, 6, 8), [sub()]),
    "difference of odd channels": Shape((7, 3, 5), [sub(activation="RELU")]),
    "sums in a chain": Shape((4, 6, 12), [add(), sub(), add()]),
    "average 2x2": Shape((8, 10, 8), [average(stride=(2, 2), padding="VALID")]),
    "average 3x3 of odd channels": Shape((7, 9, 5), [average((3, 3), stride=(2, 1))]),
    "average, clamped": Shape((6, 6, 4), [average((3, 2), activation="RELU_N1_TO_1")]),
    "average wider than the image": Shape((3, 2, 4), [average((5, 7))]),
    "average of 255 elements": Shape((16, 18, 4), [average((15, 17), padding="VALID")]),
    "average of 256 elements": Shape((17, 16, 4), [average((16, 16), padding="VALID")]),
    "average of one pixel": Shape((1, 1, 8), [average((1, 1))]),
    "largest 2x2": Shape((9, 7, 12), [largest(stride=(2, 2))]),
    "largest 3x3 of odd channels": Shape((7, 9, 3), [largest((3, 3), stride=(1, 2), padding="VALID")]),
    "largest, clamped": Shape((6, 5, 8), [largest((3, 3), activation="RELU6")]),
    "largest wider than the image": Shape((2, 3, 4), [largest((6, 5))]),
    "global average": Shape((6, 5, 8), [global_average()]),
    "global average of odd channels": Shape((7, 3, 5), [global_average(activation="RELU")]),
    "global average of one pixel": Shape((1, 1, 4), [global_average()]),
    "global average of 256 pixels": Shape((16, 16, 4), [global_average()]),
    "mean": Shape((6, 5, 8), [mean()]),
    "mean of odd channels": Shape((5, 9, 3), [mean()]),
    "mean of one row": Shape((1, 12, 4), [mean()]),
    "mean of 288 pixels": Shape((16, 18, 4), [mean()]),
    "table": Shape((5, 7, 3), [table()]),
    "table of one element": Shape((1, 1, 1), [table()]),
    "softmax": Shape((1, 1, 10), [softmax()]),
    "softmax of pixels": Shape((3, 5, 7), [softmax()]),
    "softmax of one class": Shape((2, 3, 1), [softmax()]),
    "softmax of many classes": Shape((1, 2, 511), [softmax()]),
    "softmax in a chain": Shape((4, 4, 12), [table(), softmax(), add()]),
    "tables in a chain": Shape((3, 4, 8), [table(), table(), table()]),
}

# Kernels of different layouts and forms side by side.
BETWEEN = {
    "pool between convolutions": Shape((9, 11, 3), [conv(8, (3, 3)), largest(stride=(2, 2)), depthwise(), average()]),
    "sum into depthwise": Shape((8, 9, 4), [conv(8), add(), depthwise(), conv(5)]),
    "depthwise into a sum": Shape((7, 9, 12), [depthwise(), add(), conv(6), global_average()]),
    "table into depthwise": Shape((6, 8, 8), [table(), depthwise((3, 3)), table(), depthwise((5, 5))]),
    "depthwise into a mean": Shape((10, 9, 8), [depthwise(stride=(2, 2)), mean(), dense(7)]),
    "depthwise on a pool": Shape((10, 12, 4), [average(), depthwise(), largest((3, 3)), depthwise(stride=(2, 2))]),
}


class Chain(_Chain):
    """The layers above besides those of layer_models. `inputs`: of the network."""

    def __init__(self, rng, shape: Shape):
        self.inputs = [0]
        super().__init__(rng, shape)

    def _add(self, layer: Layer) -> None:
        make = {
            "add": self._sum,
            "sub": self._sum,
            "average": self._pool,
            "largest": self._pool,
            "global": self._global,
            "mean": self._mean,
            "softmax": self._softmax,
            "table": self._table,
        }.get(layer.kind)
        if make is None:
            super()._add(layer)
        else:
            make(layer)

    def _new(self, tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _apply(self, name: str, inputs: list[int], shape, scale, zero_point: int, options: dict) -> None:
        self.shape, self.scale = list(shape), f32(scale)
        self.output = self._new(activation([1, *shape], self.scale, zero_point))
        self.operators.append(Operator(name, inputs, [self.output], options))

    def _activation(self, layer: Layer) -> str:
        return layer.activation or str(self.rng.choice(ACTIVATIONS))

    def _sum(self, layer: Layer) -> None:
        rng = self.rng
        spread = rng.integers(-3, 4) if rng.random() < 0.3 else rng.uniform(-3, 3)  # powers of two among them
        other_scale = f32(float(self.scale) * 2.0**spread)
        other = self._new(activation([1, *self.shape], other_scale, self._zero_point()))
        self.inputs.append(other)
        scale = float(max(self.scale, other_scale)) * 2.0 ** rng.uniform(-2, 2)
        pair = [self.output, other] if rng.random() < 0.5 else [other, self.output]
        options = dict(activation=self._activation(layer))
        self._apply(layer.kind.upper(), pair, self.shape, scale, self._zero_point(), options)

    def _pool(self, layer: Layer) -> None:
        extents = list(zip(self.shape[:2], layer.kernel, layer.stride, (1, 1)))
        padding = layer.padding if all(_window(*extent, layer.padding) for extent in extents) else "SAME"
        out = [_window(*extent, padding) for extent in extents]
        options = dict(padding=padding, stride_h=layer.stride[0], stride_w=layer.stride[1], activation=self._activation(layer))
        options.update(filter_h=layer.kernel[0], filter_w=layer.kernel[1])
        name = "AVERAGE_POOL_2D" if layer.kind in ("average", "global") else "MAX_POOL_2D"
        zero_point = int(self.tensors[self.output].zero_points[0])  # a pool keeps it, and the scale
        self._apply(name, [self.output], [*out, self.shape[2]], self.scale, zero_point, options)

    def _global(self, layer: Layer) -> None:
        whole = dict(kind="global", kernel=tuple(self.shape[:2]), stride=(1, 1), padding="VALID")
        self._pool(Layer(**{**layer.__dict__, **whole}))

    def _mean(self, layer: Layer) -> None:
        axes = self._new(constant(np.array([1, 2], np.int32)))
        scale = float(self.scale) * 2.0 ** self.rng.uniform(-1.5, 1)
        self._apply("MEAN", [self.output, axes], [1, 1, self.shape[2]], scale, self._zero_point(), dict(keep_dims=True))

    def _softmax(self, layer: Layer) -> None:
        options = dict(beta=float(self.rng.choice([1.0, 1.0, 0.25, 3.0])))
        self._apply("SOFTMAX", [self.output], self.shape, 1 / 256, -128, options)

    def _table(self, layer: Layer) -> None:
        name, options = str(self.rng.choice(TABLES)), {}
        scale, zero_point = float(self.scale) * 2.0 ** self.rng.uniform(-1, 1), self._zero_point()
        if name in ("LOGISTIC", "TANH"):
            scale, zero_point = (1 / 256, -128) if name == "LOGISTIC" else (1 / 128, 0)
        if name == "LEAKY_RELU":
            options["alpha"] = float(self.rng.choice([0.0, 0.01, 0.1, 0.3, 1.0, 1.5]))
        self._apply(name, [self.output], self.shape, scale, zero_point, options)


def _file(chain: Chain) -> bytes:
    return build(chain.tensors, chain.operators, chain.inputs, [chain.output])


def model(shape: Shape, seed: int) -> bytes:
    """The file. The same seed makes the same file."""
    return _file(Chain(np.random.default_rng([seed, 77]), shape))


# Layers of shapes and weights that the kernels for Cortex-M0 take, or others that count channels by fours and eights.


class OneLayer:
    """Draws one layer: weights, bias and scales, then a file of it."""

    def __init__(self, rng, shape, channel_axis):
        self.rng, self.axis = rng, channel_axis
        taps = int(np.prod(shape)) // shape[channel_axis]
        self.w = Weighted(rng, INT8, 8, shape, channel_axis, taps)
        self.w.weights = rng.integers(-127, 128, shape).astype(np.int8)
        self.activation = str(rng.choice(ACTIVATIONS))

    def file(self, name, input_shape, output_shape, options) -> bytes:
        rng, w = self.rng, self.w
        zero_points = [int(rng.choice([-128, 127, rng.integers(-128, 128)])) for _ in range(2)]
        tensors = [
            activation(input_shape, w.input_scale, zero_points[0]),
            constant(w.weights, w.scales, quantized_dimension=self.axis),
            activation(output_shape, w.output_scale, zero_points[1]),
        ]
        bias = w.bias_tensor(np.int32)
        inputs = [0, 1] if bias is None else [0, 1, 3]
        options = dict(options, activation=self.activation)
        return build(tensors + [bias] * (bias is not None), [Operator(name, inputs, [2], options)], [0], [2])


def _extents(rng, largest_filter):
    """Extents of image, filter and output, and the options."""
    image = [int(rng.integers(1, 9)), int(rng.integers(1, 22))]
    kernel = [1, 1] if rng.random() < 0.25 else [int(rng.integers(1, largest_filter + 1)) for _ in range(2)]
    stride = [int(rng.choice([1, 1, 2, 3])) for _ in range(2)]
    padding = "SAME" if image[0] < kernel[0] or image[1] < kernel[1] else str(rng.choice(["SAME", "VALID"]))
    reach = [0 if padding == "SAME" else k - 1 for k in kernel]
    out = [-(-(i - r) // s) for i, r, s in zip(image, reach, stride)]
    return image, kernel, out, dict(padding=padding, stride_h=stride[0], stride_w=stride[1])


def drawn_conv(rng) -> bytes:
    image, kernel, out, options = _extents(rng, 4)
    inputs, outputs = int(rng.integers(1, 20)), int(rng.integers(1, 70 if rng.random() < 0.3 else 20))
    layer = OneLayer(rng, [outputs, *kernel, inputs], 0)
    rows = layer.w.weights.reshape(outputs, -1)  # a view
    small = rng.random(outputs) < 0.5  # four weights come to 255 at most
    rows[small] = np.clip(rows[small], -63, 63)
    if rng.random() < 0.4:  # each of a pair with 127 at most
        rows[~small, ::2] = np.where(rng.random(rows[~small, ::2].shape) < 0.3, -128, rows[~small, ::2])
    return layer.file("CONV_2D", [1, *image, inputs], [1, *out, outputs], options)


def drawn_depthwise(rng) -> bytes:
    image, kernel, out, options = _extents(rng, 5)
    if rng.random() < 0.4:
        image, kernel, out = [9, 7], [3, 3], [9, 7]
        options = dict(padding="SAME", stride_h=1, stride_w=1)
    channels = 4 * int(rng.integers(1, 8))
    layer = OneLayer(rng, [1, *kernel, channels], 3)
    if rng.random() < 0.4:
        layer.w.weights.flat[rng.integers(layer.w.weights.size, size=4)] = -128
    options["depth_multiplier"] = 1
    return layer.file("DEPTHWISE_CONV_2D", [1, *image, channels], [1, *out, channels], options)


def drawn_dense(rng) -> bytes:
    inputs, outputs = 8 * int(rng.integers(1, 90)), 4 * int(rng.integers(1, 14))
    layer = OneLayer(rng, [outputs, inputs], 0)
    weights = layer.w.weights
    weights[...] = np.clip(weights, -64, 63)
    if rng.random() < 0.8:  # as many larger ones as there are outputs, at most
        at = rng.integers(weights.size, size=int(rng.integers(1, outputs + 1)))
        weights.flat[at] = rng.choice([-128, -65, 64, 127], len(at))
    return layer.file("FULLY_CONNECTED", [1, inputs], [1, outputs], {})


def drawn_wide_dense(rng) -> bytes:
    inputs, outputs = 4 * int(rng.integers(1, 180)), int(rng.integers(1, 56))
    if outputs % 4 * inputs > 300:  # too much that it would be rounded up by
        outputs += -outputs % 4
    layer = OneLayer(rng, [outputs, inputs], 0)
    layer.w.weights.flat[: outputs + 1] = rng.choice([-128, -65, 64, 127], outputs + 1)  # too many for 7 bits
    if rng.random() < 0.3:
        layer.w.weights[...] = rng.choice([-128, 127], layer.w.weights.shape)
    return layer.file("FULLY_CONNECTED", [1, inputs], [1, outputs], {})


def drawn_sum(rng) -> bytes:
    shape = [1, *(int(rng.integers(1, 8)) for _ in range(3))]
    scale = 10.0 ** rng.uniform(-3, 0)
    scales = scale * 2.0 ** rng.uniform(-2, 2, 3)
    if rng.random() < 0.3:
        scales = scale * 2.0 ** rng.integers(-2, 3, 3)
    tensors = [activation(shape, scale, int(rng.choice([-128, 127, rng.integers(-128, 128)]))) for scale in scales]
    name, options = str(rng.choice(["ADD", "SUB"])), dict(activation=str(rng.choice(ACTIVATIONS)))
    return build(tensors, [Operator(name, [0, 1], [2], options)], [0, 1], [2])


def drawn_conv_with_a_pair_of_minus_128(rng) -> bytes:
    layer = OneLayer(rng, [5, 1, 1, 8], 0)
    layer.w.weights[3, 0, 0, 4:6] = -128
    return layer.file("CONV_2D", [1, 5, 5, 8], [1, 5, 5, 5], dict(padding="VALID", stride_h=1, stride_w=1))


def drawn_dense_of_odd_extents(rng) -> bytes:
    inputs, outputs = 4 * int(rng.integers(1, 40)) + int(rng.integers(1, 4)), int(rng.integers(1, 30))
    return OneLayer(rng, [outputs, inputs], 0).file("FULLY_CONNECTED", [1, inputs], [1, outputs], {})


DRAWN = {
    "conv": drawn_conv,
    "depthwise": drawn_depthwise,
    "dense": drawn_dense,
    "wide dense": drawn_wide_dense,
    "sum": drawn_sum,
    "conv with a pair of -128": drawn_conv_with_a_pair_of_minus_128,
    "dense of odd extents": drawn_dense_of_odd_extents,
}


def _random_layer(rng) -> Layer:
    kind = str(rng.choice(["weighted", "add", "sub", "average", "largest", "global", "mean", "softmax", "table"],
                          p=[0.5, 0.12, 0.05, 0.09, 0.09, 0.03, 0.03, 0.03, 0.06]))  # fmt: skip
    layer = random_layer(rng)
    if kind == "weighted":
        if rng.random() < 0.1:
            layer.weights = "mixed"
        if layer.kind != "depthwise" and rng.random() < 0.5:
            layer.outputs = 4 * int(rng.integers(1, 7))
        return layer
    if rng.random() < 0.7:
        layer.kernel = (layer.kernel[0], layer.kernel[0])
    return Layer(kind, 0, layer.kernel, layer.stride, padding=layer.padding)


def random_model(rng) -> bytes:
    """A chain of up to four layers, or one of DRAWN."""
    if rng.random() < 0.25:
        return DRAWN[str(rng.choice(sorted(DRAWN)))](rng)
    channels = 4 * int(rng.integers(1, 7)) if rng.random() < 0.5 else int(rng.integers(1, 26))
    extents = [1 if rng.random() < 0.08 else int(rng.integers(1, 18)) for _ in range(2)]
    layers = [_random_layer(rng) for _ in range(rng.integers(1, 5))]
    flat = [i for i, layer in enumerate(layers) if layer.kind == "dense"]
    return _file(Chain(rng, Shape((*extents, channels), layers[: flat[0] + 1] if flat else layers)))
