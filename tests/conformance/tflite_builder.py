"""Builds small TensorFlow Lite files for tests: a list of tensors, a list of operators, bytes out.

Written against the public schema's field numbers with the `flatbuffers` package, so that it depends on no generated code
and on no exporter of this project: the runtime's tests must not trust the code that they are there to check.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np

FLOAT32, FLOAT16, INT32, UINT8, INT64, STRING, BOOL, INT16 = range(8)
INT8, RESOURCE, UINT32, UINT16, INT4 = 9, 13, 15, 16, 17
_TYPE_OF_DTYPE = {
    np.dtype(np.float32): FLOAT32,
    np.dtype(np.float16): FLOAT16,
    np.dtype(np.int32): INT32,
    np.dtype(np.uint8): UINT8,
    np.dtype(np.int64): INT64,
    np.dtype(np.bool_): BOOL,
    np.dtype(np.int16): INT16,
    np.dtype(np.int8): INT8,
    np.dtype(np.uint32): UINT32,
    np.dtype(np.uint16): UINT16,
}

ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3, "TANH": 4, "SIGN_BIT": 5}
PADDINGS = {"SAME": 0, "VALID": 1}

_POOL = [
    ("padding", 0, "int8", 0),
    ("stride_w", 1, "int32", 0),
    ("stride_h", 2, "int32", 0),
    ("filter_w", 3, "int32", 0),
    ("filter_h", 4, "int32", 0),
    ("activation", 5, "int8", 0),
]
_SUM = [("activation", 0, "int8", 0), ("pot_scale_int16", 1, "bool", True)]
_REDUCER = [("keep_dims", 0, "bool", False)]
_SPLIT = [("num_splits", 0, "int32", 0)]
_ARGUMENT = [("output_type", 0, "int8", 0)]
_BLOCK = [("block_size", 0, "int32", 0)]

# name: (builtin code, number in the union of options, [(option, slot, kind, default in the schema)])
OPERATORS: dict[str, tuple[int, int, list[tuple[str, int, str, Any]]]] = {
    "ABS": (101, 78, []),
    "ADD": (0, 11, _SUM),
    "ARG_MAX": (56, 40, _ARGUMENT),
    "ARG_MIN": (79, 57, _ARGUMENT),
    "ASSIGN_VARIABLE": (144, 113, []),
    "AVERAGE_POOL_2D": (1, 5, _POOL),
    "BATCH_MATMUL": (
        126,
        101,
        [("adj_x", 0, "bool", False), ("adj_y", 1, "bool", False), ("asymmetric_quantize_inputs", 2, "bool", False)],
    ),
    "CALL_ONCE": (129, 103, [("init_subgraph_index", 0, "int32", 0)]),
    "CONCATENATION": (2, 10, [("axis", 0, "int32", 0), ("activation", 1, "int8", 0)]),
    "CONV_2D": (
        3,
        1,
        [
            ("padding", 0, "int8", 0),
            ("stride_w", 1, "int32", 0),
            ("stride_h", 2, "int32", 0),
            ("activation", 3, "int8", 0),
            ("dilation_w", 4, "int32", 1),
            ("dilation_h", 5, "int32", 1),
            ("quantized_bias_type", 6, "int8", 0),
        ],
    ),
    "DEPTHWISE_CONV_2D": (
        4,
        2,
        [
            ("padding", 0, "int8", 0),
            ("stride_w", 1, "int32", 0),
            ("stride_h", 2, "int32", 0),
            ("depth_multiplier", 3, "int32", 0),
            ("activation", 4, "int8", 0),
            ("dilation_w", 5, "int32", 1),
            ("dilation_h", 6, "int32", 1),
        ],
    ),
    "DEPTH_TO_SPACE": (5, 94, _BLOCK),
    "DEQUANTIZE": (6, 38, []),
    "ELU": (111, 0, []),
    "EXPAND_DIMS": (70, 52, []),
    "FULLY_CONNECTED": (
        9,
        8,
        [
            ("activation", 0, "int8", 0),
            ("weights_format", 1, "int8", 0),
            ("keep_num_dims", 2, "bool", False),
            ("asymmetric_quantize_inputs", 3, "bool", False),
            ("quantized_bias_type", 4, "int8", 0),
        ],
    ),
    "GATHER": (36, 23, [("axis", 0, "int32", 0), ("batch_dims", 1, "int32", 0)]),
    "HARD_SWISH": (117, 91, []),
    "LEAKY_RELU": (98, 75, [("alpha", 0, "float32", 0.0)]),
    "LOGISTIC": (14, 0, []),
    "MAXIMUM": (55, 39, []),
    "MAX_POOL_2D": (17, 5, _POOL),
    "MEAN": (40, 27, _REDUCER),
    "MINIMUM": (57, 39, []),
    "MUL": (18, 21, [("activation", 0, "int8", 0)]),
    "NEG": (59, 42, []),
    "PACK": (83, 59, [("values_count", 0, "int32", 0), ("axis", 1, "int32", 0)]),
    "PAD": (34, 22, []),
    "PADV2": (60, 43, []),
    "PRELU": (54, 0, []),
    "QUANTIZE": (114, 89, []),
    "READ_VARIABLE": (143, 112, []),
    "REDUCE_MAX": (82, 27, _REDUCER),
    "RELU": (19, 0, []),
    "RELU6": (21, 0, []),
    "RELU_N1_TO_1": (20, 0, []),
    "RESHAPE": (22, 17, [("new_shape", 0, "int32[]", None)]),
    "RESIZE_BILINEAR": (23, 15, [("align_corners", 2, "bool", False), ("half_pixel_centers", 3, "bool", False)]),
    "RESIZE_NEAREST_NEIGHBOR": (
        97,
        74,
        [("align_corners", 0, "bool", False), ("half_pixel_centers", 1, "bool", False)],
    ),
    "RSQRT": (76, 0, []),
    "SLICE": (65, 48, []),
    "SOFTMAX": (25, 9, [("beta", 0, "float32", 0.0)]),
    "SPACE_TO_DEPTH": (26, 19, _BLOCK),
    "SPLIT": (49, 35, _SPLIT),
    "SPLIT_V": (102, 79, _SPLIT),
    "SQUARED_DIFFERENCE": (99, 76, []),
    "SQUEEZE": (43, 30, [("squeeze_dims", 0, "int32[]", None)]),
    "STRIDED_SLICE": (
        45,
        32,
        [
            ("begin_mask", 0, "int32", 0),
            ("end_mask", 1, "int32", 0),
            ("ellipsis_mask", 2, "int32", 0),
            ("new_axis_mask", 3, "int32", 0),
            ("shrink_axis_mask", 4, "int32", 0),
            ("offset", 5, "bool", False),
        ],
    ),
    "SUB": (41, 28, _SUM),
    "SUM": (74, 27, _REDUCER),
    "SVDF": (
        27,
        6,
        [("rank", 0, "int32", 0), ("activation", 1, "int8", 0), ("asymmetric_quantize_inputs", 2, "bool", False)],
    ),
    "TANH": (28, 0, []),
    "TRANSPOSE": (39, 26, []),
    "TRANSPOSE_CONV": (
        67,
        49,
        [
            ("padding", 0, "int8", 0),
            ("stride_w", 1, "int32", 0),
            ("stride_h", 2, "int32", 0),
            ("activation", 3, "int8", 0),
            ("quantized_bias_type", 4, "int8", 0),
        ],
    ),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (
        44,
        71,
        [
            ("activation", 0, "int8", 0),
            ("cell_clip", 1, "float32", 0.0),
            ("proj_clip", 2, "float32", 0.0),
            ("time_major", 3, "bool", False),
            ("asymmetric_quantize_inputs", 4, "bool", False),
            ("diagonal_recurrent_tensors", 5, "bool", False),
        ],
    ),
    "UNPACK": (88, 64, [("num", 0, "int32", 0), ("axis", 1, "int32", 0)]),
    "VAR_HANDLE": (142, 111, [("container", 0, "string", None), ("shared_name", 1, "string", None)]),
}


@dataclass
class Tensor:
    """`data` makes it a constant; a variable has none. `scales`, `zero_points`: float32 and integers, of equal length; none:
    unquantized. int4 data is bytes, as `int4_constant` packs them."""

    shape: list[int] | None
    type: int = INT8
    scales: Any = None
    zero_points: Any = None
    data: np.ndarray | bytes | None = None
    quantized_dimension: int = 0
    name: str | None = ""  # None: the file names no tensor here
    is_variable: bool = False
    shape_signature: list[int] | None = None
    buffer: int | None = None  # instead of a buffer of its own, or the empty one


@dataclass
class Operator:
    name: str
    inputs: list[int]
    outputs: list[int]
    options: dict[str, Any] = field(default_factory=dict)
    code: int | None = None  # another builtin code than the name's
    options_type: int | None = None
    version: int = 1
    intermediates: list[int] | None = None


@dataclass
class Subgraph:
    """A graph besides the first: what CALL_ONCE runs. Its operators name its own tensors."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    name: str = ""


