"""The device runtime through its C API, loaded from the build folder with ctypes.

MOTE_BUILD_DIR names the build folder (default: build); the CMake target is mote_runtime_shared.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import numpy as np


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("dimensions", ctypes.c_int32),
        ("shape", ctypes.c_int32 * 6),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int32),
    ]


class _Fault(ctypes.Structure):
    _fields_ = [("op", ctypes.c_int32), ("code", ctypes.c_int32), ("tensor", ctypes.c_int32)]


class _Memory(ctypes.Structure):
    _fields_ = [("arena", ctypes.c_size_t), ("own", ctypes.c_size_t), ("shared", ctypes.c_size_t)]


class _Model(ctypes.Structure):
    _fields_ = [
        ("internal", ctypes.c_size_t * 30),
        ("hook", ctypes.c_void_p),
        ("hook_context", ctypes.c_void_p),
        ("fault", _Fault),
        ("state", ctypes.c_uint32),
    ]


def library_path() -> Path:
    root = Path(__file__).resolve().parents[2]
    folder = root / os.environ.get("MOTE_BUILD_DIR", "build")
    found = sorted(folder.rglob("libmote_runtime_shared.so"))
    if not found:
        raise FileNotFoundError(
            f"no libmote_runtime_shared.so under {folder}: build the target mote_runtime_shared, or set MOTE_BUILD_DIR"
        )
    return found[0]


_HOOK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32)
_DTYPES = {0: np.float32, 2: np.int32, 3: np.uint8, 4: np.int64, 6: np.bool_, 7: np.int16, 9: np.int8}


def _load():
    lib = ctypes.CDLL(str(library_path()))
    p, i32 = ctypes.c_void_p, ctypes.c_int32
    lib.mote_model_memory.argtypes = [p, p, ctypes.c_size_t, ctypes.POINTER(_Memory), ctypes.POINTER(_Fault)]
    lib.mote_model_load.argtypes = [ctypes.POINTER(_Model), p, p, ctypes.c_size_t, p, ctypes.c_size_t]
    lib.mote_model_invoke.argtypes = [ctypes.POINTER(_Model)]
    lib.mote_model_reset.argtypes = [ctypes.POINTER(_Model)]
    for name in ("mote_model_input", "mote_model_output"):
        getattr(lib, name).argtypes = [ctypes.POINTER(_Model), i32]
        getattr(lib, name).restype = _Tensor
    for name in ("mote_model_input_count", "mote_model_output_count"):
        getattr(lib, name).argtypes = [ctypes.POINTER(_Model)]
    model = ctypes.POINTER(_Model)
    lib.mote_model_set_hook.argtypes = [model, _HOOK, p]
    lib.mote_model_set_hook.restype = None
    lib.mote_model_operator_output_count.argtypes = [model, i32]
    lib.mote_model_operator_output.argtypes = [model, i32, i32]
    lib.mote_model_tensor.argtypes = [model, i32]
    lib.mote_model_tensor.restype = _Tensor
    lib.mote_status_text.argtypes = [ctypes.c_int]
    lib.mote_status_text.restype = ctypes.c_char_p
    lib.mote_operator_name.restype = ctypes.c_char_p
    return lib


_LIB = None


class MoteError(Exception):
    def __init__(self, status: int, fault: _Fault):
        self.status, self.op, self.code, self.tensor = status, fault.op, fault.code, fault.tensor
        name = _LIB.mote_operator_name(fault.code).decode() or fault.code
        text = _LIB.mote_status_text(status).decode()
        super().__init__(f"{text} (status {status}, operator {fault.op} {name}, tensor {fault.tensor})")


class MoteModel:
    """Loads a file into an arena of exactly the size that the runtime asks for, with guard bytes around it."""

    GUARD = 64

    def __init__(self, file: bytes, operators: list[str] | None = None):
        """`operators`: symbols of operators.def; none: all of them."""
        global _LIB
        _LIB = _LIB or _load()
        self._file = (ctypes.c_uint8 * len(file)).from_buffer_copy(file)
        if operators is None:
            operators = ctypes.addressof(ctypes.c_void_p.in_dll(_LIB, "mote_all_operators"))
        else:
            rows = [ctypes.addressof(ctypes.c_char.in_dll(_LIB, f"mote_op_{symbol}")) for symbol in operators]
            self._operators = (ctypes.c_void_p * (len(rows) + 1))(*rows, None)
            operators = ctypes.addressof(self._operators)
        memory, fault = _Memory(), _Fault()
        status = _LIB.mote_model_memory(operators, self._file, len(file), ctypes.byref(memory), ctypes.byref(fault))
        if status:
            raise MoteError(status, fault)
        self.arena_bytes = memory.arena
        self._memory = np.full(memory.arena + 2 * self.GUARD + 16, 0xA5, np.uint8)
        self._begin = self.GUARD + -(self._memory.ctypes.data + self.GUARD) % 16
        self._model = _Model()
        place = self._memory.ctypes.data + self._begin
        status = _LIB.mote_model_load(
            ctypes.byref(self._model), operators, self._file, len(file), place, memory.arena
        )
        if status:
            raise MoteError(status, self._model.fault)

    def _array(self, tensor: _Tensor) -> np.ndarray:
        buffer = (ctypes.c_uint8 * tensor.bytes).from_address(tensor.data)
        shape = [tensor.shape[d] for d in range(tensor.dimensions)]
        return np.frombuffer(buffer, _DTYPES[tensor.type]).reshape(shape)

    def outputs(self) -> list[np.ndarray]:
        count = _LIB.mote_model_output_count(ctypes.byref(self._model))
        return [self._array(_LIB.mote_model_output(ctypes.byref(self._model), i)).copy() for i in range(count)]

    def invoke(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """All outputs."""
        for index, values in enumerate(inputs):
            self._array(_LIB.mote_model_input(ctypes.byref(self._model), index))[...] = values
        status = _LIB.mote_model_invoke(ctypes.byref(self._model))
        if status:
            raise MoteError(status, _Fault(-1, -1, -1))
        end = self._begin + self.arena_bytes
        if not ((self._memory[: self._begin] == 0xA5).all() and (self._memory[end:] == 0xA5).all()):
            raise AssertionError("the runtime wrote outside of its arena")
        return self.outputs()

    def input_sizes(self) -> list[int]:
        """Bytes of each input."""
        count = _LIB.mote_model_input_count(ctypes.byref(self._model))
        return [_LIB.mote_model_input(ctypes.byref(self._model), i).bytes for i in range(count)]

    def invoke_bytes(self, inputs: list[bytes]) -> list[bytes]:
        """As invoke, whatever the types are."""
        for index, values in enumerate(inputs):
            tensor = _LIB.mote_model_input(ctypes.byref(self._model), index)
            assert tensor.bytes == len(values)
            ctypes.memmove(tensor.data, values, len(values))
        return [output.tobytes() for output in self.invoke()]

    def run(self, *inputs: np.ndarray) -> np.ndarray:
        """The first output."""
        return self.invoke(*inputs)[0]

    def keep_tensors(self) -> None:
        """From now on `tensors` holds a copy of every operator's outputs of the last inference, by index."""
        self.tensors: dict[int, np.ndarray] = {}

        def hook(_context, _model, op):
            model = ctypes.byref(self._model)
            for i in range(_LIB.mote_model_operator_output_count(model, op)):
                index = _LIB.mote_model_operator_output(model, op, i)
                self.tensors[index] = self._array(_LIB.mote_model_tensor(model, index)).copy()

        self._hook = _HOOK(hook)  # kept alive: the runtime has only its address
        _LIB.mote_model_set_hook(ctypes.byref(self._model), self._hook, None)

    def reset(self) -> None:
        status = _LIB.mote_model_reset(ctypes.byref(self._model))
        if status:
            raise MoteError(status, self._model.fault)
