import types

import numpy as np
import pytest

import mote


def small_network():
    return (mote.Network("small", (8, 8, 1))
            .conv_2d(16, 3, stride=2, name="stem").batch_norm().relu()
            .depthwise_conv_2d(3).relu().conv_2d(32, 1).batch_norm().relu()
            .global_average_pool().dense(10, name="logits").softmax())


@pytest.fixture(scope="session")
def digits():
    return mote.datasets.digits()


@pytest.fixture(scope="session")
def trained(digits, tmp_path_factory):
    """A small network the whole way; tests only read it."""
    train, validation = digits.train, digits.validation
    model = mote.fit(small_network(), train.inputs, train.labels, validation=(validation.inputs, validation.labels),
                     epochs=12, learning_rate=1e-2)
    quantized = mote.quantize(model, train.inputs, train.labels,
                              validation=(validation.inputs, validation.labels), epochs=2, learning_rate=1e-3)
    path = tmp_path_factory.mktemp("trained") / "small.tflite"
    mote.export(quantized, path)
    return types.SimpleNamespace(model=model, quantized=quantized, path=path, file=mote.Model(path))


@pytest.fixture
def noise():
    return np.random.default_rng(7)
