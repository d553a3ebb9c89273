"""Random models of one operator each: pools, reductions, and the operators that move elements or resize images.

Operators that move elements take any type; the wheel takes some of them for each operator, and at most so many axes. Beyond that
the expected outputs are given along, from formulas_shapes.py or NumPy itself.
"""

from __future__ import annotations

import formulas_shapes as formulas
import numpy as np
from tflite_builder import (
    BOOL,
    FLOAT32,
    INT8,
    INT16,
    INT32,
    INT64,
    UINT8,
    Operator,
    activation,
    build,
    constant,
)

f32 = np.float32
ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]
DTYPES = {
    INT8: np.int8,
    INT16: np.int16,
    INT32: np.int32,
    INT64: np.int64,
    UINT8: np.uint8,
    FLOAT32: np.float32,
    BOOL: np.bool_,
}
CODES = {INT8: (-128, 127), UINT8: (0, 255), INT16: (-32768, 32767)}  # types that are quantized


def _scale(rng) -> np.float32:
    return f32(10.0 ** rng.uniform(-3, 0))


def _zero_point(rng, type=INT8) -> int:
    if type == INT16:
        return 0
    low, high = CODES[type]
    return int(rng.choice([low, 0, high])) if rng.random() < 0.3 else int(rng.integers(low, high + 1))


def _values(rng, shape, type=INT8) -> np.ndarray:
    if type == FLOAT32:
        return rng.standard_normal(shape).astype(f32)
    if type == BOOL:
        return rng.integers(0, 2, shape).astype(bool)
    low, high = CODES.get(type, (-(2**31), 2**31 - 1))
    if rng.random() < 0.1:
        return rng.choice(np.array([low, high], DTYPES[type]), shape)
    return rng.integers(low, high + 1, shape).astype(DTYPES[type])


def _shape(rng, least=1, most_dimensions=5, most=6) -> list[int]:
    return [int(rng.integers(1, most + 1)) for _ in range(rng.integers(least, most_dimensions + 1))]


def _flag(rng, chance=0.5) -> bool:
    return bool(rng.random() < chance)


# Pools.


