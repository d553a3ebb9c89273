"""3x3 convolutions by Winograd's filtering (--winograd) compute what the runtime does, byte for byte, wherever the
kernel takes them, and the report says why where it does not.

MOTE_LAYERS_SEED: the first random model's seed (default 0). MOTE_LAYERS_CASES: how many of them (default 24).
MOTE_COMPARE_VARIANTS: the program that compares. MOTE_BUILD_DIR: the build folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from compared import HAS_EMULATION, Compared, Job, compare, named  # noqa: E402
from layer_models import WINOGRAD_TABLE, Shape, conv, conv3, model  # noqa: E402

CASES = int(os.environ.get("MOTE_LAYERS_CASES", "24"))
SEED = int(os.environ.get("MOTE_LAYERS_SEED", "0"))
CORES = ["cortex-m4", "cortex-m33"]
KERNEL = "conv_2d_winograd_dsp"
ONE = "16 to 16 channels"

pytestmark = pytest.mark.skipif(not HAS_EMULATION, reason="needs QEMU and a compiler")

REFUSED = {
    "of an odd number of channels": (Shape((8, 8, 15), [conv3(16)]), "Winograd: for even numbers of channels"),
    "to an odd number of channels": (Shape((8, 8, 16), [conv3(15)]), "Winograd: for even numbers of channels"),
    "stride 2": (Shape((8, 8, 16), [conv3(16, stride=(2, 2))]), "Winograd: for stride 1"),
    "stride 2 one way": (Shape((8, 8, 16), [conv3(16, stride=(1, 2))]), "Winograd: for stride 1"),
    "dilated": (Shape((9, 9, 16), [conv3(16, dilation=(2, 1))]), "Winograd: for 3x3 taps"),
    "3x2 taps": (Shape((9, 9, 16), [conv(16, (3, 2))]), "Winograd: for 3x3 taps"),
    "one row": (Shape((1, 9, 32), [conv3(16)]), "Winograd: not faster here"),
    "sums of 30 bits": (Shape((8, 8, 16), [conv3(16, weights="large bias")]), "Winograd: four times a sum"),
}


def random_shape(rng) -> Shape:
    size = (int(rng.integers(1, 12)), int(rng.integers(1, 12)), 2 * int(rng.integers(1, 33)))
    layers = []
    for _ in range(rng.integers(1, 4)):
        layers.append(
            conv3(
                2 * int(rng.integers(1, 33)),
                padding=str(rng.choice(["SAME", "SAME", "VALID"])),
                weights=str(rng.choice(["random", "random", "extreme", "edge", "ends", "mixed"])),
            )
        )
    return Shape(size, layers, zero_point=[None, -128, 127][rng.integers(3)])


def computed(core: str, files: dict[str, bytes], folder: Path, optimize: str) -> dict[str, Compared]:
    """Of each model what it is made of; all are equal to the runtime."""
    report = compare(core, [Job(named(name), file, optimize, seed=SEED) for name, file in files.items()], folder)
    again = f"run it again: MOTE_LAYERS_SEED={SEED} MOTE_LAYERS_CASES={CASES} {' '.join(sys.argv)}"
    assert not report.trouble and not report.different(), f"{report.trouble}{report.different()}\n{again}"
    return dict(zip(files, report.compared, strict=True))


@pytest.mark.parametrize("core", CORES[1:])  # of the other one in test_variants.py
def test_layers_of_the_table_are_taken_unless_something_is_against_it(core, tmp_path):
    files = {name: model(shape, SEED) for name, shape in WINOGRAD_TABLE.items()}
    for name, one in computed(core, files, tmp_path, "speed,winograd").items():
        wanted = sum(layer.kind == "conv" and layer.kernel == (3, 3) for layer in WINOGRAD_TABLE[name].layers)
        assert one.kernels.count(KERNEL) == wanted, one
        assert "two roundings" not in name or "no short requantization is proved" in " ".join(one.remarks), one


@pytest.mark.parametrize("core", CORES)
def test_random_chains_compute_what_the_runtime_does(core, tmp_path):
    seeds = range(SEED, SEED + CASES)
    files = {f"seed {seed}": model(random_shape(np.random.default_rng([seed, 79])), seed) for seed in seeds}
    chains = computed(core, files, tmp_path, "speed,winograd").values()
    assert CASES < 8 or sum(one.kernels.count(KERNEL) for one in chains) >= CASES


def test_what_the_kernel_does_not_take_is_computed_by_another_and_the_report_says_why(tmp_path):
    files = {name: model(shape, SEED) for name, (shape, _) in REFUSED.items()}
    for name, one in computed("cortex-m4", files, tmp_path, "speed,winograd").items():
        assert KERNEL not in one.kernels and REFUSED[name][1] in " ".join(one.remarks), one


@pytest.mark.parametrize("core, optimize, why", [
    ("cortex-m4", "size", "for speed"),
    ("cortex-m4", "ram", "for speed"),
    ("cortex-m55", "speed", "for cores with the DSP extension"),
    ("cortex-m0", "speed", "for cores with the DSP extension"),
])
def test_it_is_for_speed_on_cores_with_the_dsp_extension(core, optimize, why, tmp_path):
    one = computed(core, {ONE: model(WINOGRAD_TABLE[ONE], SEED)}, tmp_path, f"{optimize},winograd")[ONE]
    assert KERNEL not in one.kernels and f"Winograd: {why}" in " ".join(one.remarks), one


def test_it_is_never_taken_unasked(tmp_path):
    one = computed("cortex-m4", {ONE: model(WINOGRAD_TABLE[ONE], SEED)}, tmp_path, "speed")[ONE]
    assert KERNEL not in one.kernels and "inograd" not in " ".join(one.remarks), one
