"""Streamed models (`--stream`) give, for each window of frames, every output byte that the interpreter gives for the window:
the streaming wake word on every kind of core within a hard limit, random chains of layers, and what cannot be streamed says
why.

MOTE_STREAM_CASES: how many random chains a core (default 16). MOTE_STREAM_SEED: the first one's seed (default 0).
MOTE_COMPARE_VARIANTS, MOTE_BENCH, MOTE_COMPILE_PROGRAM: the programs. MOTE_BUILD_DIR: the build folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

import cases  # noqa: E402
from compared import Job, compare  # noqa: E402
from layer_models import Layer, Shape, _Chain, conv, dense, depthwise  # noqa: E402
from tflite_builder import Operator, activation, build, constant  # noqa: E402

CASES = int(os.environ.get("MOTE_STREAM_CASES", "16"))
SEED = int(os.environ.get("MOTE_STREAM_SEED", "0"))
BUILD = (ROOT / os.environ.get("MOTE_BUILD_DIR", "build")).resolve()
BENCH = os.environ.get("MOTE_BENCH", str(BUILD / "export/compiler/mote-bench"))
COMPILE = os.environ.get("MOTE_COMPILE_PROGRAM", str(BUILD / "export/compiler/mote-compile"))
WAKE_WORD = ROOT / "tests/data/mlperf_tiny/str_ww_ref_model.tflite"

# Instructions of a frame of the wake word: hard limits.
INSTRUCTIONS = {"cortex-m4": 60_000, "cortex-m55": 26_000, "cortex-m0": 235_000, "riscv32": 295_000, "generic": 0}
OPTIMIZE = {"cortex-m4": "ram", "cortex-m55": "speed", "cortex-m0": "size", "riscv32": "speed", "generic": "speed"}
COMPILERS = {"generic": "g++", "riscv32": "riscv64-unknown-elf-g++"}


def needs(core: str) -> None:
    compiler = COMPILERS.get(core, "arm-none-eabi-g++")
    emulator = {"generic": "g++", "riscv32": "qemu-system-riscv32"}.get(core, "qemu-system-arm")
    if not shutil.which(compiler) or not shutil.which(emulator):
        pytest.skip(f"needs {compiler} and {emulator}")


def run(*command) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900)


@pytest.mark.parametrize("core", sorted(INSTRUCTIONS))
def test_the_wake_word_is_exact_within_its_limit(core, tmp_path):
    needs(core)
    figures = tmp_path / "figures.json"
    result = run(BENCH, WAKE_WORD, "--core", core, "--stream", "--json", figures)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    measured = json.loads(figures.read_text())
    assert measured["exact"] and measured["seeds"] == 8
    assert measured["instructions"] <= INSTRUCTIONS[core]
    assert measured["macs"] == 46_040
    assert measured["stream"] == dict(frame_rows=1, window_rows=30, window_macs=826_368, compared_frames=32)


class Chain(_Chain):
    """Layers that layer_models has, and others behind them."""

    def apply(self, name, shape, more=(), **options) -> None:
        """`more`: tensors behind the first input. Codes keep their scale, which operators that move codes ask for."""
        old = self.tensors[self.output]
        inputs = [self.output]
        for tensor in more:
            inputs.append(len(self.tensors))
            self.tensors.append(tensor)
        self.output = len(self.tensors)
        self.tensors.append(activation(shape, old.scales, old.zero_points))
        self.operators.append(Operator(name, inputs, [self.output], options))
        self.shape = list(shape[1:]) if len(shape) == 4 else [1, 1, int(np.prod(shape))]

    def file(self) -> bytes:
        return build(self.tensors, self.operators, [0], [self.output])


def window(rng, extent: int, most: int = 5) -> tuple[int, int, int]:
    """Filter, stride and dilation of a VALID window that fits."""
    size = int(rng.integers(1, min(most, extent) + 1))
    dilations = [d for d in (1, 1, 2, 3) if (size - 1) * d < extent]
    return size, int(rng.choice([1, 1, 1, 2, 3])), int(rng.choice(dilations))


def random_chain(seed: int) -> bytes:
    rng = np.random.default_rng([seed, 404])
    shape = (int(rng.integers(4, 40)), int(rng.integers(1, 9)), int(rng.choice([1, 3, 4, 7, 12, 16, 33])))
    chain = Chain(rng, Shape(shape))
    for _ in range(rng.integers(1, 6)):
        height, width, channels = chain.shape
        if height == 1:
            break
        (rows, step, apart), (columns, across, sideways) = window(rng, height), window(rng, width, 3)
        kind = rng.choice(["conv", "conv", "depthwise", "depthwise", "average", "max", "relu", "same", "pad"])
        if kind in ("conv", "depthwise"):
            layer = Layer(str(kind), int(rng.integers(1, 20)) if kind == "conv" else int(rng.choice([1, 1, 2])))
            layer.kernel, layer.stride, layer.dilation = (rows, columns), (step, across), (apart, sideways)
            layer.padding, layer.weights = "VALID", str(rng.choice(["random", "random", "extreme", "edge"]))
            chain._add(layer)
        elif kind == "same":  # along the width alone
            chain._add(conv(int(rng.integers(1, 9)), (1, 3), padding="SAME"))
        elif kind == "relu":
            chain.apply("RELU", [1, height, width, channels])
        elif kind == "pad":
            amounts = constant(np.array([[0, 0], [0, 0], [1, 2], [0, 0]], np.int32))
            chain.apply("PAD", [1, height, width + 3, channels], [amounts])
        else:
            out = [1, (height - rows) // step + 1, (width - columns) // across + 1, channels]
            name = "AVERAGE_POOL_2D" if kind == "average" else "MAX_POOL_2D"
            chain.apply(
                name, out, padding="VALID", filter_h=rows, filter_w=columns, stride_h=step, stride_w=across
            )
    end = rng.choice(["rows", "dense", "mean", "flat", "pool"])
    height, width, channels = chain.shape
    if end == "dense":
        chain._add(dense(int(rng.integers(1, 12))))
    elif end == "mean":
        chain.apply("MEAN", [1, channels], [constant(np.array([1, 2], np.int32))], keep_dims=False)
    elif end == "flat":
        flat = [1, height * width * channels]
        chain.apply("RESHAPE", flat, [constant(np.array(flat, np.int32))], new_shape=flat)
        chain.apply("RELU", flat)
    elif end == "pool":
        window_size = dict(filter_h=height, filter_w=width, stride_h=height, stride_w=width)
        chain.apply("AVERAGE_POOL_2D", [1, 1, 1, channels], padding="VALID", **window_size)
    if not chain.operators:
        chain.apply("RELU", [1, height, width, channels])
    return chain.file()


@pytest.mark.parametrize("core", sorted(OPTIMIZE))
def test_random_chains_give_what_the_whole_window_gives(core, tmp_path):
    needs(core)
    jobs = [Job(f"seed_{seed}", random_chain(seed), OPTIMIZE[core] + ",stream", seed=seed)
            for seed in range(SEED, SEED + CASES)]  # fmt: skip
    report = compare(core, jobs, tmp_path)
    again = f"run it again: MOTE_STREAM_SEED={SEED} MOTE_STREAM_CASES={CASES} {' '.join(sys.argv)}"
    assert not report.trouble and not report.different(), f"{report.trouble}{report.different()}\n{again}"
    assert "window" in report.kernels


DRIVER = """
#include <stdio.h>
#include <string.h>
#include "model.h"

