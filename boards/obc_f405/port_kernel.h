/* The C instances of the onboard computer. They live in the kernel block and outlive the VM; the
 * Python binding (native/micropython) reaches them through mf_native.h. */
#ifndef PORT_KERNEL_H
#define PORT_KERNEL_H

#include <stdbool.h>

#include "mf_bus.h"
#include "mf_devbus.h"
#include "mf_kernel.h"
#include "mf_kernel_state.h"
#include "mf_space_link.h"
#include "mf_survival.h"
#include "stm32/stm32.h"

typedef struct {
    mf_kernel_t kernel;
    mf_bus_t adcs_bus, platform_bus, gnss_bus;
    mf_devbus_t devbus;
    mf_space_link_t link;
    mf_counter_memory_t counters;
    mf_survival_t survival;
    mf_stm32_i2c_t i2c1, i2c2;
    stm32_i2c_pins_t i2c1_pins, i2c2_pins;
    mf_stm32_usart_t gnss_usart;
    bool devbus_open; /* QEMU only: the host answers */
    bool running;
} port_kernel_t;

extern port_kernel_t port_kernel;

/* Keys of the link, made by link_keys.py: of the associations, then of the owners for wrapping. */
extern const uint8_t port_link_secrets[MF_LINK_SECRETS][MF_GCM_KEY_SIZE];

#endif
