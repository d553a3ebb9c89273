"""Right usage, wrong content: one line on stderr, status 1, and nothing left behind."""
import json
import shutil

import numpy as np
import pytest
from program import fails, mote, recipe


@pytest.mark.parametrize("change, message", [
    (("learning_rate", "learning_rte"), "tiny.toml:22:1: [train] learning_rte is not a key; did you mean learning_rate?"),
    (("units = 10", "units = 9"),
     "tiny.toml:17:1: the last layer, 'dense', puts out 9 values, but the data has 10 classes"),
    (("input = [8, 8, 1]", "input = [28, 28, 1]"),
     "tiny.toml:6:1: [network] input is [28, 28, 1], but a sample of the data has the shape [8, 8, 1]"),
    (('dataset = "digits"', 'csv = "none.csv"'), "none.csv"),
    (('dataset = "digits"', 'npz = "tiny.toml"'), "tiny.toml"),
    (("epochs = 3", "epochs = 3\nclass_weights = [1, 2]"),
     "tiny.toml: [train] class_weights has 2 values, but the data has 10 classes"),
])
def test_a_wrong_recipe_leaves_no_folder(tmp_path, change, message):
    path = recipe(tmp_path)
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change, 1))
    assert message in fails("train", "tiny.toml", cwd=tmp_path)
    assert not (tmp_path / "runs").exists()


def test_a_missing_recipe_is_named(tmp_path):
    assert "none.toml" in fails("run", "none.toml", cwd=tmp_path)


def test_a_finished_run_is_not_overwritten_silently(tiny_run):
    before = {f.name: f.read_bytes() for f in tiny_run.path.iterdir() if f.is_file()}
    for command in ["run", "train"]:
        assert fails(command, "tiny.toml", cwd=tiny_run.root) == \
            "runs/tiny already holds a run; --resume takes it up, --force begins again"
    assert fails("quantize", "runs/tiny", cwd=tiny_run.root) == \
        "runs/tiny is quantized already, or was interrupted in it; --resume goes on, --force does it again"
    assert before == {f.name: f.read_bytes() for f in tiny_run.path.iterdir() if f.is_file()}


def test_a_folder_of_other_things_is_not_written_to(tmp_path):
    recipe(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert fails("train", "tiny.toml", "--folder", "mine", cwd=tmp_path) == \
        "mine exists and holds no run; name another with --folder, or use --force"
    assert [f.name for f in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_resume_with_another_recipe_or_seed_is_refused(tmp_path, tiny_run):
    shutil.copytree(tiny_run.root, tmp_path / "copy")
    right = "runs/tiny was trained with another recipe, data, seed or version; --force begins again, --folder goes elsewhere"
    assert fails("train", "tiny.toml", "--resume", "--seed", "8", cwd=tmp_path / "copy") == right
    recipe(tmp_path / "copy", epochs=4)
    assert fails("run", "tiny.toml", "--resume", cwd=tmp_path / "copy") == right


def test_stages_out_of_order_say_what_comes_first(tmp_path):
    recipe(tmp_path, epochs=1)
    assert fails("quantize", "tiny.toml", cwd=tmp_path) == "runs/tiny holds no run of tiny.toml; begin with: mote train tiny.toml"
    assert fails("export", "runs/tiny", cwd=tmp_path) == "runs/tiny does not exist; give the folder of a run, or its recipe"
    mote("train", "tiny.toml", cwd=tmp_path)
    assert fails("export", "runs/tiny", cwd=tmp_path) == \
        "runs/tiny: the stage 'quantize' is not finished (not begun, or begun with another recipe); do that first: mote quantize"
    assert fails("verify", "runs/tiny", cwd=tmp_path) == \
        "runs/tiny holds no model.tflite; do that first: mote export runs/tiny"


def test_a_changed_checkpoint_is_not_used(tmp_path, tiny_run):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_run.path, copy)
    data = bytearray((copy / "quantized.ckpt").read_bytes())
    data[-100] ^= 1
    (copy / "quantized.ckpt").write_bytes(data)
    assert fails("export", copy) == f"{copy}/quantized.ckpt is not the file that manifest.json describes; --force makes it again"


def test_a_folder_without_a_manifest_is_no_run(tmp_path):
    assert fails("verify", tmp_path) == f"{tmp_path} is not the folder of a run: it holds no manifest.json"


@pytest.mark.parametrize("arguments, message", [
    (["eval", "MODEL", "--data", "digit"], "--data digit is neither digits nor a file that ends in "),
    (["eval", "MODEL", "--data", "digits", "--split", "tset"],
     "--split tset is not one of train, validation, test, all; did you mean test?"),
    (["eval", "MODEL", "--data", "digits", "--on", "cortex-m5"], "--on cortex-m5 is not one of host, "),
    (["eval", "MODEL", "--data", "codes.npy"], "codes.npy holds neither labels nor targets; mote invoke runs a model without them"),
    (["eval", "MODEL", "--data", "codes.npy", "--split", "test"],
     "--split test: a single file has no splits; leave --split out"),
    (["eval", "codes.npy", "--data", "digits"], "codes.npy"),
    (["inspect", "none.tflite"], "none.tflite"),
    (["verify", "MODEL", "--on", "hosts"], "--on: 'hosts' is not one of training, integer, host, "),
    (["verify", "MODEL", "--on", "training"], "--on training needs the folder of a run, not a model alone"),
    (["verify", "RUN", "--data", "digits"], "--data goes with a model; a run is verified on its own test split"),
    (["invoke", "MODEL", "--input", "none.npy", "--output", "y.npy"], "none.npy"),
    (["invoke", "MODEL", "--input", "flat.npy", "--output", "y.npy"],
     "flat.npy has the shape [5, 64]; the model's input 'input' takes [samples, 8, 8, 1]"),
    (["invoke", "MODEL", "--input", "wide.npy", "--output", "y.npy"],
     "wide.npy holds values of the type Long; int8 (codes) or floats (real values, quantized here) are taken"),
    (["invoke", "MODEL", "--input", "nan.npy", "--output", "y.npy"], "nan.npy holds a NaN or an infinity"),
    (["invoke", "MODEL", "--input", "none_at_all.npy", "--output", "y.npy"], "none_at_all.npy holds no samples"),
    (["invoke", "MODEL", "--input", "two.npz", "--output", "y.npy"], "two.npz holds 2 arrays (a, b), but the model has 1 inputs"),
    (["invoke", "MODEL", "--input", "codes.npy", "--output", "y.npy", "--on", "cortex-m99"], "--on cortex-m99 is not one of host, "),
])
def test_models_and_data_that_do_not_fit(tmp_path, tiny_run, arguments, message):
    codes = np.zeros((5, 8, 8, 1), np.int8)
    np.save(tmp_path / "codes.npy", codes)
    np.save(tmp_path / "flat.npy", codes.reshape(5, 64))
    np.save(tmp_path / "wide.npy", codes.astype(np.int64))
    np.save(tmp_path / "nan.npy", np.full((5, 8, 8, 1), np.nan, np.float32))
    np.save(tmp_path / "none_at_all.npy", codes[:0])
    np.savez(tmp_path / "two.npz", a=codes, b=codes)
    files = {"MODEL": tiny_run.model, "RUN": tiny_run.path}
    before = sorted(f.name for f in tmp_path.iterdir())
    assert message in fails(*[files.get(a, a) for a in arguments], cwd=tmp_path)
    assert sorted(f.name for f in tmp_path.iterdir()) == before
