"""Layers compiled for a core compute what the runtime does: chains of convolutions, depthwise convolutions and dense
layers (layer_models.py), built into one program a core and run under emulation.

MOTE_LAYERS_SEED: the first random model's seed (default 0). MOTE_LAYERS_CASES: how many of them (default 24).
MOTE_COMPARE_MODELS: the program that compares. MOTE_BUILD_DIR: the build folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).resolve().parent))

from layer_models import TABLE, Shape, conv, model, random_model  # noqa: E402

CASES = int(os.environ.get("MOTE_LAYERS_CASES", "24"))
SEED = int(os.environ.get("MOTE_LAYERS_SEED", "0"))
DSP_KERNELS = {  # by what is optimized for
    "speed": {
        "conv_2d_runs_dsp",
        "conv_2d_dsp",
        "fully_connected_dsp",
        "depthwise_conv_2d_wide_dsp",
        "depthwise_general_dsp",
        "to_planar",
    },
    "size": {"conv_2d_runs_dsp", "conv_2d_dsp", "depthwise_general_dsp"},
    "ram": {"conv_2d_dsp", "fully_connected_dsp", "depthwise_conv_2d_dsp", "depthwise_general_dsp", "to_planar"},
}
PLAIN = "depthwise_two_channels"  # too small for kernels that copy taps
REMARKS = ["a weight of -128", "no short requantization is proved"]
COPIES = "taps are copied"  # which other kernels do without, in less memory and code

pytestmark = pytest.mark.skipif(
    not shutil.which("qemu-system-arm") or not shutil.which("arm-none-eabi-g++"), reason="needs QEMU and a compiler"
)


def compare(core: str, optimize: str, files: dict[str, bytes], folder: Path) -> str:
    """The report. `files` by a name without blanks."""
    paths = []
    for name, file in files.items():
        paths.append(folder / f"{name}.tflite")
        paths[-1].write_bytes(file)
    build = ROOT / os.environ.get("MOTE_BUILD_DIR", "build")
    program = os.environ.get("MOTE_COMPARE_MODELS", build / "tests" / "compiler" / "compare_models")
    run = subprocess.run([program, core, optimize, str(SEED), *paths], capture_output=True, text=True)
    again = f"MOTE_LAYERS_SEED={SEED} MOTE_LAYERS_CASES={CASES} {' '.join(sys.argv)}"
    assert run.returncode == 0, f"{run.stdout}{run.stderr}\nrun it again: {again}"
    return run.stdout


@pytest.mark.parametrize("optimize", sorted(DSP_KERNELS))
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m7", "cortex-m33"])
def test_every_kernel_of_cores_with_the_dsp_extension_computes_what_the_runtime_does(core, optimize, tmp_path):
    files = {name.replace(" ", "_").replace(",", ""): model(shape, SEED) for name, shape in TABLE.items()}
    report = compare(core, optimize, files, tmp_path)
    for kernel in DSP_KERNELS[optimize]:
        assert kernel in report, f"nothing takes {kernel}:\n{report}"
    plain = [line for line in report.splitlines() if "plain" in line]
    assert optimize != "speed" or all(PLAIN in line for line in plain), "\n".join(plain)
    for remark in REMARKS:
        assert remark in report, report
    assert optimize != "speed" or COPIES in report, report


@pytest.mark.parametrize("optimize", sorted(DSP_KERNELS))
def test_random_chains_compute_what_the_runtime_does(optimize, tmp_path):
    files = {f"seed_{seed}": random_model(seed) for seed in range(SEED, SEED + CASES)}
    compare("cortex-m4", optimize, files, tmp_path)


NARROW = {  # 1x1 layers of images narrower than the blocks of pixels that kernels compute, in rows that blocks do not divide
    f"{height}x{width}x{inputs}_to_{outputs}": Shape((height, width, inputs), [conv(outputs)])
    for height, width in [(5, 1), (7, 1), (6, 1), (13, 1), (3, 2), (7, 2), (5, 3), (7, 3)]
    for inputs, outputs in [(12, 12), (16, 4), (3, 10), (9, 30)]
}


@pytest.mark.parametrize("optimize", sorted(DSP_KERNELS))
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "cortex-m55"])
def test_no_block_of_pixels_reads_what_an_earlier_one_has_written_over(core, optimize, tmp_path):
    """Outputs lie where inputs of rows above were; the last block of pixels may begin in those rows."""
    report = compare(core, optimize, {name: model(shape, SEED) for name, shape in NARROW.items()}, tmp_path)
    assert core != "cortex-m0" or "conv_2d_thumb1" in report, report
