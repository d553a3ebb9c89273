"""3x3 convolutions by Winograd's filtering (--winograd) compute what the runtime does, byte for byte, wherever the
kernel takes them, and the report says why where it does not.

MOTE_LAYERS_SEED: the first random model's seed (default 0). MOTE_LAYERS_CASES: how many of them (default 24).
MOTE_COMPARE_MODELS: the program that compares. MOTE_BUILD_DIR: the build folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).resolve().parent))

from layer_models import Shape, conv, depthwise, model  # noqa: E402

CASES = int(os.environ.get("MOTE_LAYERS_CASES", "24"))
SEED = int(os.environ.get("MOTE_LAYERS_SEED", "0"))
CORES = ["cortex-m4", "cortex-m33"]
KERNEL = "conv_2d_winograd_dsp"

pytestmark = pytest.mark.skipif(
    not shutil.which("qemu-system-arm") or not shutil.which("arm-none-eabi-g++"), reason="needs QEMU and a compiler"
)


def conv3(outputs, **more):
    return conv(outputs, (3, 3), **more)


# Each is taken by the kernel, whole.
TABLE = {
    "16 to 16 channels": Shape((8, 10, 16), [conv3(16, activation="RELU")]),
    "odd height": Shape((7, 8, 16), [conv3(16)]),
    "odd width": Shape((8, 7, 16), [conv3(16)]),
    "odd both": Shape((5, 9, 16), [conv3(24)]),
    "valid": Shape((9, 10, 16), [conv3(16, padding="VALID")]),
    "valid, odd outputs": Shape((7, 9, 16), [conv3(16, padding="VALID")]),
    "one tile": Shape((2, 2, 32), [conv3(32)]),
    "one tile, valid": Shape((4, 4, 32), [conv3(64, padding="VALID")]),
    "two tiles": Shape((2, 4, 32), [conv3(32)]),
    "two tiles, one above the other": Shape((3, 2, 32), [conv3(32)]),
    "four tiles": Shape((4, 4, 32), [conv3(16)]),
    "five tiles": Shape((2, 10, 32), [conv3(16)]),
    "10 channels": Shape((6, 6, 10), [conv3(12)]),
    "14 channels": Shape((6, 6, 14), [conv3(6)]),
    "22 channels, eleven steps": Shape((6, 7, 22), [conv3(10)]),
    "68 channels, seventeen rounds": Shape((8, 8, 68), [conv3(20)]),
    "64 channels": Shape((6, 8, 64), [conv3(64, activation="RELU")]),
    "weights of -128": Shape((8, 8, 16), [conv3(16, weights="extreme")]),
    "weights at both ends": Shape((8, 8, 16), [conv3(16, weights="ends")]),
    "weights at both ends, the least zero point": Shape((7, 8, 64), [conv3(16, weights="ends")], zero_point=-128),
    "weights at both ends, the largest zero point": Shape((8, 7, 64), [conv3(16, weights="ends")], zero_point=127),
    "all weights -128, the least zero point": Shape((6, 6, 64), [conv3(8, weights="least")], zero_point=-128),
    "all weights -128, the largest zero point": Shape((6, 6, 64), [conv3(8, weights="least")], zero_point=127),
    "two roundings": Shape((6, 6, 16), [conv3(16, weights="mixed")]),
    "two roundings, one tile": Shape((2, 2, 32), [conv3(16, weights="mixed")]),
    "two roundings, two tiles": Shape((2, 3, 32), [conv3(16, weights="mixed")]),
    "clamped": Shape((8, 8, 16), [conv3(16, activation="RELU6")]),
    "into another": Shape((8, 10, 16), [conv3(16, activation="RELU"), conv3(32), conv3(16, activation="RELU6")]),
    "between others": Shape((8, 10, 16), [conv(16), conv3(32), conv(16), conv3(16)]),
    "into depthwise": Shape((9, 10, 32), [conv3(32), depthwise()]),
}

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


def compare(core: str, files: dict[str, bytes], folder: Path, *options: str, optimize: str = "speed") -> dict[str, str]:
    """The report's lines, by name."""
    paths = []
    for name, file in files.items():
        paths.append(folder / f"{name.replace(' ', '_').replace(',', '')}.tflite")
        paths[-1].write_bytes(file)
    build = ROOT / os.environ.get("MOTE_BUILD_DIR", "build")
    program = os.environ.get("MOTE_COMPARE_MODELS", build / "tests" / "compiler" / "compare_models")
    run = subprocess.run([program, *options, core, optimize, str(SEED), *paths], capture_output=True, text=True)
    again = f"MOTE_LAYERS_SEED={SEED} MOTE_LAYERS_CASES={CASES} {' '.join(sys.argv)}"
    assert run.returncode == 0, f"{run.stdout}{run.stderr}\nrun it again: {again}"
    return dict(zip(files, run.stdout.splitlines(), strict=True))


@pytest.mark.parametrize("core", CORES)
def test_the_kernel_computes_what_the_runtime_does(core, tmp_path):
    files = {name: model(shape, SEED) for name, shape in TABLE.items()}
    for name, line in compare(core, files, tmp_path, "--winograd").items():
        wanted = sum(layer.kind == "conv" and layer.kernel == (3, 3) for layer in TABLE[name].layers)
        assert line.count(KERNEL) == wanted, f"{name}: {line}"
        assert "two roundings" not in name or "no short requantization is proved" in line, line


@pytest.mark.parametrize("core", CORES)
def test_random_chains_compute_what_the_runtime_does(core, tmp_path):
    seeds = range(SEED, SEED + CASES)
    files = {f"seed {seed}": model(random_shape(np.random.default_rng([seed, 79])), seed) for seed in seeds}
    lines = compare(core, files, tmp_path, "--winograd")
    assert CASES < 8 or sum(line.count(KERNEL) for line in lines.values()) >= CASES, "\n".join(lines.values())


def test_what_the_kernel_does_not_take_is_computed_by_another_and_the_report_says_why(tmp_path):
    files = {name: model(shape, SEED) for name, (shape, _) in REFUSED.items()}
    for name, line in compare("cortex-m4", files, tmp_path, "--winograd").items():
        assert KERNEL not in line and REFUSED[name][1] in line, f"{name}: {line}"


@pytest.mark.parametrize("core, optimize, why", [
    ("cortex-m4", "size", "for speed"),
    ("cortex-m4", "ram", "for speed"),
    ("cortex-m55", "speed", "for cores with the DSP extension"),
    ("cortex-m0", "speed", "for cores with the DSP extension"),
])
def test_it_is_for_speed_on_cores_with_the_dsp_extension(core, optimize, why, tmp_path):
    name = "16 to 16 channels"
    line = compare(core, {name: model(TABLE[name], SEED)}, tmp_path, "--winograd", optimize=optimize)[name]
    assert KERNEL not in line and f"Winograd: {why}" in line, line


def test_it_is_never_taken_unasked(tmp_path):
    name = "16 to 16 channels"
    line = compare("cortex-m4", {name: model(TABLE[name], SEED)}, tmp_path)[name]
    assert "inograd" not in line, line
