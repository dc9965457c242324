/* machine: what MicroPython's machine module takes from this port. Included by extmod/modmachine.c. */
#include "boards/obc_f405/port.h"

extern const mp_obj_type_t mf_i2c_type; /* native.I2C */
extern const mp_obj_type_t port_pin_type, port_spi_type, port_uart_type, port_wdt_type;

#define MICROPY_PY_MACHINE_EXTRA_GLOBALS \
    {MP_ROM_QSTR(MP_QSTR_I2C), MP_ROM_PTR(&mf_i2c_type)}, \
    {MP_ROM_QSTR(MP_QSTR_Pin), MP_ROM_PTR(&port_pin_type)}, \
    {MP_ROM_QSTR(MP_QSTR_SPI), MP_ROM_PTR(&port_spi_type)}, \
    {MP_ROM_QSTR(MP_QSTR_UART), MP_ROM_PTR(&port_uart_type)}, \
    {MP_ROM_QSTR(MP_QSTR_WDT), MP_ROM_PTR(&port_wdt_type)},

static void mp_machine_idle(void)
{
    mf_port_wait_for_interrupt();
}

NORETURN static void mp_machine_reset(void)
{
    port_reset(PORT_RESET_SOFTWARE);
}

static mp_int_t mp_machine_reset_cause(void)
{
    return port_reset_cause();
}
