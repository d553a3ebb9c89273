"""Networks and data from Python."""
import json
import pathlib

import numpy as np
import pytest

import mote
from conftest import small_network

RECIPE = pathlib.Path(__file__).parents[2] / "docs" / "recipes" / "digits.toml"


def test_the_bundled_digits_come_in_their_three_disjoint_parts(digits):
    parts = [digits.train, digits.validation, digits.test]
    assert sum(len(part) for part in parts) == 1797
    for part in parts:
        assert part.inputs.shape == (len(part), 8, 8, 1) and part.inputs.dtype == np.float32
        assert part.labels.shape == (len(part),) and part.labels.dtype == np.int64
        assert part.class_names == [str(c) for c in range(10)]
        assert 0 <= part.inputs.min() and part.inputs.max() <= 1


def test_an_array_given_out_outlives_its_dataset():
    inputs = mote.datasets.digits().test.inputs
    assert np.isfinite(inputs).all() and inputs.max() == 1.0


def test_the_builder_gives_the_layers_and_shapes_that_it_reads_like():
    network = small_network()
    kinds = [kind for _, kind, _ in network.layers]
    assert kinds == ["input", "conv_2d", "batch_norm", "relu", "depthwise_conv_2d", "relu", "conv_2d", "batch_norm",
                     "relu", "global_average_pool", "dense", "softmax"]
    assert network.layers[1] == ("stem", "conv_2d", (4, 4, 16))
    assert network.output_shape == (10,)
    assert "stem" in network.summary()


def test_branches_join_again():
    network = mote.Network("branches", (8, 8, 1)).conv_2d(4, 3, name="trunk")
    network.conv_2d(4, 1, name="left").from_layer("trunk").conv_2d(4, (3, 1), name="right").add("left").concat(["trunk"])
    assert network.output_shape == (8, 8, 8)


def test_a_network_survives_json_and_dictionaries():
    network = small_network()
    again = mote.Network.from_json(network.to_json())
    assert again == network
    description = mote.network_to_dict(network)
    assert mote.network_from_dict(description) == network
    assert json.loads(network.to_json()) == description


def test_a_recipe_gives_its_network():
    network = mote.Network.from_toml(str(RECIPE))
    assert network.input_shape == (8, 8, 1)
    assert network.output_shape == (10,)


def test_every_kind_of_layer_has_its_method():
    network = (mote.Network("all", (8, 8, 2)).conv_2d(4, 3, padding="valid", dilation=1, bias=False).relu6()
               .max_pool_2d(2).average_pool_2d(3, stride=1, padding="same").depthwise_conv_2d(3, depth_multiplier=2)
               .dropout(0.1).flatten().dense(3).softmax())
    assert network.output_shape == (3,)


@pytest.mark.parametrize("number", [np.float64, np.float32, np.uint8])
def test_inputs_of_any_number_type_are_taken(trained, digits, number):
    x = (digits.test.inputs[:4] * 16).astype(number)
    assert np.array_equal(trained.model(x), trained.model(x.astype(np.float32)))


def test_strided_and_swapped_arrays_are_taken(trained, digits):
    x = digits.test.inputs[:8]
    expected = trained.model(x[::2])
    assert np.array_equal(trained.model(np.asfortranarray(x)[::2]), expected)
    assert np.array_equal(trained.model(x[::2].astype(">f4")), expected)
