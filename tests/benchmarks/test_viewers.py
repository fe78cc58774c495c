"""Viewers of a training: they ask for what is new, count what fails, and know a busy machine."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from explorer.benchmarks import viewers
from explorer.benchmarks.viewers import ViewerTimes

QUIET = ViewerTimes(10.0, 20.0, 100, 0, 0.9, 0.02, 5.0, 0.05, 0.4)


class Page(BaseHTTPRequestHandler):
    """Has one new line of metrics for each question, and refuses every third one."""

    def log_message(self, *said):
        pass

    def do_GET(self):
        after = int(self.path.rpartition(":")[2])
        self.server.asked.append(after)
        if len(self.server.asked) % 3 == 0:
            self.send_error(503)
            return
        text = json.dumps({"rows": {"long": [{"step": after + 1}]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        if len(self.server.asked) >= 6:
            self.server.enough.set()


@pytest.fixture
def page():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.asked, server.enough = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_viewer_asks_for_what_is_new_and_counts_what_fails(page, monkeypatch):
    monkeypatch.setattr(viewers, "ASK_S", 0.01)
    question = f"http://127.0.0.1:{page.server_address[1]}/state.json?rows=long:"
    with viewers._Viewers(question, 1) as found:
        assert page.enough.wait(60)
    assert page.asked[:6] == [-1, 0, 1, 1, 2, 3]  # after a refusal it asks for the same again
    assert found.errors == len(page.asked) // 3
    assert len(found.times) == len(page.asked) - found.errors


@pytest.mark.parametrize(
    ("change", "is_valid"),
    [({}, True), ({"foreign": 0.5}, False), ({"spread": 0.3}, False), ({"p95_ms": 900.0}, True)],
)
def test_figures_of_a_busy_machine_are_not_valid(change, is_valid):
    assert replace(QUIET, **change).is_valid == is_valid