static _Alignas(16) uint8_t arena[MODEL_ARENA_BYTES];

/* Frames from standard input, `count` of them; a line each: whether the output is there, and the output. */
static void run(const int8_t* frames, int count) {
  for (int i = 0; i < count; ++i) {
    printf("%d", model_push_frame(arena, frames + i * MODEL_FRAME_BYTES));
    for (int k = 0; k < MODEL_OUTPUT_BYTES; ++k) printf(" %d", model_output(arena)[k]);
    printf("\\n");
  }
}

int main(void) {
  static int8_t frames[2 * MODEL_FRAMES * MODEL_FRAME_BYTES];
  uint32_t state = 7;
  for (unsigned i = 0; i < sizeof frames; ++i) frames[i] = (int8_t)((state = state * 1664525u + 1013904223u) >> 24);
  memset(arena, 0xc3, sizeof arena);
  model_reset(arena);
  run(frames, 2 * MODEL_FRAMES);
  printf("reset\\n");
  run(frames, 3); /* the stream goes on */
  model_reset(arena);
  run(frames, 2 * MODEL_FRAMES);
  return 0;
}
"""


@pytest.mark.parametrize("strides", [1, 6])
def test_outputs_are_announced_and_a_reset_begins_anew(strides, tmp_path):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    path = tmp_path / "model.tflite"
    layers = [depthwise((3, 1), stride=(strides // 2 or 1, 1), padding="VALID"), conv(4, (4, 1), padding="VALID")]
    layers += [conv(5, (2, 1), stride=(min(strides, 2), 1), padding="VALID"), dense(3)]
    for layer in layers:
        layer.activation = "NONE"  # so that outputs differ from frame to frame
    path.write_bytes(Chain(np.random.default_rng(5), Shape((40, 1, 8), layers)).file())
    result = run(COMPILE, path, "--core", "generic", "--stream", "-o", tmp_path)
    assert result.returncode == 0, result.stderr
    (tmp_path / "driver.c").write_text(DRIVER)
    warnings = "-Wall -Wextra -Wconversion -Wshadow -Werror".split()
    commands = [["g++", "-std=c++17", *warnings, "-I", tmp_path, "-c", tmp_path / "model.cc", "-o", tmp_path / "model.o"]]
    commands.append(["gcc", "-std=c11", *warnings, tmp_path / "driver.c", tmp_path / "model.o", "-o", tmp_path / "driver"])
    if shutil.which("clang++-14"):
        commands.append(["clang++-14", "-std=c++17", *warnings, "-fsyntax-only", "-I", tmp_path, tmp_path / "model.cc"])
    for command in commands:
        built = run(*command)
        assert built.returncode == 0, built.stderr
    header = (tmp_path / "model.h").read_text()
    frames = -(-40 // strides)
    assert f"#define MODEL_FRAMES {frames}\n" in header and f"#define MODEL_FRAME_ROWS {strides}\n" in header
    assert f"#define MODEL_FRAME_BYTES {8 * strides}\n" in header and "#define MODEL_WINDOW_ROWS 40\n" in header
    first, rest = run(tmp_path / "driver").stdout.split("reset\n")
    first, rest = first.splitlines(), rest.splitlines()
    assert [line[0] for line in first] == ["0"] * (frames - 1) + ["1"] * (frames + 1)
    assert [line[0] for line in rest[:3]] == ["1"] * 3 and rest[3:] == first
    assert len(set(first[frames - 1 :])) > 1


def refused(layers, shape=(12, 3, 4), then=None) -> bytes:
    chain = Chain(np.random.default_rng(3), Shape(shape, layers))
    if then is not None:
        then(chain)
    return chain.file()


def transposed(chain):
    height, width, channels = chain.shape
    chain.apply("TRANSPOSE", [1, width, height, channels], [constant(np.array([0, 2, 1, 3], np.int32))])


def reshaped(chain):
    height, width, channels = chain.shape
    chain.apply("RESHAPE", [1, height // 2, 2 * width, channels], [constant(np.array([0], np.int32))])


def scaled_by_all_rows(chain):
    height, width, channels = chain.shape
    rows = chain.output
    window_size = dict(filter_h=height, filter_w=width, stride_h=1, stride_w=1)
    chain.apply("AVERAGE_POOL_2D", [1, 1, 1, channels], padding="VALID", **window_size)
    pooled, old = chain.output, chain.tensors[rows]
    chain.output = len(chain.tensors)
    chain.tensors.append(activation([1, height, width, channels], old.scales, old.zero_points))
    chain.operators.append(Operator("MUL", [rows, pooled], [chain.output], {}))


def joined_over_time(chain):
    height, width, channels = chain.shape
    old, rows = chain.tensors[chain.output], chain.output
    chain.output = len(chain.tensors)
    chain.tensors.append(activation([1, 2 * height, width, channels], old.scales, old.zero_points))
    chain.operators.append(Operator("CONCATENATION", [rows, rows], [chain.output], dict(axis=1)))


def constant_of_rows(chain):
    height, width, channels = chain.shape
    old = chain.tensors[chain.output]
    values = constant(np.ones((1, height, width, channels), np.int8))
    values.scales, values.zero_points = old.scales, old.zero_points
    chain.apply("ADD", [1, height, width, channels], [values])


REFUSED = {
    "same padding": (refused([conv(4), conv(4, (3, 1), padding="SAME")]), "layer 1 (CONV_2D): SAME padding over time"),
    "transpose": (refused([conv(4)], then=transposed), "layer 1 (TRANSPOSE): it joins or moves rows over time"),
    "reshape": (refused([conv(4)], then=reshaped), "layer 1 (RESHAPE): it joins or moves rows over time"),
    "concatenation": (refused([conv(4)], then=joined_over_time), "layer 1 (CONCATENATION): it joins or moves rows over"),
    "all rows": (refused([conv(4)], then=scaled_by_all_rows), "layer 2 (MUL): it joins rows with"),
    "a constant of rows": (refused([conv(4)], then=constant_of_rows), "layer 1 (ADD): its constant"),
    "one row": (refused([conv(4)], (1, 3, 4)), "its input [1, 1, 3, 4] has no rows over time"),
}


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_what_cannot_be_streamed_says_why(kind, tmp_path):
    file, message = REFUSED[kind]
    path = tmp_path / "model.tflite"
    path.write_bytes(file)
    result = run(COMPILE, path, "--core", "generic", "--stream", "-o", tmp_path)
    assert result.returncode == 1 and f"it cannot be streamed: {message}" in result.stderr, result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_several_inputs_are_refused(tmp_path):
    path = tmp_path / "model.tflite"
    tensors = [activation([1, 5, 2, 3], 0.1, 0) for _ in range(3)]
    path.write_bytes(build(tensors, [Operator("ADD", [0, 1], [2], {})], [0, 1], [2]))
    result = run(COMPILE, path, "--core", "generic", "--stream", "-o", tmp_path)
    assert result.returncode == 1 and "it cannot be streamed: it has 2 inputs" in result.stderr


def test_a_model_with_state_is_refused(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(cases.GENERATORS["svdf"](np.random.default_rng(0))[0])
    result = run(COMPILE, path, "--core", "generic", "--stream", "-o", tmp_path)
    assert result.returncode == 1 and "it cannot be streamed: it has state of its own" in result.stderr


def test_streams_and_rows_exclude_each_other(tmp_path):
    result = run(COMPILE, WAKE_WORD, "--core", "cortex-m4", "--stream", "--by-rows", "-o", tmp_path)
    assert result.returncode == 1 and "--stream and --by-rows exclude each other" in result.stderr
