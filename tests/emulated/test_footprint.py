"""What a program for a Cortex-M4 with one model holds: flash and static memory out of the linker's map, stack by running it.

Built at -Os without error text, with the operators that the model needs. The model, the program itself and its start-up
are not counted; what the runtime makes the compiler call (memcpy, libgcc) is. MOTE_FOOTPRINT_CORE: another core.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = os.environ.get("MOTE_FOOTPRINT_CORE", "cortex-m4")
MACHINES = {"cortex-m0": "mps2-an385", "cortex-m3": "mps2-an385", "cortex-m4": "mps2-an386", "cortex-m7": "mps2-an500"}
MODEL = ROOT / "tests" / "data" / "mlperf_tiny" / "kws_ref_model.tflite"
OPERATORS = ["average_pool_2d", "conv_2d", "depthwise_conv_2d", "fully_connected", "reshape", "softmax"]
# Reader, verifier, planner, interpreter; all other objects of the runtime are operators and kernels.
CORE_OBJECTS = ["access", "flatbuffer", "graph", "invocation", "loader", "planner", "runtime"]
PROGRAM_OBJECTS = ["firmware", "measure", "start", "start_cortex_m", "counter_cortex_m", "semihosting"]
# Soft double, the 64-bit division, the C library's mathematics, printing and heap.
FORBIDDEN = (
    r"__aeabi_(d\w+|cd\w+|[ui]2d|[ul]+2d|l2d|ul2d|f2d|ldivmod|uldivmod)|__\w+df\w*|__u?divdi3|__u?moddi3"
    r"|\w*printf\w*|_?malloc\w*|_?free\w*|__cxa_\w+|_Zn\w+|_Zd\w+"
    r"|(exp|exp2|expm1|log|log2|log1p|pow|sqrt|tanh|sin|cos|round|floor|ceil|ldexp|frexp|fmod)[fl]?"
)


class Footprint:
    def __init__(self, folder: Path):
        self.program = folder / "footprint"
        text = (folder / "footprint.map").read_text()
        text = text[text.index("Linker script and memory map") :]
        pattern = r"^ (\.(?:text|rodata|data|bss)[\w.$]*)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$"
        self.sections: Counter = Counter()  # (object, section): bytes
        for section, size, path in re.findall(pattern, text, re.MULTILINE):
            name = re.search(r"(\w+)\.(?:cc|c|o|S)(?:\.obj)?\)?$", path)
            assert name, path
            self.sections[name[1], section.split(".")[1]] += int(size, 16)

    def flash(self, objects=None) -> int:
        kinds = ("text", "rodata", "data")
        return sum(
            size
            for (name, kind), size in self.sections.items()
            if kind in kinds and (name in objects if objects else name not in PROGRAM_OBJECTS)
        )

    def static(self) -> int:
        """The program's own arena and mote_model left out by the caller."""
        return sum(
            size
            for (name, kind), size in self.sections.items()
            if kind in ("data", "bss") and name not in PROGRAM_OBJECTS
        )


@pytest.fixture(scope="module")
def footprint(tmp_path_factory) -> Footprint:
    folder = tmp_path_factory.mktemp("footprint")
    toolchain = ROOT / "cmake" / "toolchains" / f"{CORE}.cmake"
    operators = ",".join(f"&mote_op_{name}" for name in OPERATORS)
    options = ["-DCMAKE_BUILD_TYPE=MinSizeRel", f"-DMODEL={MODEL}", "-DARENA_BYTES=16384", f"-DOPERATORS={operators}"]
    source = ROOT / "tests" / "footprint"
    for command in (
        ["cmake", "-G", "Ninja", "-S", source, "-B", folder, "--toolchain", toolchain, *options],
        ["cmake", "--build", folder],
    ):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return Footprint(folder)


def symbols(program: Path, *options: str) -> str:
    return subprocess.run(["arm-none-eabi-nm", *options, program], capture_output=True, text=True, check=True).stdout


def test_reader_verifier_planner_and_interpreter_are_small(footprint):
    assert footprint.flash(CORE_OBJECTS) <= 6 * 1024


def test_the_runtime_is_small(footprint):
    for (name, kind), size in footprint.sections.most_common():
        print(f"  {size:6} {kind:7} {name}")
    assert footprint.flash() <= 10 * 1024


def test_nothing_static_beyond_the_arena_and_the_model(footprint):
    model = re.search(r"^[0-9a-f]+ ([0-9a-f]+) . model$", symbols(footprint.program, "-S"), re.MULTILINE)
    assert footprint.static() + int(model[1], 16) <= 512


def stack_rows(footprint) -> dict[str, tuple[int, int]]:
    command = ["qemu-system-arm", "-machine", MACHINES[CORE], "-nographic", "-semihosting", "-kernel", footprint.program]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
    rows = {name: (int(a), int(b)) for name, a, b in re.findall(r"^(\w+) (-?\d+) (\d+)$", done.stdout + done.stderr, re.M)}
    assert rows["load"][0] == 0 and rows["infer"][0] > 0, done
    return rows


def test_the_stack_is_shallow(footprint):
    rows = stack_rows(footprint)
    assert max(rows["load"][1], rows["infer"][1]) <= 700, rows


def test_no_soft_double_no_mathematics_no_printing_no_heap(footprint):
    names = [line.split()[-1] for line in symbols(footprint.program).splitlines()]
    assert "mote_model_invoke" in names
    assert [name for name in names if re.fullmatch(FORBIDDEN, name)] == []


def test_an_int8_program_holds_no_int16_and_no_int4_kernel(footprint):
    names = symbols(footprint.program, "-C").splitlines()
    assert [name for name in names if re.search(r"Int16|Int4|short( const)?\*|<short", name)] == []
