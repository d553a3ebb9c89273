"""Models that are compiled for a core, each with a variant of kernels that is asked for, run under emulation as one program,
and compared with the runtime byte by byte (compare_variants.cc).

MOTE_COMPARE_VARIANTS: the program that does it. MOTE_BUILD_DIR: the build folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HAS_EMULATION = bool(shutil.which("qemu-system-arm") and shutil.which("arm-none-eabi-g++"))


def named(name: str) -> str:
    """A file's name."""
    return name.replace(" ", "_").replace(",", "").replace("-", "minus_")


@dataclass
class Job:
    name: str  # of the model; the file's name
    file: bytes
    optimize: str  # and ",winograd" or ",stream"
    variant: str = "any"  # or "plain", or a variant's name: it has the layers that it takes
    seed: int = 0  # of the inputs


@dataclass
class Compared:
    job: Job
    kernels: list[str]
    remarks: list[str]
    difference: str | None


@dataclass
class Report:
    compared: list[Compared]  # without the jobs whose variant takes no layer
    trouble: str = ""  # where the whole failed: what does not compile, a fault, ...
    kernels: set[str] = field(default_factory=set)

    def different(self) -> list[Compared]:
        return [one for one in self.compared if one.difference]


def _program() -> str:
    build = ROOT / os.environ.get("MOTE_BUILD_DIR", "build")
    return os.environ.get("MOTE_COMPARE_VARIANTS", str(build / "tests" / "compiler" / "compare_variants"))


def variants() -> list[str]:
    """The names of all that the compiler has."""
    return subprocess.run([_program(), "--variants"], capture_output=True, text=True, check=True).stdout.split()


MODELS_A_PROGRAM = 48  # as many as have room in the emulated boards' flash


def compare(core: str, jobs: list[Job], folder: Path, samples: int = 4) -> Report:
    """What each job computes, model by model; one program for the jobs of MODELS_A_PROGRAM models."""
    of_model: dict[str, list[Job]] = {}
    for job in jobs:
        of_model.setdefault(job.name, []).append(job)
    report = Report([])
    names = list(of_model)
    for first in range(0, len(names), MODELS_A_PROGRAM):
        some = names[first : first + MODELS_A_PROGRAM]
        _compare(core, [job for name in some for job in of_model[name]], folder, samples, report)
        if report.trouble:
            break
    return report


def _compare(core: str, jobs: list[Job], folder: Path, samples: int, report: Report) -> None:
    lines = []
    for job in jobs:
        path = folder / f"{job.name}.tflite"
        if not path.exists():
            path.write_bytes(job.file)
        lines.append(f"{job.optimize} {job.variant} {job.seed} {path}\n")
    run = subprocess.run([_program(), core, str(samples)], input="".join(lines), capture_output=True, text=True)
    if run.returncode not in (0, 1):
        report.trouble = run.stderr.strip() or f"status {run.returncode}"
    for line in run.stdout.splitlines():
        result = json.loads(line)
        kernels = [kernel["variant"] for kernel in result["kernels"]]
        remarks = [kernel["remark"] for kernel in result["kernels"]]
        report.compared.append(Compared(jobs[result["job"]], kernels, remarks, result.get("difference")))
        report.kernels.update(kernels)
