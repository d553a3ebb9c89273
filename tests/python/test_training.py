"""Training and quantization from Python."""
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import mote
from conftest import small_network


def same_weights(a, b):
    a, b = a.weights(), b.weights()
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_training_learns_and_tells_each_epoch(trained, digits):
    history = trained.model.history
    assert [epoch["epoch"] for epoch in history] == list(range(1, 13))
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    metrics = mote.evaluate(trained.model, digits.test.inputs, digits.test.labels)
    assert metrics.metric > 0.8 and metrics.loss > 0
    assert history[-1]["validation_metric"] == pytest.approx(
        mote.evaluate(trained.model, digits.validation.inputs, digits.validation.labels).metric)


def test_the_accuracy_of_the_last_epoch_is_that_of_the_file(trained, digits):
    said = trained.quantized.history[-1]["validation_metric"]
    assert said == pytest.approx(
        mote.evaluate(trained.file, digits.validation.inputs, digits.validation.labels).metric, abs=1e-12)


def test_the_same_call_gives_the_same_weights(digits):
    def train(seed):
        return mote.fit(small_network(), digits.train.inputs[:200], digits.train.labels[:200], epochs=1, seed=seed)
    assert same_weights(train(3), train(3))
    assert not same_weights(train(3), train(4))


def test_predictions_are_probabilities(trained, digits):
    out = trained.model.predict(digits.test.inputs[:300])
    assert out.shape == (300, 10) and np.allclose(out.sum(axis=1), 1, atol=1e-5)


def test_a_regression_learns_its_targets(noise):
    x = noise.standard_normal((400, 4)).astype(np.float32)
    y = x @ np.array([1.0, -2.0, 0.5, 3.0]) + 1
    network = mote.Network("line", (4,)).dense(1)
    model = mote.fit(network, x, y, task="regression", epochs=60, learning_rate=3e-2)
    assert mote.evaluate(model, x, y).metric < 0.05
    quantized = mote.quantize(model, x, y, epochs=2)
    assert mote.evaluate(quantized, x, y).metric < 0.3


def test_a_reconstruction_takes_no_targets(noise):
    x = noise.standard_normal((200, 2)).astype(np.float32) @ noise.standard_normal((2, 6)).astype(np.float32)
    network = mote.Network("code", (6,)).dense(2).dense(6)
    model = mote.fit(network, x, task="reconstruction", epochs=40, learning_rate=2e-2, validation=x[:50])
    assert mote.evaluate(model, x).metric < 0.3 * x.var()


def test_calibration_alone_quantizes_too(trained, digits):
    quantized = mote.quantize(trained.model, digits.train.inputs, epochs=0, calibration="percentile", percentile=99.9)
    assert quantized.history == []
    assert mote.evaluate(quantized, digits.test.inputs, digits.test.labels).metric > 0.75


def test_on_epoch_is_told_of_each_epoch_and_may_end_the_training(digits):
    seen = []

    def stop_after_two(report):
        seen.append(report["epoch"])
        if len(seen) == 2:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        mote.fit(small_network(), digits.train.inputs[:100], digits.train.labels[:100], epochs=5, on_epoch=stop_after_two)
    assert seen == [1, 2]


def test_other_threads_run_while_a_network_trains(digits):
    counts = []
    stop = threading.Event()

    def count():
        while not stop.wait(0.005):
            counts.append(time.monotonic())

    thread = threading.Thread(target=count)
    thread.start()
    start = time.monotonic()
    mote.fit(small_network(), digits.train.inputs, digits.train.labels, epochs=4)
    end = time.monotonic()
    stop.set()
    thread.join()
    within = [t for t in counts if start < t < end]
    assert len(within) >= min(10, (end - start) / 0.1)


def test_an_interrupted_training_is_resumed_to_the_same_weights(digits, tmp_path):
    arguments = dict(epochs=3)
    x, y = digits.train.inputs[:300], digits.train.labels[:300]

    def fail(report):
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        mote.fit(small_network(), x, y, checkpoint=tmp_path / "c", checkpoint_steps=5, on_epoch=fail,
                 **arguments)
    resumed = mote.fit(small_network(), x, y, checkpoint=tmp_path / "c", checkpoint_steps=5, resume=True,
                       **arguments)
    assert same_weights(resumed, mote.fit(small_network(), x, y, **arguments))
    assert len(resumed.history) == 3


ENDLESS = """
import sys, mote
digits = mote.datasets.digits()
network = mote.Network("n", (8, 8, 1)).conv_2d(8, 3).relu().global_average_pool().dense(10)
try:
    mote.fit(network, digits.train.inputs, digits.train.labels, epochs=100000, checkpoint=sys.argv[1],
             on_epoch=lambda report: print("epoch", report["epoch"], flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_stops_a_training_and_leaves_a_checkpoint(tmp_path):
    path = tmp_path / "checkpoint"
    with subprocess.Popen([sys.executable, "-c", ENDLESS, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("epoch 1")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    assert out.splitlines()[-1] == "interrupted"
    assert process.returncode == 0
    assert path.read_bytes()[:8] == b"MOTECKP1"


def test_importing_mote_imports_no_torch():
    code = "import sys, mote; mote.datasets.digits(); print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert out.stdout.strip() == "False"


def test_mote_and_torch_live_in_one_process():
    pytest.importorskip("torch")
    code = ("import torch, mote, numpy as np; x = np.ones((2, 4), np.float32);"
            "m = mote.fit(mote.Network('n', (4,)).dense(1), x, x[:, 0], task='regression', epochs=1);"
            "print(m(x).shape, torch.ones(2).sum().item())")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "(2, 1) 2.0"
