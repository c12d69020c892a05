"""Run notebooks through the API of a running JupyterLab, as its page does: a session, a kernel, one cell at a time."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
import websocket

from tools.first_cell import CELL_ID

TIMEOUT = 900  # seconds for one message of a kernel
MEMORY = """
import os
def peak(process):
    with open(f"/proc/{process}/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
print(peak("self"), peak(os.getppid()))
"""  # VmHWM: the most memory that the process ever held; the parent of a kernel is the server


class NotAnsweredError(RuntimeError):
    """JupyterLab did not do what it was asked for."""


@dataclass
class Lab:
    """A running JupyterLab: its address and its token."""

    address: str
    token: str

    def ask(self, method: str, where: str, **body: Any) -> requests.Response:
        """Send one request.

        Raises:
            NotAnsweredError: if the answer is an error.
        """
        header = {"Authorization": f"token {self.token}"}
        answer = requests.request(method, f"{self.address}/{where}", headers=header, json=body or None, timeout=60)
        if not answer.ok:
            raise NotAnsweredError(f"{method} {where}: received {answer.status_code}, expected success")
        return answer

    def wait(self, seconds: float = 120, runs: Callable[[], bool] = lambda: True) -> None:
        """Wait until it answers, as long as its process runs."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.ask("GET", "api/status")
                return
            except (requests.RequestException, NotAnsweredError):
                if time.monotonic() > end or not runs():
                    raise
                time.sleep(0.2)

    def shows(self, path: str) -> None:
        """Ask for the page that a launch button opens, and for the file on it."""
        page = self.ask("GET", f"lab/tree/{path}").text
        if "jupyter-config-data" not in page:
            raise NotAnsweredError(f"lab/tree/{path}: received another page, expected JupyterLab")
        self.ask("GET", f"api/contents/{path}?content=0")

    def run(self, path: str) -> dict[str, Any]:
        """Run every cell of a notebook. -> seconds, peak bytes of kernel and server, what went wrong."""
        started = time.monotonic()
        cells = self.ask("GET", f"api/contents/{path}").json()["content"]["cells"]
        kernel = {"name": "python3"}
        session = self.ask("POST", "api/sessions", path=path, name=path, type="notebook", kernel=kernel).json()
        try:
            return self._cells(session["kernel"]["id"], cells, started)
        finally:
            self.ask("DELETE", f"api/sessions/{session['id']}")

    def _cells(self, kernel: str, cells: list[dict[str, Any]], started: float) -> dict[str, Any]:
        socket = self._connect(kernel)
        first, error = 0.0, ""
        for cell in cells:
            if cell["cell_type"] != "code":
                continue
            error = execute(socket, "".join(cell["source"]))[1]
            if cell["id"] != CELL_ID:
                first = first or time.monotonic() - started
            if "raises-exception" in cell["metadata"].get("tags", []):
                error = "" if error else "no exception where the notebook announces one"
            if error:
                break
        seconds = time.monotonic() - started
        own, server = map(int, execute(socket, MEMORY)[0].split())
        socket.close()
        return {
            "first_cell_seconds": round(first, 1),
            "seconds": round(seconds, 1),
            "kernel_bytes": own,
            "server_bytes": server,
            "error": error,
        }

    def _connect(self, kernel: str) -> websocket.WebSocket:
        address = f"{self.address.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels"
        return websocket.create_connection(address, header=[f"Authorization: token {self.token}"], timeout=TIMEOUT)


def execute(socket: websocket.WebSocket, code: str) -> tuple[str, str]:
    """Execute code in a kernel. -> what it printed, and the exception."""
    own = uuid.uuid4().hex
    header = {"msg_id": own, "msg_type": "execute_request", "session": own, "username": "", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    socket.send(json.dumps(message))
    printed, error, waiting = "", "", {"reply", "idle"}
    while waiting:
        received = socket.recv()
        if not isinstance(received, str):
            continue  # what a widget sends in binary
        answer = json.loads(received)
        kind, content = answer["header"]["msg_type"], answer["content"]
        if answer["parent_header"].get("msg_id") != own:
            continue
        if kind == "stream" and content["name"] == "stdout":
            printed += content["text"]
        elif kind == "error":
            error = f"{content['ename']}: {content['evalue']}"
        elif kind == "execute_reply":
            waiting.discard("reply")
        elif kind == "status" and content["execution_state"] == "idle":
            waiting.discard("idle")
    return printed, error
