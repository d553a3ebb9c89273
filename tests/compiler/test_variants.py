"""Every variant of kernels computes what the runtime does: models for all of them (layer_models.py, variant_models.py), each
compiled with every variant that takes its layers, with the cheapest ones and with the plain ones, built into one program a
core, run under emulation, and compared byte by byte. A variant that no model reaches fails the test.

MOTE_VARIANTS_SEED: of weights, scales and inputs (default 0). MOTE_VARIANTS_CASES: random models of each kind of DRAWN
(default 16).
"""

from __future__ import annotations

import os
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from compared import HAS_EMULATION, Job, compare, named, variants  # noqa: E402
from layer_models import MVE_TABLE, NARROW, TABLE, WINOGRAD_TABLE, random_model  # noqa: E402
from variant_models import BETWEEN, DRAWN, ELEMENTWISE, model  # noqa: E402

from cases import case  # noqa: E402  (of tests/conformance, which layer_models puts on the path)

SEED = int(os.environ.get("MOTE_VARIANTS_SEED", "0"))
CASES = int(os.environ.get("MOTE_VARIANTS_CASES", "16"))
DSP = ["cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"]
ANY_CORE = ["generic", "cortex-m0", "cortex-m3", "riscv32", *DSP]
DRAWN_NAMES = {f"drawn {kind} {number}": (kind, number) for kind in DRAWN for number in range(3)}


def having(*kinds: str) -> set[str]:
    """Names of models with such layers."""
    shapes = TABLE | ELEMENTWISE | BETWEEN
    found = {name for name, shape in shapes.items() if any(layer.kind in kinds for layer in shape.layers)}
    return found | {name for name, (kind, _) in DRAWN_NAMES.items() if {*kind.split()} & {*kinds}}


