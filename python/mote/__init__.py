"""mote: what you train is what you flash.

    digits = mote.datasets.digits()
    network = mote.Network("digits", (8, 8, 1)).conv_2d(16, 3).batch_norm().relu().global_average_pool().dense(10)
    model = mote.fit(network, digits.train.inputs, digits.train.labels, epochs=20)
    quantized = mote.quantize(model, digits.train.inputs, digits.train.labels, epochs=5)
    mote.export(quantized, "digits.tflite")
    print(mote.verify("digits.tflite", digits.test.inputs, digits.test.labels, training=quantized))
    codes = mote.Model("digits.tflite")(images)

Arrays in and out are NumPy's, samples along the leading axis, images as [samples, height, width, channels].
Errors: ValueError for what is wrong with an argument, a file's content or a network; FileNotFoundError; RuntimeError.
Long calls release the GIL; Ctrl-C stops a training with KeyboardInterrupt, its checkpoint written.
"""
from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional, Union

# OpenMP's threads sleep while they wait; spinning, they would take the cores from each other. Read when LibTorch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

from . import _mote, datasets
from ._mote import FloatModel, Model, Network, OperatorInfo, QuantizedModel, TensorInfo
from ._mote import __version__ as __version__

__all__ = [
    "FloatModel", "Metrics", "Model", "Network", "OperatorInfo", "QuantizedModel", "TensorInfo", "Verification",
    "cores", "datasets", "evaluate", "export", "fit", "network_from_dict", "network_to_dict", "quantize", "verify",
]

Array = Any  # whatever NumPy takes for an array
Path = Union[str, "os.PathLike[str]"]
OnEpoch = Callable[[dict[str, Any]], None]


def network_from_dict(description: Mapping[str, Any]) -> Network:
    """The network that `network_to_dict` (or `Network.to_json`) describes."""
    return Network.from_json(json.dumps(description))


def network_to_dict(network: Network) -> dict[str, Any]:
    """Every field of every layer, as plain data."""
    description: dict[str, Any] = json.loads(network.to_json())
    return description


def _validation(validation: Optional[Union[Array, tuple[Array, Array]]]) -> tuple[Array, Array]:
    if validation is None:
        return None, None
    if isinstance(validation, tuple):
        if len(validation) != 2:
            raise ValueError(f"validation holds {len(validation)} arrays; (x, y) is taken")
        return validation
    return validation, None


def fit(
    network: Network,
    x: Array,
    y: Optional[Array] = None,
    *,
    validation: Optional[Union[Array, tuple[Array, Array]]] = None,
    task: str = "classification",
    epochs: int = 20,
    batch_size: int = 32,
    optimizer: str = "adam",
    learning_rate: float = 2e-3,
    weight_decay: float = 0.0,
    momentum: float = 0.9,
    nesterov: bool = False,
    schedule: str = "cosine",
    warmup_epochs: float = 0.0,
    final_fraction: float = 0.01,
    step_epochs: int = 10,
    step_factor: float = 0.1,
    label_smoothing: float = 0.0,
    class_names: Sequence[str] = (),
    class_weights: Optional[Sequence[float]] = None,
    balance_classes: bool = False,
    early_stopping: int = 0,
    keep_best: bool = False,
    gradient_clip: float = 0.0,
    shift: int = 0,
    noise: float = 0.0,
    seed: int = 1,
    threads: int = 0,
    checkpoint: Optional[Path] = None,
    checkpoint_steps: int = 0,
    resume: bool = False,
    tensorboard: Optional[Path] = None,
    progress: bool = False,
    on_epoch: Optional[OnEpoch] = None,
) -> FloatModel:
    """Trains `network` on `x` [samples, ...] and `y`, seeded: the same call gives the same weights.

    task: "classification" (y: integer labels), "regression" (y: floats) or "reconstruction" (no y).
    validation: (x, y), looked at after each epoch; for a reconstruction x alone.
    optimizer: "adam", "adamw", "sgd". schedule: "constant", "step", "cosine".
    early_stopping: epochs without a better validation loss; 0 never stops early.
    shift, noise: augmentation, in whole pixels and in units of x.
    checkpoint: a file that Ctrl-C leaves behind and that `resume=True` takes up.
    on_epoch: called with a dictionary after each epoch; what it raises ends the training.
    """
    options = dict(
        task=task, epochs=epochs, batch_size=batch_size, optimizer=optimizer, learning_rate=learning_rate,
        weight_decay=weight_decay, momentum=momentum, nesterov=nesterov, schedule=schedule,
        warmup_epochs=warmup_epochs, final_fraction=final_fraction, step_epochs=step_epochs, step_factor=step_factor,
        label_smoothing=label_smoothing, class_weights=class_weights, balance_classes=balance_classes,
        early_stopping=early_stopping, keep_best=keep_best, gradient_clip=gradient_clip, shift=shift, noise=noise,
        seed=seed, threads=threads, checkpoint=None if checkpoint is None else os.fspath(checkpoint),
        checkpoint_steps=checkpoint_steps, resume=resume,
        tensorboard=None if tensorboard is None else os.fspath(tensorboard), progress=progress, label="train")
    return _mote.fit(network, x, y, *_validation(validation), list(class_names), options, on_epoch)


