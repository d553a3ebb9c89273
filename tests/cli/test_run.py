"""The whole way, and its stages one by one."""
import hashlib
import json
import shutil

import pytest
from conftest import core_runs
from program import fails, mote, recipe


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_run_leaves_every_product_and_nothing_half_written(tiny_run):
    names = {f.name for f in tiny_run.path.iterdir()}
    assert names == {"recipe.toml", "float.ckpt", "quantized.ckpt", "model.tflite", "verify.json", "manifest.json", "tensorboard"}
    assert (tiny_run.path / "recipe.toml").read_bytes() == tiny_run.recipe.read_bytes()


def test_manifest_says_what_was_run_and_what_came_of_it(tiny_run):
    manifest = tiny_run.manifest
    assert manifest["seed"] == 3 and manifest["tool"].startswith("mote ") and manifest["threads"] >= 1
    assert manifest["torch"].startswith("2.")
    assert manifest["recipe"]["sha256"] == sha256(tiny_run.recipe)
    assert sum(part["samples"] for part in manifest["data"]["parts"].values()) == 1797
    stages = manifest["stages"]
    assert list(stages) == ["train", "quantize", "export", "verify"]
    for stage in stages.values():
        assert stage["finished"] and stage["sha256"] == sha256(tiny_run.path / stage["file"])
    assert stages["train"]["epochs"] == 3 and stages["quantize"]["epochs"] == 2
    assert 0.5 < stages["train"]["test"] <= 1.0


def test_the_accuracy_that_training_printed_is_that_of_every_back_end(tiny_run):
    printed = tiny_run.manifest["stages"]["quantize"]["test"]
    samples = tiny_run.manifest["data"]["parts"]["test"]["samples"]
    assert [r["backend"] for r in tiny_run.verify] == ["training", "integer", "host"]
    for result in tiny_run.verify:
        assert result["accuracy"] == pytest.approx(printed, abs=1e-12)
        assert result["samples"] == samples and result["bytes_different"] == 0 and result["bytes_compared"] > 0


def test_the_table_has_a_row_for_every_stage(tiny_run):
    rows = tiny_run.stdout.splitlines()
    for begin in ["float ", "quantized, last epoch of training", "training pass", "integer network",
                  "model.tflite on the host runtime", "equal: "]:
        assert any(row.startswith(begin) for row in rows), tiny_run.stdout
    share = "%.2f %%" % (100 * tiny_run.manifest["stages"]["quantize"]["test"])
    assert sum(share in row for row in rows) >= 4


def test_progress_goes_to_stderr_a_line_an_epoch(tiny_run):
    lines = tiny_run.stderr.splitlines()
    assert sum(line.startswith("train ") and "epoch" in line for line in lines) >= 3
    assert "\r" not in tiny_run.stderr and "\x1b" not in tiny_run.stderr + tiny_run.stdout


def test_the_model_carries_the_hash_of_its_run(tiny_run):
    out, _ = mote("inspect", tiny_run.model, "--json")
    model = json.loads(out)
    assert tiny_run.manifest["run_hash"] in json.dumps(model["metadata"])
    assert model["class_names"] == [str(i) for i in range(10)]


def test_stages_one_by_one_end_in_the_same_model(tmp_path, tiny_run):
    recipe(tmp_path)
    assert mote("train", "tiny.toml", cwd=tmp_path)[0] == "runs/tiny/float.ckpt\n"
    assert mote("quantize", "runs/tiny", cwd=tmp_path)[0] == "runs/tiny/quantized.ckpt\n"
    assert mote("export", "runs/tiny", cwd=tmp_path)[0] == "runs/tiny/model.tflite\n"
    out, _ = mote("verify", "runs/tiny", "--json", "copy.json", cwd=tmp_path)
    assert "equal: " in out
    assert (tmp_path / "runs/tiny/model.tflite").read_bytes() == tiny_run.model.read_bytes()
    assert (tmp_path / "copy.json").read_bytes() == (tmp_path / "runs/tiny/verify.json").read_bytes()


