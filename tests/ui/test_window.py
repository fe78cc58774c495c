"""The page in a window of its own, with a stand-in for the library that draws windows."""

import sys
import types
import urllib.error
import urllib.request

import pytest

from explorer.errors import ConfigError, NotSupportedError
from explorer.ui import window
from explorer.ui.server import serve_window


@pytest.fixture
def webview(monkeypatch):
    """A stand-in that only notes what it was asked for."""
    module = types.ModuleType("webview")
    module.opened = []
    module.settings = {}
    module.errors = types.SimpleNamespace(WebViewException=RuntimeError)
    module.create_window = lambda title, url, **options: module.opened.append((title, url))
    module.start = lambda: None
    monkeypatch.setitem(sys.modules, "webview", module)
    return module


def test_the_window_shows_the_address_it_was_given(webview):
    window.show_window("http://127.0.0.1:1/")
    assert webview.opened == [("Latent Explorer", "http://127.0.0.1:1/")]
    assert webview.settings["ALLOW_DOWNLOADS"] is True


def test_without_the_library_the_way_to_get_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "webview", None)
    with pytest.raises(NotSupportedError, match=r"requirements-window.txt.*app.py --open"):
        window.check_window()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import os; print('gi is missing\\nqt.xcb: no display', file=2); os.abort()", "qt.xcb"),
        ("raise RuntimeError('no toolkit')", "RuntimeError: no toolkit"),
        ("import os; os.abort()", "no reason was given"),
    ],
)
def test_what_ends_a_process_that_draws_is_told_in_words(webview, monkeypatch, script, reason):
    script = script.replace("file=2", "file=open(2, 'w', closefd=False)")
    monkeypatch.setattr(window, "_TRY", script)
    with pytest.raises(NotSupportedError, match=rf"{reason}.*libxcb-cursor0.*app.py --open"):
        window.check_window()


def test_a_system_that_draws_no_window_is_told_in_words(webview):
    def refuse():
        raise RuntimeError("no display")

    webview.start = refuse
    with pytest.raises(NotSupportedError, match="no display"):
        window.show_window("http://127.0.0.1:1/")


def test_the_page_answers_while_the_window_is_open_and_no_longer(workbench):
    seen = []

    def show(url):
        with urllib.request.urlopen(url + "/manifest.json", timeout=20) as answer:
            seen.append((url, answer.status))

    serve_window(workbench, host="127.0.0.1", port=0, show=show)
    (url, status), *rest = seen
    assert status == 200
    assert not rest
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)


def test_a_bad_host_opens_no_window(workbench):
    with pytest.raises(ConfigError, match="this machine only"):
        serve_window(workbench, host="0.0.0.0", port=0, show=pytest.fail)
