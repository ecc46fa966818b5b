"""Fixtures every test may use: the real catalogue, where the shared recordings are, and a cockpit without engines."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pytest

from cockpitd.catalogue import load
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The catalogue that ships."""
    return load()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Recordings kept beside the project, not in it."""
    found = ROOT.parent / "shared"
    if not (found / "real_audio").is_dir():
        pytest.skip("the recordings of real people are not beside this checkout (../shared/real_audio)")
    return found


@pytest.fixture(scope="session")
def models() -> Path:
    """Where the model files are; `make test` fetches them first."""
    found = Config().model_dir
    if not found.is_dir():
        pytest.skip(f"no models in {found}; run `cockpitd models fetch`")
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True