def test_resume_of_a_finished_run_does_nothing_again(tmp_path, tiny_run):
    shutil.copytree(tiny_run.root, tmp_path / "copy")
    before = {f: f.stat().st_mtime_ns for f in (tmp_path / "copy/runs/tiny").iterdir() if f.suffix in (".ckpt", ".tflite")}
    # The same recipe elsewhere is the same run: the folder's place decides nothing.
    out, err = mote("run", "tiny.toml", "--resume", cwd=tmp_path / "copy")
    assert out == tiny_run.stdout
    assert err.count("finished before") == 4
    assert before == {f: f.stat().st_mtime_ns for f in before}


def test_force_begins_again_and_ends_in_the_same_bytes(tmp_path, tiny_run):
    shutil.copytree(tiny_run.root, tmp_path / "copy")
    model = tmp_path / "copy/runs/tiny/model.tflite"
    model.write_bytes(b"broken")
    mote("run", "tiny.toml", "--force", cwd=tmp_path / "copy")
    assert model.read_bytes() == tiny_run.model.read_bytes()


def test_a_changed_quantize_section_keeps_the_float_network(tmp_path, tiny_run):
    shutil.copytree(tiny_run.root, tmp_path / "copy")
    folder = tmp_path / "copy"
    path = recipe(folder, more="")
    path.write_text(path.read_text().replace("[quantize]\nepochs = 2", '[quantize]\nmethod = "ptq"'))
    _, err = mote("run", "tiny.toml", "--resume", cwd=folder)
    assert "train      finished before" in err and "[quantize] has changed: done anew" in err
    manifest = json.loads((folder / "runs/tiny/manifest.json").read_text())
    assert manifest["stages"]["quantize"]["method"] == "ptq"
    assert (folder / "runs/tiny/float.ckpt").read_bytes() == (tiny_run.path / "float.ckpt").read_bytes()
    assert (folder / "runs/tiny/model.tflite").read_bytes() != tiny_run.model.read_bytes()


def test_folder_and_seed_of_the_command_line_win(tmp_path, tiny_run):
    recipe(tmp_path)
    mote("run", "tiny.toml", "--folder", "other", "--seed", "9", cwd=tmp_path)
    assert json.loads((tmp_path / "other/manifest.json").read_text())["seed"] == 9
    assert (tmp_path / "other/model.tflite").read_bytes() != tiny_run.model.read_bytes()
    assert "equal: " in mote("verify", "other", cwd=tmp_path)[0]  # the manifest knows the seed


@pytest.mark.skipif(not core_runs("cortex-m4"), reason="no QEMU for Arm")
def test_emulated_cores_of_the_recipe_are_compared(tmp_path):
    recipe(tmp_path, epochs=1, quantize_epochs=1, cores='["cortex-m4"]', samples=20)
    out, _ = mote("run", "tiny.toml", cwd=tmp_path)
    assert "model.tflite on cortex-m4" in out
    results = json.loads((tmp_path / "runs/tiny/verify.json").read_text())
    assert [r["backend"] for r in results] == ["training", "integer", "host", "cortex-m4"]
    assert all(r["samples"] == 20 and r["bytes_different"] == 0 for r in results)


def test_a_regression_and_a_reconstruction_go_the_whole_way(tmp_path):
    import numpy as np
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 6)).astype(np.float32)
    np.savez(tmp_path / "line.npz", x=x, y=(x @ rng.normal(size=(6, 1))).astype(np.float32))
    np.save(tmp_path / "line.npy", x)
    for name, source, units in [("regression", 'npz = "line.npz"', 1), ("reconstruction", 'npy = "line.npy"', 6)]:
        (tmp_path / f"{name}.toml").write_text(
            f'[data]\n{source}\n[[layer]]\ntype = "dense"\nunits = 8\n[[layer]]\ntype = "relu"\n[[layer]]\ntype = "dense"\n'
            f'units = {units}\n[train]\nepochs = 3\n[quantize]\nepochs = 1\n[verify]\ncores = []\n')
        out, _ = mote("run", f"{name}.toml", cwd=tmp_path)
        assert "equal: " in out and "error" in out.splitlines()[1]
