"""Parts of documents that tests write: what stands between `<!-- begin NAME -->` and `<!-- end NAME -->`."""

import os
import re
from pathlib import Path


def section(path: Path, name: str) -> str:
    found = re.search(rf"<!-- begin {name} -->\n(.*?)<!-- end {name} -->", path.read_text(), re.DOTALL)
    assert found, f"{path} has no section '{name}'"
    return found[1]


def write_section(path: Path, name: str, text: str) -> None:
    """Only with MOTE_WRITE_DOCS=1 in the environment."""
    if not os.environ.get("MOTE_WRITE_DOCS"):
        return
    old = section(path, name)
    begin = f"<!-- begin {name} -->\n"
    path.write_text(path.read_text().replace(begin + old, begin + text))
