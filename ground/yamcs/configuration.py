"""The configuration of one partner's Yamcs server, from the dictionary alone.

One server and one instance per partner: in Yamcs whoever may control links can change keys and
unlock channels of the whole server. Two ways of security, `YAMCS` (its own SDLS, and COP-1 if
wanted) and `OURS` (Yamcs has packets only, the gateway protects them). Why every setting is as it
is: docs/yamcs.md; tests/interop/test_yamcs_traps.py names each trap.
"""

import json
from dataclasses import dataclass
from typing import Any, Dict, List

from flight.dictionary import PARTNERS
from ground import station
from ground.dictionary import Dictionary, Partner
from ground.errors import GroundError
from ground.security import association, secured_channels
from ground.station_link import host_of
from ground.xtce import NAME as MDB_NAME
from ground.yamcs import links

YAMCS, OURS = "yamcs", "ours"
HTTP_PORT = 8090
# Of the gateway, behind those of the station.
GATEWAY_TC_OFFSET, GATEWAY_TM_OFFSET = 30, 40


@dataclass(frozen=True)
class Settings:
    """What may be chosen. `cop1`: sequence-controlled frames, only with security `YAMCS`;
    `control_links`: whoever uses the server may set counters, keys and COP-1 of its channel, which
    `cop1` needs to go on after a loss.

    Ports, each and one more per partner: `http` of the web page, on this computer only; `base` of
    the station (ground/station.py), and of the gateway with security `OURS`. `tm` and `tc` override
    where Yamcs takes frames or fetches packets, and where it sends frames or packets; on `host`.
    `first`, `turn`: of the telecommands' counter (ground/yamcs/handover.py).
    """

    security: str = YAMCS
    cop1: bool = False
    control_links: bool = False
    host: str = "127.0.0.1"
    http: int = HTTP_PORT
    base: int = station.BASE
    tm: int = 0
    tc: int = 0
    first: int = 0
    turn: int = 1

    def __post_init__(self) -> None:
        """Raises `GroundError` for settings that do not go together."""
        if self.security not in (YAMCS, OURS):
            raise GroundError(f"security {self.security!r} is unknown: {YAMCS} or {OURS}")
        if self.cop1 and self.security == OURS:
            raise GroundError("one FOP per channel: with security 'ours' it runs in the gateway")
        host_of(self.host)
        beside = station.TM_OFFSET if self.security == YAMCS else GATEWAY_TM_OFFSET
        for what, port, above in (("--http", self.http, 0), ("--port", self.base, beside)):
            last = 65536 - above - len(PARTNERS)
            if not 0 < port <= last:
                raise GroundError(f"yamcs: {what} {port}: the first port is 1 .. {last}")

    def ports(self, partner: Partner) -> "tuple[int, int, int]":
        """Ports of HTTP, telemetry and telecommands of a partner's server."""
        by_frames = self.security == YAMCS
        tm = station.TM_OFFSET if by_frames else GATEWAY_TM_OFFSET
        tc = station.TC_OFFSET if by_frames else GATEWAY_TC_OFFSET
        return (
            self.http + partner.index,
            self.tm or self.base + tm + partner.index,
            self.tc or self.base + tc + partner.index,
        )


def instance_of(partner: Partner) -> str:
    """Name of the partner's Yamcs instance."""
    return partner.name.lower()


def key_names(partner: Partner) -> List[str]:
    """The keys that the partner's server holds with security `YAMCS`: no other's, no wrapping."""
    names = [association(partner.vc)[0]]
    protected = secured_channels().get(partner.vc)
    return names if protected is None else [*names, protected]


def instance(dictionary: Dictionary, partner: Partner, settings: Settings) -> Dict[str, Any]:
    """The content of yamcs.INSTANCE.yaml."""
    _, tm, tc = settings.ports(partner)
    if settings.security == YAMCS:
        both = [
            links.frames_down(dictionary, partner, tm),
            links.frames_up(dictionary, partner, settings.cop1, settings.host, tc)
            | links.counter(partner, settings.first, settings.turn),
        ]
    else:
        both = links.packets(settings.host, tm, tc)
    archive = ("XtceTmRecorder", "ParameterRecorder", "EventRecorder", "CommandHistoryRecorder")
    services: List[Dict[str, Any]] = [{"class": f"org.yamcs.archive.{name}"} for name in archive]
    services += [
        {"class": "org.yamcs.archive.ReplayServer"},
        {"class": "org.yamcs.parameterarchive.ParameterArchive"},
        {"class": "org.yamcs.parameter.SystemParametersService"},
        {
            "class": "org.yamcs.ProcessorCreatorService",
            "args": {"name": "realtime", "type": "realtime"},
        },
    ]
    streams = {
        "tm": [{"name": "tm_realtime", "processor": "realtime"}],
        "tc": [{"name": "tc_realtime", "processor": "realtime"}],
        "cmdHist": ["cmdhist_realtime"],
        "event": ["events_realtime"],
        "param": ["pp_realtime", "sys_param", "proc_param"],
        "invalidTm": "invalid_tm",
        "parameterAlarm": ["alarms_realtime"],
        "eventAlarm": ["event_alarms_realtime"],
        "sqlFile": "etc/streams.sql",
    }
    return {
        "services": services,
        "dataLinks": both,
        "mdb": [{"type": "xtce", "args": {"file": "etc/mdb.xml"}}],
        "streamConfig": streams,
    }


