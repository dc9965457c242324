/* The platform bus in the boot block (boot_bus.c). */
#ifndef BOOT_BUS_H
#define BOOT_BUS_H

#include "mf_bus.h"

/* NULL: there is none. On the emulator the device bus has then been told of this start. */
mf_bus_t *boot_bus_open(void);
void boot_bus_close(void);

#endif
