/* Everything in one program, built with sanitizers by tests/native/test_sanitized.py. */
#include <stddef.h>

#include "check.h"
#include "mf_port.h"

int check_failures;
int check_count;
uint64_t port_now_us;
uint32_t port_wait_step_us = 1000;
int port_lock_depth;
int64_t port_reset_cause = -1;
void (*port_interrupt)(void);
int port_waits, port_waits_unmasked;

uint64_t mf_port_now_us(void)
{
    uint64_t now_us = port_now_us;
    void (*interrupt)(void) = port_interrupt;
    port_interrupt = NULL;
    if (interrupt != NULL) {
        interrupt();
    }
    return now_us;
}

uint32_t mf_port_irq_lock(void)
{
    return (uint32_t)port_lock_depth++;
}

void mf_port_irq_unlock(uint32_t state)
{
    port_lock_depth--;
    /* What lock returned must come back in the reverse order. */
    CHECK(port_lock_depth == (int)state);
}

void mf_port_wait_for_interrupt(void)
{
    port_waits++;
    port_waits_unmasked += port_lock_depth == 0 ? 1 : 0;
    port_now_us += port_wait_step_us;
}

void mf_port_reset(uint32_t cause)
{
    port_reset_cause = cause;
}

int main(void)
{
    test_bus();
    test_devbus();
    test_link();
    test_parts();
    test_kernel();
    CHECK(port_lock_depth == 0);
    printf("%d checks, %d failed\n", check_count, check_failures);
    return check_failures == 0 ? 0 : 1;
}
