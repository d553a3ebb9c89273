"""What random models of pools, reductions, moving and resizing operators hardly meet: files that must be refused, each with its
status, and places and quotients at their edges."""

from __future__ import annotations

import dataclasses

import formulas_shapes as formulas
import models_shapes
import numpy as np
import pytest
from cases import reference_steps
from mote_library import MoteError, MoteModel
from tflite_builder import BOOL, FLOAT32, INT4, INT8, INT16, INT32, INT64, Operator, activation, build, constant

f32 = np.float32
TYPE, SHAPE, QUANTIZATION, OPTION, BUFFER, ACCUMULATOR, STRUCTURE = 6, 7, 8, 9, 10, 13, 4


def codes(*shape, scale=0.5, zero_point=3, type=INT8):
    return activation(shape, f32(scale), zero_point, type)


def integers(*values, dtype=np.int32):
    return constant(np.array(values, dtype))


def one(name, inputs, outputs, **options):
    """A model of one operator; tensors without data are the graph's inputs."""
    tensors = [*inputs, *outputs]
    feeds = [i for i, t in enumerate(inputs) if t.data is None]
    op = Operator(name, list(range(len(inputs))), list(range(len(inputs), len(tensors))), options)
    return build(tensors, [op], feeds, op.outputs)


def pool(input, output, name="AVERAGE_POOL_2D", **options):
    return one(name, [input], [output], **{**dict(padding="VALID", stride_w=1, stride_h=1, filter_w=2, filter_h=2), **options})


def strided(begin, end, strides, *output, input=(4, 5), **options):
    return one("STRIDED_SLICE", [codes(*input), integers(*begin), integers(*end), integers(*strides)], [codes(*output)], **options)


def resize(name, *output, input=(1, 4, 4, 2), size=None, **options):
    return one(name, [codes(*input), integers(*(size or output[1:3]))], [codes(*output)], **options)


