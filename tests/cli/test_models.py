"""Commands on a model file alone: inspect, eval, invoke, verify."""
import json
import shutil

import numpy as np
import pytest
from conftest import core_runs
from program import mote


@pytest.fixture(scope="module")
def codes():
    return np.random.default_rng(5).integers(-128, 128, (30, 8, 8, 1), dtype=np.int8)


def outside(model, codes):
    """The same model on the outside runtime whose arithmetic the contract is."""
    tflite_micro = pytest.importorskip("tflite_micro")
    interpreter = tflite_micro.runtime.Interpreter.from_file(str(model))
    rows = []
    for row in codes:
        interpreter.set_input(row[None], 0)
        interpreter.invoke()
        rows.append(interpreter.get_output(0)[0].copy())
    return np.stack(rows)


def test_inspect_shows_every_operator(tiny_run):
    out, _ = mote("inspect", tiny_run.model)
    model = json.loads(mote("inspect", tiny_run.model, "--json")[0])
    names = [op["name"] for op in model["operators"]]
    assert names[0] == "CONV_2D" and "FULLY_CONNECTED" in names
    for name in names:
        assert name in out
    assert model["file_bytes"] == tiny_run.model.stat().st_size
    assert model["operators"][0]["macs"] == 4 * 4 * 4 * 9


def test_export_stores_as_many_golden_samples_as_asked_for(tmp_path, tiny_run):
    assert "mote_selftest: 1 sample with checksums, " in mote("inspect", tiny_run.model)[0]
    shutil.copytree(tiny_run.root, tmp_path / "copy")
    run = tmp_path / "copy" / "runs" / "tiny"
    for samples, expected in [(0, None), (3, "3 samples with checksums, "), (3, "3 samples with checksums, ")]:
        mote("export", "runs/tiny", "--selftest", samples, cwd=tmp_path / "copy")
        found = json.loads(mote("inspect", run / "model.tflite", "--json")[0])["metadata"].get("mote_selftest")
        assert (found or "").startswith(expected) if expected else found is None
    assert "equal" in mote("verify", run)[0]
    recipe = tmp_path / "copy" / "tiny.toml"
    recipe.write_text(recipe.read_text() + "[export]\nselftest = 2\n")
    mote("run", "tiny.toml", "--force", cwd=tmp_path / "copy")
    assert "mote_selftest: 2 samples with checksums, " in mote("inspect", run / "model.tflite")[0]
    mote("export", "runs/tiny", cwd=tmp_path / "copy")
    assert "mote_selftest: 2 samples with checksums, " in mote("inspect", run / "model.tflite")[0]


def test_invoke_gives_what_the_outside_runtime_gives(tmp_path, tiny_run, codes):
    np.save(tmp_path / "x.npy", codes)
    mote("invoke", tiny_run.model, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    output = np.load(tmp_path / "y.npy")
    assert output.dtype == np.int8 and output.shape == (30, 10)
    assert np.array_equal(output, outside(tiny_run.model, codes))


def test_invoke_quantizes_floats_with_the_models_input_scale(tmp_path, tiny_run):
    model = json.loads(mote("inspect", tiny_run.model, "--json")[0])
    tensor = model["tensors"][model["inputs"][0]]
    scale, zero = np.float32(tensor["scales"][0]), tensor["zero_points"][0]
    real = np.random.default_rng(6).uniform(-0.2, 1.3, (20, 8, 8, 1)).astype(np.float32)
    steps = real / scale
    expected = np.clip(np.trunc(steps + np.copysign(np.float32(0.5), steps)) + zero, -128, 127).astype(np.int8)
    for name, array in [("real", real), ("codes", expected)]:
        np.save(tmp_path / f"{name}.npy", array)
        mote("invoke", tiny_run.model, "--input", tmp_path / f"{name}.npy", "--output", tmp_path / f"{name}_out.npy")
    assert np.array_equal(np.load(tmp_path / "real_out.npy"), np.load(tmp_path / "codes_out.npy"))


def test_invoke_keeps_every_activation_tensor(tmp_path, tiny_run, codes):
    np.save(tmp_path / "x.npy", codes)
    mote("invoke", tiny_run.model, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npz", "--tensors", tmp_path / "all.npz")
    model = json.loads(mote("inspect", tiny_run.model, "--json")[0])
    tensors = np.load(tmp_path / "all.npz")
    activations = {str(i) for i in model["inputs"]} | {str(i) for op in model["operators"] for i in op["outputs"]}
    assert set(tensors.files) == activations
    assert np.array_equal(tensors[str(model["inputs"][0])], codes)
    assert np.array_equal(tensors[str(model["outputs"][0])], np.load(tmp_path / "y.npz")["0"])


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32"])
def test_invoke_gives_the_same_bytes_on_every_core(tmp_path, tiny_run, codes, core):
    if not core_runs(core):
        pytest.skip("no QEMU for it")
    np.save(tmp_path / "x.npy", codes)
    outputs = []
    for on in ["host", core]:
        mote("invoke", tiny_run.model, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy", "--tensors",
             tmp_path / "all.npz", "--on", on)
        outputs.append((np.load(tmp_path / "y.npy"), dict(np.load(tmp_path / "all.npz"))))
    assert np.array_equal(outputs[0][0], outputs[1][0])
    assert outputs[0][1].keys() == outputs[1][1].keys()
    for name, array in outputs[0][1].items():
        assert np.array_equal(array, outputs[1][1][name]), name


def test_eval_gives_the_accuracy_of_the_run(tmp_path, tiny_run):
    out, _ = mote("eval", tiny_run.model, "--data", "digits", "--json", tmp_path / "r.json")
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["accuracy"] == pytest.approx(tiny_run.manifest["stages"]["quantize"]["test"], abs=1e-12)
    assert out.startswith("accuracy %.2f %%" % (100 * result["accuracy"]))
    again, _ = mote("eval", tiny_run.model, "--data", tiny_run.recipe)
    assert again.split(",")[0] == out.split(",")[0]


def test_eval_reads_labelled_arrays(tmp_path, tiny_run, codes):
    labels = outside(tiny_run.model, codes).argmax(axis=1)
    labels[:3] = (labels[:3] + 1) % 10
    np.savez(tmp_path / "data.npz", x=codes, y=labels)
    np.save(tmp_path / "x.npy", codes)
    np.save(tmp_path / "y.npy", labels)
    for data in [["--data", tmp_path / "data.npz"], ["--data", tmp_path / "x.npy", "--labels", tmp_path / "y.npy"]]:
        assert mote("eval", tiny_run.model, *data)[0].startswith("accuracy 90.00 % (27 of 30)")


def test_verify_of_a_model_alone_takes_random_inputs(tmp_path, tiny_run):
    mote("verify", tiny_run.model, "--on", "integer,host", "--samples", "40", "--json", tmp_path / "v.json")
    results = json.loads((tmp_path / "v.json").read_text())
    assert [(r["backend"], r["samples"], r["bytes_different"]) for r in results] == [("integer", 40, 0), ("host", 40, 0)]


def test_verify_of_a_run_with_a_choice_leaves_its_own_results(tiny_run):
    before = (tiny_run.path / "verify.json").read_bytes()
    out, _ = mote("verify", tiny_run.path, "--on", "training,host", "--samples", "10")
    assert "training" in out and "host" in out
    assert (tiny_run.path / "verify.json").read_bytes() == before
