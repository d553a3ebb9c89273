"""Damaged copies of the MLPerf Tiny models on emulated cores, with the memory around the arena guarded and checked: each is
refused or run with the same error and outputs as on the host (an arena may be of another size: scratch depends on the core's
tiles). tests/fuzz/mutation_test.cc does the same with very many more on the host under sanitizers.

MOTE_MUTANTS: how many (default 200). MOTE_MUTANT_SEED: the first one's seed.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from many_models import DONE, JOB_SPOIL, REFUSED, run
from mote_library import MoteError, MoteModel

MUTANTS = int(os.environ.get("MOTE_MUTANTS", "200"))
FIRST = int(os.environ.get("MOTE_MUTANT_SEED", "0"))
FOLDER = Path(__file__).resolve().parents[1] / "data" / "mlperf_tiny"
LARGEST_ARENA = 8 << 20
EXTREMES = np.array([0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFC], np.uint32)


def metadata_places(file: bytes) -> np.ndarray:
    """Bytes that are mostly not weights: those in stretches with many zeros, as tables and offsets have."""
    zeros = np.convolve(np.frombuffer(file, np.uint8) == 0, np.ones(32), "same")
    return np.flatnonzero(zeros > 10)


def mutant(seed: int) -> bytes:
    """One to three damages, three in four of them outside of the weights."""
    names = sorted(path.stem for path in FOLDER.glob("*.tflite"))
    rng = np.random.default_rng([0x6D75, seed])
    name = names[seed % len(names)]
    file = bytearray((FOLDER / f"{name}.tflite").read_bytes())
    places = metadata_places(bytes(file))
    for _ in range(rng.integers(1, 4)):
        at = int(rng.choice(places)) if rng.random() < 0.75 else int(rng.integers(len(file)))
        kind = rng.integers(3)
        if kind == 0:
            file[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            file[at] = int(rng.integers(256))
        else:
            at = min(at, len(file) - 4)
            file[at : at + 4] = int(rng.choice(EXTREMES)).to_bytes(4, "little")
    return bytes(file)


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "riscv32"])
def test_mutants_do_on_a_core_what_they_do_on_the_host(core, request):
    jobs, expected = [], []
    for seed in range(FIRST, FIRST + MUTANTS):
        file = mutant(seed)
        steps, outputs, arena, error = [], [], 0, None
        try:
            model = MoteModel(file)
            arena = model.arena_bytes
            if arena <= LARGEST_ARENA:
                rng = np.random.default_rng([0x696E, seed])
                steps = [[rng.integers(0, 256, size, np.uint8).tobytes() for size in model.input_sizes()]]
                outputs = [b"".join(model.invoke_bytes(steps[0]))]
        except MoteError as refused:
            error = refused
        jobs.append((file, steps))
        expected.append((error, arena, outputs))
    results = run(core, jobs)
    refused = 0
    for seed, (error, arena, outputs), result in zip(range(FIRST, FIRST + MUTANTS), expected, results):
        folder = os.environ.get("MOTE_BUILD_DIR", "build")
        again = (
            f"seed {seed}: {result}; run it again: MOTE_BUILD_DIR={folder} MOTE_MUTANT_SEED={seed} MOTE_MUTANTS=1 "
            f"python -m pytest '{request.node.nodeid}'"
        )
        if error is not None:
            refused += 1
            assert result.outcome == REFUSED, again
            assert (result.status, result.op, result.code, result.tensor) == (
                error.status,
                error.op,
                error.code,
                error.tensor,
            ), f"the host says: {error}; {again}"
        elif arena > LARGEST_ARENA:
            assert result.outcome in (DONE, REFUSED), again
        else:
            assert result.outcome == DONE, again
            assert result.outputs == outputs, f"other bytes than on the host; {again}"
    print(f"{refused} of {MUTANTS} refused")
    assert MUTANTS < 100 or MUTANTS * 0.2 < refused < MUTANTS * 0.95


def test_a_write_past_the_arena_is_seen():
    file = (FOLDER / "ad01_int8.tflite").read_bytes()
    model = MoteModel(file)
    steps = [[bytes(size) for size in model.input_sizes()]] * 2
    sound, spoiled = (run("cortex-m4", [(file, steps)], flags=flags)[0] for flags in (0, JOB_SPOIL))
    assert (sound.outcome, len(sound.outputs)) == (DONE, 2)
    assert (spoiled.outcome, spoiled.guard_offset, len(spoiled.outputs)) == ("guard", model.arena_bytes, 1)