CONV, DEPTHWISE, DENSE, SUM = having("conv"), having("depthwise"), having("dense"), having("add", "sub", "sum")
POOL, GLOBAL = having("average", "largest", "global"), having("average", "global", "mean")
ALL = ["speed", "size", "ram"]
# Of each variant: the cores that it is for, what may be optimized for, the models that may have layers for it, and the
# kernels that reports name.
ROWS = {
    "conv_2d_runs_dsp": (DSP, ["speed", "size"], CONV | DEPTHWISE, {"conv_2d_runs_dsp"}),
    "conv_2d_dsp": (DSP, ALL, CONV | DEPTHWISE | DENSE, {"conv_2d_dsp", "one_pixel_dsp"}),
    "conv_2d_winograd_dsp": (DSP[:3], ["speed"], {*WINOGRAD_TABLE}, {"conv_2d_winograd_dsp"}),
    "fully_connected_dsp": (DSP, ALL, DENSE, {"fully_connected_dsp"}),
    "depthwise_conv_2d_wide_dsp": (DSP, ["speed"], DEPTHWISE, {"depthwise_conv_2d_wide_dsp"}),
    "depthwise_conv_2d_dsp": (DSP, ALL, DEPTHWISE, {"depthwise_conv_2d_dsp"}),
    "depthwise_general_dsp": (DSP, ALL, DEPTHWISE, {"depthwise_general_dsp"}),
    "planar": (DSP[:3], ALL, set(), {"to_planar"}),  # which convolutions' rows become for depthwise_conv_2d_*dsp
    "conv_2d_mve": (["cortex-m55"], ALL, CONV | DEPTHWISE | {*MVE_TABLE}, {"conv_2d_mve"}),
    "depthwise_conv_2d_mve": (["cortex-m55"], ALL, DEPTHWISE | {*MVE_TABLE}, {"depthwise_conv_2d_mve"}),
    "fully_connected_mve": (["cortex-m55"], ALL, DENSE | {*MVE_TABLE}, {"fully_connected_mve"}),
    "add_mve": (["cortex-m55"], ALL, SUM, {"add_mve"}),
    "pool_2d_mve": (["cortex-m55"], ["speed", "size"], POOL, {"pool_2d_mve"}),
    "convert_mve": (["cortex-m55"], ALL, set(), {"convert_mve"}),
    "add_dsp": (DSP, ALL, SUM, {"add_dsp"}),
    "pool_rows_dsp": (DSP, ALL, POOL, {"pool_rows_dsp"}),
    "global_rows_dsp": (DSP, ALL, GLOBAL, {"global_rows_dsp"}),
    "conv_2d_rows": (ANY_CORE, ["speed", "ram"], CONV, {"conv_2d_rows"}),
    "depthwise_conv_2d_rows": (ANY_CORE, ["speed", "ram"], DEPTHWISE, {"depthwise_conv_2d_rows"}),
    "table": (ANY_CORE, ALL, having("table"), {"table"}),
    "softmax_table": (ANY_CORE, ALL, having("softmax"), {"softmax_table"}),
    "add": (ANY_CORE, ALL, SUM, {"add"}),
    "pool_rows": (ANY_CORE, ALL, POOL, {"pool_rows"}),
    "global_rows": (ANY_CORE, ALL, GLOBAL, {"global_rows"}),
    "conv_2d_thumb1": (["cortex-m0"], ALL, CONV | {*NARROW}, {"conv_2d_thumb1"}),
    "depthwise_conv_2d_thumb1": (["cortex-m0"], ALL, DEPTHWISE, {"depthwise_conv_2d_thumb1"}),
    "fully_connected_thumb1": (["cortex-m0"], ALL, DENSE, {"fully_connected_thumb1"}),
    "fully_connected_wide_thumb1": (["cortex-m0"], ALL, DENSE, {"fully_connected_wide_thumb1"}),
    "conv_2d_pixel_thumb1": (["cortex-m0"], ["ram"], CONV, {"conv_2d_pixel_thumb1"}),
    "add_thumb1": (["cortex-m0"], ALL, SUM, {"add_thumb1"}),
}
# One core of each family with all of its variants; of cores that differ in their compiler's code alone what is chosen.
EACH = {"cortex-m4": ALL, "cortex-m55": ALL, "cortex-m0": ALL, "generic": ["speed"], "riscv32": ["speed"]}
CHOICE = {"cortex-m3": ["speed"], "cortex-m7": ["speed", "size"], "cortex-m33": ["speed", "ram"]}
RUNS = [(core, optimize) for core, optimizations in (EACH | CHOICE).items() for optimize in optimizations]
# What is chosen where nothing is asked for.
CHOSEN = {
    ("dsp", "speed"): {"conv_2d_runs_dsp", "conv_2d_dsp", "fully_connected_dsp", "depthwise_conv_2d_wide_dsp",
                       "depthwise_general_dsp", "to_planar"},
    ("dsp", "size"): {"conv_2d_runs_dsp", "conv_2d_dsp", "depthwise_general_dsp"},
    ("dsp", "ram"): {"conv_2d_dsp", "fully_connected_dsp", "depthwise_conv_2d_dsp", "depthwise_general_dsp",
                     "to_planar"},
    ("mve", "speed"): {"conv_2d_mve", "depthwise_conv_2d_mve", "fully_connected_mve", "convert_mve", "pool_2d_mve",
                       "add_mve"},
    ("mve", "ram"): {"conv_2d_mve", "depthwise_conv_2d_mve", "fully_connected_mve", "convert_mve"},
}  # fmt: skip
MAY_BE_PLAIN = "depthwise_two_channels"  # too small for kernels that copy taps
REMARKS = ["a weight of -128", "no short requantization is proved"]
COPIES = "taps are copied"  # which other kernels do without, in less memory and code
SUMS = "requantized by the contract's formula: no cheaper one was proved"
OPERATORS = {"average_pool_2d": "pool_2d_mve", "max_pool_2d": "pool_2d_mve", "add": "add_mve", "sub": "add_mve"}

needs_emulation = pytest.mark.skipif(not HAS_EMULATION, reason="needs QEMU and a compiler")


def drawn(kind: str, number: int) -> bytes:
    return DRAWN[kind](np.random.default_rng([zlib.crc32(kind.encode()), number]))


def is_for(variant: str, core: str, optimize: str) -> bool:
    cores, optimizations, *_ = ROWS[variant]
    return core in cores and optimize in optimizations


def again(request) -> str:
    return f"run it again: MOTE_VARIANTS_SEED={SEED} MOTE_VARIANTS_CASES={CASES} python -m pytest '{request.node.nodeid}'"


def check(report, request) -> None:
    assert not report.trouble, f"{report.trouble}\n{again(request)}"
    wrong = [f"{one.job.name}, {one.job.variant}: {one.difference} ({', '.join(one.kernels)})" for one in report.different()]
    assert not wrong, "\n".join([*wrong, again(request)])


def test_every_variant_has_a_row():
    assert set(variants()) == set(ROWS)


