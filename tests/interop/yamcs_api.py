"""What an operator does with Yamcs, over its web interface (JSON)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from ground.yamcs.server import Server


class Yamcs:
    """One server and its instance."""

    def __init__(self, server: Server, instance: str) -> None:
        self.url = f"{server.url}/api"
        self.instance = instance

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data=data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30.0) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error

    def get(self, path: str) -> Any:
        """What is there."""
        return self._call("GET", path)

    def post(self, path: str, body: Any) -> Any:
        """Ask for something to be done."""
        return self._call("POST", path, body)

    def command(self, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> str:
        """Issue a telecommand by its qualified name; its id in the history."""
        body: dict[str, Any] = {"args": arguments or {}}
        if options:
            body["extra"] = options
        path = f"processors/{self.instance}/realtime/commands{name}"
        return str(self.post(path, body)["id"])

    def stages(self, command: str) -> dict[str, Any]:
        """What became of a telecommand: the attributes of its history, by name."""
        found = self.get(f"archive/{self.instance}/commands/{command}")
        return {row["name"]: _plain(row["value"]) for row in found.get("attr", ())}

    def parameter(self, name: str) -> Any:
        """The last value of a parameter, None when there is none."""
        path = f"processors/{self.instance}/realtime/parameters{name}"
        value = self.get(path).get("engValue")
        return None if value is None else _plain(value)

    def packets(self, name: str = "") -> list[Any]:
        """Packets in the archive, the newest first."""
        query = f"?limit=200{f'&name={name}' if name else ''}"
        return list(self.get(f"archive/{self.instance}/packets{query}").get("packet", []))

    def events(self) -> list[Any]:
        """Events in the archive."""
        return list(self.get(f"archive/{self.instance}/events?limit=200").get("event", []))

    def link(self, name: str) -> Any:
        """State and counters of a data link."""
        return self.get(f"links/{self.instance}/{name}")


def _plain(value: Any) -> Any:
    """A value out of Yamcs' tagged form."""
    for key, found in value.items():
        if key != "type":
            return found
    return None
