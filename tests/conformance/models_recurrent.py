"""Random models of the operators that keep a state, and of TRANSPOSE_CONV and BATCH_MATMUL.

A generator takes a numpy Generator and gives (file, inputs). Operators with a state give (file, Steps([inputs, inputs, ...])):
sets of inputs for one invocation after another, since the second invocation is where a state shows. Nothing is drawn that
the reference refuses (it aborts the process then).
"""

from __future__ import annotations

import numpy as np
from tflite_builder import (
    INT8,
    INT16,
    INT32,
    RESOURCE,
    Operator,
    Subgraph,
    Tensor,
    activation,
    build,
    constant,
    variable,
)

f32 = np.float32
FUSED = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


class Steps(list):
    """Sets of inputs for invocations one after another, on one interpreter."""

    @property
    def steps(self) -> list:
        return list(self)


def _scale(rng, low=-3.0, high=0.0) -> np.float32:
    return f32(2.0 ** rng.integers(-9, 0)) if rng.random() < 0.1 else f32(10.0 ** rng.uniform(low, high))


def _zero_point(rng) -> int:
    return int(rng.choice([-128, 0, 127])) if rng.random() < 0.3 else int(rng.integers(-128, 128))


def _codes(rng, shape, type=INT8) -> np.ndarray:
    dtype, low, high = (np.int8, -128, 127) if type == INT8 else (np.int16, -32768, 32767)
    if rng.random() < 0.1:
        return rng.choice(np.array([low, high], dtype), shape)
    return rng.integers(low, high + 1, shape).astype(dtype)


def _weights(rng, shape) -> np.ndarray:
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    if rng.random() < 0.1:
        weights.flat[rng.integers(weights.size)] = -128
    return weights


def _output_scale(rng, spread, type=INT8) -> np.float32:
    """For sums that are about `spread` large: outputs fill the codes, now and then they saturate or vanish."""
    return f32(spread / (50 if type == INT8 else 12000) * 2.0 ** rng.uniform(-2, 2))


def _steps(rng, shapes, type=INT8, most=5) -> Steps:
    return Steps([[_codes(rng, shape, type) for shape in shapes] for _ in range(int(rng.integers(2, most + 1)))])


# TRANSPOSE_CONV


def _transposed_extent(rng, extent, kernel, stride, padding) -> int:
    """An output's extent: what converters write, one of the others that mean the same input, or any."""
    draw = rng.random()
    if draw < 0.1:
        return int(rng.integers(max(1, kernel - stride), 14))
    least, most = (stride * (extent - 1) + 1, stride * extent)
    if padding == "VALID":
        least, most = (least + kernel - 1, most + kernel - 1)
    if draw < 0.5:
        return int(rng.integers(least, most + 1))
    return most if padding == "SAME" else stride * extent + max(kernel - stride, 0)


