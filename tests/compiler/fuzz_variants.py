#!/usr/bin/env python3
"""A differential fuzzer of kernels: draws models and compiles each with every variant that takes its layers, with the
cheapest and with the plain ones, runs all of them under emulation and compares every output byte with the runtime's.

    fuzz_variants.py [--seconds 60] [--seed N] [--core CORE ...] [--batch 12] [--keep FOLDER]
    fuzz_variants.py --case N --core CORE       one model of it again

A model is a function of its case's number; case numbers go up from the seed. What fails is printed with the command that runs
it again, and its model is kept. Status 1 where anything failed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from compared import HAS_EMULATION, Job, Report, compare, variants  # noqa: E402
from variant_models import random_model  # noqa: E402

CORES = ["cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32", "generic"]
SKIPPED = 77  # ctest's


def jobs_of(case: int, names: list[str]) -> list[Job]:
    rng = np.random.default_rng([2111, case])
    file = random_model(rng)
    optimize = str(rng.choice(["speed", "size", "ram"]))
    return [Job(f"case_{case}", file, optimize, variant, case) for variant in ["any", "plain", *names]]


class Fuzzer:
    def __init__(self, keep: Path):
        self.names = variants()
        self.keep = keep
        self.compared = 0
        self.failed = 0
        self.kernels: set[tuple[str, str]] = set()

    def run(self, core: str, cases: list[int]) -> None:
        report = self._compare(core, [job for case in cases for job in jobs_of(case, self.names)])
        if report.trouble and len(cases) > 1:  # whose?
            before = self.failed
            for case in cases:
                self.run(core, [case])
            if self.failed == before:
                self._fail(core, cases, f"together, not alone: {report.trouble}")
            return
        if report.trouble:
            self._fail(core, cases, report.trouble)
        for one in report.different():
            what = f"{one.job.optimize}, {one.job.variant}: {one.difference} ({', '.join(one.kernels)})"
            self._fail(core, [one.job.seed], what)
        self.compared += len(report.compared)
        self.kernels |= {(core, kernel) for kernel in report.kernels}

    @staticmethod
    def _compare(core: str, jobs: list[Job]) -> Report:
        with tempfile.TemporaryDirectory() as folder:
            return compare(core, jobs, Path(folder))

    def _fail(self, core: str, cases: list[int], what: str) -> None:
        self.failed += 1
        self.keep.mkdir(parents=True, exist_ok=True)
        numbers = " ".join(map(str, cases))
        print(f"FAILED case {numbers} on {core}: {what}")
        for case in cases:
            path = self.keep / f"case_{case}.tflite"
            path.write_bytes(jobs_of(case, [])[0].file)
            print(f"  its model: {path}")
        print(f"  run it again: {sys.executable} {Path(sys.argv[0])} --core {core} --case {numbers}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="no batch is begun after them")
    parser.add_argument("--seed", type=int, help="the first case's number; drawn where it is not given")
    parser.add_argument("--core", nargs="+", choices=CORES, default=CORES)
    parser.add_argument("--batch", type=int, default=12, help="models a program")
    parser.add_argument("--case", type=int, nargs="+", help="these alone")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-variants"), help="the folder for models that fail")
    arguments = parser.parse_args()
    if not HAS_EMULATION:
        print("needs QEMU and the cores' compilers")
        return SKIPPED
    fuzzer = Fuzzer(arguments.keep)
    seed = random.randrange(1 << 31) if arguments.seed is None else arguments.seed
    if arguments.case:
        for core in arguments.core:
            fuzzer.run(core, arguments.case)
    else:
        print(f"seed {seed}: {sys.executable} {sys.argv[0]} --seed {seed} --seconds {arguments.seconds:g}", flush=True)
        end = time.monotonic() + arguments.seconds
        case = seed
        while time.monotonic() < end:
            core = arguments.core[(case // arguments.batch) % len(arguments.core)]  # one after the other
            fuzzer.run(core, list(range(case, case + arguments.batch)))
            case += arguments.batch
    print(f"{fuzzer.compared} comparisons, {len(fuzzer.kernels)} kernels and cores, {fuzzer.failed} failures")
    return 1 if fuzzer.failed else 0


if __name__ == "__main__":
    sys.exit(main())
