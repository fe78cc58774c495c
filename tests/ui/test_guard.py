"""The guard: which requests reach the page, whatever their method."""

import asyncio
import json

import pytest

from explorer.ui.guard import Guard

HOSTS = ("localhost", "127.0.0.1", "[::1]")
LIMIT = 1000
LARGER = {"/picture": 3000}
OURS = (b"host", b"127.0.0.1:7860")


async def echo(scope, receive, send):
    """An app that reads the whole body and says how long it was."""
    total, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        total += len(message.get("body", b""))
        more = message.get("more_body", False)
    headers = [(b"access-control-allow-origin", b"*"), (b"referrer-policy", b"unsafe-url")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(total).encode()})


def ask(headers, *, method="GET", path="/", chunks=(b"",)):
    """Return status, headers and body of the guarded app's answer."""
    messages = [
        {"type": "http.request", "body": chunk, "more_body": i + 1 < len(chunks)}
        for i, chunk in enumerate(chunks)
    ]
    sent = []

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    guard = Guard(echo, hosts=HOSTS, limit=LIMIT, larger=LARGER)
    asyncio.run(guard(scope, receive, send))
    starts = [message for message in sent if message["type"] == "http.response.start"]
    assert len(starts) == 1
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return starts[0]["status"], dict(starts[0]["headers"]), body


@pytest.mark.parametrize(
    "host", [b"127.0.0.1:7860", b"localhost", b"LOCALHOST:1", b"[::1]:7860", b"127.0.0.1"]
)
def test_our_own_names_are_answered(host):
    assert ask([(b"host", host)])[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example",
        b"127.0.0.1.evil.example",
        b"localhost.",
        b"localhost:7860:80",
        b"localhost@evil.example",
        b"[::2]",
        b"0.0.0.0",
        b"127.1",
        b"2130706433",
        b"localhost:port",
        b"",
        b" localhost",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_any_other_name_is_refused(host, method):
    assert ask([(b"host", host)], method=method)[0] == 421


def test_a_request_without_a_name_or_with_two_is_refused():
    assert ask([])[0] == 421
    assert ask([OURS, (b"host", b"127.0.0.1:7860")])[0] == 421


@pytest.mark.parametrize(
    "origin",
    [
        b"http://evil.example",
        b"null",
        b"http://127.0.0.1:7861",
        b"http://localhost:7860",
        b"file://",
        b"http://[",
        b"",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
def test_a_foreign_page_is_refused_for_every_method(origin, method):
    assert ask([OURS, (b"origin", origin)], method=method)[0] == 403


def test_our_own_page_is_answered():
    own = [OURS, (b"origin", b"http://127.0.0.1:7860"), (b"sec-fetch-site", b"same-origin")]
    assert ask(own, method="POST")[0] == 200


@pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
def test_another_site_may_link_to_the_page_but_not_post_to_it(site):
    assert ask([OURS, (b"sec-fetch-site", site)])[0] == 200
    assert ask([OURS, (b"sec-fetch-site", site)], method="POST")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://evil.example/x",
        "/gradio_api/file=HTTPS://evil.example/x",
        "/file=//evil.example/x",
        "/gradio_api/file=%68ttp://evil.example",
        "/proxy=https://evil.example",
    ],
)
def test_the_page_fetches_nothing_for_others(path):
    assert ask([OURS], path=path)[0] == 403


def test_files_of_the_page_itself_are_served():
    assert ask([OURS], path="/gradio_api/file=/tmp/x/image.png")[0] == 200


@pytest.mark.parametrize("length", [b"1001", b"99999999999999", b"-1", b"many"])
def test_an_announced_body_over_the_limit_is_refused(length):
    assert ask([OURS, (b"content-length", length)], method="POST")[0] == 413


def test_an_event_that_is_too_large_is_refused_in_words_that_the_page_shows():
    headers = [OURS, (b"content-length", b"1001")]
    status, _, body = ask(headers, method="POST", path="/gradio_api/queue/join")
    assert status == 413
    assert "1,000 bytes" in json.loads(body)["detail"]


def test_a_streamed_body_is_counted():
    assert ask([OURS], method="POST", chunks=(b"x" * 500, b"x" * 500))[2] == b"1000"
    status, headers, _ = ask([OURS], method="POST", chunks=(b"x" * 500,) * 3)
    assert status == 413
    assert headers[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize("host", [OURS, (b"host", b"evil.example")])
def test_every_answer_carries_our_headers_and_no_leave_for_others(host):
    _, headers, _ = ask([host])
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"referrer-policy"] == b"no-referrer"
    assert not [name for name in headers if name.startswith(b"access-control-allow")]


def test_a_websocket_is_closed():
    sent = []

    async def send(message):
        sent.append(message["type"])

    asyncio.run(Guard(echo, hosts=HOSTS)({"type": "websocket"}, None, send))
    assert sent == ["websocket.close"]


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/picture", 3000, 200),
        ("/picture/of", 2000, 200),
        ("/picture", 3001, 413),
        ("/other/picture", 2000, 413),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
def test_some_paths_may_bring_more(path, length, status, announced):
    headers = [OURS, (b"content-length", str(length).encode())] if announced else [OURS]
    answer = ask(headers, method="POST", path=path, chunks=(b"x" * (length - 1), b"x"))
    assert answer[0] == status
