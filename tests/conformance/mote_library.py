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


class _Model(ctypes.Structure):
    _fields_ = [
        ("file", ctypes.c_void_p),
        ("file_size", ctypes.c_size_t),
        ("arena", ctypes.c_void_p),
        ("arena_size", ctypes.c_size_t),
        ("internal", ctypes.c_void_p * 4),
        ("hook", ctypes.c_void_p),
        ("hook_context", ctypes.c_void_p),
        ("error_op", ctypes.c_int32),
        ("error_tensor", ctypes.c_int32),
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


def _load():
    lib = ctypes.CDLL(str(library_path()))
    p, i32 = ctypes.c_void_p, ctypes.c_int32
    lib.mote_model_arena_size.argtypes = [p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t), p, p]
    lib.mote_model_load.argtypes = [ctypes.POINTER(_Model), p, ctypes.c_size_t, p, ctypes.c_size_t]
    lib.mote_model_invoke.argtypes = [ctypes.POINTER(_Model)]
    for name in ("mote_model_input", "mote_model_output"):
        getattr(lib, name).argtypes = [ctypes.POINTER(_Model), i32]
        getattr(lib, name).restype = _Tensor
    lib.mote_status_text.argtypes = [ctypes.c_int]
    lib.mote_status_text.restype = ctypes.c_char_p
    return lib


_LIB = None


class MoteError(Exception):
    def __init__(self, status: int, op: int, tensor: int):
        self.status, self.op, self.tensor = status, op, tensor
        super().__init__(f"{_LIB.mote_status_text(status).decode()} (status {status}, operator {op}, tensor {tensor})")


class MoteModel:
    """Loads a file into an arena of exactly the size that the runtime asks for, with guard bytes around it."""

    GUARD = 64

    def __init__(self, file: bytes):
        global _LIB
        _LIB = _LIB or _load()
        self._file = (ctypes.c_uint8 * len(file)).from_buffer_copy(file)
        size, op, tensor = ctypes.c_size_t(), ctypes.c_int32(), ctypes.c_int32()
        status = _LIB.mote_model_arena_size(
            self._file, len(file), ctypes.byref(size), ctypes.byref(op), ctypes.byref(tensor)
        )
        if status:
            raise MoteError(status, op.value, tensor.value)
        self.arena_bytes = size.value
        self._memory = np.full(size.value + 2 * self.GUARD + 16, 0xA5, np.uint8)
        self._begin = self.GUARD + -(self._memory.ctypes.data + self.GUARD) % 16
        self._model = _Model()
        status = _LIB.mote_model_load(
            ctypes.byref(self._model), self._file, len(file), self._memory.ctypes.data + self._begin, size.value
        )
        if status:
            raise MoteError(status, self._model.error_op, self._model.error_tensor)

    def _array(self, tensor: _Tensor) -> np.ndarray:
        buffer = (ctypes.c_int8 * tensor.bytes).from_address(tensor.data)
        return np.frombuffer(buffer, np.int8).reshape([tensor.shape[d] for d in range(tensor.dimensions)])

    def run(self, *inputs: np.ndarray) -> np.ndarray:
        for index, values in enumerate(inputs):
            self._array(_LIB.mote_model_input(ctypes.byref(self._model), index))[...] = values
        status = _LIB.mote_model_invoke(ctypes.byref(self._model))
        if status:
            raise MoteError(status, -1, -1)
        end = self._begin + self.arena_bytes
        if not ((self._memory[: self._begin] == 0xA5).all() and (self._memory[end:] == 0xA5).all()):
            raise AssertionError("the runtime wrote outside of its arena")
        return self._array(_LIB.mote_model_output(ctypes.byref(self._model), 0)).copy()
