/* Clock tree of the STM32F405/407 (RM0090 section 7.2) and where this firmware runs. */
#include <stddef.h>

#include "registers.h"
#include "stm32.h"

/* Bounds of the waits in looks at a register. Running from the 16 MHz oscillator a look takes
 * 0.5 us or more: a crystal starts within 10 ms, the PLL locks within 0.3 ms (data sheet DS8626
 * sections 5.3.8 and 5.3.10), the rest takes a few cycles. */
#define LOOKS_CRYSTAL 200000u
#define LOOKS_PLL 20000u
#define LOOKS_SWITCH 2000u

#define HSI_HZ 16000000u
#define PLL_INPUT_HZ 1000000u /* after PLLM; 1..2 MHz allowed */
#define PLLN 336u             /* VCO 336 MHz */
#define PLLP_DIV2 0u          /* SYSCLK 168 MHz */
#define PLLQ 7u               /* 48 MHz */

static enum { UNKNOWN, YES, NO } on_qemu;
static enum stm32_clock_source source;

bool stm32_on_qemu(void)
{
    if (on_qemu == UNKNOWN) {
        on_qemu = mf_mmio_read(RCC_CR) == 0 ? YES : NO;
    }
    return on_qemu == YES;
}

void stm32_unique_id(uint32_t id[3])
{
    for (uint32_t word = 0; word < 3u; word++) {
        id[word] = stm32_on_qemu() ? 0 : mf_mmio_read(UNIQUE_ID_BASE + 4u * word);
    }
}

bool stm32_on_renode(void)
{
    uint32_t id[3];

    stm32_unique_id(id);
    return id[0] == STM32_RENODE_UID_0 && id[1] == STM32_RENODE_UID_1 &&
           id[2] == STM32_RENODE_UID_2;
}

/* Back to the internal oscillator, PLL off: the state in which the PLL may be set. */
static bool run_from_hsi(void)
{
    mf_mmio_update(RCC_CR, 0, RCC_CR_HSION);
    if (!stm32_wait(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY, LOOKS_SWITCH)) {
        return false;
    }
    mf_mmio_update(RCC_CFGR, RCC_CFGR_SW, 0);
    if (!stm32_wait(RCC_CFGR, RCC_CFGR_SWS, 0, LOOKS_SWITCH)) {
        return false;
    }
    mf_mmio_update(RCC_CFGR, RCC_CFGR_HPRE | RCC_CFGR_PPRE1 | RCC_CFGR_PPRE2, 0);
    mf_mmio_update(RCC_CR, RCC_CR_PLLON, 0);
    return stm32_wait(RCC_CR, RCC_CR_PLLRDY, 0, LOOKS_SWITCH);
}

static bool crystal_start(void)
{
    mf_mmio_update(RCC_CR, RCC_CR_HSEBYP, RCC_CR_HSEON);
    if (stm32_wait(RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY, LOOKS_CRYSTAL)) {
        return true;
    }
    mf_mmio_update(RCC_CR, RCC_CR_HSEON, 0);
    return false;
}

/* Everything that must stand before the switch to 168 MHz: regulator scale 1 (section 5.1.3),
 * five wait states, read back (section 3.5.1), and bus prescalers. */
static bool prepare_full_speed(void)
{
    mf_mmio_update(RCC_APB1ENR, 0, RCC_APB1ENR_PWREN);
    mf_mmio_update(PWR_CR, 0, PWR_CR_VOS);
    mf_mmio_write(FLASH_ACR, FLASH_ACR_LATENCY_5WS | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN |
                                 FLASH_ACR_DCEN);
    if (!stm32_wait(FLASH_ACR, FLASH_ACR_LATENCY, FLASH_ACR_LATENCY_5WS, LOOKS_SWITCH)) {
        return false;
    }
    mf_mmio_update(RCC_CFGR, RCC_CFGR_HPRE | RCC_CFGR_PPRE1 | RCC_CFGR_PPRE2,
                   RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2);
    return true;
}

static bool run_from_pll(uint32_t input_hz, bool crystal)
{
    uint32_t pllm = input_hz / PLL_INPUT_HZ;

    mf_mmio_update(RCC_PLLCFGR, RCC_PLLCFGR_FIELDS,
                   pllm << RCC_PLLCFGR_PLLM_Pos | PLLN << RCC_PLLCFGR_PLLN_Pos |
                       PLLP_DIV2 << RCC_PLLCFGR_PLLP_Pos | PLLQ << RCC_PLLCFGR_PLLQ_Pos |
                       (crystal ? RCC_PLLCFGR_PLLSRC_HSE : 0u));
    mf_mmio_update(RCC_CR, 0, RCC_CR_PLLON);
    if (stm32_wait(RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY, LOOKS_PLL) && prepare_full_speed()) {
        mf_mmio_update(RCC_CFGR, RCC_CFGR_SW, RCC_CFGR_SW_PLL);
        if (stm32_wait(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL, LOOKS_SWITCH)) {
            return true;
        }
    }
    (void)run_from_hsi();
    return false;
}

uint32_t stm32_clock_init(uint32_t crystal_hz)
{
    bool usable = crystal_hz >= 2000000u && crystal_hz <= 26000000u && crystal_hz % 1000000u == 0;

    if (stm32_on_qemu()) {
        source = STM32_CLOCK_HSE_PLL;
        return STM32_SYSCLK_HZ;
    }
    source = STM32_CLOCK_HSI;
    if (run_from_hsi()) {
        if (usable && crystal_start() && run_from_pll(crystal_hz, true)) {
            source = STM32_CLOCK_HSE_PLL;
        } else if (run_from_pll(HSI_HZ, false)) {
            source = STM32_CLOCK_HSI_PLL;
        }
    }
    return source == STM32_CLOCK_HSI ? HSI_HZ : STM32_SYSCLK_HZ;
}

enum stm32_clock_source stm32_clock_source(void)
{
    return source;
}

uint32_t stm32_apb1_hz(void)
{
    return source == STM32_CLOCK_HSI ? HSI_HZ : STM32_SYSCLK_HZ / 4u;
}

uint32_t stm32_apb2_hz(void)
{
    return source == STM32_CLOCK_HSI ? HSI_HZ : STM32_SYSCLK_HZ / 2u;
}

uint32_t stm32_reset_flags(void)
{
    return mf_mmio_read(RCC_CSR) & RCC_CSR_FLAGS;
}

void stm32_reset_flags_clear(void)
{
    mf_mmio_update(RCC_CSR, 0, RCC_CSR_RMVF);
}
