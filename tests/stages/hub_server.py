"""A very small Hugging Face Hub on 127.0.0.1, for tests: repositories in memory, and the ways in which it can fail."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Files = dict[str, bytes]


class _Handler(BaseHTTPRequestHandler):
    files: ClassVar[Files] = {}
    failure: ClassVar[str] = ""
    """Empty, or ``500``, ``hang``, ``gated``, ``absent``, ``broken`` (after the listing)."""
    requests: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        if "org/name" not in self.path:  # the library's own business, such as its list of agent harnesses
            self._send(404, b"", {})
            return
        type(self).requests.append(f"{self.command} {self.path}")
        if self.failure == "hang":
            time.sleep(3)
            return
        if self.failure == "500":
            self._send(500, b"out of order", {})
        elif self.failure == "gated":
            self._send(401, b"{}", {"X-Error-Code": "GatedRepo"})
        elif self.failure == "absent":
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif "/api/" in self.path:
            siblings = [{"rfilename": name} for name in self.files]
            listing = {"id": "org/name", "sha": COMMIT, "siblings": siblings}
            self._send(200, json.dumps(listing).encode(), {"Content-Type": "application/json"})
        else:
            self._file(self.path.split(f"/resolve/{COMMIT}/")[-1], body)

    def _file(self, name: str, body: bool) -> None:
        if self.failure == "broken" and body:
            self._send(500, b"", {})
            return
        if name not in self.files:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        data = self.files[name]
        tag = hashlib.sha1(data).hexdigest()
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        self._send(200, data if body else b"", {**headers, "Content-Length": str(len(data))})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing on standard error."""


def go_online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo HF_HUB_OFFLINE, which the library reads once, when it is imported."""
    import huggingface_hub.constants

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)


@contextlib.contextmanager
def hub(files: Files, failure: str = "") -> Iterator[tuple[str, list[str]]]:
    """Serve one repository at ``COMMIT``; yield the address and the list of requests that arrive."""
    requests: list[str] = []
    handler = type("Handler", (_Handler,), {"files": files, "failure": failure, "requests": requests})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
