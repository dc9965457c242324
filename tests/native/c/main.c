/* Everything in one program, built with sanitizers by tests/native/test_sanitized.py. */
#include "check.h"
#include "mf_port.h"

int check_failures;
int check_count;
uint64_t port_now_us;
uint32_t port_wait_step_us = 1000;
int port_lock_depth;
int64_t port_reset_cause = -1;

uint64_t mf_port_now_us(void)
{
    return port_now_us;
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
