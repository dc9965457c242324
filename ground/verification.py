"""Verification reports, PUS service 1: which telecommand, which stage, why it failed.

ECSS-E-ST-70-41C section 8.1; the failure codes are the core's FAILURES table.
"""

from typing import TYPE_CHECKING, Optional

from ground.dictionary import Dictionary

if TYPE_CHECKING:
    from ground.decode import Report

# subtype: stage, is it a success
STAGES = {
    1: ("acceptance", True),
    2: ("acceptance", False),
    3: ("start", True),
    4: ("start", False),
    5: ("progress", True),
    6: ("progress", False),
    7: ("completion", True),
    8: ("completion", False),
    10: ("routing", False),
}
REQUEST_SIZE = 4
CODE_SIZE = 2


def describe_verification(report: "Report", dictionary: Dictionary) -> Optional[str]:
    """Fill in a verification report; the name of the counter when it is malformed."""
    stage = STAGES.get(report.packet.subtype)
    data = report.packet.data
    if stage is None:
        return "unknown_verification"
    name, success = stage
    if len(data) != REQUEST_SIZE + (0 if success else CODE_SIZE):
        return "size"
    request = int.from_bytes(data[:REQUEST_SIZE], "big")
    report.kind = "verification"
    report.name = f"{name}_{'success' if success else 'failure'}"
    report.raw = {
        "request": request,
        "apid": request >> 16 & 0x7FF,
        "sequence": request & 0x3FFF,
        "success": success,
    }
    report.text = f"{name} of telecommand {request:#010x}"
    if success:
        report.severity = "info"
    else:
        code = int.from_bytes(data[REQUEST_SIZE:], "big")
        report.raw["code"] = code
        reason = dictionary.failures.get(code, "unknown reason")
        report.severity = "low"
        report.text += f" failed: {reason} ({code})"
    report.values = dict(report.raw)
    return None
