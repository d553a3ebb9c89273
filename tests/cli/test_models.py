"""Commands on a model file alone: inspect, eval, invoke, verify."""
import json
import pathlib
import shutil
import sys

import numpy as np
import pytest
from conftest import core_runs
from program import fails, mote

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "conformance"))
from tflite_builder import FLOAT32, Operator, Subgraph, Tensor, activation, build, constant  # noqa: E402


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


def test_invoke_runs_the_compiled_model_on_the_users_inputs(tmp_path, tiny_run, codes):
    np.save(tmp_path / "x.npy", codes)
    out, _ = mote("invoke", tiny_run.model, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy", "--compiled")
    assert "30 samples, generic, compiled for speed" in out
    assert np.array_equal(np.load(tmp_path / "y.npy"), outside(tiny_run.model, codes))


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


def after_a_relu(operator, output, more=()):
    """A model whose operator 1 is `operator`; tensors: 0 and 1 are int8 [1, 4], 2 is `output`."""
    tensors = [activation([1, 4], 0.1), activation([1, 4], 0.1), output, *more]
    return build(tensors, [Operator("RELU", [0], [1]), operator], [0], [2])


@pytest.mark.parametrize("file, message", [
    (after_a_relu(Operator("RELU", [1], [2], code=46), Tensor([1], 4)),
     "operator 1, BIDIRECTIONAL_SEQUENCE_RNN 't2': the device runtime has no such operator"),
    (after_a_relu(Operator("RELU", [1], [2], code=61), activation([1, 4], 0.1)),
     "operator 1, GREATER 't2': the device runtime has no such operator"),
    (after_a_relu(Operator("RELU", [1], [2], code=32), activation([1, 4], 0.1)),
     "operator 1, custom operator  't2': the device runtime has no such operator"),
    (after_a_relu(Operator("ADD", [1, 1], [2]), activation([1, 4], 0.1, type=FLOAT32)),
     "operator 1, ADD 't2': tensor 2 't2': the device runtime does not take float32 here"),
    (after_a_relu(Operator("MEAN", [3, 4], [2]), activation([1, 4], 0.1),
                  [constant(np.zeros((1, 4), np.float32)), constant(np.array([1], np.int32))]),
     "operator 1, MEAN 't2': the device runtime does not take this operator on float32, int32"),
])
def test_what_the_runtime_has_not_is_named_by_operator_index_and_reason(tmp_path, file, message):
    model = tmp_path / "m.tflite"
    model.write_bytes(file)
    np.save(tmp_path / "x.npy", np.zeros((1, 4), np.int8))
    for command in [["inspect", model], ["verify", model, "--on", "host"],
                    ["invoke", model, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy"]]:
        assert fails(*command) == f"{model}: {message}"
    assert not (tmp_path / "y.npy").exists()


def test_models_of_several_subgraphs_and_with_data_behind_the_flatbuffer_run(tmp_path):
    rng = np.random.default_rng(3)
    weights = rng.integers(-127, 128, (3, 4)).astype(np.int8)
    tensors = [activation([1, 4], np.float32(0.1)), constant(weights, [np.float32(0.01)]),
               activation([1, 3], np.float32(0.1))]
    graph = tensors, [Operator("FULLY_CONNECTED", [0, 1], [2])], [0], [2]
    unused = Subgraph([activation([1, 7], 0.1), activation([1, 7], 0.1)], [Operator("RELU", [0], [1])], [0], [1])
    np.save(tmp_path / "x.npy", rng.integers(-128, 128, (5, 4)).astype(np.int8))
    outputs = []
    for name, options in [("plain", {}), ("odd", dict(more_subgraphs=[unused], data_after=3))]:
        (tmp_path / f"{name}.tflite").write_bytes(build(*graph, **options))
        mote("invoke", tmp_path / f"{name}.tflite", "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
        outputs.append(np.load(tmp_path / "y.npy"))
        json.loads(mote("inspect", tmp_path / f"{name}.tflite", "--json")[0])
    assert np.array_equal(*outputs) and len(np.unique(outputs[0])) > 5
