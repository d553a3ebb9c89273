"""The kernels for Cortex-M0 give the runtime's bytes: models of one random layer each, compiled, run under emulation.
Of each kind many layers must be taken by its kernel, so that it is not the plain one that is tested in its place.

MOTE_KERNEL_CASES: how many random layers a kind (default 16). MOTE_KERNEL_SEED: the first one's seed (default 0).
MOTE_COMPILED_MODELS: the program that compiles, runs and compares. MOTE_BUILD_DIR: the build folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from models_weights import ACTIVATIONS, Weighted  # noqa: E402
from tflite_builder import INT8, Operator, activation, constant  # noqa: E402
from tflite_builder import build as build_model  # noqa: E402

CASES = int(os.environ.get("MOTE_KERNEL_CASES", "16"))
FIRST = int(os.environ.get("MOTE_KERNEL_SEED", "0"))
SAMPLES = 6
SUMS = "requantized by the contract's formula: no cheaper one was proved"

pytestmark = pytest.mark.skipif(
    shutil.which("arm-none-eabi-g++") is None or shutil.which("qemu-system-arm") is None,
    reason="needs gcc-arm-none-eabi and qemu-system-arm",
)


def compiled_models(core: str, kernels: str, seed: int, files) -> list[dict]:
    folder = ROOT / os.environ.get("MOTE_BUILD_DIR", "build")
    program = os.environ.get("MOTE_COMPILED_MODELS", folder / "tests" / "compiler" / "compiled_models")
    command = [program, core, kernels, str(SAMPLES), str(seed), *files]
    result = subprocess.run(command, capture_output=True, text=True, timeout=800)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


class Layer:
    """Draws one layer: weights, bias and scales, then a file of it."""

    def __init__(self, rng, shape, channel_axis):
        self.rng, self.axis = rng, channel_axis
        taps = int(np.prod(shape)) // shape[channel_axis]
        self.w = Weighted(rng, INT8, 8, shape, channel_axis, taps)
        self.w.weights = rng.integers(-127, 128, shape).astype(np.int8)
        self.activation = str(rng.choice(ACTIVATIONS))

    def file(self, name, input_shape, output_shape, options) -> bytes:
        rng, w = self.rng, self.w
        zero_points = [int(rng.choice([-128, 127, rng.integers(-128, 128)])) for _ in range(2)]
        tensors = [
            activation(input_shape, w.input_scale, zero_points[0]),
            constant(w.weights, w.scales, quantized_dimension=self.axis),
            activation(output_shape, w.output_scale, zero_points[1]),
        ]
        bias = w.bias_tensor(np.int32)
        inputs = [0, 1] if bias is None else [0, 1, 3]
        options = dict(options, activation=self.activation)
        return build_model(tensors + [bias] * (bias is not None), [Operator(name, inputs, [2], options)], [0], [2])


def window(rng, largest_filter):
    """Extents of image, filter and output, and the options."""
    image = [int(rng.integers(1, 9)), int(rng.integers(1, 22))]
    kernel = [1, 1] if rng.random() < 0.25 else [int(rng.integers(1, largest_filter + 1)) for _ in range(2)]
    stride = [int(rng.choice([1, 1, 2, 3])) for _ in range(2)]
    padding = "SAME" if image[0] < kernel[0] or image[1] < kernel[1] else str(rng.choice(["SAME", "VALID"]))
    reach = [0 if padding == "SAME" else k - 1 for k in kernel]
    out = [-(-(i - r) // s) for i, r, s in zip(image, reach, stride)]
    return image, kernel, out, dict(padding=padding, stride_h=stride[0], stride_w=stride[1])


def conv_2d(rng):
    image, kernel, out, options = window(rng, 4)
    inputs, outputs = int(rng.integers(1, 20)), int(rng.integers(1, 70 if rng.random() < 0.3 else 20))
    layer = Layer(rng, [outputs, *kernel, inputs], 0)
    rows = layer.w.weights.reshape(outputs, -1)  # a view
    small = rng.random(outputs) < 0.5  # four weights come to 255 at most
    rows[small] = np.clip(rows[small], -63, 63)
    if rng.random() < 0.4:  # each of a pair with 127 at most
        rows[~small, ::2] = np.where(rng.random(rows[~small, ::2].shape) < 0.3, -128, rows[~small, ::2])
    return layer.file("CONV_2D", [1, *image, inputs], [1, *out, outputs], options), "conv_2d_thumb1"


def conv_2d_of_two_weights_of_minus_128(rng):
    layer = Layer(rng, [5, 1, 1, 8], 0)
    layer.w.weights[3, 0, 0, 4:6] = -128
    return layer.file("CONV_2D", [1, 5, 5, 8], [1, 5, 5, 5], dict(padding="VALID", stride_h=1, stride_w=1)), "plain"


def depthwise_conv_2d(rng):
    image, kernel, out, options = window(rng, 5)
    if rng.random() < 0.4:
        image, kernel, out = [9, 7], [3, 3], [9, 7]
        options = dict(padding="SAME", stride_h=1, stride_w=1)
    channels = 4 * int(rng.integers(1, 8))
    layer = Layer(rng, [1, *kernel, channels], 3)
    if rng.random() < 0.4:
        layer.w.weights.flat[rng.integers(layer.w.weights.size, size=4)] = -128
    options["depth_multiplier"] = 1
    file = layer.file("DEPTHWISE_CONV_2D", [1, *image, channels], [1, *out, channels], options)
    return file, "depthwise_conv_2d_thumb1"


def fully_connected(rng):
    inputs, outputs = 8 * int(rng.integers(1, 90)), 4 * int(rng.integers(1, 14))
    layer = Layer(rng, [outputs, inputs], 0)
    weights = layer.w.weights
    weights[...] = np.clip(weights, -64, 63)
    if rng.random() < 0.8:  # as many larger ones as there are outputs, at most
        at = rng.integers(weights.size, size=int(rng.integers(1, outputs + 1)))
        weights.flat[at] = rng.choice([-128, -65, 64, 127], len(at))
    return layer.file("FULLY_CONNECTED", [1, inputs], [1, outputs], {}), "fully_connected_thumb1"


def fully_connected_of_odd_extents(rng):
    inputs, outputs = 8 * int(rng.integers(1, 20)) + int(rng.integers(1, 8)), int(rng.integers(1, 30))
    return Layer(rng, [outputs, inputs], 0).file("FULLY_CONNECTED", [1, inputs], [1, outputs], {}), "plain"


def add(rng):
    shape = [1, *(int(rng.integers(1, 8)) for _ in range(3))]
    scale = 10.0 ** rng.uniform(-3, 0)
    scales = scale * 2.0 ** rng.uniform(-2, 2, 3)
    if rng.random() < 0.3:
        scales = scale * 2.0 ** rng.integers(-2, 3, 3)
    tensors = [activation(shape, scale, int(rng.choice([-128, 127, rng.integers(-128, 128)]))) for scale in scales]
    name, options = str(rng.choice(["ADD", "SUB"])), dict(activation=str(rng.choice(ACTIVATIONS)))
    return build_model(tensors, [Operator(name, [0, 1], [2], options)], [0, 1], [2]), "add_thumb1"


REFUSED = [conv_2d_of_two_weights_of_minus_128, fully_connected_of_odd_extents]
TAKEN = [conv_2d, depthwise_conv_2d, fully_connected, add]


@pytest.mark.parametrize("kernels", ["fast", "plain"])
@pytest.mark.parametrize("kind", TAKEN + REFUSED, ids=lambda kind: kind.__name__)
def test_bytes_are_the_runtimes(kind, kernels, tmp_path, request):
    paths, fast = [], []
    for seed in range(FIRST, FIRST + CASES):
        file, variant = kind(np.random.default_rng([zlib.crc32(kind.__name__.encode()), seed]))
        paths.append(tmp_path / f"{seed}.tflite")
        paths[-1].write_bytes(file)
    results = compiled_models("cortex-m0", kernels, FIRST, paths)
    assert len(results) == CASES
    for seed, result in zip(range(FIRST, FIRST + CASES), results):
        (kernel,) = result["kernels"]
        again = f"MOTE_KERNEL_SEED={seed} MOTE_KERNEL_CASES=1 python -m pytest '{request.node.nodeid}'"
        assert "difference" not in result, f"seed {seed}, {kernel}: {result['difference']} (run it again: {again})"
        assert kernel["variant"] in ("plain", "add", variant)
        if kernel["variant"] == variant != "plain":
            fast.append(kernel)
    if kernels == "plain" or kind in REFUSED:
        assert not fast
    elif CASES >= 12:
        assert len(fast) * 3 > CASES, "the kernel took few of its layers"
        assert kind is add or {kernel["remark"] for kernel in fast} == {"", SUMS}, "both ways to codes"
