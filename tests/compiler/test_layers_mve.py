"""Layers compiled for a Cortex-M55 compute what the runtime does: every Helium kernel in every form, built into one
program and run under emulation (test_layers.py says how, and which variables choose the seed and the number of cases).
"""

from __future__ import annotations

import pytest
from test_layers import CASES, SEED, compare, pytestmark  # noqa: F401

from layer_models import TABLE, Shape, conv, dense, depthwise, model, random_model

from cases import case  # of tests/conformance, which layer_models puts on the path

CORE = "cortex-m55"

# What Helium's kernels may get wrong beyond the table for all cores.
MVE_TABLE = {
    "one pixel": Shape((1, 1, 5), [depthwise(), conv(3, (3, 3)), conv(9)]),
    "one column": Shape((30, 1, 40), [depthwise((3, 1), padding="VALID"), conv(12), depthwise((5, 1)), conv(8)]),
    "one row": Shape((1, 23, 12), [depthwise((1, 4)), conv(8), depthwise((1, 16), stride=(1, 2)), conv(5)]),
    "higher than wide": Shape((21, 10, 1), [conv(12, (10, 4), stride=(2, 2)), depthwise(), conv(12), depthwise()]),
    "odd width, channels left over": Shape((5, 7, 16), [conv(10), conv(13, (3, 3)), conv(4)]),
    "two rows at once, an odd number": Shape((7, 9, 8), [conv(8), depthwise(), conv(8), depthwise((2, 3))]),
    "depthwise of four rows": Shape((9, 6, 5), [depthwise((4, 4)), depthwise((4, 2), stride=(2, 1))]),
    "strides larger than filters": Shape((11, 13, 8), [conv(8, stride=(3, 2)), depthwise((2, 2), stride=(3, 3))]),
    "more than 256 bytes a segment": Shape((4, 3, 100), [conv(6, (3, 3)), conv(4)]),
    "many channels": Shape((2, 3, 300), [conv(6), conv(290), depthwise()]),
    "relu6": Shape((6, 6, 9), [conv(8, activation="RELU6"), depthwise(activation="RELU6"), conv(8, activation="RELU6")]),
    "relu6, edges": Shape((6, 5, 8), [conv(8, (3, 3), activation="RELU6", weights="edge")]),
    "patches of two rows": Shape((9, 9, 2), [conv(7, (5, 5)), conv(4, (2, 3), padding="VALID")]),
    "long dense": Shape((1, 1, 700), [dense(19)]),
    "one input, one output": Shape((1, 1, 1), [dense(1)]),
}
KERNELS = {"conv_2d_mve", "depthwise_conv_2d_mve", "fully_connected_mve", "convert_mve"}
OPERATORS = {"average_pool_2d": "pool_2d_mve", "max_pool_2d": "pool_2d_mve", "add": "add_mve", "sub": "add_mve"}


def named(table: dict[str, Shape]) -> dict[str, bytes]:
    return {name.replace(" ", "_").replace(",", ""): model(shape, SEED) for name, shape in table.items()}


@pytest.mark.parametrize("optimize", ["ram", "size", "speed"])
def test_every_kernel_for_helium_computes_what_the_runtime_does(optimize, tmp_path):
    report = compare(CORE, optimize, named(TABLE | MVE_TABLE), tmp_path)
    if optimize == "size":  # where code is dear, other families' kernels may take some
        return
    for kernel in KERNELS:
        assert kernel in report, f"nothing takes {kernel}:\n{report}"
    assert "no short requantization is proved" in report, report


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_pools_and_sums_for_helium_compute_what_the_runtime_does(operator, tmp_path):
    files = {f"{operator}_{seed}": case(operator, seed).file for seed in range(SEED, SEED + 12)}
    report = compare(CORE, "speed", files, tmp_path)
    assert OPERATORS[operator] in report, report


@pytest.mark.parametrize("optimize", ["ram", "speed"])
def test_random_chains_for_helium_compute_what_the_runtime_does(optimize, tmp_path):
    files = {f"seed_{seed}": random_model(seed) for seed in range(SEED, SEED + CASES)}
    compare(CORE, optimize, files, tmp_path)
