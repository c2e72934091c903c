"""The real frameworks, loaded once for all tests of decisions."""

from pathlib import Path

import pytest

from sysdesign.decide import frameworks

REFERENCE = Path(__file__).parents[2] / "reference"


@pytest.fixture(scope="session")
def decisions():
    return frameworks(REFERENCE)
