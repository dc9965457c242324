/* What outlives a reset: announced reset cause, boot counter, crash record.
 *
 * No-init RAM is kept over SYSRESETREQ, pin and watchdog resets on silicon and in both emulators;
 * the reset flags of RCC are not modelled there, so the cause is announced here before a reset. */
#include <string.h>

#include "boot_handover.h"
#include "mf_link.h"
#include "port.h"
#include "stm32/stm32.h"

#define RECORD_MAGIC 0x4D465231u /* "MFR1" */
#define SYSRESETREQ 0x05FA0004u

static struct {
    uint32_t magic;
    uint32_t boots;
    port_crash_t crash;
    uint32_t crc; /* of all before */
} record PORT_NOINIT;

static uint8_t this_cause PORT_KERNEL_RAM;
static bool vm_restarted PORT_KERNEL_RAM;

static uint32_t record_crc(void)
{
    return mf_crc32(0, (const uint8_t *)&record, (uint32_t)offsetof(__typeof__(record), crc));
}

static void seal(void)
{
    record.crc = record_crc();
}

void port_record_boot(void)
{
    /* The boot block has found out why, and made the handover valid. */
    this_cause = (uint8_t)boot_handover.cause;
    if (this_cause == PORT_RESET_POWER_ON || record.magic != RECORD_MAGIC ||
        record.crc != record_crc()) {
        memset(&record, 0, sizeof record);
        record.magic = RECORD_MAGIC;
    }
    stm32_reset_flags_clear();
    record.boots++;
    seal();
}

uint8_t port_reset_cause(void)
{
    return vm_restarted ? (uint8_t)PORT_RESET_VM : this_cause;
}

uint8_t port_processor_reset_cause(void)
{
    return this_cause;
}

uint32_t port_boot_count(void)
{
    return record.boots;
}

const port_crash_t *port_crash(void)
{
    return &record.crash;
}

void port_record_crash(const port_crash_t *crash)
{
    const uint32_t state = mf_port_irq_lock();
    const uint32_t count = record.crash.count + 1u;
    const uint32_t vm_restarts = record.crash.vm_restarts;
    record.crash = *crash;
    record.crash.count = count;
    record.crash.vm_restarts = vm_restarts;
    seal();
    mf_port_irq_unlock(state);
}

void port_record_vm_restart(void)
{
    const uint32_t state = mf_port_irq_lock();
    vm_restarted = true;
    record.crash.vm_restarts++;
    seal();
    mf_port_irq_unlock(state);
}

void port_record_keep(const mf_boot_record_t *kept)
{
    /* Sealed aside: a reset at any instant finds the one or the other, whole. */
    boot_handover_t next = boot_handover;
    next.record = *kept;
    next.crc = mf_crc32(0, (const uint8_t *)&next, (uint32_t)offsetof(boot_handover_t, crc));
    const uint32_t state = mf_port_irq_lock();
    boot_handover = next;
    mf_port_irq_unlock(state);
}

void port_reset(uint32_t cause)
{
    (void)mf_port_irq_lock();
    boot_handover.announced = cause & 0x7Fu;
    boot_handover_seal();
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = SYSRESETREQ;
    for (;;) {
    }
}

/* The device bus gives its own status as cause: the world pulled the reset line. */
void mf_port_reset(uint32_t cause)
{
    port_reset(cause == (uint32_t)-MF_E_RESET ? (uint32_t)PORT_RESET_PIN : cause);
}
