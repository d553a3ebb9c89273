"""Every operator on every emulated core, byte for byte against the oracle of its generator (tests/conformance).

MOTE_EMULATED_CASES: how many random models an operator and core (default 50). MOTE_CONFORMANCE_SEED: the first one's seed.
"""

from __future__ import annotations

import functools
import os

import numpy as np
import pytest
from cases import GENERATORS, case
from many_models import DONE, MACHINES, run

CASES = int(os.environ.get("MOTE_EMULATED_CASES", "50"))
FIRST = int(os.environ.get("MOTE_CONFORMANCE_SEED", "0"))


@functools.cache
def cases():
    named = [(operator, seed) for operator in sorted(GENERATORS) for seed in range(FIRST, FIRST + CASES)]
    return [(operator, seed, case(operator, seed)) for operator, seed in named]


@functools.cache
def expected() -> list[list[bytes]]:
    return [
        [b"".join(np.ascontiguousarray(output).tobytes() for output in step) for step in one.expected()]
        for _, _, one in cases()
    ]


@pytest.mark.parametrize("core", MACHINES)
def test_every_operator_on_a_core(core, request):
    results = run(core, [(one.file, one.steps) for _, _, one in cases()])
    for (operator, seed, _), outputs, result in zip(cases(), expected(), results):
        folder = os.environ.get("MOTE_BUILD_DIR", "build")
        again = (
            f"run it again: MOTE_BUILD_DIR={folder} MOTE_CONFORMANCE_SEED={seed} MOTE_EMULATED_CASES=1 "
            f"python -m pytest '{request.node.nodeid}'"
        )
        assert result.outcome == DONE, f"{operator}, seed {seed}: {result}; {again}"
        assert result.outputs == outputs, f"{operator}, seed {seed}: other bytes on {core}; {again}"
