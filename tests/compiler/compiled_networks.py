"""Compiled networks built into programs and run: on the host, and on cores that QEMU emulates.

    build = Build(TARGETS["cortex-m4"], folder)
    build.add("net7", file, ["--optimize", "ram"])   # an error text, or None
    build.run({"net7": steps})                       # of each: the outputs of each step, or an error text
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
STALL = 120  # seconds that a program may take
DEVICE = ROOT / "mcu_runtime" / "device"
ARM = ["start.cc", "start_cortex_m.cc", "counter_cortex_m.cc", "semihosting.cc", "memory.cc"]
RISCV = ["start.cc", "start_riscv.cc", "counter_riscv.cc", "semihosting.cc", "memory.cc"]
# mcu_runtime/device/compiled_job.h
JOB, MODEL_JOB, RESULT = struct.Struct("<4I"), struct.Struct("<4I"), struct.Struct("<5Ii40x")
MODEL_RESULT = 24
JOB_MAGIC, RESULT_MAGIC, VERSION = 0x424A434D, 0x5352434D, 1
RUNNING, DONE, GUARD = 0, 1, 6


@dataclass(frozen=True)
class Target:
    """A core that models are compiled for, and the machine that stands for it; without one, this machine."""

    core: str
    compiler: str = "arm-none-eabi-g++"
    flags: str = ""
    machine: str = ""
    code: tuple[int, int] = (0, 4096)  # where it begins, KiB
    data: int = 0
    entry: str = "Reset_Handler"
    sources: list[str] = field(default_factory=lambda: ARM)


TARGETS = {
    target.core: target
    for target in (
        Target("generic", "g++", "-O1", sources=["host_machine.cc"]),
        Target("cortex-m0", flags="-mcpu=cortex-m0 -mthumb -mfloat-abi=soft -Os", machine="mps2-an385", data=0x21000000),
        Target("cortex-m4", flags="-mcpu=cortex-m4 -mthumb -mfloat-abi=soft -Os", machine="mps2-an386", data=0x21000000),
        Target(
            "cortex-m55",
            flags="-mcpu=cortex-m55 -mthumb -mfloat-abi=hard -Os",
            machine="mps3-an547",
            code=(0x10000000, 512),
            data=0x70000000,
        ),
        Target(
            "riscv32",
            "riscv64-unknown-elf-g++",
            "-march=rv32imac -mabi=ilp32 -misa-spec=2.2 -mcmodel=medany -Os",
            "virt",
            (0x80000000, 32 * 1024),
            0x82000000,
            "mote_entry",
            RISCV,
        ),
    )
}
FREESTANDING = "-ffreestanding -fbuiltin -fno-exceptions -fno-rtti -fno-threadsafe-statics"


def compiler_program() -> str:
    folder = ROOT / os.environ.get("MOTE_BUILD_DIR", "build")
    return os.environ.get("MOTE_COMPILE_PROGRAM", str(folder / "export" / "compiler" / "mote-compile"))


def text_of(command, **options) -> str | None:
    """What it says where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    return None if done.returncode == 0 else (done.stderr or done.stdout or f"exit code {done.returncode}")