def _transpose_conv(rng, type):
    batches, depth, channels = int(rng.integers(1, 3)), int(rng.integers(1, 12)), int(rng.integers(1, 10))
    extents, kernel = rng.integers(1, 7, 2), rng.integers(1, 5, 2)
    strides = rng.integers(1, 4, 2)
    padding = str(rng.choice(["SAME", "VALID"]))
    out = [_transposed_extent(rng, int(n), int(k), int(s), padding) for n, k, s in zip(extents, kernel, strides)]
    input_shape, output_shape = [batches, *map(int, extents), depth], [batches, *out, channels]
    input_scale = _scale(rng) if type == INT8 else _scale(rng, -5, -3)
    per_tensor = rng.random() < 0.3
    scales = (10.0 ** rng.uniform(-3, -1) * 2.0 ** rng.uniform(-1, 1, 1 if per_tensor else channels)).astype(f32)
    if len(scales) > 1 and rng.random() < 0.2:
        scales[rng.integers(len(scales))] = f32(1e-11)  # a dead channel
    taps = float(np.prod(np.ceil(kernel / strides))) * depth
    codes = 127 if type == INT8 else 32767
    output_scale = _output_scale(rng, float(input_scale) * float(scales.max()) * codes * 80 * np.sqrt(taps), type)
    tensors = [
        constant(np.array(output_shape, np.int32)),
        constant(_weights(rng, [channels, *map(int, kernel), depth]), scales),
        activation(input_shape, input_scale, _zero_point(rng) if type == INT8 else 0, type),
        activation(output_shape, output_scale, _zero_point(rng) if type == INT8 else 0, type),
    ]
    inputs, graph_inputs = [0, 1, 2], [2]
    if rng.random() < 0.8:
        bias = rng.integers(-9000, 9000, channels) * int(np.sqrt(taps) + 1) * (1 if type == INT8 else 200)
        dtype = np.int32 if type == INT8 else np.int64
        if type == INT16 and rng.random() < 0.3:
            bias, dtype = bias % 65536 - 32768, np.int16
        tensors.append(constant(bias.astype(dtype), (f32(input_scale) * scales).astype(f32)))
        inputs.append(4)
    elif rng.random() < 0.5:
        inputs.append(-1)
    options = dict(padding=padding, stride_h=int(strides[0]), stride_w=int(strides[1]), activation=str(rng.choice(FUSED)))
    data = [_codes(rng, input_shape, type)]
    if rng.random() < 0.2:  # the output's shape may be given at run time; it must be what the file says
        data.insert(0, tensors[0].data)
        tensors[0] = activation([4], type=INT32)
        graph_inputs.insert(0, 0)
    file = build(tensors, [Operator("TRANSPOSE_CONV", inputs, [3], options)], graph_inputs, [3])
    return file, data


def transpose_conv(rng):
    return _transpose_conv(rng, INT8)


def transpose_conv_int16(rng):
    return _transpose_conv(rng, INT16)


# BATCH_MATMUL


def _batch_matmul(rng, type):
    rows, depth, columns = int(rng.integers(1, 8)), int(rng.integers(1, 40)), int(rng.integers(1, 8))
    batch = [int(n) for n in rng.integers(1, 4, int(rng.integers(0, 4)))]
    batches = []
    for _ in range(2):  # broadcast
        one = [1 if rng.random() < 0.3 else n for n in batch]
        batches.append(one[int(rng.integers(len(one) + 1)) :] if rng.random() < 0.3 else one)
    options = dict(adj_x=bool(rng.random() < 0.5), adj_y=bool(rng.random() < 0.5))
    shapes = [
        batches[0] + ([depth, rows] if options["adj_x"] else [rows, depth]),
        batches[1] + ([columns, depth] if options["adj_y"] else [depth, columns]),
    ]
    output_shape = list(np.broadcast_shapes(*batches)) + [rows, columns]
    scales = [_scale(rng) if type == INT8 else _scale(rng, -5, -3) for _ in range(2)]
    zero_points = [_zero_point(rng) if type == INT8 else 0 for _ in range(3)]
    spread = (80 if type == INT8 else 20000) ** 2 * np.sqrt(depth) + abs(zero_points[0] * zero_points[1]) * depth
    spread *= float(scales[0]) * float(scales[1])
    tensors, inputs, data = [], [], []
    constant_side = int(rng.choice([1, 1, 0])) if rng.random() < 0.4 else -1
    for i, shape in enumerate(shapes):
        codes = _codes(rng, shape, type)
        if i == constant_side:
            tensors.append(constant(codes, [scales[i]], [zero_points[i]]))
        else:
            tensors.append(activation(shape, scales[i], zero_points[i], type))
            inputs.append(i)
            data.append(codes)
    tensors.append(activation([int(n) for n in output_shape], _output_scale(rng, spread, type), zero_points[2], type))
    return build(tensors, [Operator("BATCH_MATMUL", [0, 1], [2], options)], inputs, [2]), data


def batch_matmul(rng):
    return _batch_matmul(rng, INT8)


def batch_matmul_int16(rng):
    return _batch_matmul(rng, INT16)


# SVDF


