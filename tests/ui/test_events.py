"""What becomes of an error in a handler."""

import logging

import gradio as gr
import pytest

from explorer.errors import ConfigError, UnknownModelError
from explorer.ui.events import guarded


@pytest.mark.parametrize("kind", [ConfigError, UnknownModelError])
def test_what_a_person_caused_is_shown_with_exactly_its_text(kind):
    @guarded
    def handler():
        raise kind("No model 'x'. Known: a, b.")

    with pytest.raises(gr.Error) as caught:
        handler()
    assert caught.value.message == "No model 'x'. Known: a, b."
    assert not caught.value.print_exception


def test_a_notice_cannot_carry_markup():
    @guarded
    def handler():
        raise ConfigError("<img src=x onerror=alert(1)>")

    with pytest.raises(gr.Error) as caught:
        handler()
    assert "<" not in caught.value.message


def test_a_bug_is_logged_with_its_traceback_and_shown_without(caplog):
    @guarded
    def handler():
        return {}["secret"]

    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as caught:
        handler()
    assert "secret" not in caught.value.message
    assert "KeyError: 'secret'" in caplog.text


def test_a_good_answer_passes_through():
    assert guarded(lambda a, b: a + b)(1, b=2) == 3


def test_a_handler_that_yields_is_guarded_in_each_step():
    @guarded
    def steps():
        yield 1
        raise ConfigError("Too far.")

    running = steps()
    assert next(running) == 1
    with pytest.raises(gr.Error, match=r"Too far\."):
        next(running)
