"""Operators with weights: what must be refused at load, to the last unit."""

import numpy as np
import pytest
from mote_library import MoteError, MoteModel
from tflite_builder import INT16, Operator, activation, build, constant, int4_constant

f32 = np.float32
ACCUMULATOR, QUANTIZATION, TYPE = 13, 8, 6


def fully_connected(weights, bias, scales=(1.0, 2.0**-10, 1.0), zero_point=0, type=9, pack=constant, **options):
    """`scales`: of the input, of the weights (one, or one a unit), of the output."""
    tensors = [
        activation([1, weights.shape[1]], f32(scales[0]), zero_point, type),
        pack(weights, np.atleast_1d(scales[1]).astype(f32)),
        activation([1, weights.shape[0]], f32(scales[2]), 0, type),
    ]
    inputs = [0, 1]
    if bias is not None:
        tensors.append(constant(bias, np.atleast_1d(np.float64(scales[0]) * np.float64(scales[1])).astype(f32)))
        inputs.append(3)
    return build(tensors, [Operator("FULLY_CONNECTED", inputs, [2], options)], [0], [2])


def status(file: bytes) -> int:
    try:
        MoteModel(file)
    except MoteError as error:
        return error.status
    return 0


@pytest.mark.parametrize("pack", [constant, int4_constant])
@pytest.mark.parametrize("zero_point", [-128, 0, 127])
@pytest.mark.parametrize("shift", [0, 1, 5])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_sum_is_taken_up_to_the_end_of_int32_and_not_one_further(sign, shift, zero_point, pack):
    """A multiplier of 2^(shift - 1) shifts the sum to the left by `shift` bits."""
    weights = np.array([[3, -8, 7], [1, 1, 1]], np.int8)
    most = (2**31 - 1 >> shift) - 18 * max(127 - zero_point, zero_point + 128)
    scales = 1.0, 1.0, 2.0 ** (1 - shift)
    for bias, expected in ((most, 0), (most + 1, ACCUMULATOR)):
        values = np.array([sign * bias, 0], np.int32)
        assert status(fully_connected(weights, values, scales, zero_point, pack=pack)) == expected


def test_the_most_negative_bias_is_refused():
    assert status(fully_connected(np.zeros((1, 1), np.int8), np.array([-(2**31)], np.int32))) == ACCUMULATOR
    assert status(fully_connected(np.zeros((1, 1), np.int8), np.array([1 - 2**31], np.int32))) == 0


@pytest.mark.parametrize("type,most", [(9, 30), (INT16, 7)])
def test_multipliers_are_taken_up_to_their_largest_exponent(type, most):
    zeros = np.zeros((1, 1), np.int8)
    for exponent, expected in ((most, 0), (most + 1, QUANTIZATION)):
        scales = 1.0, 1.0, 2.0 ** (1 - exponent)
        assert status(fully_connected(zeros, None, scales, type=type)) == expected


@pytest.mark.parametrize("scale", [0.0, -1.0, np.inf, np.nan, -0.0])
def test_a_scale_that_is_no_positive_number_is_refused_in_any_channel(scale):
    weights = np.ones((3, 1), np.int8)
    assert status(fully_connected(weights, None, (1.0, [1e-3, 1e-40, 1e-3], 1.0))) == 0
    assert status(fully_connected(weights, None, (1.0, [1e-3, 1e-3, scale], 1.0))) == QUANTIZATION


def test_sums_of_int16_are_taken_up_to_their_ends():
    weights = np.array([[3, -128, 7]], np.int8)
    reach = 138 * 32768
    for dtype, most in ((np.int32, 2**31 - 1 - reach), (np.int64, 2**47 - 1 - reach)):
        for bias, expected in ((most, 0), (most + 1, ACCUMULATOR), (-most, 0), (-most - 1, ACCUMULATOR)):
            scales = 1.0, 2.0**-20, 1.0
            assert status(fully_connected(weights, np.array([bias], dtype), scales, type=INT16)) == expected
    for bias in (2**63 - 1, -(2**63)):
        assert status(fully_connected(weights, np.array([bias], np.int64), type=INT16)) == ACCUMULATOR
    # A result past int32, where the reference wraps.
    assert status(fully_connected(weights, np.array([2**40], np.int64), (1.0, 1.0, 1.0), type=INT16)) == ACCUMULATOR


def test_a_bias_has_the_type_that_the_reference_reads():
    weights, bias = np.ones((1, 1), np.int8), np.zeros(1, np.int64)
    assert status(fully_connected(weights, bias)) == TYPE
    tensors = [activation([1, 1, 1, 1], f32(1), 0, INT16), constant(weights.reshape(1, 1, 1, 1), [f32(0.01)])]
    tensors += [activation([1, 1, 1, 1], f32(1), 0, INT16), constant(np.zeros(1, np.int32), [f32(0.01)])]
    options = dict(padding="VALID", stride_w=1, stride_h=1, depth_multiplier=1)
    file = build(tensors, [Operator("DEPTHWISE_CONV_2D", [0, 1, 3], [2], options)], [0], [2])
    assert status(file) == TYPE  # int32 for a depthwise convolution of int16: the reference reads int64


def test_weights_that_are_no_constant_are_refused():
    tensors = [activation([1, 2], f32(1), 0), activation([3, 2], f32(1), 0), activation([1, 3], f32(1), 0)]
    file = build(tensors, [Operator("FULLY_CONNECTED", [0, 1], [2])], [0, 1], [2])
    assert status(file) == 10


@pytest.mark.parametrize("filter_h", [1, 3])
def test_a_dilation_far_past_the_image_meets_one_tap(filter_h):
    """Distances that lie outside of the image are never formed."""
    shape = [1, 2, 2, 3]
    weights = np.arange(filter_h * 9, dtype=np.int8).reshape(1, filter_h, 3, 3)
    tensors = [activation(shape, f32(1), 4), constant(weights, [f32(0.01)]), activation(shape, f32(1), 0)]
    dilation = 2**31 - 1 if filter_h == 1 else 2**26
    options = dict(padding="SAME", stride_w=1, stride_h=1, dilation_h=dilation, dilation_w=2**26, depth_multiplier=1)
    file = build(tensors, [Operator("DEPTHWISE_CONV_2D", [0, 1], [2], options)], [0], [2])
    x = np.arange(12, dtype=np.int8).reshape(shape)
    expected = np.floor((x - 4.0) * weights[0, filter_h // 2, 1] * 0.01 + 0.5)
    got = MoteModel(file).run(x)
    assert np.abs(got - expected).max() <= 1  # float, here: the rounding is tested elsewhere
