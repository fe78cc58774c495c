"""Settings of every test run, and the models that several packages' tests explore."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("explorer", deadline=None)  # a busy machine is not a failure
settings.load_profile("explorer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Open the browser last: what is quick to fail fails first.

    A browser that ran out of time on a busy machine gets one more try, which the summary counts;
    a wrong answer never does.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    once_more = pytest.mark.flaky(reruns=1, only_rerun=[r"^(Timeout)?Error: "])
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(once_more)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what is cached by the tests out of the person's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny Glow and a tiny GLICO, ready to explore. Copy it to change it."""
    from tiny_models import train_tiny_models

    return train_tiny_models(tmp_path_factory.mktemp("tiny"))