A = codes(4, 6)
IMAGE = codes(1, 4, 4, 2)
BAD = {
    "pool of 3 axes": (pool(codes(1, 4, 4), codes(1, 3, 3)), SHAPE),
    "pool that changes the channels": (pool(IMAGE, codes(1, 3, 3, 4)), SHAPE),
    "pool that changes the batch": (pool(IMAGE, codes(2, 3, 3, 2)), SHAPE),
    "pool of another size": (pool(IMAGE, codes(1, 4, 3, 2)), SHAPE),
    "pool to 3 axes": (pool(IMAGE, codes(1, 3, 3)), SHAPE),
    "pool larger than the image": (pool(IMAGE, codes(1, 1, 1, 2), filter_h=5), SHAPE),
    "pool without a stride": (pool(IMAGE, codes(1, 3, 3, 2), stride_h=0), OPTION),
    "pool with a negative stride": (pool(IMAGE, codes(1, 3, 3, 2), stride_w=-1), OPTION),
    "pool without a filter": (pool(IMAGE, codes(1, 3, 3, 2), filter_w=0), OPTION),
    "pool with a padding of its own": (pool(IMAGE, codes(1, 3, 3, 2), padding=7), OPTION),
    "pool with tanh": (pool(IMAGE, codes(1, 3, 3, 2), activation="TANH"), OPTION),
    "pool to another scale": (pool(IMAGE, codes(1, 3, 3, 2, scale=0.25)), QUANTIZATION),
    "pool to another zero point": (pool(IMAGE, codes(1, 3, 3, 2, zero_point=4), "MAX_POOL_2D"), QUANTIZATION),
    "pool to int16": (pool(IMAGE, codes(1, 3, 3, 2, zero_point=0, type=INT16)), TYPE),
    "pool of int16 to int8": (pool(codes(1, 4, 4, 2, zero_point=0, type=INT16), codes(1, 3, 3, 2)), TYPE),
    "pool of int16 with a zero point": (pool(codes(1, 4, 4, 2, type=INT16), codes(1, 3, 3, 2, type=INT16)), QUANTIZATION),
    "pool of floats": (pool(activation([1, 4, 4, 2], type=FLOAT32), activation([1, 3, 3, 2], type=FLOAT32)), TYPE),
    "average of more than int32 holds": (
        pool(codes(1, 4096, 2048, 1), codes(1, 1, 1, 1), filter_h=4096, filter_w=2048), ACCUMULATOR),
    "mean over an axis that is not there": (one("MEAN", [A, integers(2)], [codes(4)]), OPTION),
    "mean over an axis before the first": (one("MEAN", [A, integers(-3)], [codes(4)]), OPTION),
    "mean over many axes": (one("MEAN", [A, integers(*[1] * 7)], [codes(4)]), OPTION),
    "mean over computed axes": (one("MEAN", [A, activation([1], type=INT32)], [codes(4)]), BUFFER),
    "mean over float axes": (one("MEAN", [A, constant(np.array([1], f32))], [codes(4)]), TYPE),
    "mean of another shape": (one("MEAN", [A, integers(1)], [codes(6)]), SHAPE),
    "mean with an axis too many": (one("MEAN", [A, integers(1)], [codes(4, 2)]), SHAPE),
    "mean of floats": (one("MEAN", [activation([4, 6], type=FLOAT32), integers(1)], [codes(4)]), TYPE),
    "mean to int16": (one("MEAN", [A, integers(1)], [codes(4, zero_point=0, type=INT16)]), TYPE),
    "mean without a scale": (one("MEAN", [activation([4, 6]), integers(1)], [codes(4)]), QUANTIZATION),
    "mean of more than int32 holds": (one("MEAN", [codes(1 << 23), integers(0)], [codes()]), ACCUMULATOR),
    "mean of int16 of more than int32 holds": (
        one("MEAN", [codes(1 << 17, zero_point=0, type=INT16), integers(0)], [codes(zero_point=0, type=INT16)]), ACCUMULATOR),
    "sum that a multiplier takes out of int32": (one("SUM", [codes(9, 9, scale=1e5), integers(1)], [codes(9, scale=1e-3)]), ACCUMULATOR),
    "sum whose multiplier has no exponent": (one("SUM", [codes(9, scale=1e30), integers(0)], [codes(scale=1e-30)]), QUANTIZATION),
    "largest to another scale": (one("REDUCE_MAX", [A, integers(1)], [codes(4, scale=1)]), QUANTIZATION),
    "where along no axis": (one("ARG_MAX", [A, integers(2)], [activation([4], type=INT32)]), OPTION),
    "where along two axes": (one("ARG_MAX", [A, integers(0, 1)], [activation([], type=INT32)]), SHAPE),
    "where, of another shape": (one("ARG_MIN", [A, integers(1)], [activation([6], type=INT32)]), SHAPE),
    "where, in bytes": (one("ARG_MIN", [A, integers(1)], [codes(4)]), TYPE),
    "where, of floats": (one("ARG_MAX", [activation([4, 6], type=FLOAT32), integers(1)], [activation([4], type=INT32)]), TYPE),
    "concatenation along no axis": (one("CONCATENATION", [A, A], [codes(8, 6)], axis=2), OPTION),
    "concatenation with an activation": (one("CONCATENATION", [A, A], [codes(8, 6)], axis=0, activation="RELU"), OPTION),
    "concatenation that is too short": (one("CONCATENATION", [A, A], [codes(7, 6)], axis=0), SHAPE),
    "concatenation that is too long": (one("CONCATENATION", [A, A], [codes(9, 6)], axis=0), SHAPE),
    "concatenation of other extents": (one("CONCATENATION", [A, codes(4, 5)], [codes(8, 6)], axis=0), SHAPE),
    "concatenation of fewer axes": (one("CONCATENATION", [A, codes(6)], [codes(8, 6)], axis=0), SHAPE),
    "concatenation of two types": (one("CONCATENATION", [A, activation([4, 6], type=BOOL)], [codes(8, 6)], axis=0), TYPE),
    "concatenation of two scales": (one("CONCATENATION", [A, codes(4, 6, scale=1)], [codes(8, 6)], axis=0), QUANTIZATION),
    "concatenation of codes without a scale": (one("CONCATENATION", [A, activation([4, 6])], [codes(8, 6)], axis=0), QUANTIZATION),
    "pack of another count": (one("PACK", [A, A], [codes(2, 4, 6)], values_count=3, axis=0), OPTION),
    "pack along no axis": (one("PACK", [A, A], [codes(2, 4, 6)], values_count=2, axis=3), OPTION),
    "pack of another shape": (one("PACK", [A, A], [codes(2, 4, 6)], values_count=2, axis=1), SHAPE),
    "pack without the axis": (one("PACK", [A, A], [codes(8, 6)], values_count=2, axis=0), SHAPE),
    "unpack of another count": (one("UNPACK", [A], [codes(6)] * 4, num=3, axis=0), OPTION),
    "unpack of too few": (one("UNPACK", [A], [codes(6)] * 3, num=3, axis=0), SHAPE),
    "unpack of too many": (one("UNPACK", [A], [codes(6)] * 5, num=5, axis=0), SHAPE),
    "unpack of nothing": (one("UNPACK", [A], [], num=0, axis=0), STRUCTURE),
    "unpack of a scalar": (one("UNPACK", [codes()], [codes()], num=1, axis=0), OPTION),
    "split of another count": (one("SPLIT", [integers(0), A], [codes(2, 6)] * 2, num_splits=3), OPTION),
    "split along no axis": (one("SPLIT", [integers(2), A], [codes(2, 6)] * 2, num_splits=2), OPTION),
    "split along two axes": (one("SPLIT", [integers(0, 1), A], [codes(2, 6)] * 2, num_splits=2), SHAPE),
    "split along a computed axis": (one("SPLIT", [activation([], type=INT32), A], [codes(2, 6)] * 2, num_splits=2), BUFFER),
    "split into unequal parts": (one("SPLIT", [integers(0), A], [codes(3, 6), codes(1, 6)], num_splits=2), SHAPE),
    "split that leaves some": (one("SPLIT", [integers(0), A], [codes(1, 6)] * 2, num_splits=2), SHAPE),
    "split into parts of fewer axes": (one("SPLIT", [integers(1), A], [codes(4, 3), codes(4)], num_splits=2), SHAPE),
    "split_v of other sizes": (one("SPLIT_V", [A, integers(2, 2), integers(0)], [codes(3, 6), codes(1, 6)], num_splits=2), SHAPE),
    "split_v of another number of sizes": (one("SPLIT_V", [A, integers(3), integers(0)], [codes(3, 6), codes(1, 6)], num_splits=2), SHAPE),
    "split_v into more than there is": (one("SPLIT_V", [A, integers(3, 2), integers(0)], [codes(3, 6), codes(2, 6)], num_splits=2), SHAPE),
    "pad of another size": (one("PAD", [A, integers([1, 1], [0, 0])], [codes(5, 6)]), SHAPE),
    "pad by less than nothing": (one("PAD", [A, integers([-1, 1], [0, 0])], [codes(4, 6)]), OPTION),
    "pad by far too much": (one("PAD", [A, integers([2**31 - 1, 2], [0, 0])], [codes(5, 6)]), SHAPE),
    "pad by 64 bits too much": (one("PAD", [A, integers([2**63 - 1, 2**63 - 1], [0, 0], dtype=np.int64)], [codes(2, 6)]), SHAPE),
    "pad of fewer axes": (one("PAD", [A, integers([1, 1])], [codes(6, 6)]), SHAPE),
    "pad by less than nothing at the end": (one("PAD", [A, integers([1, -1], [0, 0])], [codes(4, 6)]), OPTION),
    "pad to more axes": (one("PAD", [A, integers([1, 1], [0, 0])], [codes(6, 6, 1)]), SHAPE),
    "pad by computed paddings": (one("PAD", [A, activation([2, 2], type=INT32)], [codes(4, 6)]), BUFFER),
    "padv2 with two values": (one("PADV2", [A, integers([1, 1], [0, 0]), codes(2)], [codes(6, 6)]), SHAPE),
    "padv2 with a value of another scale": (one("PADV2", [A, integers([1, 1], [0, 0]), codes(1, scale=1)], [codes(6, 6)]), QUANTIZATION),
    "padv2 with a wider value": (one("PADV2", [A, integers([1, 1], [0, 0]), activation([], type=INT64)], [codes(6, 6)]), TYPE),
    "reshape to more": (one("RESHAPE", [A], [codes(25)]), SHAPE),
    "reshape to another type of the same size": (one("RESHAPE", [A], [activation([24], type=BOOL)]), TYPE),
    "reshape to another zero point": (one("RESHAPE", [A], [codes(24, zero_point=0)]), QUANTIZATION),
    "reshape of int4": (one("RESHAPE", [activation([4], type=INT4)], [activation([4], type=INT4)]), TYPE),
    "squeeze of an axis that is not 1": (one("SQUEEZE", [codes(1, 4)], [codes(4)], squeeze_dims=[1]), SHAPE),
    "squeeze of no axis": (one("SQUEEZE", [codes(1, 4)], [codes(4)], squeeze_dims=[2]), OPTION),
    "squeeze of many axes": (one("SQUEEZE", [codes(1, 4)], [codes(4)], squeeze_dims=[0] * 7), OPTION),
    "squeeze to another shape": (one("SQUEEZE", [codes(1, 4)], [codes(2, 2)]), SHAPE),
    "squeeze to more axes": (one("SQUEEZE", [codes(1, 4)], [codes(1, 1, 4)]), SHAPE),
    "expand by no axis": (one("EXPAND_DIMS", [A, integers(3)], [codes(4, 6, 1)]), OPTION),
    "expand elsewhere": (one("EXPAND_DIMS", [A, integers(0)], [codes(4, 6, 1)]), SHAPE),
    "expand to the same": (one("EXPAND_DIMS", [A, integers(0)], [A]), SHAPE),
    "transpose that takes an axis twice": (one("TRANSPOSE", [codes(4, 4), integers(0, 0)], [codes(4, 4)]), OPTION),
    "transpose of no axis": (one("TRANSPOSE", [A, integers(2, 0)], [codes(6, 4)]), OPTION),
    "transpose from the end": (one("TRANSPOSE", [A, integers(-1, 0)], [codes(6, 4)]), OPTION),
    "transpose to another shape": (one("TRANSPOSE", [A, integers(1, 0)], [A]), SHAPE),
    "transpose of fewer axes": (one("TRANSPOSE", [A, integers(0)], [A]), SHAPE),
    "transpose to fewer axes": (one("TRANSPOSE", [A, integers(1, 0)], [codes(6)]), SHAPE),
    "slice from before the begin": (one("SLICE", [A, integers(-1, 0), integers(1, 1)], [codes(1, 1)]), OPTION),
    "slice from behind the end": (one("SLICE", [A, integers(4, 0), integers(1, 1)], [codes(1, 1)]), OPTION),
    "slice beyond the end": (one("SLICE", [A, integers(2, 0), integers(3, 1)], [codes(3, 1)]), OPTION),
    "slice of a size of -2": (one("SLICE", [A, integers(2, 0), integers(-2, 1)], [codes(2, 1)]), OPTION),
    "slice of nothing": (one("SLICE", [A, integers(2, 0), integers(0, 1)], [codes(1, 1)]), SHAPE),
    "slice of another size": (one("SLICE", [A, integers(2, 0), integers(1, 1)], [codes(2, 1)]), SHAPE),
    "slice of fewer axes": (one("SLICE", [A, integers(2), integers(1)], [codes(1, 6)]), SHAPE),
    "slice with fewer sizes": (one("SLICE", [A, integers(2, 0), integers(1)], [codes(1, 6)]), SHAPE),
    "slice to fewer axes": (one("SLICE", [A, integers(2, 0), integers(1, 1)], [codes(1)]), SHAPE),
    "strided slice without a stride": (strided([0, 0], [4, 5], [0, 1], 4, 5), OPTION),
    "strided slice of nothing": (strided([2, 0], [1, 5], [1, 1], 1, 5), SHAPE),
    "strided slice of another size": (strided([0, 0], [4, 5], [3, 1], 1, 5), SHAPE),
    "strided slice that shrinks to no element": (strided([4, 0], [5, 5], [1, 1], 5, shrink_axis_mask=1), OPTION),
    "strided slice that shrinks backwards": (strided([1, 0], [0, 5], [-1, 1], 5, shrink_axis_mask=1), OPTION),
    "strided slice of too many axes": (strided([0] * 3, [1] * 3, [1] * 3, 1, 1, 1), OPTION),
    "strided slice of 40 entries": (strided([0] * 40, [1] * 40, [1] * 40, 4, 5, new_axis_mask=-1), SHAPE),
    "strided slice with two ellipses": (strided([0] * 2, [0] * 2, [1] * 2, 4, 5, ellipsis_mask=3), OPTION),
    "strided slice that adds an axis that is not there": (strided([0], [0], [1], 4, 5, new_axis_mask=1), SHAPE),
    "strided slice with offsets": (strided([0, 0], [4, 5], [1, 1], 4, 5, offset=True), OPTION),
    "strided slice with begins and ends of two lengths": (strided([0, 0], [4], [1, 1], 4, 5), SHAPE),
    "strided slice with fewer strides": (strided([0, 0], [4, 5], [1], 4, 5), SHAPE),
    "strided slice to fewer axes": (strided([0], [4], [1], 5), SHAPE),
    "strided slice to other axes behind its entries": (strided([0], [4], [1], 4, 4), SHAPE),
    "strided slice to none": (strided([0], [4], [1]), SHAPE),
    "strided slice to more axes": (strided([0], [4], [1], 1, 4, 5), SHAPE),
    "gather along no axis": (one("GATHER", [A, integers(0)], [codes(1, 6)], axis=2), OPTION),
    "gather beyond the axis": (one("GATHER", [A, integers(4)], [codes(1, 6)]), OPTION),
    "gather before the axis": (one("GATHER", [A, integers(-1)], [codes(1, 6)]), OPTION),
    "gather of another shape": (one("GATHER", [A, integers(0)], [codes(2, 6)]), SHAPE),
    "gather of fewer axes": (one("GATHER", [A, integers(0)], [codes(6)]), SHAPE),
    "gather in batches behind the axis": (one("GATHER", [A, integers(0, 0, 0, 0)], [codes(4, 6)], batch_dims=1), OPTION),
    "gather in batches before the first axis": (one("GATHER", [A, integers(0)], [codes(1, 6)], batch_dims=-2), OPTION),
    "gather in more batches than there are indices": (
        one("GATHER", [codes(1, 1, 6), integers(0)], [codes(1, 1)], axis=2, batch_dims=2), OPTION),
    "gather in batches that differ": (one("GATHER", [A, integers(0, 0)], [codes(4)], axis=1, batch_dims=1), SHAPE),
    "gather by bytes": (one("GATHER", [A, codes(1)], [codes(1, 6)]), TYPE),
    "space to depth of no block": (one("SPACE_TO_DEPTH", [IMAGE], [IMAGE], block_size=0), OPTION),
    "space to depth of half a block": (one("SPACE_TO_DEPTH", [IMAGE], [codes(1, 1, 1, 18)], block_size=3), SHAPE),
    "space to depth of huge blocks": (one("SPACE_TO_DEPTH", [IMAGE], [codes(1, 1, 1, 32)], block_size=2**31 - 1), SHAPE),
    "space to depth of another width": (one("SPACE_TO_DEPTH", [IMAGE], [codes(1, 2, 4, 4)], block_size=2), SHAPE),
    "space to depth of another batch": (one("SPACE_TO_DEPTH", [IMAGE], [codes(2, 2, 2, 4)], block_size=2), SHAPE),
    "space to depth of 3 axes": (one("SPACE_TO_DEPTH", [IMAGE], [codes(2, 2, 8)], block_size=2), SHAPE),
    "depth to space of other channels": (one("DEPTH_TO_SPACE", [codes(1, 2, 2, 6)], [codes(1, 4, 4, 1)], block_size=2), SHAPE),
    "depth to space of 3 axes": (one("DEPTH_TO_SPACE", [codes(2, 2, 8)], [codes(4, 4, 2)], block_size=2), SHAPE),
    "resize to another size than stated": (resize("RESIZE_BILINEAR", 1, 5, 5, 2, size=(5, 6)), SHAPE),
    "resize to a size of three": (resize("RESIZE_NEAREST_NEIGHBOR", 1, 5, 5, 2, size=(5, 5, 2)), SHAPE),
    "resize of other channels": (resize("RESIZE_NEAREST_NEIGHBOR", 1, 5, 5, 3), SHAPE),
    "resize of other batches": (resize("RESIZE_NEAREST_NEIGHBOR", 2, 5, 5, 2), SHAPE),
    "resize of 3 axes": (resize("RESIZE_NEAREST_NEIGHBOR", 1, 5, 5, 2, input=(4, 4, 2)), SHAPE),
    "resize to 3 axes": (resize("RESIZE_NEAREST_NEIGHBOR", 5, 5, 2, size=(5, 5)), SHAPE),
    "resize of another height than stated": (resize("RESIZE_BILINEAR", 1, 5, 5, 2, size=(6, 5)), SHAPE),
    "resize to a long image": (resize("RESIZE_BILINEAR", 1, 1, 1 << 20, 1, input=(1, 1, 1, 1)), SHAPE),
    "resize of a wide image": (resize("RESIZE_BILINEAR", 1, 1, 1, 1, input=(1, 1, 1 << 20, 1)), SHAPE),
    "resize by corners and centers": (resize("RESIZE_BILINEAR", 1, 5, 5, 2, align_corners=True, half_pixel_centers=True), OPTION),
    "resize of a long image": (resize("RESIZE_BILINEAR", 1, 1 << 20, 1, 1, input=(1, 1, 1, 1)), SHAPE),
    "resize of a longer image": (resize("RESIZE_NEAREST_NEIGHBOR", 1, 1, 1, 1, input=(1, 1 << 23, 1, 1)), SHAPE),
    "resize bilinearly of floats": (
        one("RESIZE_BILINEAR", [activation([1, 4, 4, 2], type=FLOAT32), integers(2, 2)], [activation([1, 2, 2, 2], type=FLOAT32)]), TYPE),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_models_are_refused_when_they_are_loaded(name):
    file, status = BAD[name]
    with pytest.raises(MoteError) as error:
        MoteModel(file)
    assert error.value.status == status, error.value


def damaged(operator, seed, monkeypatch):
    """A random model of the operator, with one tensor at a time of another type, a constant without its data, an output with an
    axis more or of another extent: all of them must be refused."""
    calls = []
    monkeypatch.setattr(models_shapes, "build", lambda *args, **kwargs: calls.append(args) or b"")
    models_shapes.GENERATORS[operator](np.random.default_rng(seed))
    tensors, (op,), inputs, outputs = calls[0]

    def with_tensor(index, **changes):
        changed = list(tensors)
        changed[index] = dataclasses.replace(tensors[index], **changes)
        feeds = [i for i, t in enumerate(changed) if t.data is None and i not in outputs]
        return build(changed, [op], feeds, outputs)

    may_be_computed = {"CONCATENATION": op.inputs, "PACK": op.inputs, "PADV2": op.inputs[2:], "GATHER": op.inputs[1:]}
    for index, tensor in enumerate(tensors):
        yield f"tensor {index} is of type int4", with_tensor(index, type=INT4)
        if tensor.data is not None and index not in may_be_computed.get(op.name, []):
            yield f"constant {index} has no data", with_tensor(index, data=None)
        if index in outputs:
            yield f"output {index} has another axis", with_tensor(index, shape=[*tensor.shape, 2])
            for d in range(len(tensor.shape)):
                shape = [n + (i == d) for i, n in enumerate(tensor.shape)]
                yield f"output {index} is longer along axis {d}", with_tensor(index, shape=shape)


@pytest.mark.parametrize("operator", sorted(models_shapes.GENERATORS))
def test_damaged_models_are_refused_when_they_are_loaded(operator, monkeypatch):
    for seed in range(30):
        for what, file in damaged(operator, seed, monkeypatch):
            with pytest.raises(MoteError) as error:
                MoteModel(file)
                pytest.fail(f"seed {seed}: {what}, and it loads")
            assert error.value.status in (TYPE, SHAPE, QUANTIZATION, OPTION, BUFFER), what


@pytest.mark.parametrize("name", ["MEAN", "SUM", "REDUCE_MAX"])
def test_a_scalar_has_no_axis_to_reduce(name):
    file = one(name, [codes(), integers(0)], [codes()])
    x = np.array(-77, np.int8)
    assert np.array_equal(MoteModel(file).invoke(x)[0], reference_steps(file, [[x]])[0][0])


@pytest.mark.parametrize("name", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 15, 16, 17, 31, 33])
def test_pools_of_every_size_round_every_sum_like_the_reference(size, name):
    """Around 255 elements, and at both ends of the codes; halves."""
    rng = np.random.default_rng(size)
    x = rng.integers(-128, 128, (1, size, size, 600)).astype(np.int8)
    x[..., 0], x[..., 1] = -128, 127
    for channel in range(2, 300):  # sums around multiples of the half of the count
        x[0].reshape(size * size, 600)[:, channel] = channel % 256 - 128
        x[0].reshape(size * size, 600)[: size * size // 2 + channel % 3 - 1, channel] = min(127, channel % 256 - 127)
    file = pool(codes(*x.shape), codes(1, 1, 1, 600), name, filter_h=size, filter_w=size)
    assert np.array_equal(MoteModel(file).invoke(x)[0], reference_steps(file, [[x]])[0][0])


def test_nearest_places_are_float32_to_the_last_bit():
    rng = np.random.default_rng(1)
    for _ in range(300):
        size_in, size_out = (int(2 ** rng.uniform(0, 13)) for _ in range(2))
        x = rng.integers(-128, 128, (1, 1, size_in, 1)).astype(np.int8)
        for align in (False, True):
            for half in (False, True):
                options = dict(align_corners=align, half_pixel_centers=half)
                file = resize("RESIZE_NEAREST_NEIGHBOR", 1, 1, size_out, 1, input=x.shape, **options)
                got = MoteModel(file).invoke(x)[0]
                assert np.array_equal(got, reference_steps(file, [[x]])[0][0]), (size_in, size_out, options)
                assert np.array_equal(got, formulas.resize_nearest_neighbor(x, 1, size_out, **options))


@pytest.mark.parametrize("name", ["AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "SUM"])
@pytest.mark.parametrize("after", range(4))
def test_constants_are_read_at_any_alignment(name, after):
    x = np.random.default_rng(2).integers(-32768, 32768, (1, 4, 4, 2)).astype(np.int16)
    results = []
    for known in (None, x):
        input = codes(*x.shape, zero_point=0, type=INT16)
        input.data = known
        unused = activation([1], type=INT32)
        tensors = [input, codes(1, 2, scale=1.5, zero_point=0, type=INT16), integers(1, 2), unused]
        op = Operator(name, [0, 2], [1])
        if "POOL" in name:
            tensors[1] = codes(1, 2, 2, 2, zero_point=0, type=INT16)
            op = Operator(name, [0], [1], dict(padding="VALID", stride_w=2, stride_h=2, filter_w=2, filter_h=2))
        file = build(tensors, [op], [3] if known is not None else [0], [1], data_after=after)
        results.append(MoteModel(file).invoke(np.zeros(1, np.int32) if known is not None else x)[0])
    assert np.array_equal(*results)


@pytest.mark.parametrize("name,shape", [("RESHAPE", [6, 4]), ("SQUEEZE", [4, 6]), ("EXPAND_DIMS", [1, 4, 1, 6])])
def test_shapes_of_constants_are_copies(name, shape):
    x = np.arange(24, dtype=np.int8).reshape(4, 1, 6)
    tensors = [constant(x, [0.5], [3]), codes(*shape), integers(0), activation([1], type=INT32)]
    op = Operator(name, [0, 2] if name == "EXPAND_DIMS" else [0], [1])
    for after in range(4):
        file = build(tensors, [op], [3], [1], data_after=after)
        assert np.array_equal(MoteModel(file).invoke(np.zeros(1, np.int32))[0], x.reshape(shape))


def test_a_mean_whose_multiplier_vanishes_is_the_zero_point():
    for scales in ((1e-30, 1e3), (1e-10, 1.0), (2.0**-33, 1.0), (2.0**-32, 1.0), (2.0**-31, 1.0), (2.0**-30, 1.0)):
        for n in (1, 2, 3, 255, 4096):
            x = np.full((n,), 127, np.int8)
            file = one("MEAN", [codes(n, scale=scales[0], zero_point=-128), integers(0)], [codes(scale=scales[1])])
            assert np.array_equal(MoteModel(file).invoke(x)[0], reference_steps(file, [[x]])[0][0])
