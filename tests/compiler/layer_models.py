"""Random models of one to four convolutions, depthwise convolutions and dense layers in a chain, and a table of those that
ask for a certain kernel. What kernels for a core may get wrong: odd shapes, weights of -128, multipliers from 2^-33 to
2^22, clamps within the range of codes, layouts between layers.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

from models_weights import ACTIVATIONS, Weighted, _window  # noqa: E402
from tflite_builder import INT8, Operator, activation, build  # noqa: E402

f32 = np.float32


@dataclass
class Layer:
    kind: str  # "conv", "depthwise", "dense"
    outputs: int = 0  # channels; depthwise: the multiplier
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: str = "SAME"
    activation: str | None = None  # None: drawn
    weights: str = "random"  # "extreme": some of -128; "edge": multipliers far from the common ones;
    #   "mixed": channels of multipliers 1/2 and a little more beside common ones, which no short requantization fits;
    #   "ends": all -128, -127 or 127; "least": all -128; "large bias": "mixed", and sums that need 31 bits


@dataclass
class Shape:
    input: tuple[int, int, int]
    layers: list[Layer] = field(default_factory=list)
    zero_point: int | None = None  # of the input; None: drawn


def conv(outputs, kernel=(1, 1), **more):
    return Layer("conv", outputs, kernel, **more)


def conv3(outputs, **more):
    return conv(outputs, (3, 3), **more)


def depthwise(kernel=(3, 3), multiplier=1, **more):
    return Layer("depthwise", multiplier, kernel, **more)


def dense(outputs, **more):
    return Layer("dense", outputs, **more)


# name: what asks for it.
TABLE = {
    "pointwise": Shape((7, 5, 64), [conv(64, activation="RELU")]),
    "pointwise of odd channels": Shape((3, 4, 13), [conv(7)]),
    "pointwise, one pixel wide": Shape((9, 1, 40), [conv(24)]),
    "stride 2": Shape((9, 12, 16), [conv(32, stride=(2, 2))]),
    "3x3": Shape((8, 10, 16), [conv(16, (3, 3), activation="RELU")]),
    "3x3 of three channels": Shape((11, 14, 3), [conv(8, (3, 3), stride=(2, 2))]),
    "10x4 of one channel": Shape((19, 10, 1), [conv(12, (10, 4), stride=(2, 2))]),
    "dilated": Shape((12, 13, 5), [conv(6, (3, 2), dilation=(2, 3))]),
    "wider than the image": Shape((3, 2, 4), [conv(5, (5, 7))]),
    "valid": Shape((9, 9, 6), [conv(10, (4, 3), padding="VALID")]),
    "weights of -128": Shape((5, 6, 12), [conv(9, (3, 3), weights="extreme")]),
    "multipliers at the edges": Shape((4, 5, 4), [conv(11, weights="edge")]),
    "mixed multipliers": Shape((6, 5, 12), [conv(10, (3, 3), weights="mixed")]),
    "mixed multipliers, pointwise": Shape((6, 5, 12), [conv(9, weights="mixed"), depthwise(weights="mixed")]),
    "depthwise 3x3": Shape((9, 11, 12), [depthwise()]),
    "depthwise 3x3, stride 2": Shape((9, 12, 8), [depthwise(stride=(2, 2))]),
    "depthwise 3x3, strides 3 and 1": Shape((10, 13, 5), [depthwise(stride=(3, 1))]),
    "depthwise 3x3, a prime width": Shape((5, 31, 3), [depthwise()]),
    "depthwise 3x3, weights of -128": Shape((6, 8, 9), [depthwise(weights="extreme")]),
    "depthwise 3x3, multipliers at the edges": Shape((6, 8, 9), [depthwise(weights="edge")]),
    "depthwise 5x5": Shape((9, 8, 16), [depthwise((5, 5))]),
    "depthwise 10x1": Shape((24, 1, 128), [depthwise((10, 1), padding="VALID")]),
    "depthwise, odd channels": Shape((5, 6, 7), [depthwise((2, 4), stride=(2, 3))]),
    "depthwise, two channels": Shape((5, 6, 2), [depthwise((4, 4), dilation=(1, 2))]),
    "depthwise, multiplier 3": Shape((5, 6, 5), [depthwise((3, 3), 3)]),
    "depthwise, multiplier 8 of one channel": Shape((7, 8, 1), [depthwise((3, 3), 8)]),
    "depthwise 4x4, weights of -128": Shape((7, 8, 6), [depthwise((4, 4), weights="extreme")]),
    "depthwise 4x4, multipliers at the edges": Shape((7, 8, 6), [depthwise((4, 4), weights="edge")]),
    "convolution into depthwise": Shape((8, 9, 3), [conv(10, (3, 3), stride=(2, 2)), depthwise(), conv(7)]),
    "odd channels into depthwise": Shape((8, 9, 4), [conv(7, weights="extreme"), depthwise(stride=(2, 2))]),
    "edges into depthwise": Shape((8, 9, 4), [conv(6, weights="edge"), depthwise()]),
    "depthwise into depthwise": Shape((10, 12, 8), [depthwise(), depthwise(stride=(2, 2)), depthwise((2, 2))]),
    "mixed multipliers, few products": Shape((6, 5, 5), [conv(9, weights="mixed"), conv(8, weights="mixed")]),
    "depthwise 4x2, mixed multipliers": Shape((7, 8, 6), [depthwise((4, 2), weights="mixed")]),
    "dense": Shape((1, 1, 64), [dense(12)]),
    "dense, three left of four": Shape((1, 1, 40), [dense(7, weights="extreme")]),
    "dense of odd inputs": Shape((1, 1, 37), [dense(6)]),
    "dense, multipliers at the edges": Shape((1, 1, 24), [dense(9, weights="edge")]),
    "an image into dense": Shape((4, 5, 3), [conv(4, (2, 2)), dense(10)]),
}

# What Helium's kernels may get wrong beyond the table for all cores.
MVE_TABLE = {
    "one pixel": Shape((1, 1, 5), [depthwise(), conv(3, (3, 3)), conv(9)]),
    "one column": Shape((30, 1, 40), [depthwise((3, 1), padding="VALID"), conv(12), depthwise((5, 1)), conv(8)]),
    "one row": Shape((1, 23, 12), [depthwise((1, 4)), conv(8), depthwise((1, 16), stride=(1, 2)), conv(5)]),
    "higher than wide": Shape((21, 10, 1), [conv(12, (10, 4), stride=(2, 2)), depthwise(), conv(12), depthwise()]),
    "odd width, channels left over": Shape((5, 7, 16), [conv(10), conv(13, (3, 3)), conv(4)]),
    "two rows at once, an odd number": Shape((7, 9, 8), [conv(8), depthwise(), conv(8), depthwise((2, 3))]),
    "depthwise of four rows": Shape((9, 6, 5), [depthwise((4, 4)), depthwise((4, 2), stride=(2, 1))]),
    "strides larger than filters": Shape((11, 13, 8), [conv(8, stride=(3, 2)), depthwise((2, 2), stride=(3, 3))]),
    "more than 256 bytes a segment": Shape((4, 3, 100), [conv(6, (3, 3)), conv(4)]),
    "many channels": Shape((2, 3, 300), [conv(6), conv(290), depthwise()]),
    "relu6": Shape((6, 6, 9), [conv(8, activation="RELU6"), depthwise(activation="RELU6"), conv(8, activation="RELU6")]),
    "relu6, edges": Shape((6, 5, 8), [conv(8, (3, 3), activation="RELU6", weights="edge")]),
    "patches of two rows": Shape((9, 9, 2), [conv(7, (5, 5)), conv(4, (2, 3), padding="VALID")]),
    "long dense": Shape((1, 1, 700), [dense(19)]),
    "one input, one output": Shape((1, 1, 1), [dense(1)]),
}

# 3x3 convolutions that Winograd's filtering takes, whole.
WINOGRAD_TABLE = {
    "16 to 16 channels": Shape((8, 10, 16), [conv3(16, activation="RELU")]),
    "odd height": Shape((7, 8, 16), [conv3(16)]),
    "odd width": Shape((8, 7, 16), [conv3(16)]),
    "odd both": Shape((5, 9, 16), [conv3(24)]),
    "valid": Shape((9, 10, 16), [conv3(16, padding="VALID")]),
    "valid, odd outputs": Shape((7, 9, 16), [conv3(16, padding="VALID")]),
    "one tile": Shape((2, 2, 32), [conv3(32)]),
    "one tile, valid": Shape((4, 4, 32), [conv3(64, padding="VALID")]),
    "two tiles": Shape((2, 4, 32), [conv3(32)]),
    "two tiles, one above the other": Shape((3, 2, 32), [conv3(32)]),
    "four tiles": Shape((4, 4, 32), [conv3(16)]),
    "five tiles": Shape((2, 10, 32), [conv3(16)]),
    "10 channels": Shape((6, 6, 10), [conv3(12)]),
    "14 channels": Shape((6, 6, 14), [conv3(6)]),
    "22 channels, eleven steps": Shape((6, 7, 22), [conv3(10)]),
    "68 channels, seventeen rounds": Shape((8, 8, 68), [conv3(20)]),
    "64 channels": Shape((6, 8, 64), [conv3(64, activation="RELU")]),
    "weights of -128": Shape((8, 8, 16), [conv3(16, weights="extreme")]),
    "weights at both ends": Shape((8, 8, 16), [conv3(16, weights="ends")]),
    "weights at both ends, the least zero point": Shape((7, 8, 64), [conv3(16, weights="ends")], zero_point=-128),
    "weights at both ends, the largest zero point": Shape((8, 7, 64), [conv3(16, weights="ends")], zero_point=127),
    "all weights -128, the least zero point": Shape((6, 6, 64), [conv3(8, weights="least")], zero_point=-128),
    "all weights -128, the largest zero point": Shape((6, 6, 64), [conv3(8, weights="least")], zero_point=127),
    "two roundings": Shape((6, 6, 16), [conv3(16, weights="mixed")]),
    "two roundings, one tile": Shape((2, 2, 32), [conv3(16, weights="mixed")]),
    "two roundings, two tiles": Shape((2, 3, 32), [conv3(16, weights="mixed")]),
    "clamped": Shape((8, 8, 16), [conv3(16, activation="RELU6")]),
    "into another": Shape((8, 10, 16), [conv3(16, activation="RELU"), conv3(32), conv3(16, activation="RELU6")]),
    "between others": Shape((8, 10, 16), [conv(16), conv3(32), conv(16), conv3(16)]),
    "into depthwise": Shape((9, 10, 32), [conv3(32), depthwise()]),
}

# 1x1 layers of images narrower than the blocks of pixels that kernels compute, in rows that blocks do not divide. Outputs
# lie where inputs of rows above were; the last block may begin in those rows.
NARROW = {
    f"{height}x{width}x{inputs} to {outputs}": Shape((height, width, inputs), [conv(outputs)])
    for height, width in [(5, 1), (7, 1), (6, 1), (13, 1), (3, 2), (7, 2), (5, 3), (7, 3)]
    for inputs, outputs in [(12, 12), (16, 4), (3, 10), (9, 30)]
}


def random_shape(rng) -> Shape:
    size = (int(rng.integers(1, 14)), int(rng.integers(1, 20)), int(rng.integers(1, 26)))
    layers = [random_layer(rng) for _ in range(rng.integers(1, 5))]
    flat = [i for i, layer in enumerate(layers) if layer.kind == "dense"]
    return Shape(size, layers[: flat[0] + 1] if flat else layers)  # what is dense leaves no image


def random_layer(rng) -> Layer:
    kind = str(rng.choice(["conv", "conv", "depthwise", "depthwise", "dense"], p=[0.3, 0.2, 0.3, 0.15, 0.05]))
    layer = Layer(kind, int(rng.integers(1, 24)))
    if rng.random() < 0.7:
        layer.kernel = tuple(int(k) for k in rng.integers(1, 6, 2))
    if kind == "depthwise":
        layer.outputs = int(rng.choice([1, 1, 1, 1, 2, 3]))
        if rng.random() < 0.5:
            layer.kernel = (3, 3)
    layer.stride = tuple(int(s) for s in rng.choice([1, 1, 1, 2, 3], 2))
    if rng.random() < 0.2:
        layer.dilation = tuple(int(d) for d in rng.integers(1, 4, 2))
    layer.padding = str(rng.choice(["SAME", "SAME", "VALID"]))
    layer.weights = str(rng.choice(["random", "random", "extreme", "edge"]))
    return layer


class _Chain:
    def __init__(self, rng, shape: Shape):
        self.rng = rng
        self.shape = list(shape.input)
        self.scale = f32(10.0 ** rng.uniform(-3, 0))
        zero_point = self._zero_point() if shape.zero_point is None else shape.zero_point
        self.tensors = [activation([1, *shape.input], self.scale, zero_point)]
        self.operators = []
        self.output = 0
        for layer in shape.layers:
            self._add(layer)

    def _zero_point(self) -> int:
        return int(self.rng.choice([-128, 0, 127])) if self.rng.random() < 0.4 else int(self.rng.integers(-128, 128))

    def _add(self, layer: Layer) -> None:
        rng = self.rng
        options = dict(activation=layer.activation or str(rng.choice(ACTIVATIONS)))
        if layer.kind == "dense":
            inputs = int(np.prod(self.shape))
            shape, axis, taps, out = [layer.outputs, inputs], 0, inputs, [1, layer.outputs]
            self.shape, name = [1, 1, layer.outputs], "FULLY_CONNECTED"
        else:
            extents = zip(self.shape[:2], layer.kernel, layer.stride, layer.dilation)
            rows = [_window(*extent, layer.padding) for extent in extents]
            if not all(rows):  # a VALID window that does not fit
                return self._add(Layer(**{**layer.__dict__, "padding": "SAME"}))
            options.update(padding=layer.padding, stride_h=layer.stride[0], stride_w=layer.stride[1])
            options.update(dilation_h=layer.dilation[0], dilation_w=layer.dilation[1])
            channels = self.shape[2]
            if layer.kind == "depthwise":
                name, axis, taps = "DEPTHWISE_CONV_2D", 3, int(np.prod(layer.kernel))
                options["depth_multiplier"] = layer.outputs
                shape = [1, *layer.kernel, channels * layer.outputs]
            else:
                name, axis, taps = "CONV_2D", 0, int(np.prod(layer.kernel)) * channels
                shape = [layer.outputs, *layer.kernel, channels]
            self.shape = [*rows, shape[axis]]
            out = [1, *self.shape]
        weighted = self._weighted(layer, shape, axis, taps)
        self.scale = weighted.output_scale
        first = len(self.tensors)
        self.tensors.append(weighted.tensor)
        inputs = [self.output, first]
        if weighted.has_bias:
            self.tensors.append(weighted.bias_tensor(np.int32))
            inputs.append(first + 1)
        self.output = len(self.tensors)
        self.tensors.append(activation(out, self.scale, self._zero_point()))
        self.operators.append(Operator(name, inputs, [self.output], options))

    def _weighted(self, layer: Layer, shape, axis: int, taps: int) -> Weighted:
        rng = self.rng
        weighted = Weighted(rng, INT8, 8, shape, axis, taps, per_tensor_only=layer.kind == "dense")
        if layer.weights == "extreme":
            weighted.weights.flat[rng.integers(weighted.weights.size, size=1 + weighted.weights.size // 4)] = -128
        if layer.weights == "ends":
            weighted.weights[...] = rng.choice([-128, -127, 127], weighted.weights.shape)
        if layer.weights == "least":
            weighted.weights[...] = -128
        ratio = float(self.scale) / float(weighted.input_scale)
        weighted.input_scale = self.scale
        weighted.output_scale = f32(float(weighted.output_scale) * ratio)
        if layer.weights == "edge":
            self._move_to_edge(weighted, taps)
        if layer.weights in ("mixed", "large bias"):
            weighted.scales = np.full(len(weighted.bias), 2.0**-12, f32)
            weighted.scales[::2] = np.nextafter(f32(0.5), f32(1))
            weighted.output_scale = self.scale
            weighted.bias = np.clip(weighted.bias, -500, 500)
            if layer.weights == "large bias":
                weighted.bias[1] = 1 << 29
                weighted.has_bias = True
        weighted.tensor.data = weighted.weights
        weighted.tensor.scales = weighted.scales
        weighted.tensor.zero_points = [0] * len(weighted.scales)
        return weighted

    def _move_to_edge(self, weighted: Weighted, taps: int) -> None:
        """Multipliers around 2^power; weights as small as they must be for sums to stay within 32 bits."""
        power = int(self.rng.choice([-33, -32, -31, -20, -9, -2, -1, 0, 1, 4, 9, 14, 20]))
        largest = float(self.scale) * float(weighted.scales.max())
        weighted.output_scale = f32(largest * 2.0**-power)
        if power < -1:
            return
        room = 2.0 ** (30 - power) / 256  # of the sum of a channel's weights, and of its bias
        most = int(min(127, room / taps))
        weighted.weights[...] = np.clip(weighted.weights, -most, most)
        weighted.bias = np.clip(weighted.bias, -int(room), int(room))


def model(shape: Shape, seed: int) -> bytes:
    """The file. The same seed makes the same file."""
    chain = _Chain(np.random.default_rng([seed, 77]), shape)
    return build(chain.tensors, chain.operators, [0], [chain.output])


def random_model(seed: int) -> bytes:
    return model(random_shape(np.random.default_rng([seed, 78])), seed)
