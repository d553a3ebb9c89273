"""A file on the device runtime, from Python."""
import json
import threading

import numpy as np
import pytest

import mote


def quantized_input(model, x):
    """The contract's: halves away from zero of x / s, plus z, clamped."""
    info = model.tensors[model.inputs[0]]
    scaled = x.astype(np.float64) / np.float64(np.float32(info.scales[0]))
    rounded = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5) + info.zero_points[0]
    return np.clip(rounded, -128, 127).astype(np.int8)


def test_codes_in_give_codes_and_floats_in_give_floats(trained, digits):
    x = digits.test.inputs[:50]
    codes = quantized_input(trained.file, x)
    out = trained.file(codes)
    assert out.dtype == np.int8 and out.shape == (50, 10)
    real = trained.file(x)
    info = trained.file.tensors[trained.file.outputs[0]]
    expected = (out.astype(np.int32) - info.zero_points[0]).astype(np.float32) * np.float32(info.scales[0])
    assert real.dtype == np.float32 and np.array_equal(real, expected)


def test_the_file_computes_what_the_quantized_network_computes(trained, digits):
    x = digits.test.inputs
    assert np.array_equal(trained.file(x), trained.quantized(x))
    assert mote.evaluate(trained.file, x, digits.test.labels).metric == pytest.approx(
        mote.evaluate(trained.quantized, x, digits.test.labels).metric, abs=1e-12)


def test_a_batch_gives_what_its_samples_give(trained, noise):
    codes = noise.integers(-128, 128, (9, 8, 8, 1)).astype(np.int8)
    whole = trained.file(codes)
    assert np.array_equal(whole, np.concatenate([trained.file(codes[i:i + 1]) for i in range(9)]))
    assert np.array_equal(trained.file([codes]), whole)


def test_the_output_equals_that_of_tflite_micro(trained, noise):
    micro = pytest.importorskip("tflite_micro").runtime
    interpreter = micro.Interpreter.from_bytes(trained.file.bytes)
    codes = noise.integers(-128, 128, (40, 8, 8, 1)).astype(np.int8)
    expected = []
    for sample in codes:
        interpreter.set_input(sample[None], 0)
        interpreter.invoke()
        expected.append(interpreter.get_output(0)[0].copy())
    assert np.array_equal(trained.file(codes), np.stack(expected))


def test_every_tensor_can_be_looked_at(trained, noise):
    codes = noise.integers(-128, 128, (5, 8, 8, 1)).astype(np.int8)
    tensors = trained.file.all_tensors(codes)
    activations = {t.index for t in trained.file.tensors if not t.constant}
    assert set(tensors) == activations
    assert np.array_equal(tensors[trained.file.inputs[0]], codes)
    assert np.array_equal(tensors[trained.file.outputs[0]], trained.file(codes))


def test_the_model_describes_itself(trained):
    model = trained.file
    assert [op.name for op in model.operators][:2] == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    assert model.tensors[model.inputs[0]].shape == (1, 8, 8, 1)
    assert model.class_names == [str(c) for c in range(10)]
    assert model.arena_bytes > 0
    assert model.operators[0].macs == 4 * 4 * 16 * 9
    assert "CONV_2D" in model.inspect()
    assert json.loads(model.inspect_json())["totals"]["operators"] == len(model.operators)


def test_bytes_and_file_are_the_same_model(trained):
    assert trained.path.read_bytes() == trained.file.bytes == trained.quantized.to_tflite()
    assert mote.Model.from_bytes(trained.file.bytes).operators[0].name == "CONV_2D"


def test_golden_samples_go_into_the_file(trained, tmp_path):
    for samples, expected in [(None, "1 sample "), (2, "2 samples ")]:
        mote.export(trained.quantized, tmp_path / "m.tflite", selftest=samples)
        assert mote.Model(tmp_path / "m.tflite").metadata["mote_selftest"].startswith(expected)
    mote.export(trained.quantized, tmp_path / "m.tflite", selftest=0)
    assert "mote_selftest" not in mote.Model(tmp_path / "m.tflite").metadata


def test_metadata_goes_into_the_file(trained, tmp_path):
    mote.export(trained.quantized, tmp_path / "m.tflite", metadata={"run_hash": "abc"})
    assert "abc" in str(mote.Model(tmp_path / "m.tflite").metadata)


def test_threads_may_use_one_model_at_the_same_time(trained, noise):
    codes = noise.integers(-128, 128, (64, 8, 8, 1)).astype(np.int8)
    expected = trained.file(codes)
    results = [None] * 4

    def run(i):
        results[i] = all(np.array_equal(trained.file(codes), expected) for _ in range(10))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4


def test_verify_finds_every_back_end_equal(trained, digits):
    backends = ["training", "integer", "host"] + [core for core in ["cortex-m4"] if core in mote.cores()]
    found = mote.verify(trained.path, digits.test.inputs[:100], digits.test.labels[:100], backends=backends,
                        training=trained.quantized)
    assert found and found.equal
    assert [result["backend"] for result in found.results] == backends
    assert all(result["bytes_different"] == 0 for result in found.results)
    assert len({result["accuracy"] for result in found.results}) == 1
    assert "host" in str(found)


def test_verify_finds_another_network_different(trained, digits):
    other = mote.quantize(trained.model, digits.train.inputs, epochs=0)
    found = mote.verify(trained.path, digits.test.inputs[:50], backends=["training", "host"], training=other)
    assert not found
    assert found.results[1]["bytes_different"] > 0
    assert found.results[1]["first_difference"]