@needs_emulation
@pytest.mark.parametrize("core, optimize", RUNS, ids=["-".join(run) for run in RUNS])
def test_every_variant_computes_what_the_runtime_does(core, optimize, tmp_path, request):
    each = core in EACH
    shapes = TABLE | ELEMENTWISE | BETWEEN | NARROW | (MVE_TABLE if core == "cortex-m55" else {})
    if is_for("conv_2d_winograd_dsp", core, optimize):
        shapes |= WINOGRAD_TABLE
    files = {name: model(shape, SEED) for name, shape in shapes.items()}
    files |= {name: drawn(kind, SEED + number) for name, (kind, number) in DRAWN_NAMES.items()}
    jobs = [Job(named(name), files[name], optimize, "any", SEED) for name in files if name not in WINOGRAD_TABLE]
    if each:
        for variant, (_, _, takes, _) in ROWS.items():
            if is_for(variant, core, optimize):
                jobs += [Job(named(name), files[name], optimize, variant, SEED) for name in sorted(takes)]
        if optimize == "speed":
            jobs += [Job(named(name), files[name], optimize, "plain", SEED) for name in files if name not in NARROW]
    report = compare(core, jobs, tmp_path)
    check(report, request)
    for variant, (_, _, takes, kernels) in ROWS.items():
        if not each or not is_for(variant, core, optimize):
            continue
        assert kernels <= report.kernels, f"nothing reaches {variant}"
        if takes:
            assert any(one.job.variant == variant for one in report.compared), f"nothing asks for {variant}"
    check_choice(core, optimize, [one for one in report.compared if one.job.variant == "any"])


def check_choice(core: str, optimize: str, compared) -> None:
    family = "mve" if core == "cortex-m55" else "dsp" if core in DSP else None
    kernels = {kernel for one in compared for kernel in one.kernels}
    assert CHOSEN.get((family, optimize), set()) <= kernels
    remarks = " ".join(remark for one in compared for remark in one.remarks)
    if family == "dsp":
        plain = [one.job.name for one in compared if "plain" in one.kernels and one.job.name in map(named, TABLE)]
        assert optimize != "speed" or set(plain) <= {MAY_BE_PLAIN}
        assert all(remark in remarks for remark in REMARKS)
        assert optimize != "speed" or COPIES in remarks
    if family == "mve" and optimize != "size":  # where code is dear, other families' kernels may take some
        assert REMARKS[1] in remarks


@needs_emulation
@pytest.mark.parametrize("core, optimize", [("cortex-m4", "speed"), ("cortex-m4", "size"), ("cortex-m4", "ram"),
                                            ("cortex-m55", "speed"), ("cortex-m55", "ram")])  # fmt: skip
def test_random_chains_compute_what_the_runtime_does(core, optimize, tmp_path, request):
    seeds = range(SEED, SEED + CASES)
    jobs = [Job(f"seed_{seed}", random_model(seed), optimize, "any", seed) for seed in seeds]
    check(compare(core, jobs, tmp_path), request)


@needs_emulation
def test_the_last_tile_does_not_read_what_its_output_has_overwritten(tmp_path, request):
    """An image one pixel wide, whose outputs lie where the inputs of rows above were."""
    check(compare("cortex-m0", [Job("drawn", drawn("conv", 1), "size", "conv_2d_thumb1")], tmp_path), request)


@needs_emulation
def test_pools_and_sums_for_helium_compute_what_the_runtime_does(tmp_path, request):
    jobs = [Job(f"{operator}_{seed}", case(operator, seed).file, "speed", "any", seed)
            for operator in OPERATORS for seed in range(SEED, SEED + 12)]  # fmt: skip
    report = compare("cortex-m55", jobs, tmp_path)
    check(report, request)
    for operator, kernel in OPERATORS.items():
        assert any(kernel in one.kernels for one in report.compared if one.job.name.startswith(operator))


TAKEN = {
    "conv": "conv_2d_thumb1",
    "depthwise": "depthwise_conv_2d_thumb1",
    "dense": "fully_connected_thumb1",
    "wide dense": "fully_connected_wide_thumb1",
    "sum": "add_thumb1",
}


@needs_emulation
@pytest.mark.parametrize("variant", ["any", "plain"])
@pytest.mark.parametrize("kind", sorted(DRAWN))
def test_drawn_layers_on_cortex_m0_are_taken_and_equal_the_runtimes(kind, variant, tmp_path, request):
    seeds = range(SEED, SEED + CASES)
    jobs = [Job(f"{named(kind)}_{seed}", drawn(kind, seed), "speed", variant, seed) for seed in seeds]
    report = compare("cortex-m0", jobs, tmp_path, samples=6)
    check(report, request)
    assert len(report.compared) == CASES
    assert all(len(one.kernels) == 1 for one in report.compared)
    fast = [one for one in report.compared if one.kernels[0].endswith("_thumb1")]
    if variant == "plain" or kind not in TAKEN:
        assert not fast
    elif CASES >= 12:
        assert len(fast) * 3 > CASES, "the kernel took few of its layers"
        assert {one.kernels[0] for one in fast} == {TAKEN[kind]}
        assert kind == "sum" or {one.remarks[0] for one in fast} == {"", SUMS}, "both ways to codes"