def constant(data: np.ndarray, scales=None, zero_points=None, quantized_dimension=0) -> Tensor:
    if scales is not None and zero_points is None:
        zero_points = [0] * len(np.atleast_1d(scales))
    return Tensor(list(data.shape), _TYPE_OF_DTYPE[data.dtype], scales, zero_points, data, quantized_dimension)


def int4_constant(values: np.ndarray, scales=None, zero_points=None, quantized_dimension=0) -> Tensor:
    """Two codes from -8 to 7 a byte, the first in the low half; an odd one out leaves the last high half 0."""
    nibbles = np.asarray(values).reshape(-1).astype(np.uint8) & 15
    nibbles = np.append(nibbles, np.zeros(nibbles.size % 2, np.uint8))
    packed = (nibbles[0::2] | nibbles[1::2] << 4).tobytes()
    if scales is not None and zero_points is None:
        zero_points = [0] * len(np.atleast_1d(scales))
    return Tensor(list(values.shape), INT4, scales, zero_points, packed, quantized_dimension)


def activation(shape, scale=None, zero_point=0, type=INT8) -> Tensor:
    """A tensor that an operator or the caller fills: of any type; without a scale it is not quantized."""
    return Tensor(list(shape), type) if scale is None else Tensor(list(shape), type, [scale], [zero_point])


