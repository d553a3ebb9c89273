"""Random whole networks, by seed: chains, residuals whose branches have different delays, branches that are joined, odd
shapes, several inputs and outputs, state; and in each network a random model of one operator (tests/conformance), so
that every operator of the runtime stands among others.

    network(seed) -> Network(file, steps)
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

import cases  # noqa: E402
from models_weights import ACTIVATIONS, Weighted  # noqa: E402
from tflite_builder import FLOAT32, INT8, INT16, Operator, Tensor, activation, build, constant  # noqa: E402

f32 = np.float32
ROWS = sorted(cases.GENERATORS)
MOST_ELEMENTS = 6000  # of a tensor
MOST_MACS = 150_000  # of a layer
# Their inputs cannot be just any code.
OWN_INPUTS = {"rsqrt"}


@dataclass
class Network:
    file: bytes
    steps: list[list[np.ndarray]]  # of each inference: the inputs
    operators: list[str]


@dataclass
class Graph:
    """What a generator of tests/conformance gave to `build`."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: list[int]
    outputs: list[int]
    subgraphs: list | None
    steps: list[list[np.ndarray]] = field(default_factory=list)


def graph_of(row: str, rng) -> Graph:
    """A random model of one operator, before it is a file."""
    generator = cases.GENERATORS[row]
    modules = [sys.modules[family] for family in cases.FAMILIES]
    made = []

    def keep(tensors, operators, inputs, outputs, more_subgraphs=None, **_):
        made.append(Graph(tensors, operators, inputs, outputs, more_subgraphs))
        return b""

    for module in modules:
        module.build = keep
    try:
        _, inputs, *_ = generator(rng)
    finally:
        for module in modules:
            module.build = build
    made[-1].steps = inputs.steps if hasattr(inputs, "steps") else [inputs]
    return made[-1]


def _elements(shape) -> int:
    return math.prod(shape)


def _is_small(graph: Graph) -> bool:
    return all(_elements(t.shape or []) <= MOST_ELEMENTS for t in graph.tensors)


