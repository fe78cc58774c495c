"""The HTTP side of the Hugging Face Hub, as far as one model needs it, on this machine.

Speaks what the package `huggingface_hub` asks for: repositories, upload of small files inside a
commit and of large ones by Git LFS, information, download.
"""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_stand_in"
SHA = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".npz", ".webp")


class Hub(ThreadingHTTPServer):
    """The hub.

    Attributes:
        repositories: Files by name, by repository.
        private: Repositories that only the token may see.
        cut: Name of a file whose download always breaks off in the middle.
        status: Answer to everything; 0 to answer as the hub does.
        asked: Method and path of each request.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.repositories, self.large = {}, {}
        self.private, self.asked = set(), []
        self.cut, self.status = "", 0
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self._thread.join()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *said):
        pass

    def do_GET(self):
        self._answer()

    def do_HEAD(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def do_PUT(self):
        self._answer()

    def _answer(self):
        hub, path = self.server, self.path.split("?")[0]
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        hub.asked.append((self.command, path))
        knows_token = self.headers.get("authorization") == f"Bearer {TOKEN}"
        if hub.status:
            return self._json({"error": "So it is."}, hub.status)
        if path.startswith("/lfs/"):
            hub.large[path.removeprefix("/lfs/")] = body
            return self._json({})
        if self.command in ("POST", "PUT") and not knows_token:
            return self._json({"error": "Invalid username or password."}, 401)
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path.endswith("/info/lfs/objects/batch"):
            return self._batch(json.loads(body))
        words = path.strip("/").split("/")
        name = "/".join(words[2:4] if words[0] == "api" else words[:2])
        if name not in hub.repositories or (name in hub.private and not knows_token):
            error = {"X-Error-Code": "RepoNotFound"}
            return self._json(
                {"error": "Repository not found"}, 404 if knows_token else 401, error
            )
        if "preupload" in words:
            files = [self._mode(one["path"]) for one in json.loads(body)["files"]]
            return self._json({"files": files})
        if "commit" in words:
            return self._commit(name, body)
        if "resolve" in words:
            return self._file(name, words[-1])
        files = hub.repositories[name]
        siblings = [{"rfilename": one, "size": len(content)} for one, content in files.items()]
        return self._json({"id": name, "sha": SHA, "siblings": siblings, "private": False})

    def _create(self, wanted):
        name = f"{wanted['organization']}/{wanted['name']}"
        if name in self.server.repositories:
            return self._json({"url": f"{self.server.address}/{name}"}, 409)
        self.server.repositories[name] = {".gitattributes": b"*.npz filter=lfs\n"}
        if wanted.get("private") or wanted.get("visibility") == "private":
            self.server.private.add(name)
        return self._json({"url": f"{self.server.address}/{name}"})

    def _mode(self, path):
        mode = "lfs" if path.endswith(LARGE) else "regular"
        return {"path": path, "uploadMode": mode, "shouldIgnore": False}

    def _batch(self, wanted):
        return self._json(
            {
                "transfer": "basic",
                "objects": [
                    {
                        "oid": one["oid"],
                        "size": one["size"],
                        "actions": {"upload": {"href": f"{self.server.address}/lfs/{one['oid']}"}},
                    }
                    for one in wanted["objects"]
                ],
            }
        )

    def _commit(self, name, body):
        for line in body.splitlines():
            part = json.loads(line)
            value = part["value"]
            if part["key"] == "file":
                self.server.repositories[name][value["path"]] = base64.b64decode(value["content"])
            elif part["key"] == "lfsFile":
                content = self.server.large[value["oid"]]
                assert hashlib.sha256(content).hexdigest() == value["oid"]
                self.server.repositories[name][value["path"]] = content
        url = f"{self.server.address}/{name}/commit/{SHA}"
        return self._json({"success": True, "commitUrl": url, "commitOid": SHA})

    def _file(self, name, file):
        content = self.server.repositories[name].get(file)
        if content is None:
            return self._json({}, 404, {"X-Error-Code": "EntryNotFound"})
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", SHA)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return None
        if file == self.server.cut:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return None
        return self.wfile.write(content)

    def _json(self, content, status=200, headers=None):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
