"""The door of the page: who may speak to it from where, and how much they may say.

A page on a loopback address is still reachable by every web site its owner visits: by requests
from foreign pages, and by names that are made to point at 127.0.0.1. The guard is the outermost
layer, in front of Gradio and of our own routes alike.

| request | answer |
|---|---|
| `Host` missing, doubled, or not one of ours | 421 |
| `Origin` present and not ours, whatever the method | 403 |
| unsafe method from another site (`Sec-Fetch-Site`) | 403 |
| Gradio's file route asked for a URL | 403 |
| body over the limit, announced or streamed | 413 |
| websocket | closed |

Source:
    OWASP, Cross-Site Request Forgery Prevention, "Verifying origin with standard headers".
"""

__all__ = ["BODY_LIMIT", "Guard"]

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 2**20
"""Bytes of a request; the page sends numbers and short texts."""

_TOO_LARGE = "The page sent more than a request may have, {:,} bytes. Reload it and try again."
_SAFE = ("GET", "HEAD", "OPTIONS")
_HOST = re.compile(r"(\[[0-9a-f:]+\]|[a-z0-9.-]+?)(?::\d{1,5})?", re.IGNORECASE)
_URL_AS_FILE = re.compile(r"/(?:file=|proxy=)\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; "
    "form-action 'self'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class Guard:
    """ASGI middleware that refuses what does not come from our own page."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        limit: int = BODY_LIMIT,
        larger: Mapping[str, int] | None = None,
    ) -> None:
        """Stand in front of an app.

        Args:
            app: What is guarded.
            hosts: Names and addresses people may use, IPv6 in brackets, without ports.
            limit: Most bytes of a request's body.
            larger: More than that, for paths that begin so.
        """
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.limit = limit
        self.larger = dict(larger or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            door = _Door(send)
            status, reason = self._refusal(scope)
            if status:
                answer = _answer(scope, status, reason)
                await answer(scope, receive, door.send)
            else:
                await self.app(scope, self._counted(scope, receive, door), door.send)

    def _refusal(self, scope: Scope) -> tuple[int, str]:
        """Return status and reason, or (0, "") where nothing speaks against the request."""
        hosts = _values(scope, b"host")
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None or match[1].lower() not in self.hosts:
            return 421, "This page answers under its own address only."
        origins = _values(scope, b"origin")
        if any(not _same(origin, hosts[0]) for origin in origins):
            return 403, "Another page may not speak to this one."
        sites = _values(scope, b"sec-fetch-site")
        foreign = any(site in ("cross-site", "same-site") for site in sites)
        if foreign and scope["method"] not in _SAFE:
            return 403, "Another site may not speak to this page."
        if _URL_AS_FILE.search(unquote(scope["path"])):
            return 403, "This page fetches nothing from elsewhere."
        lengths, limit = _values(scope, b"content-length"), self._limit(scope)
        if any(not length.isdigit() or int(length) > limit for length in lengths):
            return 413, _TOO_LARGE.format(limit)
        return 0, ""

    def _limit(self, scope: Scope) -> int:
        allowed = [most for start, most in self.larger.items() if scope["path"].startswith(start)]
        return max(allowed, default=self.limit)

    def _counted(self, scope: Scope, receive: Receive, door: "_Door") -> Receive:
        """Receive until more bytes came than allowed, then refuse and hang up."""
        total, limit = 0, self._limit(scope)

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total <= limit:
                return message
            refusal = _answer(scope, 413, _TOO_LARGE.format(limit))
            await refusal(scope, receive, door.send)
            door.closed = True
            return {"type": "http.disconnect"}

        return counted


class _Door:
    """Sends an answer with our headers; after it is closed, nothing more."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = False
        self.closed = False

    async def send(self, message: Message) -> None:
        if self.closed or (message["type"] == "http.response.start" and self._started):
            return
        if message["type"] == "http.response.start":
            self._started = True
            ours = {name for name, _ in _HEADERS}
            kept = [
                (name, value)
                for name, value in message.get("headers", [])
                if name.lower() not in ours
                and not name.lower().startswith(b"access-control-allow-")
            ]
            message = {**message, "headers": [*kept, *_HEADERS]}
        await self._send(message)


def _answer(scope: Scope, status: int, reason: str) -> Response:
    """Return a refusal; that of an event so that Gradio shows it on the page."""
    if scope["path"].startswith("/gradio_api/"):
        return JSONResponse({"detail": reason}, status_code=status)
    return PlainTextResponse(reason, status_code=status)


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _same(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()