class Build:
    def __init__(self, target: Target, folder: Path):
        self.target, self.folder = target, folder
        self.generated = folder / "generated"
        self.generated.mkdir(parents=True)
        self.names: list[str] = []
        flags = target.flags.split() + ["-std=c++17", "-ffunction-sections", "-fdata-sections"]
        self.flags = flags + FREESTANDING.split() if target.machine else flags

    def add(self, name: str, file: bytes, arguments: list[str]) -> str | None:
        """Compiles the model and its C++; an error text where that fails."""
        model = self.folder / f"{name}.tflite"
        model.write_bytes(file)
        command = [compiler_program(), model, "--core", self.target.core, "-o", self.generated, *arguments]
        error = text_of(command) or self.compile(self.generated / f"{name}.cc", WARNINGS, [self.generated])
        if error is None:
            self.names.append(name)
        return error

    def compile(self, source: Path, options, includes) -> str | None:
        paths = [part for folder in includes for part in ("-I", folder)]
        command = [self.target.compiler, *self.flags, *options, *paths, "-c", source]
        return text_of([*command, "-o", self.folder / f"{source.stem}.o"])

    def _write_table(self) -> Path:
        """As export/compiler/harness_text.cc writes it."""
        lines, rows = [], []
        for name in self.names:
            header = self._header(name)
            counts = []
            for role in ("INPUT", "OUTPUT"):
                places = re.findall(rf"^#define ({name.upper()}_{role}\w*)_OFFSET", header, re.MULTILINE)
                counts.append(len(places))
                text = ", ".join(f"{{{place}_OFFSET, {place}_BYTES}}" for place in places) or "{0, 0}"
                lines.append(f"const TensorPlace {name}_{role.lower()}s[] = {{{text}}};")
            reset = f"{name}_reset" if f"{name}_reset(" in header else "nullptr"
            rows.append(
                f"    {{{name.upper()}_ARENA_BYTES, nullptr, {name}_inputs, {counts[0]}, {name}_outputs, {counts[1]}, "
                f"{name}_invoke, {reset}, nullptr, 0}},"
            )
        return self._write_rows(lines, rows)

    def _write_rows(self, lines: list[str], rows: list[str]) -> Path:
        """The table's file: `lines`, that declare what the models' rows name, before it."""
        largest = max(self._header_number(name, "ARENA_BYTES") for name in self.names)
        includes = ['#include "mcu_runtime/device/compiled_models.h"', *(f'#include "{name}.h"' for name in self.names)]
        text = [*includes, "namespace mote::device {", *lines, "const CompiledModel kCompiledModels[] = {", *rows, "};"]
        text.append(f"const uint32_t kCompiledModelCount = {len(self.names)};")
        text.append(f"alignas(16) uint8_t compiled_arena[{largest} + 2 * MOTE_GUARD_BYTES];")
        text += ["mote_count compiled_layers[1];", "}  // namespace mote::device"]
        (self.folder / "table.cc").write_text("\n".join(text) + "\n")
        return self.folder / "table.cc"

    def _header(self, name: str) -> str:
        return (self.generated / f"{name}.h").read_text()

    def _header_number(self, name: str, what: str) -> int:
        return int(re.search(rf"^#define {name.upper()}_{what} (\d+)", self._header(name), re.MULTILINE)[1])

    def _bytes(self, name: str, role: str) -> int:
        """Of all inputs or outputs of one step."""
        sizes = re.findall(rf"^#define {name.upper()}_{role}\w*_BYTES (\d+)", self._header(name), re.MULTILINE)
        return sum(map(int, sizes))

    def _link(self) -> Path:
        """All models in one program."""
        target = self.target
        sources = [self._write_table(), *(DEVICE / name for name in ["compiled_main.cc", "guard.cc", *target.sources])]
        objects = [self.folder / f"{name}.o" for name in [*self.names, *(source.stem for source in sources)]]
        for source, built in zip(sources, objects[len(self.names) :]):
            if source.name == "table.cc" or not built.exists():
                options = ["-fno-tree-loop-distribute-patterns"] if source.name == "memory.cc" else WARNINGS
                if target.compiler.startswith("arm"):
                    options = [*options, "-masm-syntax-unified"]
                error = self.compile(source, options, [ROOT, self.generated])
                assert error is None, error
        options = []
        if target.machine:
            (self.folder / "memory.ld").write_text(
                f"MEMORY\n{{\n  CODE (rx) : ORIGIN = {target.code[0]}, LENGTH = {target.code[1]}K\n"
                f"  DATA (rw) : ORIGIN = {target.data}, LENGTH = 8M\n}}\n"
                f"MOTE_STACK_BYTES = 64K;\nENTRY({target.entry})\nINCLUDE sections.ld\n"
            )
            options = ["-nostdlib", "-lgcc", "-T", self.folder / "memory.ld", f"-L{DEVICE}"]
            options += ["-Wl,--gc-sections", "-Wl,--build-id=none", "-Wl,--fatal-warnings"]
        error = text_of([target.compiler, *self.flags, *objects, *options, "-o", self.folder / "program"])
        assert error is None, error
        return self.folder / "program"

    def _command(self, program: Path) -> list[str]:
        machine = self.target.machine
        if not machine:
            return [str(program)]
        emulator = "qemu-system-riscv32" if machine == "virt" else "qemu-system-arm"
        command = [emulator, "-M", machine, "-nodefaults", "-display", "none", "-monitor", "none", "-serial", "none"]
        command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(program)]
        return command + (["-bios", "none"] if machine == "virt" else [])

    def run(self, steps_of: dict[str, list]) -> dict[str, list[bytes] | str]:
        """`steps_of`: of each model the inputs of its steps. Gives all outputs of each step in one, or an error text."""
        results: dict[str, list[bytes] | str] = {}
        self.names = [name for name in self.names if name in steps_of]
        while self.names:
            results |= self._run(self._link(), steps_of)
            self.names = [name for name in self.names if name not in results]  # one that ends the program is passed by
        return results

    def _run(self, program: Path, steps_of) -> dict[str, list[bytes] | str]:
        """Up to the first one that fails."""
        data = JOB.pack(JOB_MAGIC, VERSION, len(self.names), 0)
        for name in self.names:
            inputs = [b"".join(np.ascontiguousarray(values).tobytes() for values in step) for step in steps_of[name]]
            data += MODEL_JOB.pack(1, len(inputs), len(inputs[0]), self._bytes(name, "OUTPUT")) + b"".join(inputs)
        (self.folder / "job.bin").write_bytes(data)
        (self.folder / "result.bin").unlink(missing_ok=True)
        with open(self.folder / "text", "w+b") as text:
            process = subprocess.Popen(
                self._command(program), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=text, stderr=text
            )
            try:
                ended = f"exit code {process.wait(STALL)}"
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                ended = f"not done in {STALL} s"
        said = (self.folder / "text").read_text(errors="replace").strip()
        return self._results((self.folder / "result.bin").read_bytes(), f"{ended} {said}".strip(), steps_of)

    def _results(self, data: bytes, ended: str, steps_of) -> dict[str, list[bytes] | str]:
        magic, version, outcome, models_done, _, guard_offset = RESULT.unpack_from(data)
        assert (magic, version) == (RESULT_MAGIC, VERSION), ended
        results: dict[str, list[bytes] | str] = {}
        at = RESULT.size
        for number, name in enumerate(self.names):
            size, steps = self._bytes(name, "OUTPUT"), len(steps_of[name])
            end = at + size * steps
            if len(data) < end + MODEL_RESULT or (outcome not in (RUNNING, DONE) and number == models_done):
                results[name] = f"writes outside of its arena, at {guard_offset}" if outcome == GUARD else ended
                break
            results[name] = [data[at + size * step : at + size * (step + 1)] for step in range(steps)]
            at = end + MODEL_RESULT
        return results
