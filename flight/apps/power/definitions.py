"""Power: battery state, load switches. Data only; rows as in docs/architecture.md."""

APP = 1
NAME = "power"
PARAMETER_AUTHORITY = "platform"

HK_FIELDS = (
    ("battery_voltage", "u16", "V", "", 0.001, "battery terminals"),
    ("battery_current", "i16", "A", "", 0.0005, "positive into the battery"),
    ("battery_temperature", "i16", "degC", "", 0.0625, ""),
    ("solar_current", "u16", "A", "", 0.0005, "sum of all panels"),
    ("load_voltage", "u16[4]", "V", "", 0.001, "radio, payload, rods, heater"),
    ("load_current", "i16[4]", "A", "", 0.0005, "radio, payload, rods, heater"),
    ("switches", "u8", "", "", 1, "bit 0 radio transmitter, 1 payload, 2 torque rods, 3 heater"),
    ("eps_status", "u8", "", "", 1, "bit 0 charging, 1 battery was below 6.0 V"),
    ("power_state", "u8", "", "", 1, "bit 0 battery low, 1 EPS silent, 4..6 step of the ladder"),
    ("eps_errors", "u8", "", "", 1, "failed readings, wraps"),
)

PACKETS = ((0x0101, "power_hk", 1000, "big", 0, HK_FIELDS, "Battery, panels and loads"),)

COMMANDS = (
    (0x0101, "power_switch", 8, 1, (("load", "u8", 0, 3, ""), ("on", "u8", 0, 1, "")),
     "platform", False,
     "Switch a load: 0 radio transmitter, 1 payload, 2 torque rods, 3 heater"),
)  # fmt: skip

EVENTS = (
    (0x0101, 3, "battery low: {0} mV"),
    (0x0102, 1, "battery recovered: {0} mV"),
    (0x0103, 3, "EPS failed: status -{0}"),
    (0x0104, 1, "EPS answers again after {0} failures"),
    (0x0105, 1, "loads switched: {0:#06x} to {1:#06x}"),
    (0x0106, 3, "power ladder down to step {0}, battery {1} mV"),
    (0x0107, 1, "power ladder up to step {0}, battery {1} mV"),
)

PARAMETERS = (
    (0x0101, "power_battery_low_mV", "u16", 5000, 9000, 6600, "mV",
     "Below: safe mode, wheels and rods off"),
    (0x0102, "power_hysteresis_mV", "u16", 50, 2000, 400, "mV",
     "So much above a threshold of the ladder its step is left"),
    (0x0103, "power_shed_payload_mV", "u16", 5000, 9000, 6700, "mV", "Below: payload off"),
    (0x0104, "power_duty_mV", "u16", 5000, 9000, 6400, "mV",
     "Below: transmitter only for a share of each minute"),
    (0x0105, "power_survival_mV", "u16", 5000, 9000, 6200, "mV", "Below: survival mode"),
    (0x0106, "power_duty_on_s", "u8", 1, 59, 10, "s",
     "Transmitter on for so long each minute while the battery is that low"),
)  # fmt: skip
