/* Independent watchdog (RM0090 section 21), clocked by the internal 32 kHz oscillator, which may
 * run at 17..47 kHz (data sheet DS8626 section 5.3.9): the real limit is 0.68 to 1.9 times nominal. */
#include "mf_status.h"
#include "registers.h"
#include "stm32.h"

#define LSI_KHZ 32u
#define RELOAD_MAX 0xFFFu
#define PRESCALER_MAX 6u /* divider 4 << 6 = 256 */
/* An update takes five periods of the oscillator, 160 us nominal. */
#define LOOKS_UPDATE 50000u

int stm32_iwdg_start(uint32_t timeout_ms)
{
    uint32_t prescaler = 0;
    uint32_t count;

    if (timeout_ms == 0 || timeout_ms > 32000u) {
        return MF_E_INVAL;
    }
    while (prescaler < PRESCALER_MAX &&
           timeout_ms * LSI_KHZ > (RELOAD_MAX + 1u) * (4u << prescaler)) {
        prescaler++;
    }
    count = (timeout_ms * LSI_KHZ + (4u << prescaler) - 1u) / (4u << prescaler);
    mf_mmio_write(IWDG_KR, IWDG_KR_START);
    mf_mmio_write(IWDG_KR, IWDG_KR_UNLOCK);
    mf_mmio_write(IWDG_PR, prescaler);
    mf_mmio_write(IWDG_RLR, count - 1u);
    (void)stm32_wait(IWDG_SR, IWDG_SR_BUSY, 0, LOOKS_UPDATE);
    mf_mmio_write(IWDG_KR, IWDG_KR_RELOAD);
    return MF_OK;
}

void stm32_iwdg_feed(void)
{
    mf_mmio_write(IWDG_KR, IWDG_KR_RELOAD);
}
