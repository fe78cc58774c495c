"""Settings of every test run, and the models that several packages' tests explore."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("explorer", deadline=None)  # a busy machine is not a failure
settings.load_profile("explorer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Open the browser last: what is quick to fail fails first."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny Glow and a tiny GLICO, ready to explore. Copy it to change it."""
    from tiny_models import train_tiny_models

    return train_tiny_models(tmp_path_factory.mktemp("tiny"))
