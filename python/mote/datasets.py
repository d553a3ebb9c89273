"""The bundled data. Anything else comes as NumPy arrays."""
from . import _mote
from ._mote import Dataset, Splits

__all__ = ["Dataset", "Splits", "digits"]


def digits() -> Splits:
    """1,797 handwritten digits of 8x8 pixels (UCI, CC BY 4.0), in their fixed split; inputs [samples, 8, 8, 1], 0..1."""
    return _mote.digits()
