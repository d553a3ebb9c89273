"""Whole random networks (networks.py), compiled for the host and for emulated cores, give every output byte that the
interpreter gives, in exactly the arena that their header states.

MOTE_NETWORKS: how many (default 300). MOTE_NETWORKS_SEED: the first one's seed (default 0). MOTE_COMPILE_PROGRAM: the
program mote-compile. MOTE_BUILD_DIR: the build folder.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pytest
from compiled_networks import TARGETS, WARNINGS, Build, compiler_program, text_of
from networks import ODD, Network, network, odd_network

from mote_library import MoteModel  # isort: skip, found through networks

COUNT = int(os.environ.get("MOTE_NETWORKS", "300"))
FIRST = int(os.environ.get("MOTE_NETWORKS_SEED", "0"))
SEEDS = range(FIRST, FIRST + COUNT)
MOST_NETWORKS, MOST_BYTES = 24, 150_000  # of one program: a Cortex-M55's memory holds no more
OPTIMIZE = ["speed", "size", "ram"]
CLANG = shutil.which("clang++-14")


def arguments_of(seed: int, core: str) -> list[str]:
    """The same seed is compiled in another way for each core."""
    draw = np.random.default_rng([77, seed, list(TARGETS).index(core)])
    arguments = ["--optimize", OPTIMIZE[int(draw.integers(3))]]
    return arguments + (["--plain"] if draw.random() < 0.15 else [])


@dataclass
class Case:
    network: Network
    arguments: list[str]  # of mote-compile
    again: str  # how to run just it

    @cached_property
    def expected(self) -> list[bytes]:
        """The interpreter's outputs of each step."""
        model = MoteModel(self.network.file)
        return [b"".join(model.invoke_bytes([v.tobytes() for v in inputs])) for inputs in self.network.steps]


def batches(cases: dict[str, Case]) -> list[dict[str, Case]]:
    result: list[dict[str, Case]] = [{}]
    size = 0
    for name, case in cases.items():
        size += len(case.network.file)
        if result[-1] and (len(result[-1]) == MOST_NETWORKS or size > MOST_BYTES):
            result.append({})
            size = len(case.network.file)
        result[-1][name] = case
    return result


def difference(outputs: list[bytes] | str, wanted: list[bytes]) -> str | None:
    if isinstance(outputs, str):
        return outputs
    for step, (got, bytes_wanted) in enumerate(zip(outputs, wanted)):
        if len(got) != len(bytes_wanted):
            return f"{len(got)} bytes of outputs, not {len(bytes_wanted)}"
        wrong = [i for i, (a, b) in enumerate(zip(got, bytes_wanted)) if a != b]
        if wrong:
            at = wrong[0]
            return f"step {step}: {len(wrong)} of {len(got)} bytes differ, the first at {at}: {got[at]}, not {bytes_wanted[at]}"
    return None


def differs_the_second_time(build: Build, name: str, arguments) -> str | None:
    """Compiling is a function of the file and the options."""
    again = build.folder / "again"
    model = build.folder / f"{name}.tflite"
    error = text_of([compiler_program(), model, "--core", build.target.core, "-o", again, *arguments])
    if error is not None:
        return error
    for path in again.rglob("*"):
        if path.is_file() and path.read_bytes() != (build.generated / path.relative_to(again)).read_bytes():
            return f"compiled again, {path.name} is another"
    shutil.rmtree(again)
    return None


def has_wide_lines(build: Build, name: str) -> str | None:
    for path in build.generated.glob(f"{name}*"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if len(line) > 120:
                return f"{path.name}:{number} is {len(line)} columns wide"
    return None


def fault_of_text(build: Build, name: str, arguments, number: int) -> str | None:
    if build.target.core == "generic" and CLANG:
        source = build.generated / f"{name}.cc"
        error = text_of([CLANG, "-std=c++17", *WARNINGS, "-fsyntax-only", "-I", build.generated, source])
        if error is not None:
            return error
    if number % 8 == 0:
        error = differs_the_second_time(build, name, arguments)
        if error is not None:
            return error
    return has_wide_lines(build, name)


def failures_of(core: str, cases: dict[str, Case], folder: Path) -> dict[str, str]:
    build = Build(TARGETS[core], folder)
    failures = {}
    for number, (name, case) in enumerate(cases.items()):
        error = build.add(name, case.network.file, case.arguments) or fault_of_text(build, name, case.arguments, number)
        if error is not None:
            failures[name] = error
    good = {name: case.network.steps for name, case in cases.items() if name not in failures}
    for name, outputs in build.run(good).items():
        error = difference(outputs, cases[name].expected)
        if error is not None:
            failures[name] = error
    return failures


def check(core: str, cases: dict[str, Case], folder: Path) -> None:
    chunks = batches(cases)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = pool.map(lambda k: failures_of(core, chunks[k], folder / str(k)), range(len(chunks)))
        failures = {name: error for chunk in failed for name, error in chunk.items()}
    for name, error in failures.items():
        case = cases[name]
        print(f"{name} {' '.join(case.arguments)} ({' '.join(case.network.operators)}): {error}\n  again: {case.again}")
    assert not failures, f"{len(failures)} of {len(cases)} networks"


@lru_cache(maxsize=None)
def network_of(seed: int) -> Network:
    return network(seed)


@pytest.mark.parametrize("core", TARGETS)
def test_networks_compute_what_the_interpreter_does(core, tmp_path, request):
    cases = {}
    for seed in SEEDS:
        again = f"MOTE_NETWORKS_SEED={seed} MOTE_NETWORKS=1 python -m pytest '{request.node.nodeid}'"
        cases[f"net{seed}"] = Case(network_of(seed), arguments_of(seed, core), again)
    check(core, cases, tmp_path)


@pytest.mark.parametrize("core", TARGETS)
def test_odd_networks(core, tmp_path, request):
    again = f"python -m pytest '{request.node.nodeid}'"
    cases = {}
    for make in ODD:
        for optimize in ("speed", "ram"):
            case = Case(odd_network(make), ["--optimize", optimize], again)
            cases[f"{make.__name__}_{optimize}"] = case
    check(core, cases, tmp_path)
