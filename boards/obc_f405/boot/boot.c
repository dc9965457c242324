/* Boot block: chooses an image and starts it.
 *
 * Runs on the internal 16 MHz oscillator, as after reset, with interrupts off. The boot record in
 * FRAM says which slot is preferred and how often its image was started without reaching health;
 * this start is counted in it before the jump (mf_boot_record.h). Where the FRAM is silent, answers
 * nonsense, or has an older one, the copy that RAM kept counts, and without that slot A is preferred.
 * An image is intact when magic, length, slot address and CRC are right. With none, the console says
 * so, the LED blinks for about two seconds, and the processor resets and tries again: a read error
 * of the flash may be a passing one. */
#include <stdbool.h>
#include <stdint.h>

#include "boot_bus.h"
#include "boot_handover.h"
#include "image_intact.h"
#include "mf_mmio.h"
#include "port.h"
#include "stm32/stm32.h"

#define CSR_IWDGRSTF (1u << 29)

#define BOOT_VTOR 0xE000ED08u
#define BOOT_AIRCR 0xE000ED0Cu
#define SYSRESETREQ 0x05FA0004u

#define RCC_AHB1ENR 0x40023830u
#define RCC_APB2ENR 0x40023844u
#define RCC_USART1EN (1u << 4)
#define GPIO_BASE(pin) (0x40020000u + ((uint32_t)(pin) >> 4) * 0x400u)
#define GPIO_MODER 0x00u
#define GPIO_BSRR 0x18u
#define GPIO_AFR 0x20u
#define USART1_SR 0x40011000u
#define USART1_DR 0x40011004u
#define USART1_BRR 0x40011008u
#define USART1_CR1 0x4001100Cu
#define USART_TXE (1u << 7)

#define HSI_HZ 16000000u
#define BAUD 115200u
#define BLINKS 4u
#define HALF_BLINK_LOOPS (HSI_HZ / 4u / 4u) /* four cycles per loop, a quarter of a second */

extern uint32_t boot_stack_top, boot_bss_start[], boot_bss_end[];
void Boot_Reset(void);
void boot_main(void);

__attribute__((noreturn)) static void start_image(uint32_t base)
{
    const uint32_t *vectors = (const uint32_t *)(base + IMAGE_VECTORS_OFFSET);
    mf_mmio_write(BOOT_VTOR, (uint32_t)vectors);
    __asm volatile("dsb\n\t"
                   "isb\n\t"
                   "msr msp, %0\n\t"
                   "bx %1\n\t"
                   :
                   : "r"(vectors[0]), "r"(vectors[1])
                   : "memory");
    for (;;) {
    }
}

static void pin_mode(uint8_t pin, uint32_t mode)
{
    mf_mmio_update(RCC_AHB1ENR, 0, 1u << (pin >> 4));
    const uint32_t shift = 2u * (pin & 15u);
    mf_mmio_update(GPIO_BASE(pin) + GPIO_MODER, 3u << shift, mode << shift);
}

static void console_put(char c)
{
    for (uint32_t i = 0; i < 10000u && !(mf_mmio_read(USART1_SR) & USART_TXE); i++) {
    }
    mf_mmio_write(USART1_DR, (uint8_t)c);
}

static void console_say(const char *text)
{
    const uint8_t pin = MF_PIN_USART1_TX;
    const uint32_t shift = 4u * (pin & 7u);
    mf_mmio_update(RCC_APB2ENR, 0, RCC_USART1EN);
    mf_mmio_update(GPIO_BASE(pin) + GPIO_AFR + ((pin & 8u) >> 1), 15u << shift, 7u << shift);
    pin_mode(pin, 2u);
    mf_mmio_write(USART1_BRR, (HSI_HZ + BAUD / 2u) / BAUD);
    mf_mmio_write(USART1_CR1, (1u << 13) | (1u << 3));
    while (*text != '\0') {
        console_put(*text++);
    }
}

static void led_write(bool on)
{
    const bool level = on != (bool)MF_LED_ACTIVE_LOW;
    const uint32_t bit = MF_PIN_LED & 15u;
    mf_mmio_write(GPIO_BASE(MF_PIN_LED) + GPIO_BSRR, level ? 1u << bit : 1u << (bit + 16u));
}

static void delay(uint32_t loops)
{
    for (uint32_t i = 0; i < loops; i++) {
        __asm volatile("");
    }
}

/* Why the processor started: announced before the reset, or told by its flags. Whatever the RAM
 * held after a loss of power is not believed. */