def svdf_model(rng, state_type, bias_left_out=None):
    """`bias_left_out`: the bias is left out, or (False) is 0, which must be the same."""
    batches, features, memory = int(rng.integers(1, 4)), int(rng.integers(1, 30)), int(rng.integers(1, 11))
    rank, units = int(rng.integers(1, 4)), int(rng.integers(1, 9))
    filters = rank * units
    input_scale, feature_scale = _scale(rng), _scale(rng, -3, -1)
    spread = float(input_scale) * float(feature_scale) * 80 * 80 * np.sqrt(features)
    state_scale = _output_scale(rng, spread, state_type)
    if state_type == INT16:
        time_weights = rng.integers(-32768, 32768, [filters, memory]).astype(np.int16) // int(rng.choice([1, 8, 64]))
        state_zero_point = 0
    else:
        time_weights = _weights(rng, [filters, memory])
        state_zero_point = _zero_point(rng) if rng.random() < 0.7 else 0  # sums wrap beyond the codes
    time_scale = f32(_scale(rng, -3, -1) / (1 if state_type == INT8 else 200))
    largest = float(np.abs(time_weights.astype(np.float64)).max()) + 1
    spread = (100 if state_type == INT8 else 9000) * largest * np.sqrt(memory * rank)
    output_scale = _output_scale(rng, float(state_scale) * float(time_scale) * spread)
    bias = rng.integers(-1000, 1001, units) * int(spread // 4000 + 1)
    if bias_left_out is not None:
        bias[:] = 0
    tensors = [
        activation([batches, features], input_scale, _zero_point(rng)),
        constant(_weights(rng, [filters, features]), [feature_scale]),
        constant(time_weights, [time_scale]),
        constant(bias.astype(np.int32), [f32(state_scale * time_scale)]),
        variable([batches, memory * filters], state_scale, state_zero_point, state_type),
        activation([batches, units], output_scale, _zero_point(rng)),
    ]
    options = dict(rank=rank, activation=str(rng.choice(["NONE", "RELU"])))
    inputs = [0, 1, 2, -1 if bias_left_out else 3, 4]
    file = build(tensors, [Operator("SVDF", inputs, [5], options)], [0], [5])
    return file, _steps(rng, [tensors[0].shape], most=memory + 3)


def svdf(rng):
    return svdf_model(rng, INT8)


def svdf_int16(rng):
    return svdf_model(rng, INT16)


# UNIDIRECTIONAL_SEQUENCE_LSTM


def _lstm(rng, type):
    batches, steps = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    features, units = int(rng.integers(1, 20)), int(rng.integers(1, 12))
    time_major = bool(rng.random() < 0.5)
    outer = [steps, batches] if time_major else [batches, steps]
    symmetric = type == INT16
    input_scale = _scale(rng, -3, -1) if type == INT8 else _scale(rng, -6, -4)
    if rng.random() < 0.5:
        hidden_scale = f32(1 / 128) if type == INT8 else f32(1 / 32768)
        hidden_zero_point = 0
    else:
        hidden_scale = f32((1 / 128 if type == INT8 else 1 / 32768) * 2.0 ** rng.uniform(-1.5, 1))
        hidden_zero_point = 0 if symmetric else _zero_point(rng)
    cell_power = int(rng.choice([-11, -11, -12, -13, -14, -15, -10, -9, -8, -5]))
    cell_scale = f32(2.0**cell_power)
    if rng.random() < 0.1:
        cell_scale = f32(cell_scale * 2.0 ** rng.uniform(-0.49, 0.49))  # only the nearest power of two counts in TANH
    tensors = [activation([*outer, features], input_scale, 0 if symmetric else _zero_point(rng), type)]
    inputs = [-1] * 24
    inputs[0] = 0

    def add(position, tensor):
        inputs[position] = len(tensors)
        tensors.append(tensor)

    codes = 100 if type == INT8 else 20000
    for gate in range(4):
        # Sums before a gate's function: a real number of about +-4, now and then beyond its range.
        reach = 4 * 2.0 ** rng.uniform(-2, 2)
        scale = f32(reach / (float(input_scale) * codes * 70 * np.sqrt(features)))
        add(1 + gate, constant(_weights(rng, [units, features]), [scale]))
        bias_scale = f32(scale * input_scale)
        bias = np.round(rng.uniform(-2, 2, units) / float(bias_scale))
        bias_codes = bias.astype(np.int32 if type == INT8 else np.int64)
        scale = f32(reach / (float(hidden_scale) * codes * 70 * np.sqrt(units)))
        add(5 + gate, constant(_weights(rng, [units, units]), [scale]))
        add(12 + gate, constant(bias_codes, [bias_scale]))
    add(18, variable([batches, units], hidden_scale, hidden_zero_point, type))
    add(19, variable([batches, units], cell_scale, 0, INT16))
    output = len(tensors)
    tensors.append(activation([*outer, units], hidden_scale, hidden_zero_point, type))
    operator = Operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [output], dict(activation="TANH", time_major=time_major))
    if rng.random() < 0.4:
        operator.options["cell_clip"] = float(f32(10.0 ** rng.uniform(-3, 2)))
    if rng.random() < 0.5:  # as converters write them, with scales that nothing here reads
        operator.intermediates = list(range(len(tensors), len(tensors) + 5))
        for _ in range(5):
            tensors.append(activation([0], 2.0**-12, 0, INT16))
    return build(tensors, [operator], [0], [output]), _steps(rng, [tensors[0].shape], type)


