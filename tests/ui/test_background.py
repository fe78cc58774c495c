import threading

import pytest

from explorer.errors import ConfigError
from explorer.service.progress import Cancelled, unreported
from explorer.ui.background import Done, Progress, followed


def test_the_result_comes_last_and_progress_before_it():
    seen_first = threading.Event()

    def work(report):
        report(0.5, "counting")
        seen_first.wait(10)
        return 42

    steps = followed(work)
    assert next(steps) == Progress(0.5, "counting")
    seen_first.set()
    last = list(steps)[-1]
    assert isinstance(last, Done)
    assert last.result == 42


def test_an_error_of_the_work_reaches_the_follower():
    def work(report):
        raise ConfigError("no such thing")

    with pytest.raises(ConfigError, match="no such thing"):
        list(followed(work))


def test_closing_cancels_the_work_at_its_next_report():
    ended: list[type[BaseException]] = []
    go_on, over = threading.Event(), threading.Event()

    def work(report):
        report(0.1, "first")
        go_on.wait(10)
        try:
            report(0.2, "second")
        except Cancelled as error:
            ended.append(type(error))
            raise
        finally:
            over.set()

    steps = followed(work)
    next(steps)
    steps.close()
    go_on.set()
    assert over.wait(10)
    assert ended == [Cancelled]


def test_shares_stay_between_0_and_1():
    go_on = threading.Event()

    def work(report):
        report(7.0, "too far")
        go_on.wait(10)

    first = next(followed(work))
    go_on.set()
    assert first == Progress(1.0, "too far")


def test_an_unfollowed_report_is_allowed():
    assert unreported(0.3, "nothing") is None
