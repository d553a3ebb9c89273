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

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from cases import GENERATORS, case  # noqa: E402
from mote_library import MoteModel  # noqa: E402

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
    return [b"".join(output.tobytes() for output in model.invoke(*inputs)) for inputs in steps]


def build(folder: Path, files: list[bytes]) -> Path:
    """The program of all files' recorded calls."""
    paths = []
    for number, file in enumerate(files):
        paths.append(folder / f"{number}.tflite")
        paths[-1].write_bytes(file)
    subprocess.run([record_program(), folder / "calls.cc", *paths], check=True)
    sources = [folder / "calls.cc", ROOT / "mcu_runtime" / "float32.cc", ROOT / "mcu_runtime" / "scale.cc"]
    options = ["-std=c++17", "-O1", "-fno-strict-aliasing", *WARNINGS, "-I", ROOT]
    subprocess.run(["g++", *options, *sources, "-o", folder / "calls"], check=True)
    return folder / "calls"


def run(program: Path, steps_of_models) -> bytes:
    data = b""
    for number, steps in enumerate(steps_of_models):
        data += struct.pack("<2I", number, len(steps))
        data += b"".join(values.tobytes() for inputs in steps for values in inputs)
    (program.parent / "inputs").write_bytes(data)
    subprocess.run([program, program.parent / "inputs", program.parent / "outputs"], check=True)
    return (program.parent / "outputs").read_bytes()


def test_every_row_has_a_generator():
    assert ROWS == sorted(GENERATORS)


@pytest.mark.parametrize("operators", [ROWS[i : i + BATCH] for i in range(0, len(ROWS), BATCH)], ids="-".join)
def test_recorded_calls_compute_what_the_runtime_does(operators, tmp_path, request):
    named = [(name, seed, case(name, seed)) for name in operators for seed in range(FIRST, FIRST + CASES)]
    program = build(tmp_path, [one.file for _, _, one in named])
    outputs = run(program, [one.steps for _, _, one in named])
    at = 0
    for name, seed, one in named:
        for step, expected in enumerate(runtime_outputs(one.file, one.steps)):
            got = outputs[at : at + len(expected)]
            at += len(expected)
            again = f"MOTE_RECORD_SEED={seed} MOTE_RECORD_CASES=1 python -m pytest '{request.node.nodeid}'"
            assert got == expected, f"{name}, seed {seed}, step {step}; run it again: {again}"
    assert at == len(outputs)
