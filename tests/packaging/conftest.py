"""One wheel and one environment for each extra, made once in a session and only when a test asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.installed import SETUPS, Device, build_wheel, install


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Device:
    """An environment with the extra that the test names, and the small model beside it."""
    from tests.packaging.small_model import write_files

    setup = SETUPS[request.param]
    folder = tmp_path_factory.mktemp(setup.extra)
    write_files(folder)
    return Device(setup, install(wheel, setup, folder / "venv"), folder)
