"""The files of a scenario: what goes up and comes down in a flight, and whether it is the same.

What goes up is made from the seed. What comes down has to be what went up under that name.
"""

import random
import tempfile
from pathlib import Path
from typing import Any, Dict, List

from cli.file_link import FileLink


class Transfers:
    """Those of one flight, in a folder that goes with it."""

    def __init__(self, flight: Any, seed: int) -> None:
        self._flight = flight
        self._folder = tempfile.TemporaryDirectory(prefix="microflight-files-")
        self._links: Dict[str, FileLink] = {}
        self._rows = list(flight.scenario.transfers)
        self._sent: Dict[str, bytes] = {}
        noise = random.Random(seed)
        for row in self._rows:
            if row["way"] == "up":
                self._sent[f"{row['owner']}/{row['name']}"] = noise.randbytes(row["size_B"])
            self._prepare(row)

    def _prepare(self, row: Any) -> None:
        owner, name = row["owner"], row["name"]
        if owner not in self._links:
            root = Path(self._folder.name) / owner
            root.mkdir()
            self._links[owner] = FileLink(self._flight, owner, root)
        link = self._links[owner]
        if row["way"] == "up":
            source = Path(self._folder.name) / f"{owner}-{name}"
            source.write_bytes(self._sent[f"{owner}/{name}"])
            link.upload(row["t_s"], source, name)
        else:
            link.download(row["t_s"], name)

    def results(self) -> List[Dict[str, Any]]:
        """Per transfer: owner, way, name, octets, whether it is over, whole and the same."""
        found = []
        for row in self._rows:
            owner, way, name = row["owner"], row["way"], row["name"]
            ended = self._links[owner].files.ended
            whole = any(e.complete for e in ended if (e.way, e.name) == (way, name))
            sent = self._sent.get(f"{owner}/{name}", b"")
            if way == "down" and whole:
                path = Path(self._folder.name) / owner / name
                whole = path.is_file() and path.read_bytes() == sent
            found.append(
                {"owner": owner, "way": way, "name": name, "size_B": len(sent), "whole": whole}
            )
        return found