def _pool(rng, name, type):
    def extent():
        n, k, stride = int(rng.integers(1, 12)), int(rng.integers(1, 5)), int(rng.integers(1, 4))
        if _flag(rng, 0.1):
            n, k = int(rng.integers(12, 30)), int(rng.integers(8, 30))  # windows of over 255 elements
        return n, k, stride

    (h, kh, sh), (w, kw, sw) = extent(), extent()
    padding = "SAME" if h < kh or w < kw or _flag(rng) else "VALID"
    out = [-(-n // s) if padding == "SAME" else (n - k) // s + 1 for n, k, s in ((h, kh, sh), (w, kw, sw))]
    batches, channels = int(rng.integers(1, 3)), int(rng.integers(1, 20))
    scale, zero_point = _scale(rng), _zero_point(rng, type)
    options = dict(
        padding=padding,
        stride_h=sh,
        stride_w=sw,
        filter_h=kh,
        filter_w=kw,
        activation=str(rng.choice(ACTIVATIONS)),
    )
    tensors = [activation([batches, h, w, channels], scale, zero_point, type)]
    tensors.append(activation([batches, *out, channels], scale, zero_point, type))
    return build(tensors, [Operator(name, [0], [1], options)], [0], [1]), [_values(rng, tensors[0].shape, type)]


# Reductions.


def _axes(rng, dimensions: int) -> tuple[np.ndarray, tuple[int, ...]]:
    """As a file states them (negative ones, twice the same, a scalar, none at all), and what they are."""
    axes = rng.choice(dimensions, int(rng.integers(0 if _flag(rng, 0.1) else 1, dimensions + 1)), replace=False)
    stated = [int(a) - (dimensions if _flag(rng, 0.3) else 0) for a in axes]
    if stated and len(stated) < 6 and _flag(rng, 0.1):
        stated.append(stated[0])
    array = np.array(stated, np.int32)
    return array.reshape([]) if len(stated) == 1 and _flag(rng, 0.3) else array, tuple(int(a) for a in axes)


def _reduced(shape, axes, keep_dims):
    return [1 if d in axes else n for d, n in enumerate(shape) if keep_dims or d not in axes]


def _reduce(rng, name, type, output_scale, most=6):
    shape = _shape(rng, most=most)
    stated, axes = _axes(rng, len(shape))
    if len(shape) == 4 and _flag(rng):  # as global pools are exported
        stated, axes = np.array([1, 2], np.int32), (1, 2)
    if stated.size == 0:  # a buffer of no bytes is no constant
        stated, axes = np.array([0], np.int32), (0,)
    keep_dims = _flag(rng)
    n = int(np.prod([shape[a] for a in axes], dtype=np.int64))
    scale, zero_point = _scale(rng), _zero_point(rng, type)
    out_scale = output_scale(scale, n)
    out_zero_point = zero_point if out_scale == scale and name == "REDUCE_MAX" else _zero_point(rng, type)
    tensors = [
        activation(shape, scale, zero_point, type),
        constant(stated),
        activation(_reduced(shape, axes, keep_dims), out_scale, out_zero_point, type),
    ]
    file = build(tensors, [Operator(name, [0, 1], [2], dict(keep_dims=keep_dims))], [0], [2])
    return file, [_values(rng, shape, type)]


def _near(rng, scale: float) -> np.float32:
    """Mostly near `scale`, exactly it, or a power of two from it."""
    kind = rng.random()
    if kind < 0.2:
        return f32(scale)
    return f32(scale * 2.0 ** (int(rng.integers(-3, 4)) if kind < 0.4 else rng.uniform(-4, 2)))


def _mean(rng, type):
    return _reduce(rng, "MEAN", type, lambda scale, n: _near(rng, scale), most=13 if type == INT8 else 9)


def _sum(rng, type):
    return _reduce(rng, "SUM", type, lambda scale, n: _near(rng, float(scale) * np.sqrt(n)), most=9)


def reduce_max(rng):
    return _reduce(rng, "REDUCE_MAX", INT8, lambda scale, n: scale)


def _arg_extreme(rng, name):
    shape = _shape(rng, most_dimensions=4, most=9)
    axis = int(rng.integers(len(shape)))
    x = _values(rng, shape)
    if _flag(rng, 0.3):
        x = (x // 64).astype(np.int8)  # ties
    wide = _flag(rng, 0.3)  # the wheel has int32 only
    dtype = np.int64 if wide else np.int32
    stated = np.array([axis - (len(shape) if _flag(rng, 0.3) else 0)], np.int64 if wide and _flag(rng) else np.int32)
    output_shape = shape[:axis] + shape[axis + 1 :]
    tensors = [
        activation(shape, _scale(rng), _zero_point(rng)),
        constant(stated.reshape([]) if _flag(rng) else stated),
        activation(output_shape, type=INT64 if wide else INT32),
    ]
    options = dict(output_type=4 if wide else 2)
    file = build(tensors, [Operator(name, [0, 1], [2], options)], [0], [2])
    if not wide:
        return file, [x]
    return file, [x], [(np.argmax if name == "ARG_MAX" else np.argmin)(x, axis).astype(dtype)]


# Elements that are moved.


class _Moving:
    """One operator that moves elements: `wheel` are the types that the wheel takes, `quantized` whether codes have a scale."""

    def __init__(self, rng, *wheel, needs_scale=False):
        self.rng = rng
        self.type = INT8 if _flag(rng, 0.5) else int(rng.choice(list(DTYPES) if _flag(rng, 0.3) else wheel))
        self.known = self.type not in wheel
        self.scale, self.zero_point = None, 0
        if self.type in CODES and (needs_scale or not _flag(rng, 0.1)):
            self.scale, self.zero_point = _scale(rng), _zero_point(rng, self.type)
        self.tensors, self.inputs, self.feeds = [], [], []

    def input(self, shape, may_be_constant=True) -> tuple[int, np.ndarray]:
        x = _values(self.rng, shape, self.type)
        if may_be_constant and self.inputs and _flag(self.rng, 0.2):
            return self.constant(x, self.scale, self.zero_point), x
        self.inputs.append(self.output(shape))
        self.feeds.append(x)
        return self.inputs[-1], x

    def output(self, shape) -> int:
        self.tensors.append(activation([int(n) for n in shape], self.scale, self.zero_point, self.type))
        return len(self.tensors) - 1

    def constant(self, data, scale=None, zero_point=0) -> int:
        data = np.asarray(data)
        self.tensors.append(constant(data) if scale is None else constant(data, [scale], [zero_point]))
        return len(self.tensors) - 1

    def integers(self, values, wide=False) -> int:
        """`wide`: the wheel takes int64 too."""
        narrow = not _flag(self.rng, 0.2)
        self.known |= not narrow and not wide
        return self.constant(np.array(values, np.int32 if narrow else np.int64))

    def done(self, name, inputs, expected, options=None):
        outputs = [self.output(y.shape) for y in expected]
        after = None
        if _flag(self.rng, 0.2):  # constants at any alignment; the wheel knows none behind the flatbuffer
            after, self.known = int(self.rng.integers(16)), True
        op = Operator(name, inputs, outputs, options or {})
        file = build(self.tensors, [op], self.inputs, outputs, data_after=after)
        return (file, self.feeds, [np.ascontiguousarray(y) for y in expected]) if self.known else (file, self.feeds)


def concatenation(rng):
    m = _Moving(rng, BOOL, FLOAT32, INT8, INT16, INT32, INT64)
    shape = _shape(rng, most_dimensions=5 if _flag(rng, 0.9) else 6)
    m.known |= len(shape) > 5
    axis = int(rng.integers(len(shape)))
    parts = []
    for _ in range(int(rng.integers(1, 7 if _flag(rng, 0.9) else 20))):
        part = list(shape)
        part[axis] = int(rng.integers(1, 6))
        parts.append(m.input(part))
    m.known |= len(parts) > 10
    expected = np.concatenate([x for _, x in parts], axis)
    axis -= len(shape) if _flag(rng) else 0
    return m.done("CONCATENATION", [i for i, _ in parts], [expected], dict(axis=axis))


def _pad(rng, name):
    m = _Moving(rng, FLOAT32, INT8, INT16, INT32, needs_scale=True)
    shape = _shape(rng, most_dimensions=5 if _flag(rng, 0.9) else 6, most=5)
    m.known |= len(shape) > 5
    paddings = rng.integers(0, 4, (len(shape), 2))
    if len(shape) == 4 and _flag(rng):
        paddings[[0, 3]] = 0
    tensor, x = m.input(shape)
    inputs = [tensor, m.integers(paddings)]
    value = np.array(m.zero_point if m.type in CODES else 0, DTYPES[m.type])
    if name == "PADV2":
        value = _values(rng, [1] if _flag(rng) else [], m.type)
        if _flag(rng):
            inputs.append(m.constant(value, m.scale, m.zero_point))
        else:
            m.inputs.append(m.output(value.shape))
            m.feeds.append(value)
            inputs.append(m.inputs[-1])
    expected = np.pad(x, paddings, constant_values=value.reshape([]).item())
    return m.done(name, inputs, [expected])


def reshape(rng):
    m = _Moving(rng, *DTYPES)
    shape = _shape(rng, least=0, most_dimensions=6)
    tensor, x = m.input(shape)
    output_shape = [int(d) for d in rng.permutation(shape)]
    if _flag(rng, 0.3):
        output_shape = [int(np.prod(shape, dtype=np.int64))]
    elif _flag(rng, 0.3) and len(shape) < 6:
        output_shape.insert(int(rng.integers(len(shape) + 1)), 1)
    options, inputs = {}, [tensor]
    if _flag(rng) and output_shape:
        inputs.append(m.constant(np.array(output_shape, np.int32)))
    if _flag(rng, 0.3):
        options["new_shape"] = output_shape
    return m.done("RESHAPE", inputs, [x.reshape(output_shape)], options)


def squeeze(rng):
    m = _Moving(rng, *DTYPES)
    shape = [1 if _flag(rng, 0.4) else n for n in _shape(rng, most_dimensions=6)]
    ones = [d for d, n in enumerate(shape) if n == 1]
    if _flag(rng):
        ones = [d for d in ones if _flag(rng)]
    options = {}
    if len(ones) < shape.count(1) or _flag(rng):
        options["squeeze_dims"] = [d - (len(shape) if _flag(rng, 0.3) else 0) for d in ones]
    if not ones and 1 in shape:  # no axes named would mean all of them
        options, ones = {}, [d for d, n in enumerate(shape) if n == 1]
    tensor, x = m.input(shape)
    return m.done("SQUEEZE", [tensor], [x.reshape([n for d, n in enumerate(shape) if d not in ones])], options)


def expand_dims(rng):
    m = _Moving(rng, INT8, INT16, FLOAT32)
    shape = _shape(rng, least=0, most_dimensions=5)
    axis = int(rng.integers(len(shape) + 1))
    tensor, x = m.input(shape)
    stated = m.integers(axis - (len(shape) + 1 if _flag(rng, 0.3) else 0))
    return m.done("EXPAND_DIMS", [tensor, stated], [np.expand_dims(x, axis)])


def transpose(rng):
    m = _Moving(rng, INT8, INT16, FLOAT32)
    shape = _shape(rng, most_dimensions=5 if _flag(rng, 0.8) else 6)
    m.known |= len(shape) > 5
    order = [int(d) for d in rng.permutation(len(shape))]
    tensor, x = m.input(shape)
    return m.done("TRANSPOSE", [tensor, m.integers(order)], [x.transpose(order)])


def slice_(rng):
    m = _Moving(rng, INT8, INT16, INT32, FLOAT32, BOOL)
    shape = _shape(rng, most_dimensions=5 if _flag(rng, 0.9) else 6)
    m.known |= len(shape) > 5
    begin = [int(rng.integers(n)) for n in shape]
    size = [int(rng.integers(1, n - b + 1)) for n, b in zip(shape, begin)]
    tensor, x = m.input(shape)
    expected = x[tuple(slice(b, b + s) for b, s in zip(begin, size))]
    stated = [-1 if b + s == n and _flag(rng) else s for n, b, s in zip(shape, begin, size)]
    dtype = np.int64 if _flag(rng, 0.3) else np.int32
    inputs = [tensor, m.constant(np.array(begin, dtype)), m.constant(np.array(stated, dtype))]
    return m.done("SLICE", inputs, [expected])


def strided_slice(rng):
    while True:
        m = _Moving(rng, INT8, INT16, INT32, FLOAT32, BOOL)
        shape = _shape(rng, most_dimensions=4 if _flag(rng, 0.8) else 6)
        entries = len(shape)
        masks = dict(ellipsis_mask=0, new_axis_mask=0)
        if _flag(rng, 0.2):
            entries = int(rng.integers(1, len(shape) + 3))
            masks["new_axis_mask"] = int(rng.integers(1 << entries)) if _flag(rng) else 0
            masks["ellipsis_mask"] = 1 << int(rng.integers(entries)) if _flag(rng) else 0
        taken = entries - (masks["new_axis_mask"] | masks["ellipsis_mask"]).bit_count()
        if taken > len(shape):
            continue
        m.known |= any(masks.values()) or entries != len(shape) or len(shape) > 4
        for mask in ("begin_mask", "end_mask", "shrink_axis_mask"):
            masks[mask] = int(rng.integers(1 << entries)) if _flag(rng, 0.3) else 0
        begin, end, strides = (rng.integers(-7, 8, entries) for _ in range(3))
        if _flag(rng):
            strides = np.where(strides < 0, -1, 1)
        strides = np.where(strides == 0, 1, strides)
        if _flag(rng, 0.1):
            begin, end = begin * 300000000, end * 300000000
        shrinking = np.array([masks["shrink_axis_mask"] >> i & 1 for i in range(entries)], bool)
        strides = np.where(shrinking, np.abs(strides), strides)
        tensor, x = m.input(shape)
        try:
            expected = formulas.strided_slice(x, begin, end, strides, **masks)
        except IndexError:
            continue
        if expected.size == 0 or expected.ndim > 6:
            continue
        inputs = [tensor, m.integers(begin), m.integers(end), m.integers(strides)]
        return m.done("STRIDED_SLICE", inputs, [expected], masks)


def split(rng):
    m = _Moving(rng, INT8, INT16, INT32, FLOAT32)
    shape = _shape(rng)
    axis, parts = int(rng.integers(len(shape))), int(rng.integers(1, 6))
    shape[axis] *= parts
    stated = m.integers(axis - (len(shape) if _flag(rng, 0.3) else 0))
    tensor, x = m.input(shape)
    return m.done("SPLIT", [stated, tensor], np.split(x, parts, axis), dict(num_splits=parts))


def split_v(rng):
    m = _Moving(rng, INT8, INT16, INT32, FLOAT32)
    shape = _shape(rng)
    axis = int(rng.integers(len(shape)))
    sizes = [int(rng.integers(1, 6)) for _ in range(rng.integers(1, 6))]
    shape[axis] = sum(sizes)
    tensor, x = m.input(shape)
    expected = np.split(x, np.cumsum(sizes)[:-1], axis)
    if _flag(rng, 0.3):
        sizes[int(rng.integers(len(sizes)))] = -1
    stated = m.integers(axis - (len(shape) if _flag(rng, 0.3) else 0))
    return m.done("SPLIT_V", [tensor, m.constant(np.array(sizes, np.int32)), stated], expected, dict(num_splits=len(sizes)))


def pack(rng):
    m = _Moving(rng, INT8, INT16, INT32, INT64, FLOAT32)
    shape = _shape(rng, least=0)
    axis = int(rng.integers(len(shape) + 1))
    parts = [m.input(shape) for _ in range(int(rng.integers(1, 7)))]
    expected = np.stack([x for _, x in parts], axis)
    axis -= len(shape) + 1 if _flag(rng, 0.3) else 0
    return m.done("PACK", [i for i, _ in parts], [expected], dict(values_count=len(parts), axis=axis))


def unpack(rng):
    m = _Moving(rng, INT8, INT16, INT32, FLOAT32)
    shape = _shape(rng)
    axis = int(rng.integers(len(shape)))
    tensor, x = m.input(shape)
    expected = [np.take(x, i, axis) for i in range(shape[axis])]
    options = dict(num=shape[axis], axis=axis - (len(shape) if _flag(rng, 0.3) else 0))
    return m.done("UNPACK", [tensor], expected, options)


def gather(rng):
    while True:
        m = _Moving(rng, INT8, FLOAT32)
        shape = _shape(rng)
        axis = int(rng.integers(len(shape)))
        batch_dims = int(rng.integers(0, axis + 1)) if _flag(rng, 0.4) else 0
        indices_shape = shape[:batch_dims] + _shape(rng, least=0, most_dimensions=2)
        if len(shape) + len(indices_shape) - 1 - batch_dims > 6:
            continue
        break
    tensor, x = m.input(shape)
    indices = rng.integers(0, shape[axis], indices_shape).astype(np.int32)
    if _flag(rng):
        positions = m.constant(indices)
    else:
        m.tensors.append(activation(indices_shape, type=INT32))
        positions = len(m.tensors) - 1
        stray = indices
        if _flag(rng, 0.2):  # computed indices beyond the axis are taken as the nearest one
            stray = indices + rng.integers(-9, 10, indices_shape).astype(np.int32)
            indices, m.known = np.clip(stray, 0, shape[axis] - 1), True
        m.inputs.append(positions)
        m.feeds.append(stray)
    expected = np.asarray(formulas.gather(x, indices, axis, batch_dims))
    options = dict(axis=axis - (len(shape) if _flag(rng, 0.3) else 0), batch_dims=batch_dims)
    if batch_dims and _flag(rng, 0.3) and batch_dims < len(indices_shape):
        options["batch_dims"] = batch_dims - len(indices_shape)
    return m.done("GATHER", [tensor, positions], [expected], options)


def _blocks(rng, name):
    m = _Moving(rng, INT8, FLOAT32)
    block = int(rng.integers(1, 5))
    wide = [int(rng.integers(1, 3)), *(block * int(rng.integers(1, 5)) for _ in range(2)), int(rng.integers(1, 6))]
    if name == "SPACE_TO_DEPTH":
        tensor, x = m.input(wide)
        expected = formulas.space_to_depth(x, block)
    else:
        tensor, x = m.input([wide[0], wide[1] // block, wide[2] // block, wide[3] * block**2])
        expected = formulas.depth_to_space(x, block)
    return m.done(name, [tensor], [expected], dict(block_size=block))


# Resized images.


def _extents(rng) -> tuple[int, int]:
    most = int(rng.choice([4, 12, 40, 300]))
    size_in, size_out = (int(n) for n in rng.integers(1, most + 1, 2))
    if _flag(rng, 0.1):  # where a rounded step gathers to an element or more
        return int(rng.integers(1, 4)), int(rng.integers(40, 200))
    return (size_in, size_in * int(rng.integers(1, 4))) if _flag(rng, 0.2) else (size_in, size_out)


def resize_nearest_neighbor(rng):
    m = _Moving(rng, INT8, INT16, FLOAT32)
    (h, height), (w, width) = _extents(rng), _extents(rng)
    options = dict(align_corners=_flag(rng), half_pixel_centers=_flag(rng))
    channels = int(rng.integers(1, 6)) if h * w < 3000 else 1
    tensor, x = m.input([int(rng.integers(1, 3)), h, w, channels])
    size = m.constant(np.array([height, width], np.int32))
    expected = formulas.resize_nearest_neighbor(x, height, width, **options)
    return m.done("RESIZE_NEAREST_NEIGHBOR", [tensor, size], [expected], options)


def resize_bilinear(rng):
    (h, height), (w, width) = _extents(rng), _extents(rng)
    options = dict(align_corners=_flag(rng), half_pixel_centers=_flag(rng))
    if all(options.values()):
        options["align_corners"] = False
    scale, zero_point = _scale(rng), _zero_point(rng)
    x = _values(rng, [int(rng.integers(1, 3)), h, w, int(rng.integers(1, 6)) if h * w < 3000 else 1])
    expected = formulas.resize_bilinear(x, height, width, **options)
    tensors = [
        activation(x.shape, scale, zero_point),
        constant(np.array([height, width], np.int32)),
        activation(expected.shape, scale, zero_point),
    ]
    file = build(tensors, [Operator("RESIZE_BILINEAR", [0, 1], [2], options)], [0], [2])
    if any(formulas.bilinear_leaves_the_image(a, b, **options) for a, b in ((h, height), (w, width))):
        return file, [x], [expected]
    return file, [x]


GENERATORS = {
    "arg_max": lambda rng: _arg_extreme(rng, "ARG_MAX"),
    "arg_min": lambda rng: _arg_extreme(rng, "ARG_MIN"),
    "average_pool_2d": lambda rng: _pool(rng, "AVERAGE_POOL_2D", INT8),
    "average_pool_2d_int16": lambda rng: _pool(rng, "AVERAGE_POOL_2D", INT16),
    "concatenation": concatenation,
    "depth_to_space": lambda rng: _blocks(rng, "DEPTH_TO_SPACE"),
    "expand_dims": expand_dims,
    "gather": gather,
    "max_pool_2d": lambda rng: _pool(rng, "MAX_POOL_2D", INT8),
    "max_pool_2d_int16": lambda rng: _pool(rng, "MAX_POOL_2D", INT16),
    "mean": lambda rng: _mean(rng, INT8),
    "mean_int16": lambda rng: _mean(rng, INT16),
    "pack": pack,
    "pad": lambda rng: _pad(rng, "PAD"),
    "padv2": lambda rng: _pad(rng, "PADV2"),
    "reduce_max": reduce_max,
    "reshape": reshape,
    "resize_bilinear": resize_bilinear,
    "resize_nearest_neighbor": resize_nearest_neighbor,
    "slice": slice_,
    "space_to_depth": lambda rng: _blocks(rng, "SPACE_TO_DEPTH"),
    "split": split,
    "split_v": split_v,
    "squeeze": squeeze,
    "strided_slice": strided_slice,
    "sum": lambda rng: _sum(rng, INT8),
    "sum_int16": lambda rng: _sum(rng, INT16),
    "transpose": transpose,
    "unpack": unpack,
}
