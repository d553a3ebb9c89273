"""A plain C99 program with two models on this machine and on an emulated Cortex-M4: operators of its own, shared memory, state,
self-test. What must come out, and the checksums of the self-test, are the tflite-micro wheel's.
"""
import shutil
import sys

import numpy as np
import pytest

sys.path.insert(0, __file__.rsplit("/packages/", 1)[0] + "/conformance")
from cases import reference_interpreter, reference_tensor  # noqa: E402
from tflite_builder import Operator, activation, build, constant, variable  # noqa: E402

STEPS = 4
f32 = np.float32


def first(rng):
    weights = rng.integers(-127, 128, (4, 3, 3, 2)).astype(np.int8)
    tensors = [
        activation([1, 6, 6, 2], f32(0.05), -3),
        constant(weights, f32([0.01, 0.02, 0.015, 0.03]), quantized_dimension=0),
        constant(rng.integers(-900, 900, 4).astype(np.int32), f32([0.0005, 0.001, 0.00075, 0.0015])),
        activation([1, 6, 6, 4], f32(0.4), 10),
        activation([1, 3, 3, 4], f32(0.4), 10),
        constant(np.array([1, 36], np.int32)),
        activation([1, 36], f32(0.4), 10),
    ]
    window = dict(padding="SAME", stride_w=2, stride_h=2, filter_w=2, filter_h=2)
    operators = [
        Operator("CONV_2D", [0, 1, 2], [3], dict(padding="SAME", stride_w=1, stride_h=1, activation="NONE")),
        Operator("MAX_POOL_2D", [3], [4], window),
        Operator("RESHAPE", [4, 5], [6]),
    ]
    return tensors, operators, 6, weights.tobytes()


def second(rng):
    filters, features, memory = 6, 5, 3
    tensors = [
        activation([1, features], f32(0.05), 4),
        constant(rng.integers(-127, 128, (filters, features)).astype(np.int8), f32([0.01])),
        constant(rng.integers(-127, 128, (filters, memory)).astype(np.int8), f32([0.02])),
        constant(rng.integers(-90, 90, filters).astype(np.int32), f32([0.0004])),
        variable([1, memory * filters], f32(0.02), 0),
        activation([1, filters], f32(0.1), -2),
        activation([1, filters], f32(0.1), -2),
    ]
    operators = [
        Operator("SVDF", [0, 1, 2, 3, 4], [5], dict(rank=1, activation="NONE")),
        Operator("RELU", [5], [6]),
    ]
    return tensors, operators, 6, None


def checksum(data: bytes) -> int:
    """32-bit FNV-1a."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def words(*values: int) -> bytes:
    return np.array(values, "<u4").tobytes()


def with_golden_data(model, samples, rng):
    """The file with the self-test's data, and (input, output) of each step after it."""
    tensors, operators, output, _ = model
    file = build(tensors, operators, [0], [output])

    def run(steps):
        interpreter = reference_interpreter(file, preserve=True)
        for values in steps:
            interpreter.set_input(values, 0)
            interpreter.invoke()
            yield values, [reference_tensor(interpreter, op.outputs[0]) for op in operators]

    inputs = [rng.integers(-128, 128, tensors[0].shape).astype(np.int8) for _ in range(samples + STEPS)]
    golden = words(0x5453544D, 1, samples, len(operators))
    for values, outputs in run(inputs[:samples]):
        golden += values.tobytes() + words(*[checksum(array.tobytes()) for array in outputs])
    metadata = {"other": b"x", "mote_selftest": golden}
    return (
        build(tensors, operators, [0], [output], metadata=metadata),
        [(values.tobytes(), outputs[-1].tobytes()) for values, outputs in run(inputs[samples:])],
    )


def array(name: str, rows) -> str:
    rows = [",".join(str(byte) for byte in row) for row in (rows if isinstance(rows, list) else [rows])]
    if len(rows) == 1:
        return f"static const unsigned char {name}[] = {{{rows[0]}}};\n"
    length = rows[0].count(",") + 1
    return f"static const unsigned char {name}[][{length}] = {{{','.join(f'{{{row}}}' for row in rows)}}};\n"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(4)
    text = f"#define STEPS {STEPS}\n"
    for name, model in [("first", first(rng)), ("second", second(rng))]:
        file, steps = with_golden_data(model, 2, rng)
        text += array(f"{name}_model", file)
        text += array(f"{name}_inputs", [step[0] for step in steps]) + array(f"{name}_outputs", [step[1] for step in steps])
        if name == "first":
            text += f"#define WEIGHT_AT {file.index(model[3])}\n"
    (folder / "models.h").write_text(text)
    return folder


def test_on_this_machine(tools, models, tmp_path):
    tools.run(tools.cmake, "-G", "Ninja", "-S", tools.source / "tests/packages/c_program", "-B", tmp_path,
              f"-DMODELS={models}")
    tools.run(tools.cmake, "--build", tmp_path)
    tools.run(tmp_path / "program")


def test_on_an_emulated_cortex_m4(tools, models, tmp_path):
    if not shutil.which("arm-none-eabi-gcc") or not shutil.which("qemu-system-arm"):
        pytest.skip("no compiler for it, or no QEMU")
    tools.run(tools.cmake, "-G", "Ninja", "-S", tools.source / "tests/packages/c_program", "-B", tmp_path,
              "--toolchain", tools.source / "cmake/toolchains/cortex-m4.cmake", "-DCMAKE_BUILD_TYPE=Release",
              f"-DMODELS={models}")
    tools.run(tools.cmake, "--build", tmp_path)
    tools.run("qemu-system-arm", "-machine", "mps2-an386", "-nographic", "-semihosting", "-kernel", tmp_path / "program")
