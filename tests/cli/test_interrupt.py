"""Ctrl-C at any moment, then --resume: the bytes of a run that was left alone."""
import json
import os
import signal
import subprocess
import time

from program import MOTE, interrupted, mote, recipe


def test_interrupted_training_resumes_to_the_same_bytes(tmp_path):
    settings = dict(epochs=12, quantize_epochs=8, checkpoint_steps=5)
    (tmp_path / "calm").mkdir()
    (tmp_path / "torn").mkdir()
    recipe(tmp_path / "calm", **settings)
    recipe(tmp_path / "torn", **settings)
    mote("run", "tiny.toml", cwd=tmp_path / "calm")

    folder = tmp_path / "torn" / "runs" / "tiny"
    err = interrupted("run", "tiny.toml", cwd=tmp_path / "torn", when=(folder / "float.training.ckpt").exists)
    assert "--resume goes on from there" in err.splitlines()[-1]
    assert (folder / "float.training.ckpt").exists() and not (folder / "float.ckpt").exists()
    assert not (folder / "model.tflite").exists()
    assert json.loads((folder / "manifest.json").read_text())["stages"]["train"]["finished"] is False

    interrupted("run", "tiny.toml", "--resume", cwd=tmp_path / "torn", when=(folder / "quantized.training.ckpt").exists,
                number=signal.SIGTERM)
    assert (folder / "float.ckpt").exists() and not (folder / "quantized.ckpt").exists()
    assert not (folder / "float.training.ckpt").exists()

    mote("run", "tiny.toml", "--resume", cwd=tmp_path / "torn")
    calm = tmp_path / "calm" / "runs" / "tiny"
    for name in ["float.ckpt", "quantized.ckpt", "model.tflite"]:
        assert (folder / name).read_bytes() == (calm / name).read_bytes(), name
    names = {f.name for f in folder.iterdir()}
    assert names == {f.name for f in calm.iterdir()}


def test_a_second_signal_ends_at_once(tmp_path):
    recipe(tmp_path, epochs=100000)
    process = subprocess.Popen([MOTE, "train", "tiny.toml"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (tmp_path / "runs/tiny/float.training.ckpt").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) in (130, -signal.SIGINT)


def environment_of_training(folder, env):
    """The environment that the program works in, once it trains."""
    recipe(folder, epochs=100000)
    process = subprocess.Popen([MOTE, "train", "tiny.toml"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=env)
    try:
        while not (folder / "runs/tiny/float.training.ckpt").exists():
            assert process.poll() is None
            time.sleep(0.01)
        pairs = open(f"/proc/{process.pid}/environ", "rb").read().split(b"\0")
        return dict(pair.decode().split("=", 1) for pair in pairs if pair)
    finally:
        process.kill()
        process.wait()


def test_openmp_is_kept_from_spinning_unless_the_user_says_otherwise(tmp_path):
    plain = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found = environment_of_training(tmp_path / "a", plain)
    assert (found["OMP_WAIT_POLICY"], found["GOMP_SPINCOUNT"]) == ("passive", "0")
    found = environment_of_training(tmp_path / "b", {**plain, "OMP_WAIT_POLICY": "active"})
    assert found["OMP_WAIT_POLICY"] == "active" and "GOMP_SPINCOUNT" not in found
