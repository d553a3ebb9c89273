"""What the model compiler records of every operator is what the runtime computes: the recorded calls of random models,
written as C++, built for the host and run, give the runtime's outputs byte for byte.

MOTE_RECORD_CASES: how many random models an operator (default 3). MOTE_RECORD_SEED: the first one's seed (default 0).
MOTE_RECORD_PROGRAM: the program that writes the C++. MOTE_BUILD_DIR: the build folder.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from cases import GENERATORS, case  # noqa: E402
from mote_library import MoteModel  # noqa: E402
from tflite_builder import Operator, activation, constant, variable  # noqa: E402
from tflite_builder import build as build_model  # noqa: E402

CASES = int(os.environ.get("MOTE_RECORD_CASES", "3"))
FIRST = int(os.environ.get("MOTE_RECORD_SEED", "0"))
BATCH = 8  # operators a program
ROWS = sorted(re.findall(r"^MOTE_OPERATOR\((\w+),", (ROOT / "mcu_runtime" / "operators.def").read_text(), re.MULTILINE))
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-function"]


def record_program() -> Path:
    folder = ROOT / os.environ.get("MOTE_BUILD_DIR", "build")
    return Path(os.environ.get("MOTE_RECORD_PROGRAM", folder / "tests" / "compiler" / "record_program"))


def runtime_outputs(file: bytes, steps) -> list[bytes]:
    model = MoteModel(file)
    return [b"".join(model.invoke_bytes([values.tobytes() for values in inputs])) for inputs in steps]


def build(folder: Path, files: list[bytes]) -> Path:
    """The program of all files' recorded calls."""
    paths = []
    for number, file in enumerate(files):
        paths.append(folder / f"{number}.tflite")
        paths[-1].write_bytes(file)
    subprocess.run([record_program(), folder / "calls.cc", *paths], check=True)
    options = ["-std=c++17", "-O1", "-fno-strict-aliasing", *WARNINGS, "-I", ROOT]
    subprocess.run(["g++", *options, folder / "calls.cc", "-o", folder / "calls"], check=True)
    return folder / "calls"


def run(program: Path, steps_of_models) -> bytes:
    data = b""
    for number, steps in enumerate(steps_of_models):
        data += struct.pack("<2I", number, len(steps))
        data += b"".join(values.tobytes() for inputs in steps for values in inputs)
    (program.parent / "inputs").write_bytes(data)
    subprocess.run([program, program.parent / "inputs", program.parent / "outputs"], check=True)
    return (program.parent / "outputs").read_bytes()


def check(folder: Path, cases) -> None:
    """`cases`: (what it is, file, steps)."""
    program = build(folder, [file for _, file, _ in cases])
    outputs = run(program, [steps for _, _, steps in cases])
    at = 0
    for name, file, steps in cases:
        for step, expected in enumerate(runtime_outputs(file, steps)):
            assert outputs[at : at + len(expected)] == expected, f"{name}, step {step}"
            at += len(expected)
    assert at == len(outputs)


def test_every_row_has_a_generator():
    assert ROWS == sorted(GENERATORS)


@pytest.mark.parametrize("operators", [ROWS[i : i + BATCH] for i in range(0, len(ROWS), BATCH)], ids="-".join)
def test_recorded_calls_compute_what_the_runtime_does(operators, tmp_path, request):
    cases = []
    for name in operators:
        for seed in range(FIRST, FIRST + CASES):
            one = case(name, seed)
            again = f"MOTE_RECORD_SEED={seed} MOTE_RECORD_CASES=1 python -m pytest '{request.node.nodeid}'"
            cases.append((f"{name}, seed {seed} (run it again: {again})", one.file, one.steps))
    check(tmp_path, cases)


def test_whole_networks(tmp_path):
    rng = np.random.default_rng(1)
    cases = []
    for path in sorted((ROOT / "tests" / "data" / "mlperf_tiny").glob("*.tflite")):
        file = path.read_bytes()
        sizes = MoteModel(file).input_sizes()
        steps = [[rng.integers(-128, 128, size).astype(np.int8) for size in sizes] for _ in range(2)]
        cases.append((path.name, file, steps))
    assert cases
    check(tmp_path, cases)


def test_a_reshape_of_state_keeps_what_it_was(tmp_path):
    """SVDF changes its state behind the reshape: the reshaped tensor is a copy."""
    rng = np.random.default_rng(2)
    weights = rng.integers(-127, 128, [3, 4]).astype(np.int8)
    tensors = [
        activation([1, 4], 0.05, 3),
        constant(weights, [0.01]),
        constant(weights[:, :2].copy(), [0.01]),
        variable([1, 6], 0.05),
        activation([1, 3], 0.05, -2),
        activation([6], 0.05),
    ]
    operators = [
        Operator("RESHAPE", [3], [5]),
        Operator("SVDF", [0, 1, 2, -1, 3], [4], dict(rank=1, activation="NONE")),
    ]
    file = build_model(tensors, operators, [0], [4, 5])
    steps = [[rng.integers(-128, 128, [1, 4]).astype(np.int8)] for _ in range(4)]
    check(tmp_path, [("a reshape of state", file, steps)])
