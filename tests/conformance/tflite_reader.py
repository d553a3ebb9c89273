"""What stands in a small TensorFlow Lite file: the other way of tflite_builder, as far as tests ask."""

from __future__ import annotations

from dataclasses import dataclass, field

import flatbuffers
from flatbuffers import number_types as N
from flatbuffers.table import Table
from tflite_builder import OPERATORS

TYPES = ["float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64"]
TYPES += ["complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4"]


def _field(table: Table, slot: int) -> int:
    return table.Offset(4 + 2 * slot)


def _number(table: Table, slot: int, flags, absent):
    return table.GetSlot(4 + 2 * slot, absent, flags)


def _tables(table: Table, slot: int) -> list[Table]:
    at = _field(table, slot)
    if not at:
        return []
    return [Table(table.Bytes, table.Indirect(table.Vector(at) + 4 * i)) for i in range(table.VectorLen(at))]


def _integers(table: Table, slot: int) -> list[int]:
    at = _field(table, slot)
    return [table.Get(N.Int32Flags, table.Vector(at) + 4 * i) for i in range(table.VectorLen(at))] if at else []


@dataclass
class ReadOperator:
    code: int
    inputs: list[str | None]  # types of tensors; None: left out
    outputs: list[str]
    options: dict[str, int | float | bool] = field(default_factory=dict)


_KINDS = {"int8": N.Int8Flags, "int32": N.Int32Flags, "bool": N.BoolFlags, "float32": N.Float32Flags}


def read_operators(file: bytes) -> list[ReadOperator]:
    """Those of all subgraphs."""
    buffer = bytearray(file)
    model = Table(buffer, flatbuffers.encode.Get(flatbuffers.packer.uoffset, buffer, 0))
    codes = [max(_number(c, 0, N.Int8Flags, 0), _number(c, 3, N.Int32Flags, 0)) for c in _tables(model, 1)]
    options_of = {code: options for code, _, options in OPERATORS.values()}
    operators = []
    for graph in _tables(model, 2):
        types = [TYPES[_number(t, 1, N.Int8Flags, 0)] for t in _tables(graph, 0)]
        for op in _tables(graph, 3):
            code = codes[_number(op, 0, N.Uint32Flags, 0)]
            values = {}
            at = _field(op, 4)
            if at:
                table = Table(buffer, op.Indirect(op.Pos + at))
                for name, slot, kind, default in options_of[code]:
                    if kind in _KINDS:
                        values[name] = _number(table, slot, _KINDS[kind], default)
            inputs = [types[i] if i >= 0 else None for i in _integers(op, 1)]
            operators.append(ReadOperator(code, inputs, [types[i] for i in _integers(op, 2)], values))
    return operators