def unidirectional_sequence_lstm(rng):
    return _lstm(rng, INT8)


def unidirectional_sequence_lstm_int16(rng):
    return _lstm(rng, INT16)


# Resource variables


def _handle(name, output, container=None) -> Operator:
    options = dict(shared_name=name) if container is None else dict(shared_name=name, container=container)
    return Operator("VAR_HANDLE", [], [output], options)


def _resource() -> Tensor:
    return Tensor([], RESOURCE)


def _initializer(values: list[tuple[str, Tensor]], container=None) -> Subgraph:
    """What CALL_ONCE runs: assigns a constant to each named variable."""
    tensors, operators = [], []
    for name, value in values:
        at = len(tensors)
        tensors += [_resource(), value]
        operators += [_handle(name, at, container), Operator("ASSIGN_VARIABLE", [at, at + 1], [])]
    return Subgraph(tensors, operators)


def _container(rng) -> str | None:
    return None if rng.random() < 0.5 else str(rng.choice(["", "shelf"]))


def _any_type(rng, shape) -> tuple[Tensor, np.ndarray]:
    """A tensor without data, and codes for it."""
    type = int(rng.choice([INT8, INT8, INT16, INT32]))
    if type == INT32:
        return activation(shape, type=INT32), rng.integers(-(2**31), 2**31, shape).astype(np.int32)
    return activation(shape, _scale(rng), _zero_point(rng) if type == INT8 else 0, type), _codes(rng, shape, type)


def _values(rng, tensor) -> np.ndarray:
    if tensor.type == INT32:
        return rng.integers(-(2**31), 2**31, tensor.shape).astype(np.int32)
    return _codes(rng, tensor.shape, tensor.type)


def _delay(rng, with_initializer):
    """Gives out what came in one invocation (or more) ago: a line of variables, each read before it is assigned."""
    shape = [int(n) for n in rng.integers(1, 6, int(rng.integers(1, 4)))]
    like, _ = _any_type(rng, shape)
    taps = int(rng.integers(1, 4))
    container = _container(rng)
    tensors = [like]
    operators = []
    outputs = []
    names = [f"line/{i}" for i in range(taps)]
    if with_initializer:
        operators.append(Operator("CALL_ONCE", [], [], dict(init_subgraph_index=1)))
    handles = []
    for name in names:
        handles.append(len(tensors))
        tensors.append(_resource())
        operators.append(_handle(name, handles[-1], container))
    for handle in handles:
        outputs.append(len(tensors))
        tensors.append(Tensor(like.shape, like.type, like.scales, like.zero_points))
        operators.append(Operator("READ_VARIABLE", [handle], [outputs[-1]]))
    for i, handle in enumerate(handles):
        operators.append(Operator("ASSIGN_VARIABLE", [handle, 0 if i == 0 else outputs[i - 1]], []))
    if rng.random() < 0.3:  # read again after it was assigned, through a second handle
        handle = len(tensors)
        again = handle + 1
        tensors += [_resource(), Tensor(like.shape, like.type, like.scales, like.zero_points)]
        operators += [_handle(names[0], handle, container), Operator("READ_VARIABLE", [handle], [again])]
        outputs.append(again)
    more = None
    if with_initializer:
        values = [
            (name, Tensor(like.shape, like.type, like.scales, like.zero_points, _values(rng, like)))
            for name in names
            if rng.random() < 0.7
        ]
        more = [_initializer(values, container)]
    steps = Steps([[_values(rng, like)] for _ in range(int(rng.integers(2, 6)))])
    return build(tensors, operators, [0], outputs, more_subgraphs=more), steps


