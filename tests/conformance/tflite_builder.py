"""Builds small TensorFlow Lite files for tests: a list of tensors, a list of operators, bytes out.

Written against the public schema's field numbers with the `flatbuffers` package, so that it depends on no generated code
and on no exporter of this project: the runtime's tests must not trust the code that they are there to check.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np

FLOAT32, INT32, UINT8, INT64, INT16, INT8 = 0, 2, 3, 4, 7, 9
_TYPE_OF_DTYPE = {
    np.dtype(np.float32): FLOAT32,
    np.dtype(np.int32): INT32,
    np.dtype(np.uint8): UINT8,
    np.dtype(np.int64): INT64,
    np.dtype(np.int16): INT16,
    np.dtype(np.int8): INT8,
}

ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}
PADDINGS = {"SAME": 0, "VALID": 1}

# name: (builtin code, number in the union of options, [(option, slot, kind, default in the schema)])
OPERATORS: dict[str, tuple[int, int, list[tuple[str, int, str, Any]]]] = {
    "ADD": (0, 11, [("activation", 0, "int8", 0)]),
    "AVERAGE_POOL_2D": (
        1,
        5,
        [
            ("padding", 0, "int8", 0),
            ("stride_w", 1, "int32", 0),
            ("stride_h", 2, "int32", 0),
            ("filter_w", 3, "int32", 0),
            ("filter_h", 4, "int32", 0),
            ("activation", 5, "int8", 0),
        ],
    ),
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
    "FULLY_CONNECTED": (
        9,
        8,
        [("activation", 0, "int8", 0), ("weights_format", 1, "int8", 0), ("keep_num_dims", 2, "bool", False)],
    ),
    "MAX_POOL_2D": (17, 5, []),  # the options of AVERAGE_POOL_2D
    "RELU": (19, 0, []),
    "RELU6": (21, 0, []),
    "RESHAPE": (22, 17, []),
    "SOFTMAX": (25, 9, [("beta", 0, "float32", 0.0)]),
    "PAD": (34, 22, []),
    "MEAN": (40, 27, [("keep_dims", 0, "bool", False)]),
    "QUANTIZE": (114, 89, []),
}
OPERATORS["MAX_POOL_2D"] = (17, 5, OPERATORS["AVERAGE_POOL_2D"][2])


@dataclass
class Tensor:
    """`data` makes it a constant. `scales`, `zero_points`: float32 and integers, of equal length; none: unquantized."""

    shape: list[int] | None
    type: int = INT8
    scales: Any = None
    zero_points: Any = None
    data: np.ndarray | bytes | None = None
    quantized_dimension: int = 0
    name: str = ""
    is_variable: bool = False


@dataclass
class Operator:
    name: str
    inputs: list[int]
    outputs: list[int]
    options: dict[str, Any] = field(default_factory=dict)
    code: int | None = None  # another builtin code than the name's
    options_type: int | None = None
    version: int = 1


def constant(data: np.ndarray, scales=None, zero_points=None, quantized_dimension=0) -> Tensor:
    if scales is not None and zero_points is None:
        zero_points = [0] * len(np.atleast_1d(scales))
    return Tensor(list(data.shape), _TYPE_OF_DTYPE[data.dtype], scales, zero_points, data, quantized_dimension)


def activation(shape, scale, zero_point) -> Tensor:
    return Tensor(list(shape), INT8, [scale], [zero_point])


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
    b.StartObject(max([slot + 1 for _, slot, *_ in spec], default=0))
    add = {
        "int8": b.PrependInt8Slot,
        "int32": b.PrependInt32Slot,
        "bool": b.PrependBoolSlot,
        "float32": b.PrependFloat32Slot,
    }
    for name, slot, kind, default in spec:
        if name in op.options:
            value = op.options[name]
            value = ACTIVATIONS.get(value, PADDINGS.get(value)) if isinstance(value, str) else value
            add[kind](slot, value, default)
    return b.EndObject()


def build(
    tensors: list[Tensor],
    operators: list[Operator],
    inputs: list[int],
    outputs: list[int],
    version: int = 3,
    identifier: bytes = b"TFL3",
    subgraphs: int = 1,
) -> bytes:
    b = flatbuffers.Builder(1024)

    buffers = []
    b.StartObject(3)
    buffers.append(b.EndObject())  # buffer 0 is empty by convention
    tensor_offsets = []
    for index, t in enumerate(tensors):
        buffer = 0
        if t.data is not None:
            raw = t.data if isinstance(t.data, bytes) else np.ascontiguousarray(t.data).tobytes()
            b.StartVector(1, len(raw), 16)
            b.head -= len(raw)
            b.Bytes[b.head : b.head + len(raw)] = raw
            data = b.EndVector()
            b.StartObject(3)
            b.PrependUOffsetTRelativeSlot(0, data, 0)
            buffer = len(buffers)
            buffers.append(b.EndObject())
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
        name = b.CreateString(t.name or f"t{index}")
        b.StartObject(8)
        b.PrependUOffsetTRelativeSlot(0, shape, 0)
        b.PrependInt8Slot(1, t.type, 0)
        b.PrependUint32Slot(2, buffer, 0)
        b.PrependUOffsetTRelativeSlot(3, name, 0)
        b.PrependUOffsetTRelativeSlot(4, quantization, 0)
        b.PrependBoolSlot(5, t.is_variable, False)
        tensor_offsets.append(b.EndObject())

    codes: list[tuple[int, int]] = []
    operator_offsets = []
    for op in operators:
        builtin, options_type, _ = OPERATORS[op.name]
        code = (builtin if op.code is None else op.code, op.version)
        if code not in codes:
            codes.append(code)
        options_type = options_type if op.options_type is None else op.options_type
        options = _options(b, op) if options_type else 0
        op_inputs = _vector(b, op.inputs, np.int32)
        op_outputs = _vector(b, op.outputs, np.int32)
        b.StartObject(9)
        b.PrependUint32Slot(0, codes.index(code), 0)
        b.PrependUOffsetTRelativeSlot(1, op_inputs, 0)
        b.PrependUOffsetTRelativeSlot(2, op_outputs, 0)
        b.PrependUint8Slot(3, options_type, 0)
        b.PrependUOffsetTRelativeSlot(4, options, 0)
        operator_offsets.append(b.EndObject())

    tensors_vector = _offsets(b, tensor_offsets)
    operators_vector = _offsets(b, operator_offsets)
    inputs_vector = _vector(b, inputs, np.int32)
    outputs_vector = _vector(b, outputs, np.int32)
    b.StartObject(5)
    b.PrependUOffsetTRelativeSlot(0, tensors_vector, 0)
    b.PrependUOffsetTRelativeSlot(1, inputs_vector, 0)
    b.PrependUOffsetTRelativeSlot(2, outputs_vector, 0)
    b.PrependUOffsetTRelativeSlot(3, operators_vector, 0)
    subgraph = b.EndObject()

    code_offsets = []
    for code, op_version in codes:
        b.StartObject(4)
        b.PrependInt8Slot(0, min(code, 127), 0)
        b.PrependInt32Slot(2, op_version, 1)
        b.PrependInt32Slot(3, code, 0)
        code_offsets.append(b.EndObject())
    codes_vector = _offsets(b, code_offsets)
    subgraphs_vector = _offsets(b, [subgraph] * subgraphs)
    buffers_vector = _offsets(b, buffers)
    b.StartObject(8)
    b.PrependUint32Slot(0, version, 0)
    b.PrependUOffsetTRelativeSlot(1, codes_vector, 0)
    b.PrependUOffsetTRelativeSlot(2, subgraphs_vector, 0)
    b.PrependUOffsetTRelativeSlot(4, buffers_vector, 0)
    b.Finish(b.EndObject(), file_identifier=identifier)
    return bytes(b.Output())
