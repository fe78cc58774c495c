"""Asking the page's app for an address, without a server."""

import asyncio


def get(app, path, host=b"localhost"):
    """Return status, headers and body of the answer to a GET."""
    sent, asked = [], []

    async def receive():
        if asked:
            await asyncio.Event().wait()  # nobody disconnects
        asked.append(True)
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/" + path,
        "raw_path": ("/" + path).encode(),
        "query_string": b"",
        "headers": [(b"host", host)],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 7860),
        "client": ("127.0.0.1", 5),
        "root_path": "",
    }
    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body