class Maker:
    """A network as it grows. `live`: int8 tensors that further operators may read, the last one first in line."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng([1511, seed])
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.inputs: list[int] = []
        self.feeds: list[list[np.ndarray]] = []  # of each input, by step
        self.outputs: list[int] = []
        self.live: list[int] = []
        self.subgraphs = None
        self.has_resources = False

    # Draws

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def integer(self, low: int, high: int) -> int:
        """Both ends included."""
        return int(self.rng.integers(low, high + 1))

    def one_of(self, values):
        return values[int(self.rng.integers(len(values)))]

    def zero_point(self) -> int:
        return self.one_of([-128, 0, 127]) if self.chance(0.3) else self.integer(-128, 127)

    def codes(self, shape, type=INT8) -> np.ndarray:
        limits = np.iinfo(np.int16 if type == INT16 else np.int8)
        return self.rng.integers(limits.min, limits.max + 1, shape).astype(limits.dtype)

    # Tensors and operators

    def add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def integers(self, values) -> int:
        return self.add(constant(np.array(values, np.int32)))

    def activation(self, shape, scale, zero_point, type=INT8) -> int:
        return self.add(activation([int(n) for n in shape], f32(scale), zero_point, type))

    def input(self, shape) -> int:
        index = self.activation(shape, 10.0 ** self.rng.uniform(-3, -0.5), self.zero_point())
        return self.feed(index, [self.codes(shape) for _ in range(3)])

    def feed(self, index: int, values: list[np.ndarray]) -> int:
        self.inputs.append(index)
        self.feeds.append(values)
        return index

    def apply(self, name, inputs, output: int, **options) -> int:
        self.operators.append(Operator(name, inputs, [output], options))
        return output

    def shape(self, x: int) -> list[int]:
        return self.tensors[x].shape

    def scale(self, x: int) -> float:
        return float(np.atleast_1d(self.tensors[x].scales)[0])

    def zero(self, x: int) -> int:
        return int(np.atleast_1d(self.tensors[x].zero_points)[0])

    def like(self, x: int, shape=None) -> int:
        """A tensor with the quantization of another."""
        return self.activation(self.shape(x) if shape is None else shape, self.scale(x), self.zero(x))

    def near(self, scale: float, octaves: float = 2) -> float:
        return scale if self.chance(0.2) else scale * 2.0 ** self.rng.uniform(-octaves, octaves)

    def pick(self) -> int:
        return self.live[-1] if self.chance(0.75) else self.one_of(self.live)

    # Reshaping

    def reshaped(self, x: int, shape) -> int:
        shape = [int(n) for n in shape]
        if list(self.shape(x)) == shape:
            return x
        return self.apply("RESHAPE", [x, self.integers(shape)], self.like(x, shape), new_shape=shape)

    def image(self, x: int) -> int:
        """As [batches, height, width, channels]: one batch, unless it has more."""
        shape = self.shape(x)
        if len(shape) == 4:
            return x
        parts = []
        rest = _elements(shape)
        for _ in range(2):
            divisors = [d for d in range(1, min(rest, 16) + 1) if rest % d == 0]
            parts.append(self.one_of(divisors))
            rest //= parts[-1]
        return self.reshaped(x, [1, parts[0], rest, parts[1]] if rest <= 64 else [1, *parts, rest])

    def requantized(self, x: int, scale: float, zero_point: int, type=INT8) -> int:
        same = self.scale(x) == float(f32(scale)) and self.zero(x) == zero_point and self.tensors[x].type == type
        if same:
            return x
        return self.apply("QUANTIZE", [x], self.activation(self.shape(x), scale, zero_point, type))

    def resized(self, x: int, shape) -> int:
        """Elements of x in another shape, some left out or taken again."""
        count, wanted = _elements(self.shape(x)), _elements(shape)
        if count != wanted:
            x = self.reshaped(x, [count])
            if count < wanted:
                times = -(-wanted // count)
                count *= times
                x = self.apply("CONCATENATION", [x] * times, self.like(x, [count]), axis=0)
            if count > wanted:
                begin = self.integer(0, count - wanted)
                ends = [self.integers([begin]), self.integers([wanted])]
                x = self.apply("SLICE", [x, *ends], self.like(x, [wanted]))
        return self.reshaped(x, shape)

    # Layers: each takes a live tensor and gives another

    def _axis(self, same_size: bool):
        """Filter, stride and dilation."""
        kernel = 1 if self.chance(0.25) else self.integer(1, 5)
        stride = 1 if same_size or self.chance(0.6) else self.integer(1, 3)
        dilation = 1 if self.chance(0.85) else self.integer(2, 3)
        return kernel, stride, dilation

    def _window(self, x: int, same_size=False, is_pool=False, may_be_point=False):
        """Filter and output of both axes, and the options of stride and padding, and of dilation."""
        _, h, w, _ = self.shape(x)
        axes = [self._axis(same_size) for _ in range(2)]
        if self.chance(0.5):  # a square one, as most are
            axes[1] = axes[0]
        if may_be_point and self.chance(0.35):
            axes = [(1, stride, 1) for _, stride, _ in axes]
        if is_pool:
            axes = [(kernel, stride, 1) for kernel, stride, _ in axes]
        reach = [(k - 1) * d + 1 for k, _, d in axes]
        padding = "SAME" if same_size or h < reach[0] or w < reach[1] else self.one_of(["SAME", "VALID"])
        out = [
            -(-size // stride) if padding == "SAME" else (size - r) // stride + 1
            for size, r, (_, stride, _) in zip((h, w), reach, axes)
        ]
        options = dict(padding=padding, stride_h=axes[0][1], stride_w=axes[1][1])
        dilations = dict(dilation_h=axes[0][2], dilation_w=axes[1][2])
        return [axis[0] for axis in axes], out, options, dilations

    def _weighted(self, name, x, weights: Weighted, shape, options) -> int:
        inputs = [x, self.add(weights.tensor)]
        bias = weights.bias_tensor(np.int32)
        if bias is not None:
            inputs.append(self.add(bias))
        output = self.activation(shape, weights.output_scale, self.zero_point())
        return self.apply(name, inputs, output, activation=self.one_of(ACTIVATIONS), **options)

    def convolution(self, x: int, same_size=False, channels=None) -> int:
        x = self.image(x)
        batches, _, _, depth = self.shape(x)
        kernel, out, options, dilations = self._window(x, same_size, may_be_point=True)
        channels = channels or self.integer(1, 40)
        taps = kernel[0] * kernel[1] * depth
        if taps * channels * _elements(out) * batches > MOST_MACS:
            return self.table(x)
        weights = Weighted(self.rng, INT8, 8, [channels, *kernel, depth], 0, taps, input_scale=self.scale(x))
        return self._weighted("CONV_2D", x, weights, [batches, *out, channels], {**options, **dilations})

    def depthwise(self, x: int, same_size=False) -> int:
        x = self.image(x)
        batches, _, _, depth = self.shape(x)
        kernel, out, options, dilations = self._window(x, same_size)
        multiplier = 1 if same_size or depth > 12 or self.chance(0.7) else self.integer(2, 4)
        channels = depth * multiplier
        weights = Weighted(
            self.rng, INT8, 8, [1, *kernel, channels], 3, kernel[0] * kernel[1], input_scale=self.scale(x)
        )
        options = {**options, **dilations, "depth_multiplier": multiplier}
        return self._weighted("DEPTHWISE_CONV_2D", x, weights, [batches, *out, channels], options)

    def dense(self, x: int) -> int:
        shape = self.shape(x)
        count = _elements(shape)
        if self.chance(0.3) and len(shape) >= 2 and shape[-1] < 300:
            rows, inputs = count // shape[-1], shape[-1]  # each pixel
        else:
            rows, inputs = 1, count
            if self.chance(0.5):
                x = self.reshaped(x, [1, count])
        if inputs > 1500:
            return self.mean(x)
        units = max(1, min(self.integer(1, 40), MOST_MACS // (inputs * rows)))
        weights = Weighted(self.rng, INT8, 8, [units, inputs], 0, inputs, input_scale=self.scale(x))
        return self._weighted("FULLY_CONNECTED", x, weights, [rows, units], {})

    def pool(self, x: int) -> int:
        x = self.image(x)
        batches, h, w, depth = self.shape(x)
        kernel, out, options, _ = self._window(x, is_pool=True)
        if self.chance(0.25):  # the whole image
            kernel, out, options = [h, w], [1, 1], dict(padding="VALID", stride_h=1, stride_w=1)
        name = self.one_of(["AVERAGE_POOL_2D", "MAX_POOL_2D"])
        options.update(filter_h=kernel[0], filter_w=kernel[1], activation=self.one_of(ACTIVATIONS))
        return self.apply(name, [x], self.like(x, [batches, *out, depth]), **options)

    def mean(self, x: int) -> int:
        x = self.image(x)
        batches, _, _, depth = self.shape(x)
        keep = self.chance(0.5)
        shape = [batches, 1, 1, depth] if keep else [batches, depth]
        output = self.activation(shape, self.near(self.scale(x)), self.zero_point())
        return self.apply("MEAN", [x, self.integers([1, 2])], output, keep_dims=keep)

    def table(self, x: int) -> int:
        """Element by element."""
        name = self.one_of(["LOGISTIC", "TANH", "HARD_SWISH", "LEAKY_RELU", "RELU", "RELU6", "ABS", "ELU", "QUANTIZE"])
        scale, zero_point, options = self.near(self.scale(x)), self.zero_point(), {}
        if name in ("LOGISTIC", "TANH"):
            scale, zero_point = (1 / 256, -128) if name == "LOGISTIC" else (1 / 128, 0)
        if name == "LEAKY_RELU":
            options["alpha"] = float(self.one_of([0.0, 0.01, 0.1, 0.3, 1.0, 1.5]))
        return self.apply(name, [x], self.activation(self.shape(x), scale, zero_point), **options)

    def softmax(self, x: int) -> int:
        return self.apply("SOFTMAX", [x], self.activation(self.shape(x), 1 / 256, -128), beta=1.0)

    def pad(self, x: int) -> int:
        x = self.image(x)
        paddings = np.zeros([4, 2], np.int32)
        paddings[1:3] = self.rng.integers(0, 3, [2, 2])
        if self.chance(0.2):
            paddings[3] = self.rng.integers(0, 3, 2)
        shape = [n + int(sum(p)) for n, p in zip(self.shape(x), paddings)]
        return self.apply("PAD", [x, self.integers(paddings)], self.like(x, shape))

    def sum_of(self, a: int, b: int) -> int:
        """Two tensors of one shape, or such that one is repeated along the other."""
        name = self.one_of(["ADD", "ADD", "ADD", "SUB", "MUL"])
        if name == "MUL":
            scale = self.scale(a) * self.scale(b) * max(127 * 2.0 ** self.rng.uniform(-4, 2), 1.001)
        else:
            scale = max(self.scale(a), self.scale(b)) * 2.0 ** self.rng.uniform(-2, 3)
        shape = np.broadcast_shapes(tuple(self.shape(a)), tuple(self.shape(b)))
        return self.apply(name, [a, b], self.activation(shape, scale, self.zero_point()), activation=self.one_of(ACTIVATIONS))

    def residual(self, x: int) -> int:
        x = self.image(x)
        long, short = x, x
        for _ in range(self.integer(1, 3)):
            long = self.one_of([self._same_convolution, self._same_depthwise, self.table])(long)
        if self.chance(0.3):
            short = self._same_convolution(short)
        if self.chance(0.1):
            long = x  # twice the same
        if self.chance(0.1):
            self.live.append(long)
        return self.sum_of(*((long, short) if self.chance(0.5) else (short, long)))

    def _same_convolution(self, x: int) -> int:
        return self.convolution(x, same_size=True, channels=self.shape(x)[3])

    def _same_depthwise(self, x: int) -> int:
        return self.depthwise(x, same_size=True)

    def joined(self, x: int) -> int:
        """Branches side by side: as channels, mostly."""
        x = self.image(x)
        axis = 3 if self.chance(0.7) else self.integer(1, 2)
        parts = [x]
        for _ in range(self.integer(1, 2)):
            part = self.one_of(parts)
            for _ in range(self.integer(0, 2)):
                part = self.one_of([self._same_convolution, self._same_depthwise, self.table])(part)
            parts.append(part)
        parts = [parts[i] for i in self.rng.permutation(len(parts))]
        scale, zero_point = self.scale(parts[0]), self.zero(parts[0])
        parts = [self.requantized(part, scale, zero_point) for part in parts]
        shape = list(self.shape(parts[0]))
        shape[axis] = sum(self.shape(part)[axis] for part in parts)
        return self.apply("CONCATENATION", parts, self.like(parts[0], shape), axis=axis if self.chance(0.5) else axis - 4)

    def with_constant(self, x: int) -> int:
        shape = list(self.shape(x))
        kind = self.rng.random()
        if kind < 0.4:
            shape = shape[-1:]
        elif kind < 0.6:
            shape = [1]
        other = self.add(constant(self.codes(shape), [f32(self.near(self.scale(x)))], [self.zero_point()]))
        return self.sum_of(*((x, other) if self.chance(0.5) else (other, x)))

    def with_live(self, x: int) -> int:
        """With any other tensor, made as large."""
        other = self.one_of(self.live)
        if _elements(self.shape(x)) > 16 * _elements(self.shape(other)):
            return self.with_constant(x)
        return self.sum_of(x, self.resized(other, self.shape(x)))

    def separable(self, x: int) -> int:
        x = self.depthwise(x)
        return self.convolution(x) if self.chance(0.7) else x

    def new_input(self, x: int) -> int:
        return self.input([1, self.integer(1, 9), self.integer(1, 9), self.integer(1, 9)])

    LAYERS = [
        *[convolution] * 5,
        *[separable] * 4,
        *[residual] * 4,
        *[joined] * 2,
        *[pool] * 2,
        *[table] * 2,
        depthwise,
        dense,
        mean,
        pad,
        softmax,
        with_constant,
        with_live,
        new_input,
    ]

    # A model of one operator, taken in

    def graft(self, row: str) -> None:
        graph = graph_of(row, self.rng)
        while not _is_small(graph):
            graph = graph_of(row, self.rng)
        if any(op.name == "VAR_HANDLE" for op in graph.operators):
            if self.has_resources:  # two lines of variables would have the same names
                return
            self.has_resources = True
            self.subgraphs = graph.subgraphs
        places = {}
        for position, index in enumerate(graph.inputs):
            tensor = graph.tensors[index]
            source = self.one_of(self.live)
            if row not in OWN_INPUTS and self.chance(0.85) and self._can_become(source, tensor):
                shaped = self.resized(source, tensor.shape)
                places[index] = self.requantized(shaped, float(tensor.scales[0]), int(tensor.zero_points[0]), tensor.type)
            else:
                places[index] = self.feed(self.add(tensor), [step[position] for step in graph.steps])
        for index, tensor in enumerate(graph.tensors):
            if index not in places:
                places[index] = self.add(tensor)
        for op in graph.operators:
            inputs, outputs = ([i if i < 0 else places[i] for i in list] for list in (op.inputs, op.outputs))
            intermediates = op.intermediates and [places[i] for i in op.intermediates]
            self.operators.append(
                Operator(op.name, inputs, outputs, op.options, op.code, op.options_type, op.version, intermediates)
            )
        for index in graph.outputs:
            self._use_result(places[index])

    def _can_become(self, source: int, tensor: Tensor) -> bool:
        if tensor.type not in (INT8, INT16) or tensor.scales is None or not tensor.shape:
            return False
        if _elements(tensor.shape) > 16 * _elements(self.shape(source)):
            return False
        return 2.0**-18 < self.scale(source) / float(tensor.scales[0]) < 2.0**18

    def _use_result(self, x: int) -> None:
        tensor = self.tensors[x]
        if tensor.type == INT16 and tensor.scales is not None and self.chance(0.5):
            x = self.requantized(x, float(tensor.scales[0]) * 256, self.zero_point())
            tensor = self.tensors[x]
        if tensor.type == INT8 and tensor.scales is not None and tensor.shape and len(np.atleast_1d(tensor.scales)) == 1:
            self.live.append(x)
        elif x not in self.outputs:
            self.outputs.append(x)

    # The whole

    def grow(self, row: str) -> None:
        shape = [1, self.integer(1, 17), self.integer(1, 17), self.integer(1, 8)]
        if self.chance(0.1):
            shape[1:3] = [1, 1]
        if self.chance(0.1):
            shape[3] = self.integer(9, 40)
        self.live.append(self.input(shape))
        layers = self.integer(1, 8)
        at = self.integer(0, layers)
        for number in range(layers):
            if number == at:
                self.graft(row)
            layer = self.one_of(self.LAYERS)
            x = layer(self, self.pick())
            if _elements(self.shape(x)) <= MOST_ELEMENTS:
                self.live.append(x)
        if at == layers:
            self.graft(row)
        if self.chance(0.4):
            self.live.append(self.dense(self.live[-1]))
            if self.chance(0.5):
                self.live.append(self.softmax(self.live[-1]))
        if self.chance(0.1):
            self.outputs.append(self.apply("DEQUANTIZE", [self.live[-1]], self.add(Tensor(self.shape(self.live[-1]), FLOAT32))))

    def finish(self) -> Network:
        read = {i for op in self.operators for i in op.inputs}
        made = [i for op in self.operators for i in op.outputs if op.name not in ("VAR_HANDLE",)]
        outputs = [i for i in made if i not in read or i in self.outputs]
        if self.chance(0.2):  # read inside, too
            outputs += [i for i in self.live if i in made and i not in outputs][:1]
        used = [k for k, i in enumerate(self.inputs) if i in read]
        inputs = [self.inputs[k] for k in used]
        count = max([2] + [len(self.feeds[k]) for k in used])
        steps = [[self.feeds[k][step % len(self.feeds[k])] for k in used] for step in range(count)]
        file = build(self.tensors, self.operators, inputs, list(dict.fromkeys(outputs)), more_subgraphs=self.subgraphs)
        return Network(file, steps, [op.name for op in self.operators])


def network(seed: int) -> Network:
    maker = Maker(seed)
    maker.grow(ROWS[seed % len(ROWS)])
    return maker.finish()


# Networks that are odd in one way each.


def _input(maker: Maker, shape=(1, 3, 4, 2)) -> int:
    return maker.input(list(shape))


def _constant(maker: Maker) -> int:
    return maker.add(constant(maker.codes([2, 3]), [f32(0.1)], [3]))


def constant_output(maker: Maker):
    return [maker.softmax(_input(maker)), _constant(maker)]


def reshaped_constant_output(maker: Maker):
    return [maker.softmax(_input(maker)), maker.reshaped(_constant(maker), [6])]


def input_as_output(maker: Maker):
    x = _input(maker)
    return [maker.convolution(x), x]


def reshaped_input_as_output(maker: Maker):
    x = _input(maker)
    return [maker.reshaped(x, [24]), maker.convolution(maker.convolution(x))]


def only_a_reshape(maker: Maker):
    return [maker.reshaped(_input(maker), [4, 6])]


def one_output_twice(maker: Maker):
    y = maker.softmax(maker.convolution(_input(maker)))
    return [y, y]


def output_under_two_shapes(maker: Maker):
    y = maker.softmax(_input(maker))
    return [y, maker.reshaped(y, [24])]


def unused_input(maker: Maker):
    _input(maker)
    return [maker.softmax(_input(maker))]


def unused_result(maker: Maker):
    x = _input(maker)
    maker.convolution(x)
    return [maker.softmax(x)]


def sum_with_itself(maker: Maker):
    y = maker.table(_input(maker))
    return [maker.sum_of(y, y)]


def sum_of_transposed_shapes(maker: Maker):
    """Equal bytes under other shapes, which repeat each other."""
    x = maker.table(_input(maker, [4, 1]))
    return [maker.sum_of(x, maker.reshaped(maker.table(x), [1, 4]))]


def convolution_of_a_vector(maker: Maker):
    """Images that are rows of a matrix elsewhere."""
    x = maker.reshaped(maker.table(_input(maker, [1, 60])), [1, 5, 4, 3])
    return [maker.dense(maker.convolution(maker.table(x), same_size=True, channels=3))]


def many_layers(maker: Maker):
    """More than a byte counts."""
    x = _input(maker, [1, 4, 1, 1])
    for _ in range(130):
        x = maker.apply("PAD", [x, maker.integers([[0, 0], [0, 1], [0, 0], [0, 0]])], maker.like(x, [1, 5, 1, 1]))
        x = maker.apply("MAX_POOL_2D", [x], maker.like(x, [1, 4, 1, 1]), padding="VALID", stride_h=1, stride_w=1, filter_h=2, filter_w=1)  # fmt: skip
    return [x]


ODD = [
    constant_output,
    reshaped_constant_output,
    input_as_output,
    reshaped_input_as_output,
    only_a_reshape,
    one_output_twice,
    output_under_two_shapes,
    unused_input,
    unused_result,
    sum_with_itself,
    sum_of_transposed_shapes,
    convolution_of_a_vector,
    many_layers,
]


def odd_network(make) -> Network:
    maker = Maker(ODD.index(make))
    outputs = make(maker)
    steps = [[feed[step] for feed in maker.feeds] for step in range(3)]
    file = build(maker.tensors, maker.operators, maker.inputs, outputs)
    return Network(file, steps, [op.name for op in maker.operators])