def quantize(
    model: FloatModel,
    x: Array,
    y: Optional[Array] = None,
    *,
    validation: Optional[Union[Array, tuple[Array, Array]]] = None,
    epochs: int = 5,
    calibration: str = "min_max",
    percentile: float = 99.99,
    calibration_samples: int = 512,
    scales: str = "learned",
    tracking_momentum: float = 0.01,
    per_channel_dense: bool = False,
    freeze_fraction: float = 0.0,
    learning_rate: float = 2e-4,
    **fit_options: Any,
) -> QuantizedModel:
    """The quantized twin of `model`: calibrated on `x`, then trained for `epochs`, bit-true. Zero epochs: calibrated only.

    Every epoch's metrics are those of the file that would be exported from it.

    calibration: "min_max", "percentile" (of values within the range), "mean_squared_error".
    scales: "learned" (LSQ), "tracked" (a moving average), "fixed".
    Further options are those of `fit`, except task and class_names, which are the model's.
    """
    on_epoch = fit_options.pop("on_epoch", None)
    for name in ("task", "class_names"):
        if name in fit_options:
            raise TypeError(f"{name} is the model's and cannot be changed by quantize")
    for name in ("checkpoint", "tensorboard"):
        if fit_options.get(name) is not None:
            fit_options[name] = os.fspath(fit_options[name])
    quantization = dict(
        calibration=calibration, percentile=percentile, calibration_samples=calibration_samples, scales=scales,
        tracking_momentum=tracking_momentum, per_channel_dense=per_channel_dense, freeze_fraction=freeze_fraction)
    if epochs < 0:
        raise ValueError(f"epochs is {epochs}; 0 or more is right")
    options = None
    if epochs > 0:
        options = dict(fit_options, epochs=epochs, learning_rate=learning_rate, label="quantize")
    return _mote.quantize(model, x, y, *_validation(validation), quantization, options, on_epoch)


@dataclasses.dataclass(frozen=True)
class Metrics:
    """metric: accuracy in 0..1, mean absolute error (regression) or mean squared error (reconstruction).

    loss: as in training; None for a file on the device runtime.
    """

    metric: float
    loss: Optional[float] = None


def evaluate(model: Union[FloatModel, QuantizedModel, Model], x: Array, y: Optional[Array] = None) -> Metrics:
    """Metric and loss over `x` and `y`. A `Model` is evaluated as a classifier, on the device runtime."""
    if isinstance(model, Model):
        if y is None:
            raise ValueError("y is missing: the labels that accuracy is computed of")
        return Metrics(model.accuracy(x, y))
    return Metrics(*model.evaluate(x, y))


def export(model: QuantizedModel, path: Path, *, metadata: Optional[Mapping[str, str]] = None,
           selftest: Optional[int] = None) -> None:
    """Writes a TensorFlow Lite file, atomically. ValueError where an accumulator could overflow, by layer name.

    selftest: how many samples with checksums for the device's mote_selftest the file holds; None: one where the inputs are
    at most 1 KB, else none.
    """
    model.export(os.fspath(path), dict(metadata or {}), selftest)


@dataclasses.dataclass(frozen=True)
class Verification:
    """What `verify` found. `bool(verification)` is `equal`; `str(verification)` is a table."""

    equal: bool  # every back end ran and differs nowhere
    results: list[dict[str, Any]]  # one a back end: backend, samples, accuracy, bytes_compared, bytes_different, ...
    table: str

    def __bool__(self) -> bool:
        return self.equal

    def __str__(self) -> str:
        return self.table


def verify(
    model: Union[Model, Path],
    x: Array,
    y: Optional[Array] = None,
    *,
    backends: Sequence[str] = (),
    training: Optional[QuantizedModel] = None,
) -> Verification:
    """Runs `model` on every back end and compares every tensor after every operator, tolerance zero.

    backends: of "training" (needs `training`, the model that the file was exported from), "integer", "host" and
    `cores()`; empty: all that can run. The first is the reference.
    """
    loaded = model if isinstance(model, Model) else Model(os.fspath(model))
    equal, table, text = _mote.verify(loaded, x, y, list(backends), training)
    return Verification(equal, json.loads(text), table)


def cores() -> list[str]:
    """The emulated cores that can run here."""
    return _mote.cores()
