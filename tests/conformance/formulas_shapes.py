"""Statements of docs/arithmetic.md for operators that reduce, move and resize, in NumPy: the oracle where the tflite-micro wheel
does not take a type or an option, or reads beyond its tensors."""

from __future__ import annotations

import numpy as np

f32 = np.float32


def strided_slice(x, begin, end, strides, begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask):
    """Masks by entry, as NumPy indexes."""
    index = []
    for i, (b, e, s) in enumerate(zip(begin, end, strides)):
        bit = 1 << i
        if ellipsis_mask & bit:
            index.append(Ellipsis)
        elif new_axis_mask & bit:
            index.append(None)
        elif shrink_axis_mask & bit:
            index.append(0 if begin_mask & bit else int(b))
        else:
            index.append(slice(None if begin_mask & bit else int(b), None if end_mask & bit else int(e), int(s)))
    return x[tuple(index)]


def _nearest(size_in: int, size_out: int, align_corners: bool, half_pixel_centers: bool) -> np.ndarray:
    less = 1 if align_corners and size_out > 1 else 0
    scale = f32(size_in - less) / f32(size_out - less)
    place = (np.arange(size_out).astype(f32) + f32(0.5 if half_pixel_centers else 0.0)) * scale
    assert place.dtype == f32
    place = np.floor(place.astype(np.float64) + 0.5) if align_corners else np.floor(place)
    return np.minimum(place.astype(np.int64), size_in - 1)


def resize_nearest_neighbor(x, height, width, align_corners, half_pixel_centers):
    rows = _nearest(x.shape[1], height, align_corners, half_pixel_centers)
    columns = _nearest(x.shape[2], width, align_corners, half_pixel_centers)
    return x[:, rows][:, :, columns]


def _neighbours(size_in: int, size_out: int, align_corners: bool, half_pixel_centers: bool):
    less = 1 if align_corners and size_out > 1 else 0
    step = (1024 * (size_in - less) + (size_out - less) // 2) // (size_out - less)
    place = np.arange(size_out) * step + (step // 2 - 512 if half_pixel_centers else 0)
    low = np.clip(place // 1024, 0, size_in - 1)
    high = np.minimum(low + 1, size_in - 1)
    return low, high, np.where(low == high, 0, np.maximum(place - 1024 * low, 0))


def resize_bilinear(x, height, width, align_corners, half_pixel_centers):
    low_y, high_y, f_y = _neighbours(x.shape[1], height, align_corners, half_pixel_centers)
    low_x, high_x, f_x = _neighbours(x.shape[2], width, align_corners, half_pixel_centers)
    x = x.astype(np.int64)
    f_y, f_x = f_y[None, :, None, None], f_x[None, None, :, None]
    rows = x[:, low_y] * (1024 - f_y) + x[:, high_y] * f_y
    total = rows[:, :, low_x] * (1024 - f_x) + rows[:, :, high_x] * f_x
    return (np.sign(total) * ((np.abs(total) + (1 << 19)) >> 20)).astype(np.int8)


def bilinear_leaves_the_image(size_in: int, size_out: int, align_corners: bool, half_pixel_centers: bool) -> bool:
    """Whether the rounded step puts a place behind the last element: the wheel reads there."""
    less = 1 if align_corners and size_out > 1 else 0
    step = (1024 * (size_in - less) + (size_out - less) // 2) // (size_out - less)
    return ((size_out - 1) * step + (step // 2 - 512 if half_pixel_centers else 0)) // 1024 >= size_in


def space_to_depth(x, block):
    n, h, w, c = x.shape
    x = x.reshape(n, h // block, block, w // block, block, c).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h // block, w // block, block * block * c)


def depth_to_space(x, block):
    n, h, w, c = x.shape
    x = x.reshape(n, h, w, block, block, c // block**2).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h * block, w * block, c // block**2)


def gather(x, indices, axis, batch_dims):
    if batch_dims == 0:
        return np.take(x, indices, axis)
    return np.stack([gather(a, i, axis - 1, batch_dims - 1) for a, i in zip(x, indices)])