STREAMS = f"create stream {links.NO_FRAMES}(rectime timestamp, seq int)\n"


def _processors() -> Dict[str, Any]:
    live = [
        "org.yamcs.StreamTmPacketProvider",
        "org.yamcs.StreamTcCommandReleaser",
        "org.yamcs.tctm.StreamParameterProvider",
        "org.yamcs.algorithms.AlgorithmManager",
        "org.yamcs.parameter.LocalParameterManager",
    ]
    replay = ["org.yamcs.tctm.ReplayService", "org.yamcs.algorithms.AlgorithmManager"]
    replays = {
        name: {"services": [{"class": service} for service in replay]}
        for name in ("Archive", "ParameterArchive", "ArchiveRetrieval")
    }
    realtime = {
        "services": [{"class": service} for service in live],
        "config": {"subscribeAll": True, "generateEvents": True},
    }
    return {"realtime": realtime, **replays}


def privileges(partner: Partner, settings: Settings) -> Dict[str, Any]:
    """What whoever comes to the server's port may do: read, and send the partner's telecommands. No
    options of telecommands (`pus11ScheduleAt` makes a frame longer than it was checked to be), no
    change of algorithms, tables, services or, unless wanted, links."""
    everything = [".*"]
    system = ["ReadLinks", "GetMissionDatabase", "ReadCommandHistory", "ReadEvents", "ReadAlarms"]
    if settings.control_links or settings.cop1:
        system.append("ControlLinks")
    return {
        "ReadParameter": everything,
        "ReadPacket": everything,
        "CommandHistory": everything,
        "Stream": everything,
        "Command": [f"/{MDB_NAME}/{partner.name}/.*"],
        "System": system,
    }


def files(
    dictionary: Dictionary, partner: Partner, settings: Settings, mdb: str, secret: str
) -> Dict[str, str]:
    """Text of every file of the configuration folder, by name. `mdb`: the XTCE document; `secret`:
    what Yamcs signs tokens with."""
    http, _, _ = settings.ports(partner)
    name = instance_of(partner)
    web = {"class": "org.yamcs.http.HttpServer", "args": {"port": http, "address": "127.0.0.1"}}
    server = {
        "services": [web],
        "instances": [name],
        "serverId": f"microflight-{name}",
        "secretKey": secret,
        "dataDir": "data",
    }
    guest = {"superuser": False, "privileges": privileges(partner, settings)}
    # Nobody logs in; the account that Yamcs makes by itself, with a known password, is overlaid.
    security = {
        "enabled": False,
        "guest": guest,
        "authModules": [{"class": "org.yamcs.security.YamlAuthModule"}],
    }
    return {
        "yamcs.yaml": yaml(server),
        f"yamcs.{name}.yaml": yaml(instance(dictionary, partner, settings)),
        "processor.yaml": yaml(_processors()),
        "security.yaml": yaml(security),
        "users.yaml": yaml({"admin": {"password": secret}}),
        "command-queue.yaml": yaml({"default": {"state": "enabled"}}),
        "streams.sql": STREAMS,
        "mdb.xml": mdb,
    }


def yaml(value: Any, indent: int = 0) -> str:
    """`value` (tables, lists, scalars) as YAML in block style; strings are quoted."""
    pad = " " * indent
    if isinstance(value, dict) and value:
        return "".join(_entry(f"{pad}{k}:", v, indent) for k, v in value.items())
    if isinstance(value, list) and value:
        return "".join(_entry(f"{pad}-", v, indent) for v in value)
    return f"{pad}{json.dumps(value)}\n"


def _entry(head: str, value: Any, indent: int) -> str:
    if isinstance(value, (dict, list)) and value:
        return f"{head}\n{yaml(value, indent + 2)}"
    return f"{head} {json.dumps(value)}\n"