def _stream(rng, with_initializer):
    """As streaming models are exported: past frames from a variable, joined with the new ones, convolved; the last of them
    are kept for the next invocation."""
    kernel, new = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    width, depth, channels = int(rng.integers(1, 4)), int(rng.integers(1, 6)), int(rng.integers(1, 6))
    past = kernel - 1
    scale, zero_point = _scale(rng), _zero_point(rng)

    def frames(n):
        return activation([1, n, width, depth], scale, zero_point)

    weight_scale = _scale(rng, -3, -1)
    spread = float(scale) * float(weight_scale) * 80 * 80 * np.sqrt(kernel * depth)
    tensors = [
        frames(new),
        _resource(),
        frames(past),
        frames(past + new),
        constant(_weights(rng, [channels, kernel, 1, depth]), [weight_scale]),
        constant(rng.integers(-3000, 3000, channels).astype(np.int32), [f32(scale * weight_scale)]),
        activation([1, new, width, channels], _output_scale(rng, spread), _zero_point(rng)),
        constant(np.array([0, new, 0, 0], np.int32)),
        constant(np.array([1, past, width, depth], np.int32)),
        frames(past),
    ]
    container = _container(rng)
    convolution = dict(padding="VALID", stride_h=1, stride_w=1, activation=str(rng.choice(FUSED)))
    operators = [
        _handle("stream/states", 1, container),
        Operator("READ_VARIABLE", [1], [2]),
        Operator("CONCATENATION", [2, 0], [3], dict(axis=1)),
        Operator("SLICE", [3, 7, 8], [9]),
        Operator("ASSIGN_VARIABLE", [1, 9], []),
        Operator("CONV_2D", [3, 4, 5], [6], convolution),
    ]
    more = None
    if with_initializer:
        operators.insert(0, Operator("CALL_ONCE", [], [], dict(init_subgraph_index=1)))
        start = constant(_codes(rng, [1, past, width, depth]), [scale], [zero_point])
        more = [_initializer([("stream/states", start)], container)]
    file = build(tensors, operators, [0], [6], more_subgraphs=more)
    return file, _steps(rng, [tensors[0].shape])


def var_handle(rng):
    return _delay(rng, bool(rng.random() < 0.3))


def read_variable(rng):
    return _delay(rng, False) if rng.random() < 0.5 else _stream(rng, False)


def assign_variable(rng):
    return _stream(rng, bool(rng.random() < 0.5))


def call_once(rng):
    return _delay(rng, True) if rng.random() < 0.5 else _stream(rng, True)


GENERATORS = {
    "assign_variable": assign_variable,
    "batch_matmul": batch_matmul,
    "batch_matmul_int16": batch_matmul_int16,
    "call_once": call_once,
    "read_variable": read_variable,
    "svdf": svdf,
    "svdf_int16": svdf_int16,
    "transpose_conv": transpose_conv,
    "transpose_conv_int16": transpose_conv_int16,
    "unidirectional_sequence_lstm": unidirectional_sequence_lstm,
    "unidirectional_sequence_lstm_int16": unidirectional_sequence_lstm_int16,
    "var_handle": var_handle,
}
