/* STM32F405/407 peripherals, register level, no vendor library (RM0090 rev 19 or later).
 *
 * 32-bit accesses only (mf_mmio.h); every wait for a flag is bounded, because on QEMU flags never
 * come and on silicon a broken crystal must not stop the boot.
 * Order at boot, after .bss was zeroed: stm32_clock_init(), then anything else.
 * A pin is port << 4 | number, port 0 = A: PB8 = 0x18. */
#ifndef STM32_H
#define STM32_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_stm32_i2c.h"
#include "mf_stm32_usart.h"

#define STM32_SYSCLK_HZ 168000000u
#define STM32_PIN(port, number) ((uint8_t)(((port) - 'A') << 4 | (number)))
#define STM32_PIN_NONE 0xFFu

/* --- Where are we ---------------------------------------------------------------------------- */

/* RCC->CR reads 0 on QEMU and never on silicon (an oscillator is always on) nor on Renode.
 * The register is read at the first call, which must come before the clocks are touched. */
bool stm32_on_qemu(void);

/* The .resc writes STM32_RENODE_UID into the unique-id area. False on QEMU and silicon. */
bool stm32_on_renode(void);
#define STM32_RENODE_UID_0 0x6F6E6552u /* "Reno" */
#define STM32_RENODE_UID_1 0x6D006564u /* "de\0m" */
#define STM32_RENODE_UID_2 0x00000066u /* "f" */

/* 96-bit unique id (RM0090 section 39.1); zeros on QEMU, where the area faults. */
void stm32_unique_id(uint32_t id[3]);

/* --- Clocks ---------------------------------------------------------------------------------- */

/* Crystal (1..26 MHz, whole MHz; 0: none) through the PLL to 168 MHz, flash 5 wait states, APB1
 * 42 MHz, APB2 84 MHz. Falls back to the internal 16 MHz oscillator through the PLL, then to that
 * oscillator alone. Returns SYSCLK [Hz]: 168000000 or 16000000. On QEMU nothing is touched and
 * 168000000 is returned. */
uint32_t stm32_clock_init(uint32_t crystal_hz);

/* What stm32_clock_init() reached. */
enum stm32_clock_source { STM32_CLOCK_HSI = 0, STM32_CLOCK_HSI_PLL = 1, STM32_CLOCK_HSE_PLL = 2 };
enum stm32_clock_source stm32_clock_source(void);
uint32_t stm32_apb1_hz(void);
uint32_t stm32_apb2_hz(void);

/* RCC_CSR reset flags (bits 31..25), as on silicon; constant in emulators. Clearing sets RMVF. */
uint32_t stm32_reset_flags(void);
void stm32_reset_flags_clear(void);

/* --- Interrupts ------------------------------------------------------------------------------ */

/* Enable a line of the NVIC; priority 0 (highest) .. 15. */
void stm32_irq_enable(uint8_t irq, uint8_t priority);
#define STM32_IRQ_I2C1_EV 31u
#define STM32_IRQ_I2C1_ER 32u
#define STM32_IRQ_I2C2_EV 33u
#define STM32_IRQ_I2C2_ER 34u
#define STM32_IRQ_USART1 37u
#define STM32_IRQ_USART2 38u
#define STM32_IRQ_USART3 39u
#define STM32_IRQ_USART6 71u
#define STM32_IRQ_I2C3_EV 72u
#define STM32_IRQ_I2C3_ER 73u
#define STM32_IRQ_COUNT 82u

/* --- Pins ------------------------------------------------------------------------------------ */

enum stm32_pin_mode { STM32_INPUT = 0, STM32_OUTPUT = 1, STM32_ALTERNATE = 2, STM32_ANALOG = 3 };
enum stm32_pin_pull { STM32_PULL_NONE = 0, STM32_PULL_UP = 1, STM32_PULL_DOWN = 2 };

/* Enables the port's clock. `af` 0..15, used with STM32_ALTERNATE. Ports A..I; others ignored. */
void stm32_pin_config(uint8_t pin, uint8_t mode, uint8_t af, bool open_drain, uint8_t pull);
void stm32_pin_write(uint8_t pin, bool level);
bool stm32_pin_read(uint8_t pin);

/* --- UART ------------------------------------------------------------------------------------ */

#define STM32_UART_RING 128u /* bytes kept until read; a power of two */

/* USART 1, 2, 3 or 6; 8N1; receive interrupt on at the lowest priority but one. 0 or MF_E_INVAL.
 * A pin may be STM32_PIN_NONE. */
int stm32_uart_init(uint8_t number, uint8_t tx, uint8_t rx, uint32_t baud);
/* Waits (bounded) for an empty transmit register; 0 or MF_E_TIMEOUT, then the byte is dropped. */
int stm32_uart_put(uint8_t number, uint8_t byte);
/* Oldest received byte, or -1. */
int stm32_uart_get(uint8_t number);
/* Received bytes waiting. */
uint32_t stm32_uart_available(uint8_t number);
/* Bytes lost to a full ring or to overrun, framing or noise errors, since init. */
uint32_t stm32_uart_lost(uint8_t number);
/* Call from the USART's interrupt. */
void stm32_uart_isr(uint8_t number);

/* USART 1, 2, 3 or 6 as the backend of a bus, instead of the calls above: clock, pins, interrupt at
 * `priority`, then mf_stm32_usart_reset(). The vector table calls mf_stm32_usart_isr(). Afterwards:
 *   mf_bus_reset(&bus, id, &mf_stm32_usart_ops, usart);
 * 0 or MF_E_INVAL. */
int stm32_usart_open(mf_stm32_usart_t *usart, uint8_t number, uint8_t tx, uint8_t rx,
                     uint32_t baud, uint8_t priority);

/* --- SPI ------------------------------------------------------------------------------------- */

/* SPI 1, 2 or 3: master, 8-bit, MSB first, software chip select (a pin of the caller's).
 * `mode` = CPOL << 1 | CPHA. The rate is the fastest divider not above `baud_hz`. 0 or
 * MF_E_INVAL. */
int stm32_spi_init(uint8_t number, uint8_t sck, uint8_t miso, uint8_t mosi, uint8_t af,
                   uint32_t baud_hz, uint8_t mode);
/* Full duplex, blocking; `tx` NULL sends zeros, `rx` NULL drops what comes. 0, MF_E_INVAL or
 * MF_E_TIMEOUT. */
int stm32_spi_transfer(uint8_t number, const uint8_t *tx, uint8_t *rx, uint32_t size);

/* --- Watchdog -------------------------------------------------------------------------------- */

/* Starts the independent watchdog; cannot be stopped. 1..32000 ms, rounded up; MF_E_INVAL else. */
int stm32_iwdg_start(uint32_t timeout_ms);
void stm32_iwdg_feed(void);

/* --- I2C ------------------------------------------------------------------------------------- */

/* Peripheral 1, 2 or 3: clock, pins (AF4, open drain), bus clear, interrupts at `priority`, then
 * mf_stm32_i2c_reset(); on Renode the bridge's status byte is watched. `pins` keeps what the bus
 * clear needs and must live as long as `i2c`. Afterwards:
 *   mf_bus_reset(&bus, id, &mf_stm32_i2c_ops, i2c);
 * 0 or MF_E_INVAL. */
typedef struct {
    uint8_t scl, sda;
} stm32_i2c_pins_t;
int stm32_i2c_open(mf_stm32_i2c_t *i2c, stm32_i2c_pins_t *pins, uint8_t number, uint8_t scl,
                   uint8_t sda, uint32_t bus_hz, uint8_t priority);

#endif