def variable(shape, scale=None, zero_point=0, type=INT8) -> Tensor:
    tensor = activation(shape, scale, zero_point, type)
    tensor.is_variable = True
    return tensor


def _vector(b: flatbuffers.Builder, values, dtype) -> int:
    return b.CreateNumpyVector(np.ascontiguousarray(np.asarray(values, dtype=dtype).reshape(-1)))


def _offsets(b: flatbuffers.Builder, offsets: list[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()


def _options(b: flatbuffers.Builder, op: Operator) -> int:
    spec = OPERATORS[op.name][2]
    unknown = set(op.options) - {name for name, *_ in spec}
    if unknown:
        raise ValueError(f"{op.name} has no options {sorted(unknown)}")
    made: dict[str, int] = {}  # what a table points to is written before the table
    for name, _, kind, _ in spec:
        if name in op.options and kind == "int32[]":
            made[name] = _vector(b, op.options[name], np.int32)
        elif name in op.options and kind == "string":
            made[name] = b.CreateString(op.options[name])
    b.StartObject(max([slot + 1 for _, slot, *_ in spec], default=0))
    add = {
        "int8": b.PrependInt8Slot,
        "int32": b.PrependInt32Slot,
        "bool": b.PrependBoolSlot,
        "float32": b.PrependFloat32Slot,
    }
    for name, slot, kind, default in spec:
        if name in made:
            b.PrependUOffsetTRelativeSlot(slot, made[name], 0)
        elif name in op.options:
            value = op.options[name]
            value = ACTIVATIONS.get(value, PADDINGS.get(value)) if isinstance(value, str) else value
            add[kind](slot, value, default)
    return b.EndObject()


class _File:
    """The parts of one file that its subgraphs share: buffers and operator codes."""

    def __init__(self, data_begin: int | None, first_buffer: bytes | None = None, code_fields: str = "both"):
        self.b = flatbuffers.Builder(1024)
        self.buffers: list[int] = []
        self.codes: list[tuple[int, int]] = []
        self.data_begin = data_begin  # where data that lies after the flatbuffer begins; None: it lies within
        self.data_after = b""
        self.code_fields = code_fields
        if first_buffer is None:
            self.b.StartObject(3)
            self.buffers.append(self.b.EndObject())  # buffer 0 is empty by convention
        else:
            self.buffer(first_buffer)

    def buffer(self, raw: bytes) -> int:
        b = self.b
        if self.data_begin is None:
            b.StartVector(1, len(raw), 16)
            b.head -= len(raw)
            b.Bytes[b.head : b.head + len(raw)] = raw
            data = b.EndVector()
            b.StartObject(3)
            b.PrependUOffsetTRelativeSlot(0, data, 0)
        else:
            b.StartObject(3)
            b.PrependUint64Slot(1, self.data_begin + len(self.data_after), 0)
            b.PrependUint64Slot(2, len(raw), 0)
            self.data_after += raw + bytes(-len(raw) % 16)
        self.buffers.append(b.EndObject())
        return len(self.buffers) - 1

    def tensor(self, index: int, t: Tensor) -> int:
        b = self.b
        buffer = t.buffer or 0
        if t.data is not None:
            buffer = self.buffer(t.data if isinstance(t.data, bytes) else np.ascontiguousarray(t.data).tobytes())
        quantization = 0
        if t.scales is not None or t.zero_points is not None:
            scales = _vector(b, t.scales, np.float32) if t.scales is not None else 0
            zero_points = _vector(b, t.zero_points, np.int64) if t.zero_points is not None else 0
            b.StartObject(7)
            b.PrependUOffsetTRelativeSlot(2, scales, 0)
            b.PrependUOffsetTRelativeSlot(3, zero_points, 0)
            b.PrependInt32Slot(6, t.quantized_dimension, 0)
            quantization = b.EndObject()
        shape = _vector(b, t.shape, np.int32) if t.shape is not None else 0
        signature = _vector(b, t.shape_signature, np.int32) if t.shape_signature is not None else 0
        name = 0 if t.name is None else b.CreateString(t.name or f"t{index}")
        b.StartObject(8)
        b.PrependUOffsetTRelativeSlot(0, shape, 0)
        b.PrependInt8Slot(1, t.type, 0)
        b.PrependUint32Slot(2, buffer, 0)
        b.PrependUOffsetTRelativeSlot(3, name, 0)
        b.PrependUOffsetTRelativeSlot(4, quantization, 0)
        b.PrependBoolSlot(5, t.is_variable, False)
        b.PrependUOffsetTRelativeSlot(7, signature, 0)
        return b.EndObject()

    def operator(self, op: Operator) -> int:
        b = self.b
        builtin, options_type, _ = OPERATORS[op.name]
        code = (builtin if op.code is None else op.code, op.version)
        if code not in self.codes:
            self.codes.append(code)
        options_type = options_type if op.options_type is None else op.options_type
        options = _options(b, op) if options_type else 0
        inputs = _vector(b, op.inputs, np.int32)
        outputs = _vector(b, op.outputs, np.int32)
        intermediates = _vector(b, op.intermediates, np.int32) if op.intermediates is not None else 0
        b.StartObject(9)
        b.PrependUint32Slot(0, self.codes.index(code), 0)
        b.PrependUOffsetTRelativeSlot(1, inputs, 0)
        b.PrependUOffsetTRelativeSlot(2, outputs, 0)
        b.PrependUint8Slot(3, options_type, 0)
        b.PrependUOffsetTRelativeSlot(4, options, 0)
        b.PrependUOffsetTRelativeSlot(8, intermediates, 0)
        return b.EndObject()

    def subgraph(self, graph: Subgraph) -> int:
        b = self.b
        tensors = _offsets(b, [self.tensor(index, t) for index, t in enumerate(graph.tensors)])
        operators = _offsets(b, [self.operator(op) for op in graph.operators])
        inputs = _vector(b, graph.inputs, np.int32)
        outputs = _vector(b, graph.outputs, np.int32)
        name = b.CreateString(graph.name) if graph.name else 0
        b.StartObject(5)
        b.PrependUOffsetTRelativeSlot(0, tensors, 0)
        b.PrependUOffsetTRelativeSlot(1, inputs, 0)
        b.PrependUOffsetTRelativeSlot(2, outputs, 0)
        b.PrependUOffsetTRelativeSlot(3, operators, 0)
        b.PrependUOffsetTRelativeSlot(4, name, 0)
        return b.EndObject()

    def metadata(self, entries: dict[str, bytes]) -> int:
        b, made = self.b, []
        for name, data in entries.items():
            buffer, text = self.buffer(data), b.CreateString(name)
            b.StartObject(2)
            b.PrependUOffsetTRelativeSlot(0, text, 0)
            b.PrependUint32Slot(1, buffer, 0)
            made.append(b.EndObject())
        return _offsets(b, made)

    def signature(self, key: str, inputs: dict[str, int], outputs: dict[str, int]) -> int:
        b, maps = self.b, []
        for names in (inputs, outputs):
            made = []
            for name, tensor in names.items():
                text = b.CreateString(name)
                b.StartObject(2)
                b.PrependUOffsetTRelativeSlot(0, text, 0)
                b.PrependUint32Slot(1, tensor, 0)
                made.append(b.EndObject())
            maps.append(_offsets(b, made))
        text = b.CreateString(key)
        b.StartObject(5)
        b.PrependUOffsetTRelativeSlot(0, maps[0], 0)
        b.PrependUOffsetTRelativeSlot(1, maps[1], 0)
        b.PrependUOffsetTRelativeSlot(2, text, 0)
        return b.EndObject()

    def finish(self, graphs: list[int], version: int, identifier: bytes, metadata, signature, description) -> bytes:
        b = self.b
        metadata_vector = self.metadata(metadata) if metadata else 0
        signatures = _offsets(b, [self.signature(*signature)]) if signature else 0
        text = b.CreateString(description) if description is not None else 0
        codes = []
        for code, op_version in self.codes:
            b.StartObject(4)
            if self.code_fields != "new":
                b.PrependInt8Slot(0, min(code, 127), 0)
            b.PrependInt32Slot(2, op_version, 1)
            if self.code_fields != "old":
                b.PrependInt32Slot(3, code, 0)
            codes.append(b.EndObject())
        codes_vector = _offsets(b, codes)
        subgraphs_vector = _offsets(b, graphs)
        buffers_vector = _offsets(b, self.buffers)
        b.StartObject(8)
        b.PrependUint32Slot(0, version, 0)
        b.PrependUOffsetTRelativeSlot(1, codes_vector, 0)
        b.PrependUOffsetTRelativeSlot(2, subgraphs_vector, 0)
        b.PrependUOffsetTRelativeSlot(3, text, 0)
        b.PrependUOffsetTRelativeSlot(4, buffers_vector, 0)
        b.PrependUOffsetTRelativeSlot(6, metadata_vector, 0)
        b.PrependUOffsetTRelativeSlot(7, signatures, 0)
        b.Finish(b.EndObject(), file_identifier=identifier)
        return bytes(b.Output())


def build(
    tensors: list[Tensor],
    operators: list[Operator],
    inputs: list[int],
    outputs: list[int],
    version: int = 3,
    identifier: bytes = b"TFL3",
    subgraphs: int = 1,
    more_subgraphs: list[Subgraph] | None = None,
    data_after: int | None = None,
    metadata: dict[str, bytes] | None = None,
    signature: tuple[str, dict[str, int], dict[str, int]] | None = None,
    description: str | None = None,
    first_buffer: bytes | None = None,
    code_fields: str = "both",
) -> bytes:
    """`subgraphs` repeats the first one so often. `data_after`: constants lie after the flatbuffer, at a distance of
    16 n + `data_after` from the file's begin. `signature`: a key, and the names of inputs and of outputs.
    `first_buffer`: what buffer 0 holds. `code_fields`: "old", "new" or both of those for an operator's code."""

    def make(data_begin: int | None) -> tuple[bytes, bytes]:
        file = _File(data_begin, first_buffer, code_fields)
        first = file.subgraph(Subgraph(tensors, operators, inputs, outputs))
        more = [file.subgraph(graph) for graph in more_subgraphs or []]
        end = file.finish([first] * subgraphs + more, version, identifier, metadata, signature, description)
        return end, file.data_after

    if data_after is None:
        return make(None)[0]
    begin = -(-len(make(1)[0]) // 16) * 16 + data_after  # its length does not depend on where the data begins
    head, data = make(begin)
    return head + bytes(begin - len(head)) + data