static void take_over(void)
{
    if (!boot_handover_valid()) {
        boot_handover = (boot_handover_t){.magic = BOOT_HANDOVER_MAGIC,
                                          .pipe_tx = -1,
                                          .pipe_rx = -1,
                                          .cause = PORT_RESET_POWER_ON};
        mf_boot_record_clear(&boot_handover.record);
    } else if (boot_handover.announced != BOOT_UNANNOUNCED) {
        boot_handover.cause = boot_handover.announced;
    } else {
        const bool watchdog = !stm32_on_qemu() && !stm32_on_renode() &&
                              (stm32_reset_flags() & CSR_IWDGRSTF) != 0u;
        boot_handover.cause = watchdog ? PORT_RESET_WATCHDOG : PORT_RESET_PIN;
    }
    boot_handover.announced = BOOT_UNANNOUNCED;
    boot_handover.greeted = 0;
    boot_handover.counted = 0;
}

/* Both are looked at only when the first one is not intact: a CRC takes a fifth of a second. */
static uint8_t choose(mf_boot_record_t *record)
{
    static const uint32_t bases[MF_BOOT_SLOTS] = {IMAGE_SLOT_A, IMAGE_SLOT_B};
    const uint8_t slot = mf_boot_record_choose(record, 3u);
    const uint8_t other = slot ^ 1u;
    if (image_intact(bases[slot])) {
        return slot;
    }
    return mf_boot_record_choose(record, image_intact(bases[other]) ? 1u << other : 0u);
}

static void choose_and_start(void)
{
    take_over();
    mf_bus_t *bus = boot_bus_open();
    mf_boot_record_t record;
    (void)mf_boot_record_recall(bus, &boot_handover.record, &record);
    const uint8_t slot = choose(&record);
    if (slot != MF_BOOT_SLOT_NONE) {
        mf_boot_record_start(&record, slot, (uint8_t)boot_handover.cause);
        if (bus != NULL) {
            (void)mf_boot_record_save(bus, &record);
        }
        boot_handover.record = record;
        boot_handover.counted = 1;
    }
    boot_bus_close();
    boot_handover_seal();
    if (slot != MF_BOOT_SLOT_NONE) {
        start_image(slot == 0 ? IMAGE_SLOT_A : IMAGE_SLOT_B);
    }
}

void boot_main(void)
{
    for (uint32_t *word = boot_bss_start; word < boot_bss_end; word++) {
        *word = 0;
    }
    choose_and_start();
    console_say("boot: no intact image in slot A or B\r\n");
    pin_mode(MF_PIN_LED, 1u);
    for (uint32_t i = 0; i < BLINKS; i++) {
        led_write(true);
        delay(HALF_BLINK_LOOPS);
        led_write(false);
        delay(HALF_BLINK_LOOPS);
    }
    mf_mmio_write(BOOT_AIRCR, SYSRESETREQ);
    for (;;) {
    }
}

/* No floating point, no initialised data: nothing to set up but the stack, which the vector table
 * gives. QEMU starts through the alias at 0, so VTOR is set before anything can fault. */
__attribute__((naked)) void Boot_Reset(void)
{
    __asm volatile("cpsid i\n\t"
                   "ldr r0, =0xE000ED08\n\t"
                   "ldr r1, =0x08000000\n\t"
                   "str r1, [r0]\n\t"
                   "ldr r0, =boot_stack_top\n\t"
                   "mov sp, r0\n\t"
                   "b boot_main\n\t");
}

/* A fault in the boot block can only be bad flash or bad hardware: start over. */
static void boot_fault(void)
{
    mf_mmio_write(BOOT_AIRCR, SYSRESETREQ);
    for (;;) {
    }
}

__attribute__((section(".isr_vector"), used)) static const uintptr_t boot_vectors[16] = {
    (uintptr_t)&boot_stack_top, (uintptr_t)Boot_Reset, (uintptr_t)boot_fault,
    (uintptr_t)boot_fault,      (uintptr_t)boot_fault, (uintptr_t)boot_fault,
    (uintptr_t)boot_fault,      (uintptr_t)boot_fault, (uintptr_t)boot_fault,
    (uintptr_t)boot_fault,      (uintptr_t)boot_fault, (uintptr_t)boot_fault,
    (uintptr_t)boot_fault,      (uintptr_t)boot_fault, (uintptr_t)boot_fault,
    (uintptr_t)boot_fault,
};
