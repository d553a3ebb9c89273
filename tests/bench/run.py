"""Measures, and writes docs/benchmarks.md: `make bench`.

Each section is a function that runs one program of this folder and gives Markdown; SECTIONS lists them. A program prints
a JSON list of flat objects, one a row.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys

HEAD = """\
# Benchmarks

Written by `make bench` (`tests/bench/run.py`); every number is measured by the program named with it.
Machine: {cpu}, {cores} cores, {system}, {compiler}.
"""


def run(build, program, *arguments):
    """The rows that a program of tests/bench prints."""
    path = build / "tests" / "bench" / program
    if not path.exists():
        sys.exit(f"bench: {path} is missing; run 'make build'")
    environment = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", **os.environ}
    done = subprocess.run([path, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"bench: {program} failed with status {done.returncode}")
    return json.loads(done.stdout)


def text(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def table(rows, columns=None):
    """Markdown; `columns`: keys and headings, by default all keys of the first row."""
    columns = columns or {key: key.replace("_", " ") for key in rows[0]}
    lines = ["| " + " | ".join(columns.values()) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for row in rows:
        lines.append("| " + " | ".join(text(row.get(key, "")) for key in columns) + " |")
    return "\n".join(lines)


def train_step(build):
    rows = run(build, "bench_train_step")
    return ("## A bit-true training step against a float one\n\n"
            "`bench_train_step`: forward, backward and optimizer of one batch, both networks in one run; the bound is a "
            "ratio of 1.3.\n\n" + table(rows))


def digits_seeds(build):
    rows = []
    for seed in range(1, 6):
        folder = pathlib.Path("runs") / f"bench-digits-{seed}"
        print(f"bench: digits, seed {seed}", file=sys.stderr)
        done = subprocess.run([build / "cli" / "mote", "run", "docs/recipes/digits.toml", "--force", "--seed", str(seed),
                               "--folder", folder], stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"bench: mote run with seed {seed} failed with status {done.returncode}")
        stages = json.loads((folder / "manifest.json").read_text())["stages"]
        backends = json.loads((folder / "verify.json").read_text())
        rows.append({
            "seed": seed,
            "float_%": 100 * stages["train"]["test"],
            "quantized_%": 100 * stages["quantize"]["test"],
            "difference_points": 100 * (stages["quantize"]["test"] - stages["train"]["test"]),
            "back_ends": len(backends),
            "samples": backends[0]["samples"],
            "bytes_compared": sum(row["bytes_compared"] for row in backends),
            "bytes_different": sum(row["bytes_different"] for row in backends),
        })
    mean = {key: sum(row[key] for row in rows) / len(rows) for key in ("float_%", "quantized_%", "difference_points")}
    rows.append({"seed": "mean", **mean, "back_ends": "", "samples": "", "bytes_compared": "", "bytes_different": ""})
    for row in rows:
        row.update({key: f"{round(row[key], 2) + 0.0:.2f}" for key in mean})
    return ("## Digits over five seeds\n\n"
            "`mote run docs/recipes/digits.toml --seed N`: accuracy on the test split (359 images; one image is 0.28 "
            "points) of the float network, of the quantized one as training printed it, and what `mote verify` compared "
            "after it, every tensor on every back end.\n\n" + table(rows))


def bit_true(build):
    """The comparison of training with the exported file, peers' figures as their sources give them."""
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([build / "tests" / "export" / "trained_cases", folder, "3", "10", "5"],
                              stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"bench: trained_cases failed with status {done.returncode}")
        found = [row for row in json.loads(done.stdout) if "host_equal_all" in row]
        sys.path.insert(0, str(pathlib.Path("tests/export").resolve()))
        import numpy
        from test_bit_true import in_tflite_micro
        inputs = numpy.load(f"{folder}/all.npy")
        rows = []
        for row in found:
            outputs = in_tflite_micro(pathlib.Path(folder) / f"{row['model']}.tflite", inputs)
            equal = (outputs == numpy.load(f"{folder}/{row['model']}.all.npy")).all(1).mean()
            rows.append({"network": "with average pool" if row["network"] == "pool" else "without",
                         "seed": row["seed"], "samples": row["samples"],
                         "equal on the host runtime": f"{row['host_equal_all']:.4f}",
                         "equal in tflite-micro": f"{equal:.4f}"})
    peers = table([
        {"pipeline": "Keras + TF model optimisation QAT, TFLite", "with average pool": "0.0000 to 0.0006",
         "without": "0.40 to 0.47"},
        {"pipeline": "litert-torch PT2E QAT", "with average pool": "0.0006", "without": "0.008"},
        {"pipeline": "ExecuTorch Cortex-M (quantized graph against its own simulation)", "with average pool": "0.14",
         "without": "0.73"},
    ])
    return ("## What training computes and what the file computes\n\n"
            "`trained_cases` (tests/export): digits 8x8, a small CNN with and without an average pool, trained, then "
            "trained on bit-true. Share of the 1,797 samples whose ten output codes all equal those of the training "
            "pass.\n\n" + table(rows) + "\n\nPeers in the same comparison, measured once when this project was "
            "planned (not by `make bench`):\n\n" + peers)


