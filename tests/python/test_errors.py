"""Errors are Python's own exceptions, of one line that says what and where."""
import numpy as np
import pytest

import mote
from conftest import small_network

X = np.zeros((20, 8, 8, 1), np.float32)
Y = np.arange(20) % 10


def one_line(info, *parts):
    text = str(info.value)
    assert "\n" not in text, text
    for part in parts:
        assert part in text, text


def fit(x=X, y=Y, network=None, **options):
    return mote.fit(network or small_network(), x, y, **{"epochs": 1, **options})


@pytest.mark.parametrize("call, parts", [
    (lambda: mote.Network("n", (8, 8, 0)), ["n"]),
    (lambda: mote.Network("n", (8, 8, 1)).conv_2d(0, 3, name="stem"), ["stem"]),
    (lambda: mote.Network("n", (8, 8, 1)).conv_2d(4, 9, padding="valid", name="stem"), ["stem"]),
    (lambda: mote.Network("n", (8, 8, 1)).conv_2d(4, 3, padding="full"), ["padding", "full", "same or valid"]),
    (lambda: mote.Network("n", (8, 8, 1)).relu(name="a").relu(name="a"), ["a"]),
    (lambda: mote.Network("n", (8, 8, 1)).relu(name="trunk").from_layer("tronk"), ["tronk", "did you mean 'trunk'"]),
    (lambda: mote.Network("n", (8, 8, 1)).relu().add("nowhere"), ["nowhere"]),
    (lambda: mote.Network.from_json("{"), []),
    (lambda: mote.Network.from_json(small_network().to_json()).relu(), ["read whole"]),
    (lambda: fit(y=Y + 1), ["label"]),
    (lambda: fit(y=Y[:5]), ["label"]),
    (lambda: fit(y=Y.astype(float)), ["training data y", "labels are integers"]),
    (lambda: fit(y=None), ["training data y is missing"]),
    (lambda: fit(x=np.full_like(X, np.nan)), ["training data"]),
    (lambda: fit(x=X[:, :4]), ["(4, 8, 1)", "takes (8, 8, 1)"]),
    (lambda: fit(x=np.zeros(3)), ["dimensions"]),
    (lambda: fit(x=np.array(["a", "b"])), ["type"]),
    (lambda: fit(epochs=0), ["epochs"]),
    (lambda: fit(batch_size=-1), ["batch_size"]),
    (lambda: fit(learning_rate=0.0), ["learning_rate"]),
    (lambda: fit(optimizer="adamm"), ["adamm", "did you mean 'adam'"]),
    (lambda: fit(task="clasification"), ["did you mean 'classification'"]),
    (lambda: fit(class_weights=[1.0, 2.0]), ["class"]),
    (lambda: fit(class_names=["one"] * 11), ["11 class names"]),
    (lambda: fit(class_names=["one", "two"]), ["2 class names"]),
    (lambda: fit(shift=8), ["shift"]),
    (lambda: fit(validation=(X, Y, Y)), ["validation"]),
    (lambda: fit(validation=(X, Y + 10)), ["validation data"]),
    (lambda: fit(task="reconstruction"), ["leave y out"]),
])
def test_a_wrong_value_is_a_value_error(call, parts):
    with pytest.raises(ValueError) as info:
        call()
    one_line(info, *parts)


@pytest.mark.parametrize("call, parts", [
    (lambda: fit(epochs="many"), ["epochs", "many"]),
    (lambda: fit(learning_rat=1), ["learning_rat"]),
    (lambda: fit(learning_rate=[1]), ["learning_rate"]),
    (lambda: mote.Network("n", "shape"), []),
])
def test_a_wrong_type_or_an_unknown_option_is_a_type_error(call, parts):
    with pytest.raises(TypeError) as info:
        call()
    for part in parts:
        assert part in str(info.value)


def test_quantize_names_its_wrong_options(trained):
    for options, error, part in [(dict(epochs=-1), ValueError, "epochs"),
                                 (dict(calibration="minmax"), ValueError, "did you mean 'min_max'"),
                                 (dict(scales="frozen"), ValueError, "scales"),
                                 (dict(calibration_samples=0), ValueError, "calibration_samples"),
                                 (dict(batch_sizes=3), TypeError, "did you mean 'batch_size'"),
                                 (dict(task="regression"), TypeError, "the model's")]:
        with pytest.raises(error, match=part):
            mote.quantize(trained.model, X, Y, **options)


def test_a_file_that_is_not_there_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError) as info:
        mote.Model(tmp_path / "none.tflite")
    one_line(info, "none.tflite")


def test_a_file_that_is_no_model_is_a_value_error(tmp_path):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"\0" * 100)
    with pytest.raises(ValueError) as info:
        mote.Model(path)
    one_line(info, "broken.tflite")
    with pytest.raises(ValueError):
        mote.Model.from_bytes(b"")


def test_every_truncation_of_a_model_is_refused(trained):
    data = trained.file.bytes
    for size in range(0, len(data) - 1, max(1, len(data) // 60)):
        with pytest.raises((ValueError, RuntimeError)):
            mote.Model.from_bytes(data[:size])


def test_a_model_names_the_shape_that_it_takes(trained):
    with pytest.raises(ValueError) as info:
        trained.file(np.zeros((1, 8, 7, 1), np.int8))
    one_line(info, "8, 8, 1")
    with pytest.raises(ValueError):
        trained.file([np.zeros((1, 8, 8, 1), np.int8)] * 2)
    with pytest.raises(ValueError):
        trained.file(np.zeros((0, 8, 8, 1), np.int8))
    with pytest.raises(ValueError, match="NaN"):
        trained.file(np.full((1, 8, 8, 1), np.nan))


def test_verify_names_a_back_end_that_there_is_not(trained):
    with pytest.raises(ValueError, match="cortex-m5"):
        mote.verify(trained.path, X, backends=["host", "cortex-m5"])
