import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture
def rows() -> list[str]:
    """The symbols of mcu_runtime/operators.def."""
    text = (Path(__file__).resolve().parents[2] / "mcu_runtime" / "operators.def").read_text()
    return re.findall(r"^MOTE_OPERATOR\((\w+),", text, re.MULTILINE)
