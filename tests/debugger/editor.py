"""An editor, as far as a debugger sees it: a client of the Debug Adapter Protocol."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import child_environment
from tests.debugger.terminal import SECONDS_MAX

Message = dict[str, Any]


class Shown(NamedTuple):
    """A frame, as the editor was told of it."""

    id: int
    name: str
    line: int
    path: str


class Connection:
    """Messages to and from a debug adapter."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS_MAX)
        self.file = self.socket.makefile("rb")
        self.sent = 0
        self.events: list[Message] = []

    def send(self, command: str, **arguments: Any) -> int:
        self.sent += 1
        message = {"seq": self.sent, "type": "request", "command": command}
        body = json.dumps({**message, "arguments": arguments}).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.sent

    def ask(self, command: str, **arguments: Any) -> Any:
        return self.answer(self.send(command, **arguments))

    def answer(self, to: int) -> Any:
        while (message := self._next()).get("request_seq") != to:
            self.events.append(message)
        assert message["success"], message
        return message.get("body")

    def event(self, *names: str) -> Message:
        """Return the first of such events that nobody has seen."""
        for at, message in enumerate(self.events):
            if message.get("event") in names:
                return self.events.pop(at)
        while (message := self._next()).get("event") not in names:
            self.events.append(message)
        return message

    def _next(self) -> Message:
        length = 0
        while (line := self.file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode().partition(":")
            if name.lower() == "content-length":
                length = int(value)
        if not length:
            raise EOFError("the debugger is gone")
        found: Message = json.loads(self.file.read(length))
        return found

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Editor:
    """``greenflow debug ID --dap`` and the editor that it speaks to."""

    def __init__(self, arguments: list[str], cwd: Path, place: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "greenflow.cli", "debug", *arguments, "--dap", "0"],
            cwd=cwd,
            env=child_environment({"GREENFLOW_STORE": str(place)}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        found = re.fullmatch(r"waiting for an editor at 127\.0\.0\.1:(\d+)\n", line)
        assert found, line
        self.dap = Connection(int(found[1]))
        self.thread = 0
        self.frames: list[Shown] = []

    def attach(
        self, path: Path, *breakpoints: int, just_my_code: bool = True
    ) -> list[tuple[str, int]]:
        """Attach as VS Code does; return where it stops first."""
        self.dap.ask("initialize", adapterID="test", pathFormat="path")
        attached = self.dap.send("attach", justMyCode=just_my_code)
        self.dap.event("initialized")
        self.stop_at(path, *breakpoints)
        self.dap.ask("configurationDone")
        self.dap.answer(attached)
        return self.stopped()

    def stop_at(self, path: Path, *lines: int) -> None:
        wanted = [{"line": line} for line in lines]
        source = {"path": str(path)}
        self.dap.ask("setBreakpoints", source=source, breakpoints=wanted)

    def stopped(self) -> list[tuple[str, int]]:
        """Return the names and lines of the frames, the innermost first; or none."""
        event = self.dap.event("stopped", "terminated")
        if event["event"] != "stopped":
            return []
        self.thread = event["body"]["threadId"]
        found = self.dap.ask("stackTrace", threadId=self.thread)["stackFrames"]
        self.frames = [
            Shown(each["id"], each["name"], each["line"], each["source"]["path"])
            for each in found
        ]
        return [(each.name, each.line) for each in self.frames]

    def go(self, word: str) -> list[tuple[str, int]]:
        """``next``, ``stepIn``, ``stepOut`` or ``continue``; return where it stops."""
        self.dap.ask(word, threadId=self.thread)
        return self.stopped()

    def _variables(self, frame: int) -> int:
        found = self.dap.ask("scopes", frameId=self.frames[frame].id)["scopes"]
        reference: int = found[0]["variablesReference"]
        return reference

    def variables(self, frame: int = 0) -> dict[str, str]:
        found = self.dap.ask("variables", variablesReference=self._variables(frame))
        return {each["name"]: each["value"] for each in found["variables"]}

    def set(self, frame: int, name: str, value: str) -> None:
        reference = self._variables(frame)
        self.dap.ask(
            "setVariable", variablesReference=reference, name=name, value=value
        )

    def evaluate(self, frame: int, expression: str) -> str:
        frame_id = self.frames[frame].id
        asked = {"frameId": frame_id, "expression": expression, "context": "repl"}
        found: str = self.dap.ask("evaluate", **asked)["result"]
        return found

    def disconnect(self) -> None:
        self.dap.ask("disconnect", terminateDebuggee=False)

    def end(self) -> tuple[int, str]:
        """Return the exit code, and all that it told beside the editor."""
        self.dap.close()  # the adapter lives, and writes, until the editor is gone
        told = self.process.communicate(timeout=SECONDS_MAX)
        assert told[0] == "", told
        return self.process.returncode, told[1]

    def close(self) -> None:
        self.dap.close()
        self.process.kill()
        self.process.communicate(timeout=SECONDS_MAX)


StartEditor = Callable[..., Editor]
