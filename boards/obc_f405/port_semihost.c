/* Semihosting calls (ARM semihosting for AArch32, release 2.0). Only QEMU answers them; a BKPT
 * elsewhere is a fault, so every caller has asked stm32_on_qemu() first. */
#include "port.h"

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_FLEN = 0x0C,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20,
};

#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

static int32_t semihost_call(uint32_t operation, const void *block)
{
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = block;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

static uint32_t length_of(const char *text)
{
    uint32_t n = 0;
    while (text[n] != '\0') {
        n++;
    }
    return n;
}

int32_t semihost_open(const char *name, uint32_t mode)
{
    const uint32_t block[3] = {(uint32_t)(uintptr_t)name, mode, length_of(name)};
    return semihost_call(SYS_OPEN, block);
}

int32_t semihost_close(int32_t handle)
{
    const uint32_t block[1] = {(uint32_t)handle};
    return semihost_call(SYS_CLOSE, block);
}

int32_t semihost_write(int32_t handle, const void *data, uint32_t size)
{
    const uint32_t block[3] = {(uint32_t)handle, (uint32_t)(uintptr_t)data, size};
    return semihost_call(SYS_WRITE, block);
}

int32_t semihost_read(int32_t handle, void *data, uint32_t size)
{
    const uint32_t block[3] = {(uint32_t)handle, (uint32_t)(uintptr_t)data, size};
    return semihost_call(SYS_READ, block);
}

int32_t semihost_length(int32_t handle)
{
    const uint32_t block[1] = {(uint32_t)handle};
    return semihost_call(SYS_FLEN, block);
}

bool semihost_command_line(char *out, uint32_t size)
{
    uint32_t block[2] = {(uint32_t)(uintptr_t)out, size};
    out[0] = '\0';
    return semihost_call(SYS_GET_CMDLINE, block) == 0;
}

void semihost_exit(uint32_t status)
{
    const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, status};
    for (;;) {
        (void)semihost_call(SYS_EXIT_EXTENDED, block);
    }
}
