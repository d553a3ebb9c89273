"""`mote bench`: the models of MLPerf Tiny are exact on every core, its figures agree with each other, and what cannot be
measured is refused in one line.

MOTE_BENCH: the program mote-bench. MOTE_BUILD_DIR: the build folder it is looked for in otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests" / "data" / "mlperf_tiny"
MACS = {
    "kws_ref_model": 2656768,
    "vww_96_int8": 7489664,
    "pretrainedResnet_quant": 12501632,
    "ad01_int8": 264192,
    "str_ww_ref_model": 826368,
}
CORES = ["cortex-m0", "cortex-m4", "cortex-m55", "riscv32"]
TOOLS = {"cortex-m": ("arm-none-eabi-g++", "qemu-system-arm"), "riscv": ("riscv64-unknown-elf-g++", "qemu-system-riscv32")}


def bench(*arguments, path=None):
    program = os.environ.get("MOTE_BENCH", ROOT / os.environ.get("MOTE_BUILD_DIR", "build") / "export/compiler/mote-bench")
    environment = os.environ if path is None else {**os.environ, "PATH": str(path)}
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, env=environment)


def need(core):
    for prefix, tools in TOOLS.items():
        for tool in tools if core.startswith(prefix) else ():
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")


def measure(tmp_path, model, core, *more):
    need(core)
    done = bench(MODELS / f"{model}.tflite", "--core", core, "--seeds", 2, "--json", tmp_path / "bench.json", *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((tmp_path / "bench.json").read_text()), done.stdout


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("model", MACS)
def test_models_are_exact_and_their_figures_agree(tmp_path, model, core):
    report, text = measure(tmp_path, model, core)
    assert report["exact"] is True
    assert report["macs"] == MACS[model] == sum(layer["macs"] for layer in report["layers"])
    # The layers are counted in another program, in which each step calls the hook: its instructions are there too, and
    # layers that share a function elsewhere may not here.
    layers = sum(layer["instructions"] for layer in report["layers"])
    assert 0.99 * report["instructions"] <= layers <= 1.05 * report["instructions"]
    assert 500 < report["code_bytes"] < 40_000
    size = (MODELS / f"{model}.tflite").stat().st_size
    assert 0.2 * size < report["constant_bytes"] < 1.5 * size
    ram = sum(report[key] for key in ("arena_bytes", "input_bytes", "static_bytes", "stack_bytes"))
    assert report["ram_bytes"] == ram and 0 < report["stack_bytes"] < 4096 and report["input_bytes"] > 0
    assert f"{report['instructions']:,}" in text


def test_counts_are_the_same_in_every_run(tmp_path):
    first, _ = measure(tmp_path, "ad01_int8", "cortex-m4")
    second, _ = measure(tmp_path, "ad01_int8", "cortex-m4")
    assert first == second


def test_a_program_of_this_machine_is_exact_and_counts_nothing(tmp_path):
    report, text = measure(tmp_path, "kws_ref_model", "generic")
    assert report["exact"] is True and report["instructions"] == 0 and "\ninstructions " not in text


# Bytes: input, arena, static data and stack on a Cortex-M4.
@pytest.mark.parametrize("model, most, more", [
    ("kws_ref_model", 6.0 * 1024, []),
    ("vww_96_int8", 29.5 * 1024, []),
    ("vww_96_int8", 15.5 * 1024, ["--by-rows"]),
    ("pretrainedResnet_quant", 15 * 1024, []),
    ("ad01_int8", 2.4 * 1024, []),
    ("str_ww_ref_model", 5 * 1024, []),
])
def test_the_smallest_arenas_are_exact(tmp_path, model, most, more):
    report, _ = measure(tmp_path, model, "cortex-m4", "--optimize", "ram", *more)
    assert report["exact"] is True and report["ram_bytes"] <= most


@pytest.mark.parametrize("core", ["generic", "cortex-m0", "cortex-m55", "riscv32"])
@pytest.mark.parametrize("model", ["kws_ref_model", "str_ww_ref_model"])
def test_rows_are_streamed_on_every_core(tmp_path, model, core):
    whole, _ = measure(tmp_path, model, core)
    streamed, _ = measure(tmp_path, model, core, "--optimize", "ram")
    assert streamed["exact"] is True and streamed["arena_bytes"] < whole["arena_bytes"]


def test_a_budget_is_met_by_the_fastest_plan_within_it(tmp_path):
    counts = []
    for budget in ("64K", "8K", "4300"):
        report, _ = measure(tmp_path, "kws_ref_model", "cortex-m4", "--ram", budget)
        most = {"64K": 65536, "8K": 8192, "4300": 4300}[budget]
        assert report["exact"] is True and report["arena_bytes"] + report["input_bytes"] <= most
        counts.append(report["instructions"])
    assert counts == sorted(counts)


def test_a_budget_of_flash_takes_smaller_kernels(tmp_path):
    fast, _ = measure(tmp_path, "kws_ref_model", "cortex-m4")
    small, _ = measure(tmp_path, "kws_ref_model", "cortex-m4", "--flash", 33_000)
    flash = [report["code_bytes"] + report["constant_bytes"] for report in (fast, small)]
    assert small["exact"] is True and flash[1] < flash[0]


@pytest.mark.parametrize("board, core", [("nucleo-l4r5zi", "cortex-m4"), ("nrf5340-dk", "cortex-m33"),
                                         ("nucleo-u575zi-q", "cortex-m33"), ("nucleo-h7a3zi-q", "cortex-m7")])
def test_a_board_s_time_and_energy_are_estimated_with_their_error(tmp_path, board, core):
    report, text = measure(tmp_path, "ad01_int8", core, "--board", board)
    estimate = report["board"]
    cycles = estimate["milliseconds"] * estimate["megahertz"] * 1e3 / report["instructions"]
    assert cycles == pytest.approx(estimate["cycles_an_instruction"]) and 0.5 < cycles < 2
    assert 0 < estimate["time_error"] < 0.3 and "mean error" in text
    if "microjoules" in estimate:
        assert estimate["microjoules"] == pytest.approx(estimate["milliseconds"] * estimate["milliwatts"])
        assert 5 < estimate["milliwatts"] < 500 and 0 < estimate["energy_error"] < 0.3


def test_a_fed_model_holds_one_row_of_its_input(tmp_path):
    report, _ = measure(tmp_path, "vww_96_int8", "cortex-m4", "--by-rows")
    assert report["exact"] is True and report["input_bytes"] == 96 * 3


@pytest.mark.parametrize("arguments, words", [
    (["MODEL", "--core", "cortex-m4", "--board", "nucleo"], ["nucleo", "nucleo-l4r5zi"]),
    (["MODEL", "--core", "cortex-m0", "--board", "nucleo-l4r5zi"], ["nucleo-l4r5zi", "cortex-m4", "cortex-m0"]),
    (["MODEL", "--core", "cortex-m5"], ["cortex-m5", "cortex-m4"]),
    (["README.md", "--core", "generic"], ["README.md", "TensorFlow Lite"]),
    (["none.tflite", "--core", "generic"], ["none.tflite"]),
    (["MODEL", "--core", "generic", "--optimize", "fast"], ["--optimize", "fast", "speed, size, ram"]),
    (["MODEL", "--core", "generic", "--ram", "1K"], ["kws_ref_model.tflite", "1024", "#0 CONV_2D", "#11 SOFTMAX"]),
    (["MODEL", "--core", "cortex-m4", "--flash", "9K"], ["kws_ref_model.tflite", "9216", "#0 CONV_2D 2560"]),
    (["MODEL", "--core", "generic", "--ram", "much"], ["--ram", "much"]),
])
def test_what_cannot_be_measured_is_one_line_and_leaves_nothing(tmp_path, arguments, words):
    model = {"MODEL": MODELS / "kws_ref_model.tflite", "README.md": ROOT / "README.md"}
    done = bench(*[model.get(word, word) for word in arguments], "--json", tmp_path / "bench.json")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and all(word in done.stderr for word in words), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_missing_compiler_and_a_missing_emulator_are_named(tmp_path):
    model = MODELS / "ad01_int8.tflite"
    done = bench(model, "--core", "cortex-m4", path=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "arm-none-eabi-g++ not found: install gcc-arm-none-eabi" in done.stderr
    need("cortex-m4")
    (tmp_path / "arm-none-eabi-g++").symlink_to(shutil.which("arm-none-eabi-g++"))
    done = bench(model, "--core", "cortex-m4", "--json", tmp_path / "bench.json", path=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "qemu-system-arm not found: install qemu-system-arm" in done.stderr
    assert not (tmp_path / "bench.json").exists()
