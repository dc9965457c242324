/* machine: what MicroPython's machine module takes from this port. Included by extmod/modmachine.c. */
#include "boards/obc_f405/port.h"

extern const mp_obj_type_t mf_i2c_type;

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