# TensorFlow Lite Micro, plain and with the Arm library, as measured once in the same way (QEMU 7.2, -icount shift=0,
# SysTick, GCC 12.2; one Invoke, AllocateTensors, smallest arena): instructions plain, with the library, load, arena.
PEER_M4 = {
    "kws_ref_model": (43040200, 7696960, 782760, 22772),
    "vww_96_int8": (100252480, 24101960, 3509040, 100660),
    "pretrainedResnet_quant": (107401240, 29862960, 523120, 54340),
    "ad01_int8": (1952280, 582960, 81600, 2260),
    "str_ww_ref_model": (8284080, 2227120, 1082280, 15252),
}


def device_models(build):
    rows = run(build, "bench_device_models", "tests/data/mlperf_tiny")
    for row in rows:
        row["instructions_a_MAC"] = f"{row['instructions'] / row['macs']:.2f}"
    beside = []
    for row in rows:
        if row["core"] != "cortex-m4":
            continue
        plain, arm, load, arena = PEER_M4[row["model"]]
        beside.append({"model": row["model"], "mote": row["instructions"], "TFLM plain": plain, "TFLM with Arm library": arm,
                       "mote load": row["load_instructions"], "TFLM load": load, "mote arena": row["arena_bytes"],
                       "TFLM arena": arena})
    return ("## The device runtime, plain kernels, on emulated cores\n\n"
            "`bench_device_models`: one inference of the MLPerf Tiny models (`tests/data/mlperf_tiny`), instructions "
            "counted exactly under QEMU 7.2 (`-icount shift=0`; SysTick, minstret). Instructions are not cycles: LDM, "
            "LDRD and flash waits cost more than one. `stack` counts the measuring program's own few frames too. "
            "`exact`: output bytes equal to the host's.\n\n" + table(rows) +
            "\n\nBeside TensorFlow Lite Micro on the Cortex-M4 (plain kernels are what the plain kernels here compare "
            "with; special kernels are the compiler's, below):\n\n" + table(beside))


# The five models of MLPerf Tiny, as issue and table name them.
COMPILED_MODELS = ["kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8", "str_ww_ref_model"]


def bench_model(build, model, core, *options):
    """What mote-bench says of a model on a core; it must be exact."""
    import tempfile
    program = build / "export" / "compiler" / "mote-bench"
    if not program.exists():
        sys.exit(f"bench: {program} is missing; run 'make build'")
    with tempfile.TemporaryDirectory() as folder:
        figures = pathlib.Path(folder) / "bench.json"
        done = subprocess.run([program, f"tests/data/mlperf_tiny/{model}.tflite", "--core", core, "--json", figures,
                               *options], stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"bench: mote-bench {model} {core} failed with status {done.returncode}")
        return json.loads(figures.read_text())


