"""Hard limits of compiled models: instructions of one inference, code and memory, of the five MLPerf Tiny models, all exact.

The figures are exact counts under QEMU, so they hold on every machine with this compiler.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests/data/mlperf_tiny"
BUILD = Path(os.environ.get("MOTE_BUILD_DIR", ROOT / "build")).resolve()
PROGRAM = os.environ.get("MOTE_BENCH", str(BUILD / "export/compiler/mote-bench"))

pytestmark = pytest.mark.skipif(
    shutil.which("arm-none-eabi-g++") is None or shutil.which("qemu-system-arm") is None,
    reason="needs gcc-arm-none-eabi and qemu-system-arm",
)

KWS, VWW, IC, AD, WW = "kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8", "str_ww_ref_model"

# Instructions, --optimize speed.
INSTRUCTIONS = {
    "cortex-m4": {KWS: 2_600_000, VWW: 7_800_000, IC: 10_800_000, AD: 250_000, WW: 800_000},
    "cortex-m55": {KWS: 650_000, VWW: 1_900_000, IC: 1_900_000, AD: 50_000, WW: 160_000},
    "cortex-m0": {KWS: 10_000_000, VWW: 29_000_000, IC: 42_000_000, AD: 850_000, WW: 3_200_000},
}
# The same on request: --winograd on a Cortex-M4.
INSTRUCTIONS_WINOGRAD = {IC: 7_500_000}
# Bytes of code on a Cortex-M4.
CODE = {
    "speed": {KWS: 9 * 1024, VWW: 12 * 1024, IC: 12 * 1024, AD: 3 * 1024, WW: 9 * 1024},
    "size": {KWS: 5 * 1024, VWW: 6 * 1024, IC: 6 * 1024, AD: 2 * 1024, WW: 5 * 1024},
}
# The same on a Cortex-M0, where no layer of these models needs the plain convolution.
CODE_CORTEX_M0 = {KWS: 4_352, VWW: 6_144, IC: 4_864, AD: 2_304, WW: 4_864}
# Input, arena, static memory and stack on a Cortex-M4, --optimize ram.
RAM = {KWS: 6 * 1024, VWW: 30_208, IC: 15 * 1024, AD: 2_457, WW: 5 * 1024}
RAM_BY_ROWS = {VWW: 15_872}
CONSTANT_BYTES_A_CHANNEL = 12  # beside weights and biases


@functools.cache
def measure(model: str, core: str, *options: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [PROGRAM, str(MODELS / f"{model}.tflite"), "--core", core, "--json", str(figures), *options]
        result = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert result.returncode == 0, " ".join(command) + "\n" + result.stdout[-3000:] + result.stderr[-3000:]
        measured = json.loads(figures.read_text())
    assert measured["exact"] and measured["seeds"] >= 8
    return measured


def cases(table):
    for key, limits in table.items():
        for model, limit in limits.items():
            yield pytest.param(key, model, limit, id=f"{model}-{key}")


@pytest.mark.parametrize("core, model, limit", cases(INSTRUCTIONS))
def test_instructions(core, model, limit):
    assert measure(model, core)["instructions"] <= limit


@pytest.mark.parametrize("core, model, limit", cases({"cortex-m4": INSTRUCTIONS_WINOGRAD}))
def test_instructions_with_winograd(core, model, limit):
    assert measure(model, core, "--winograd")["instructions"] <= limit


@pytest.mark.parametrize("optimize, model, limit", cases(CODE))
def test_code(optimize, model, limit):
    assert measure(model, "cortex-m4", *(["--optimize", optimize] if optimize != "speed" else []))["code_bytes"] <= limit


@pytest.mark.parametrize("core, model, limit", cases({"cortex-m0": CODE_CORTEX_M0}))
def test_code_on_cortex_m0(core, model, limit):
    assert measure(model, core)["code_bytes"] <= limit


@pytest.mark.parametrize("optimize, model, limit", cases({"ram": RAM}))
def test_ram(optimize, model, limit):
    assert measure(model, "cortex-m4", "--optimize", optimize)["ram_bytes"] <= limit


@pytest.mark.parametrize("optimize, model, limit", cases({"ram": RAM_BY_ROWS}))
def test_ram_fed_by_rows(optimize, model, limit):
    assert measure(model, "cortex-m4", "--optimize", optimize, "--by-rows")["ram_bytes"] <= limit


def weights_and_channels(model: str) -> tuple[int, int]:
    """Bytes of the file's weights and biases; output channels of the layers that have them."""
    file = schema.Model.GetRootAs((MODELS / f"{model}.tflite").read_bytes())
    graph = file.Subgraphs(0)
    channel_axis = {
        schema.BuiltinOperator.CONV_2D: 0,
        schema.BuiltinOperator.DEPTHWISE_CONV_2D: 3,
        schema.BuiltinOperator.FULLY_CONNECTED: 0,
    }
    total = channels = 0
    for operator in (graph.Operators(i) for i in range(graph.OperatorsLength())):
        code = file.OperatorCodes(operator.OpcodeIndex())
        axis = channel_axis.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
        if axis is None:
            continue
        weights, bias = (graph.Tensors(operator.Inputs(i)) for i in (1, 2))
        total += sum(file.Buffers(tensor.Buffer()).DataLength() for tensor in (weights, bias))
        channels += weights.Shape(axis)
    assert channels > 0
    return total, channels


@pytest.mark.parametrize("optimize", ["speed", "size", "ram"])
@pytest.mark.parametrize("core", INSTRUCTIONS)
@pytest.mark.parametrize("model", [KWS, VWW, IC, AD, WW])
def test_constants(model, core, optimize):
    total, channels = weights_and_channels(model)
    limit = total + CONSTANT_BYTES_A_CHANNEL * channels
    assert measure(model, core, *(["--optimize", optimize] if optimize != "speed" else []))["constant_bytes"] <= limit
