"""Runs many models on an emulated core in few starts of QEMU (MOTE_JOB_MODELS of mcu_runtime/device/job.h).

    results = run("cortex-m4", [(file, [[input, ...], ...]), ...])

Each model is loaded into an arena of exactly the size that the runtime asks for, with guard bytes around it; its steps run one
after another on the loaded model. Refused models have a result like all others; a core that faults or hangs is an error that
names the model. The device programs are those of MOTE_DEVICE_DIR, or of `device` in the build folder MOTE_BUILD_DIR.
"""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class Machine:
    """A board of QEMU, and where in its memory files and the arena go: the same as in export/emulator.cc."""

    name: str
    model_address: int
    model_bytes: int
    arena_address: int
    arena_bytes: int
    emulator: str = "qemu-system-arm"


# Cortex-M0 has no second board here: the microbit has its models in flash, where the program cannot put them.
MACHINES = {
    "cortex-m0": Machine("mps2-an385", 0x00080000, 3584 * KIB, 0x21000000, 16 * MIB),
    "cortex-m3": Machine("mps2-an385", 0x00080000, 3584 * KIB, 0x21000000, 16 * MIB),
    "cortex-m4": Machine("mps2-an386", 0x00080000, 3584 * KIB, 0x21000000, 16 * MIB),
    "cortex-m7": Machine("mps2-an500", 0x00080000, 3584 * KIB, 0x60000000, 16 * MIB),
    "cortex-m33": Machine("mps2-an505", 0x10080000, 3584 * KIB, 0x80000000, 16 * MIB),
    "cortex-m55": Machine("mps3-an547", 0x38000000, 8 * MIB, 0x70000000, 64 * MIB),
    "riscv32": Machine("virt", 0x80100000, 31 * MIB, 0x82000000, 96 * MIB, "qemu-system-riscv32"),
}

JOB = struct.Struct("<12I")
JOB_MAGIC, RESULT_MAGIC, VERSION = 0x424A544D, 0x5352544D, 1
JOB_MODELS, JOB_SPOIL = 6, 4
RESULT = struct.Struct("<4I2i3Ii2I64x")
MODEL_JOB = struct.Struct("<3I")
MODEL_RESULT = struct.Struct("<2I3iIi2I")
OUTCOMES = ["running", "done", "bad job", "refused", "input bytes", "invoke", "guard", "read", "write", "file changed"]
DONE, REFUSED = "done", "refused"
LARGEST_JOB = 64 * MIB


class EmulatorError(Exception):
    pass


@dataclass
class Result:
    outcome: str  # of OUTCOMES
    status: int  # a mote_status
    op: int
    code: int
    tensor: int
    arena_bytes: int
    guard_offset: int  # where the outcome is "guard"
    output_bytes: int
    outputs: list[bytes] = field(default_factory=list)  # of each step: all outputs in order


def device_program(core: str) -> Path:
    root = Path(__file__).resolve().parents[2]
    build = root / os.environ.get("MOTE_BUILD_DIR", "build")
    program = Path(os.environ.get("MOTE_DEVICE_DIR", build / "device")) / f"mote_device_{core}"
    if not program.is_file():
        raise FileNotFoundError(f"{program}: build the target mote_device, or set MOTE_DEVICE_DIR")
    return program


def run(core: str, models, stall: float = 120, flags: int = 0) -> list[Result]:
    """`models`: (file, steps), a step being the list of input arrays, or their bytes; no steps: only load.
    `stall`: an emulator whose results do not grow for so many seconds is ended."""
    results: list[Result] = []
    chunk, size = [], 0
    for file, steps in models:
        steps = [b"".join(_bytes(values) for values in step) for step in steps]
        size += len(file) + sum(map(len, steps))
        chunk.append((bytes(file), steps))
        if size > LARGEST_JOB:
            results += _run_chunk(core, chunk, stall, flags, len(results))
            chunk, size = [], 0
    return results + (_run_chunk(core, chunk, stall, flags, len(results)) if chunk else [])


def _bytes(values) -> bytes:
    return np.ascontiguousarray(values).tobytes() if isinstance(values, np.ndarray) else bytes(values)


def _run_chunk(core: str, models, stall: float, flags: int, first: int) -> list[Result]:
    machine = MACHINES[core]
    command = [machine.emulator, "-M", machine.name, "-nodefaults", "-display", "none", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(device_program(core))]
    command += ["-bios", "none"] if core == "riscv32" else []
    with tempfile.TemporaryDirectory(prefix="mote-many-") as folder:
        with open(Path(folder) / "job.bin", "wb") as job:
            job.write(JOB.pack(JOB_MAGIC, VERSION, JOB_MODELS, flags, machine.model_address, machine.model_bytes,
                               machine.arena_address, machine.arena_bytes, len(models), 0, 0, 0))  # fmt: skip
            for number, (file, steps) in enumerate(models):
                if len(file) > machine.model_bytes:
                    raise ValueError(f"model {first + number} has {len(file)} bytes; {core} has {machine.model_bytes} for it")
                input_bytes = len(steps[0]) if steps else 0
                if any(len(step) != input_bytes for step in steps):
                    raise ValueError(f"model {first + number}: steps of different sizes")
                job.write(MODEL_JOB.pack(len(file), input_bytes, len(steps)) + file + b"".join(steps))
        ended = _watch(command, folder, stall)
        path = Path(folder) / "result.bin"
        data = path.read_bytes() if path.exists() else b""
    where = f"{core} ({machine.name})"
    if len(data) < RESULT.size or struct.unpack_from("<2I", data) != (RESULT_MAGIC, VERSION):
        raise EmulatorError(f"{where}: no result: {ended}")
    head = RESULT.unpack_from(data)
    outcome, stack_bytes, stack_capacity = head[2], head[10], head[11]
    results, at = [], RESULT.size
    while len(results) < len(models) and at + MODEL_RESULT.size <= len(data):
        kind, *fields, steps_done, output_bytes = MODEL_RESULT.unpack_from(data, at)
        at += MODEL_RESULT.size
        if OUTCOMES[kind] == "running":
            break
        result = Result(OUTCOMES[kind], *fields, output_bytes)
        for _ in range(steps_done):
            result.outputs.append(data[at : at + output_bytes])
            at += output_bytes
        results.append(result)
    if OUTCOMES[outcome] != DONE or len(results) != len(models):
        raise EmulatorError(f"{where}: stopped within model {first + len(results)} ({OUTCOMES[outcome]}): {ended}")
    if stack_bytes >= stack_capacity:
        raise EmulatorError(f"{where}: the stack of {stack_capacity} bytes was used up")
    return results


def _watch(command, folder: str, stall: float) -> str:
    """How the emulator ended, with its first line of text."""
    with open(Path(folder) / "text", "w+b") as text:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=text, stderr=text)
        progress, since = -1, time.monotonic()
        while process.poll() is None:
            time.sleep(0.02)
            path = Path(folder) / "result.bin"
            size = path.stat().st_size if path.exists() else 0
            if size != progress:
                progress, since = size, time.monotonic()
            elif time.monotonic() - since > stall:
                process.kill()
                process.wait()
                return f"no progress for {stall:g} s"
        text.seek(0)
        lines = [line for line in text.read().decode(errors="replace").splitlines() if line and "warning:" not in line]
        return f"exit code {process.returncode}" + (f": {lines[0]}" if lines else "")