def compiled_models(build):
    rows = []
    for core in ("cortex-m4", "cortex-m55", "cortex-m0"):
        for model in COMPILED_MODELS:
            report = bench_model(build, model, core)
            peer = next((peer for peer in report["peers"] if "CMSIS-NN" in peer["name"]), {})
            row = {"model": model, "core": core, "instructions": report["instructions"]}
            row["a MAC"] = f"{report['instructions'] / report['macs']:.2f}"
            row["peer"] = peer.get("instructions", "")
            row["ratio"] = f"{report['instructions'] / peer['instructions']:.2f}" if peer else ""
            row["interpreter"] = report.get("interpreter", {}).get("instructions", "")
            row.update({"code": report["code_bytes"], "peer's code": peer.get("code_bytes", ""),
                        "constants": report["constant_bytes"], "RAM": report["ram_bytes"],
                        "peer's RAM": peer.get("ram_bytes", ""), "exact": report["exact"]})
            rows.append(row)
    small = []
    for model in COMPILED_MODELS:
        size = bench_model(build, model, "cortex-m4", "--optimize", "size")
        ram = bench_model(build, model, "cortex-m4", "--optimize", "ram")
        small.append({"model": model, "code (size)": size["code_bytes"], "instructions (size)": size["instructions"],
                      "RAM (ram)": ram["ram_bytes"], "input": ram["input_bytes"], "arena beside it": ram["arena_bytes"],
                      "static": ram["static_bytes"], "stack": ram["stack_bytes"],
                      "instructions (ram)": ram["instructions"]})
    frames = []
    for core in ("cortex-m4", "cortex-m55", "cortex-m0"):
        frame = bench_model(build, "str_ww_ref_model", core, "--stream")
        window = next(row for row in rows if row["model"] == "str_ww_ref_model" and row["core"] == core)
        frames.append({"model": "str_ww_ref_model", "core": core, "MAC a frame": frame["macs"],
                       "instructions a frame": frame["instructions"], "a whole window": window["instructions"],
                       "code": frame["code_bytes"], "RAM": frame["ram_bytes"], "exact": frame["exact"]})
    return ("## Compiled models\n\n"
            "`mote bench MODEL --core CORE`: the models of MLPerf Tiny, compiled for speed, one inference counted exactly "
            "under QEMU 7.2, all output bytes of 8 inputs compared with the host runtime's. Code is what the model adds to "
            "an empty program, its constants apart; RAM is input, arena, variables and the inference's own stack. The peer "
            "is TensorFlow Lite Micro with the Arm library (`export/compiler/peers_device.json` says how it was "
            "measured), the interpreter is mote's own.\n\n" + table(rows) +
            "\n\nOn the Cortex-M4, compiled for size and for RAM (`--optimize size`, `--optimize ram`):\n\n" +
            table(small) +
            "\n\nGiven one frame of a stream at a time (`--stream`), each output compared with that of the whole window:\n\n" +
            table(frames))


SECTIONS = [train_step, bit_true, digits_seeds, device_models, compiled_models]


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if os.path.exists("/proc/cpuinfo") else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("docs/benchmarks.md"))
    parser.add_argument("--only", action="append", choices=[section.__name__ for section in SECTIONS],
                        help="print just this section")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    if arguments.only:
        for section in SECTIONS:
            if section.__name__ in arguments.only:
                print(section(build))
        return
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    parts = [HEAD.format(cpu=processor(), cores=os.cpu_count(), system=platform.system(), compiler=compiler)]
    for section in SECTIONS:
        print(f"bench: {section.__name__} ...", file=sys.stderr)
        parts.append(section(build) + "\n")
    page = "\n".join(parts)
    temporary = arguments.output.with_suffix(".md.tmp")
    temporary.write_text(page)
    temporary.replace(arguments.output)
    print(page)


if __name__ == "__main__":
    main()
