"""Health of the computer: scrubbing, temperatures, resources. Data only; rows as in
docs/architecture.md, "Definitions"."""

APP = 8
NAME = "health"
PARAMETER_AUTHORITY = "platform"

HK_FIELDS = (
    ("image_state", "u8", "", "", 1, "code in flash: 0 no pass ended yet, 1 good, 2 damaged"),
    ("image_passes", "u16", "", "", 1, "times all code was checked, wraps"),
    ("image_damaged", "u16", "", "", 1, "passes that ended with another CRC, wraps"),
    ("fram_passes", "u16", "", "", 1, "times both copies of every record were read back, wraps"),
    ("fram_repairs", "u16", "", "", 1, "copies that were bad and were written anew, wraps"),
    ("fram_errors", "u16", "", "", 1, "times the memory did not answer the scrubbing, wraps"),
    ("table_repairs", "u8", "", "", 1, "tables in RAM found changed and set right, wraps"),
    ("temperature_limits", "u8", "", "", 1, "bit 0 battery cold, 1 hot, 2 board cold, 3 hot"),
    ("temperature_extremes", "i16[4]", "degC", "", 0.0625,
     "lowest and highest: battery, board; both 0 before the first reading"),
    ("resource_limits", "u8", "", "", 1,
     "bit 0 heap, 1 stack of Python, 2 stack of C, 3 processor load, 4 wear of the flash memory"),
    ("flash_wear", "u16", "", "", 1, "mean erases of a block in the life of the memory"),
    ("other_image_state", "u8", "", "", 1, "image in the other slot, as image_state"),
)  # fmt: skip

PACKETS = ((0x0801, "health_hk", 10000, "big", 0, HK_FIELDS, "Health of the computer"),)

COMMANDS = (
    (0x0801, "health_scrub", 8, 1, (), "platform", False,
     "Read the records in FRAM back from the first on"),
    (0x0802, "health_clear", 8, 1, (), "platform", False, "Forget the extremes of temperature"),
    (0x0832, "memory_load", 6, 2,
     (("memory", "u8", 0, 1, "", 1), ("count", "u8", 1, 1, "", 1), ("address", "u32", 0, 0xFFFFFFFF,
       ""), ("data", "text[176]", 32, 126, "")), "platform", False,
     "Write memory where a list allows it: 0 flash, 1 FRAM"),
    (0x0835, "memory_dump", 6, 5,
     (("memory", "u8", 0, 1, "", 1), ("count", "u8", 1, 1, "", 1), ("address", "u32", 0, 0xFFFFFFFF,
       ""), ("length", "u8", 1, 176, "B")), "platform", False,
     "Ask for 6/6, what is in memory, where a list allows it: 0 flash, 1 FRAM"),
    (0x0839, "memory_check", 6, 9,
     (("memory", "u8", 0, 1, "", 1), ("count", "u8", 1, 1, "", 1), ("address", "u32", 0, 0xFFFFFFFF,
       ""), ("length", "u16", 1, 1024, "B")), "platform", False,
     "Ask for 6/10, the CRC-32 of what is in memory, as memory_dump"),
)  # fmt: skip

EVENTS = (
    (0x0801, 4, "code in flash is damaged: pass {1}"),
    (0x0802, 1, "code in flash is good again: pass {1}"),
    (0x0803, 2, "FRAM copy was bad, written anew: address {1:#07x}"),
    (0x0804, 3, "FRAM cannot be read back: status -{0}"),
    (
        0x0805,
        3,
        "table in RAM was changed and set right: {0} (1 parameters, 2 table of apps, "
        "3 record of FRAM address {1:#07x})",
    ),
    (0x0806, 3, "temperature outside its limits: {0} (0 battery, 1 board), {1} degC + 128"),
    (0x0807, 1, "temperature inside its limits again: {0} (0 battery, 1 board), {1} degC + 128"),
    (0x0808, 3, "resource scarce: {0} (0 heap, 1, 2 stacks, 3 processor, 4 flash wear), at {1}"),
    (0x0809, 1, "resource no longer scarce: {0}, at {1}"),
    (0x080A, 3, "image in the other slot is damaged: {0} (0 A, 1 B)"),
    (0x080B, 1, "image in the other slot is good again: {0} (0 A, 1 B)"),
    (0x080C, 4, "damaged image is left by a reset: {0} (0 A, 1 B)"),
    (
        0x080D,
        3,
        "damaged image {0} stays in use: {1} (1 a second look finds it good, "
        "2 the other one is damaged, 3 too many resets for it, or none is on record)",
    ),
    (0x080E, 3, "record in FRAM makes no sense, defaults instead: address {1:#07x}"),
)

PARAMETERS = (
    (0x0801, "health_battery_cold_degC", "i8", -60, 100, -5, "degC", "Battery: lower limit"),
    (0x0802, "health_battery_hot_degC", "i8", -60, 100, 50, "degC", "Battery: upper limit"),
    (0x0803, "health_board_cold_degC", "i8", -60, 100, -30, "degC", "Board: lower limit"),
    (0x0804, "health_board_hot_degC", "i8", -60, 100, 70, "degC", "Board: upper limit"),
    (0x0805, "health_heap_free_B", "u16", 0, 60000, 10240, "B", "Free heap: lower limit"),
    (0x0806, "health_stack_permille", "u16", 0, 1000, 900, "1/1000", "Stacks: upper limit of use"),
    (0x0807, "health_cpu_permille", "u16", 0, 1000, 500, "1/1000", "Processor: upper limit"),
    (0x0808, "health_flash_wear", "u16", 0, 65535, 50000, "",
     "Flash memory: upper limit of the mean erases of a block; the part is good for 100 000"),
)  # fmt: skip
