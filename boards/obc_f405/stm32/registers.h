/* Registers of the STM32F405/407 used here: base addresses (RM0090 table 1), offsets and bits. */
#ifndef STM32_REGISTERS_H
#define STM32_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_mmio.h"

/* Reset and clock control, RM0090 section 7.3. */
#define RCC_BASE 0x40023800u
#define RCC_CR (RCC_BASE + 0x00u)
#define RCC_PLLCFGR (RCC_BASE + 0x04u)
#define RCC_CFGR (RCC_BASE + 0x08u)
#define RCC_AHB1ENR (RCC_BASE + 0x30u)
#define RCC_APB1ENR (RCC_BASE + 0x40u)
#define RCC_APB2ENR (RCC_BASE + 0x44u)
#define RCC_CSR (RCC_BASE + 0x74u)

#define RCC_CR_HSION (1u << 0)
#define RCC_CR_HSIRDY (1u << 1)
#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_HSEBYP (1u << 18)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)

#define RCC_PLLCFGR_PLLM_Pos 0u
#define RCC_PLLCFGR_PLLN_Pos 6u
#define RCC_PLLCFGR_PLLP_Pos 16u
#define RCC_PLLCFGR_PLLSRC_HSE (1u << 22)
#define RCC_PLLCFGR_PLLQ_Pos 24u
/* All fields; the other bits are reserved and keep their reset value. */
#define RCC_PLLCFGR_FIELDS 0x0F437FFFu

#define RCC_CFGR_SW 0x3u
#define RCC_CFGR_SW_PLL 0x2u
#define RCC_CFGR_SWS 0xCu
#define RCC_CFGR_SWS_PLL 0x8u
#define RCC_CFGR_HPRE 0xF0u
#define RCC_CFGR_PPRE1 0x1C00u
#define RCC_CFGR_PPRE1_DIV4 0x1400u
#define RCC_CFGR_PPRE2 0xE000u
#define RCC_CFGR_PPRE2_DIV2 0x8000u

#define RCC_APB1ENR_SPI2EN (1u << 14)
#define RCC_APB1ENR_SPI3EN (1u << 15)
#define RCC_APB1ENR_USART2EN (1u << 17)
#define RCC_APB1ENR_USART3EN (1u << 18)
#define RCC_APB1ENR_I2C1EN (1u << 21)
#define RCC_APB1ENR_I2C2EN (1u << 22)
#define RCC_APB1ENR_I2C3EN (1u << 23)
#define RCC_APB1ENR_PWREN (1u << 28)
#define RCC_APB2ENR_USART1EN (1u << 4)
#define RCC_APB2ENR_USART6EN (1u << 5)
#define RCC_APB2ENR_SPI1EN (1u << 12)

#define RCC_CSR_RMVF (1u << 24)
#define RCC_CSR_FLAGS 0xFE000000u

/* Power controller, section 5.4; flash interface, section 3.9. */
#define PWR_CR 0x40007000u
#define PWR_CR_VOS (1u << 14)
#define FLASH_ACR 0x40023C00u
#define FLASH_ACR_LATENCY 0x7u
#define FLASH_ACR_LATENCY_5WS 0x5u
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)
#define FLASH_ACR_DCEN (1u << 10)

/* General-purpose I/O, section 8.4. */
#define GPIO_BASE(port) (0x40020000u + 0x400u * (port))
#define GPIO_MODER 0x00u
#define GPIO_OTYPER 0x04u
#define GPIO_OSPEEDR 0x08u
#define GPIO_PUPDR 0x0Cu
#define GPIO_IDR 0x10u
#define GPIO_BSRR 0x18u
#define GPIO_AFRL 0x20u
#define GPIO_AFRH 0x24u
#define GPIO_PORTS 9u

/* USART, section 30.6. */
#define USART1_BASE 0x40011000u
#define USART2_BASE 0x40004400u
#define USART3_BASE 0x40004800u
#define USART6_BASE 0x40011400u
#define USART_SR 0x00u
#define USART_DR 0x04u
#define USART_BRR 0x08u
#define USART_CR1 0x0Cu
#define USART_CR2 0x10u
#define USART_CR3 0x14u
#define USART_SR_PE (1u << 0)
#define USART_SR_FE (1u << 1)
#define USART_SR_NF (1u << 2)
#define USART_SR_ORE (1u << 3)
#define USART_SR_RXNE (1u << 5)
#define USART_SR_TXE (1u << 7)
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_UE (1u << 13)

/* SPI, section 28.5. */
#define SPI1_BASE 0x40013000u
#define SPI2_BASE 0x40003800u
#define SPI3_BASE 0x40003C00u
#define SPI_CR1 0x00u
#define SPI_CR2 0x04u
#define SPI_SR 0x08u
#define SPI_DR 0x0Cu
#define SPI_CR1_CPHA (1u << 0)
#define SPI_CR1_CPOL (1u << 1)
#define SPI_CR1_MSTR (1u << 2)
#define SPI_CR1_BR_Pos 3u
#define SPI_CR1_SPE (1u << 6)
#define SPI_CR1_SSI (1u << 8)
#define SPI_CR1_SSM (1u << 9)
#define SPI_SR_RXNE (1u << 0)
#define SPI_SR_TXE (1u << 1)
#define SPI_SR_BSY (1u << 7)

/* Independent watchdog, section 21.4. */
#define IWDG_KR 0x40003000u
#define IWDG_PR 0x40003004u
#define IWDG_RLR 0x40003008u
#define IWDG_SR 0x4000300Cu
#define IWDG_KR_RELOAD 0xAAAAu
#define IWDG_KR_UNLOCK 0x5555u
#define IWDG_KR_START 0xCCCCu
#define IWDG_SR_BUSY 0x3u

/* I2C; registers in mf_stm32_i2c.h. */
#define I2C1_BASE 0x40005400u
#define I2C2_BASE 0x40005800u
#define I2C3_BASE 0x40005C00u

/* 96-bit unique device id, section 39.1. */
#define UNIQUE_ID_BASE 0x1FFF7A10u

/* Nested vectored interrupt controller, ARMv7-M ARM section B3.4. */
#define NVIC_ISER 0xE000E100u
#define NVIC_IPR 0xE000E400u

/* Look at a register until (value & mask) == wanted, `looks` times at most. */
static inline bool stm32_wait(uintptr_t address, uint32_t mask, uint32_t wanted, uint32_t looks)
{
    for (uint32_t look = 0; look < looks; look++) {
        if ((mf_mmio_read(address) & mask) == wanted) {
            return true;
        }
    }
    return false;
}

#endif
