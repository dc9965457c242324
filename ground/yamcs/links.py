"""The data links of a Yamcs server, one way and the other (option names: Yamcs' server manual)."""

from typing import Any, Dict, List

from flight import dictionary as source
from ground.dictionary import Dictionary, Partner
from ground.frames import FRAME_SIZE, IDLE_VC, PACKET_MAX
from ground.security import IV_SIZE, association, secured_channels

FRAME_MAX = 256
FRAMES_PER_S = 3  # CLTUs of 256 octets at 9600 bit/s: a quarter of a second each
# Frames that may be lost between two passes; a larger gap would block the channel in Yamcs.
TM_WINDOW = 2**31 - 1
T1_S = 10
SLIDING_WINDOW = 10  # the receiver's positive window is 16 or more
SDLS = "org.yamcs.security.sdls.SecurityAssociationAes256Gcm128Factory"
CRC = {"type": "CRC-16-CCIIT"}
NO_FRAMES = "no_frames"


def _time_encoding() -> Dict[str, Any]:
    # The P-field is in the packet; Yamcs does not look at its epoch bits.
    return {
        "type": "CUC",
        "epoch": "CUSTOM",
        "epochUTC": source.EPOCH,
        "timeIncludesLeapSeconds": True,
    }


def _preprocessor() -> Dict[str, Any]:
    # Without "performTimeCorrelation" Yamcs reads the time of time packets at octet 0. With a
    # correlation service it puts its own time in the place of the spacecraft's where the two
    # differ: there is none, and the stream of frames it would learn from is empty.
    arguments = {
        "errorDetection": CRC,
        "timeEncoding": _time_encoding(),
        "pktTimeOffset": 13,
        "timePktTimeOffset": 7,
        "performTimeCorrelation": True,
        "goodFrameStream": NO_FRAMES,
    }
    return {
        "packetPreprocessorClassName": "org.yamcs.pus.PusPacketPreprocessor",
        "packetPreprocessorArgs": arguments,
    }


def _postprocessor() -> Dict[str, Any]:
    return {
        "commandPostprocessorClassName": "org.yamcs.pus.PusCommandPostprocessor",
        "commandPostprocessorArgs": {"errorDetection": CRC},
    }


def _association(spi: int, name: str, **arguments: Any) -> Dict[str, Any]:
    return {"spi": spi, "class": SDLS, "args": {"keyFile": f"keys/{name}.key", **arguments}}


def _spi(name: str) -> int:
    return next(int(row[1]) for row in source.ASSOCIATIONS if row[0] == name)


def frames_down(dictionary: Dictionary, partner: Partner, port: int) -> Dict[str, Any]:
    """The link that takes telemetry frames: coding is done, every channel is declared, since a
    frame of an unknown one would be dropped with its CLCW."""
    protected = secured_channels().get(partner.vc)
    channels: List[Dict[str, Any]] = []
    for vc in (*(row.vc for row in dictionary.partners), IDLE_VC):
        if vc != partner.vc:
            handler = "org.yamcs.tctm.ccsds.IdleFrameHandler"
            channels.append({"vcId": vc, "service": "VCA", "vcaHandlerClassName": handler})
            continue
        channel = {
            "vcId": vc,
            "service": "PACKET",
            "maxPacketLength": PACKET_MAX,
            "stream": "tm_realtime",
            **_preprocessor(),
        }
        if protected is not None:
            channel["encryptionSpis"] = [_spi(protected)]
        channels.append(channel)
    link: Dict[str, Any] = {
        "name": "TM",
        "class": "org.yamcs.tctm.ccsds.UdpTmFrameLink",
        "enabledAtStartup": True,
        "port": port,
        "frameType": "TM",
        "spacecraftId": dictionary.scid,
        "frameLength": FRAME_SIZE,
        "errorDetection": "CRC16",
        "clcwStream": "clcw",
        "virtualChannels": channels,
    }
    if protected is not None:
        link["encryption"] = [
            _association(_spi(protected), protected, verifySeqNum=True, seqNumWindow=TM_WINDOW)
        ]
    return link


def frames_up(
    dictionary: Dictionary, partner: Partner, cop1: bool, host: str, port: int
) -> Dict[str, Any]:
    """The link that sends telecommand frames, bare: the station makes CLTUs of them."""
    _, spi = association(partner.vc)
    channel: Dict[str, Any] = {
        "vcId": partner.vc,
        "service": "PACKET",
        "mapId": 0,
        "priority": 1,
        # One less than the link's: Yamcs forgets the segment header when it checks the size.
        "maxFrameLength": FRAME_MAX - 1,
        "multiplePacketsPerFrame": True,
        "encryptionSpi": spi,
        "stream": "tc_realtime",
        **_postprocessor(),
    }
    if cop1:
        # Never retransmitted: Yamcs would protect what it has protected already.
        channel.update(
            useCop1=True,
            clcwStream="clcw",
            cop1T1=T1_S,
            cop1TxLimit=1,
            slidingWindowWidth=SLIDING_WINDOW,
            initialClcwWait=86400,
            bdAbsolutePriority=True,
        )
    return {
        "class": "org.yamcs.tctm.ccsds.UdpTcFrameLink",
        "enabledAtStartup": True,
        "host": host,
        "port": port,
        "spacecraftId": dictionary.scid,
        "maxFrameLength": FRAME_MAX,
        "frameMaxRate": float(FRAMES_PER_S),
        "errorDetection": "CRC16",
        "priorityScheme": "FIFO",
        "virtualChannels": [channel],
    }


def link_name(turn: int) -> str:
    """Name of the link of telecommands."""
    return "TC" if turn <= 1 else f"TC{turn}"


def counter(partner: Partner, first: int, turn: int) -> Dict[str, Any]:
    """Of the link of telecommands, what makes its counter begin at `first` in each turn anew: Yamcs
    keeps it under the name of the link."""
    name, spi = association(partner.vc)
    return {
        "name": link_name(turn),
        "encryption": [_association(spi, name, initialSeqNum=f"{first:0{2 * IV_SIZE}x}")],
    }


def packets(host: str, tm: int, tc: int) -> List[Dict[str, Any]]:
    """Bare packets from and to the gateway."""
    common = {"enabledAtStartup": True, "host": host}
    return [
        {
            "name": "TM",
            "class": "org.yamcs.tctm.TcpTmDataLink",
            **common,
            "port": tm,
            "stream": "tm_realtime",
            "packetInputStreamClassName": "org.yamcs.tctm.CcsdsPacketInputStream",
            "packetInputStreamArgs": {"maxPacketLength": PACKET_MAX},
            **_preprocessor(),
        },
        {
            "name": "TC",
            "class": "org.yamcs.tctm.TcpTcDataLink",
            **common,
            "port": tc,
            "stream": "tc_realtime",
            **_postprocessor(),
        },
    ]
