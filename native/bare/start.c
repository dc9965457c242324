/* Start-up, output by semihosting, and the instruction counter: see bare.h. */
#include "bare.h"

#include <string.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define CPACR REGISTER(0xE000ED88u)
#define TIM5_CR1 REGISTER(0x40000C00u)
#define TIM5_PSC REGISTER(0x40000C28u)
#define TIM5_ARR REGISTER(0x40000C2Cu)
#define TIM5_EGR REGISTER(0x40000C14u)
#define TIM5_CNT REGISTER(0x40000C24u)
#define NS_PER_INSTRUCTION 8u

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { OPEN_READ = 1, OPEN_WRITE = 4 }; /* binary; not binary */

extern uint32_t bare_stack;
extern uint32_t bare_data;
extern uint32_t bare_data_end;
extern const uint32_t bare_data_image;
extern uint32_t bare_bss;
extern uint32_t bare_bss_end;

static uint32_t output;

void bare_reset(void);
void bare_fault(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &bare_stack, (const void *)bare_reset, (const void *)bare_fault, (const void *)bare_fault,
    (const void *)bare_fault, (const void *)bare_fault, (const void *)bare_fault,
};

/* GCC copies and clears structs by calls of these. */
void *memcpy(void *to, const void *from, size_t size)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    while (size >= 4u && (((uintptr_t)target | (uintptr_t)source) & 3u) == 0u) {
        *(uint32_t *)(void *)target = *(const uint32_t *)(const void *)source;
        target += 4;
        source += 4;
        size -= 4u;
    }
    while (size-- > 0u) {
        *target++ = *source++;
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    uint8_t *target = to;
    uint32_t word = (uint8_t)value * 0x01010101u;
    while (size >= 4u && ((uintptr_t)target & 3u) == 0u) {
        *(uint32_t *)(void *)target = word;
        target += 4;
        size -= 4u;
    }
    while (size-- > 0u) {
        *target++ = (uint8_t)value;
    }
    return to;
}

static uint32_t semihosting(uint32_t operation, const volatile uint32_t *arguments)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const volatile uint32_t *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void end(uint32_t status)
{
    volatile uint32_t reason[2] = {0x20026u, status}; /* application exit */
    semihosting(SYS_EXIT_EXTENDED, reason);
    for (;;) {
    }
}

void bare_fault(void)
{
    end(99u);
}

void bare_print(const char *text)
{
    uint32_t size = 0;
    while (text[size] != '\0') {
        size++;
    }
    volatile uint32_t arguments[3] = {output, (uint32_t)(uintptr_t)text, size};
    semihosting(SYS_WRITE, arguments);
}

static uint32_t open_file(const char *name, uint32_t size, uint32_t mode)
{
    volatile uint32_t arguments[3] = {(uint32_t)(uintptr_t)name, mode, size};
    return semihosting(SYS_OPEN, arguments);
}

uint32_t bare_read(void *to, uint32_t size)
{
    static const char name[] = "input.bin";
    static uint32_t input;
    if (input == 0u) {
        input = open_file(name, sizeof name - 1u, OPEN_READ);
    }
    volatile uint32_t arguments[3] = {input, (uint32_t)(uintptr_t)to, size};
    return size - semihosting(SYS_READ, arguments);
}

void bare_print_hex(uint32_t value)
{
    char text[10];
    for (int i = 7; i >= 0; i--) {
        text[i] = "0123456789abcdef"[value & 15u];
        value >>= 4;
    }
    text[8] = '\n';
    text[9] = '\0';
    bare_print(text);
}

void bare_print_decimal(uint32_t value)
{
    char text[12];
    int i = 11;
    text[i--] = '\0';
    text[i--] = '\n';
    do {
        text[i--] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value > 0u);
    bare_print(&text[i + 1]);
}

uint32_t bare_count(void (*function)(void))
{
    uint32_t before = TIM5_CNT;
    function();
    return (TIM5_CNT - before) / NS_PER_INSTRUCTION;
}

void bare_reset(void)
{
    const uint32_t *image = &bare_data_image;
    for (uint32_t *word = &bare_data; word < &bare_data_end; word++) {
        *word = *image++;
    }
    for (uint32_t *word = &bare_bss; word < &bare_bss_end; word++) {
        *word = 0;
    }
    CPACR |= 0xFu << 20; /* the floating-point unit on */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    TIM5_PSC = 0;
    TIM5_ARR = 0xFFFFFFFFu;
    TIM5_EGR = 1;
    TIM5_CR1 = 1;
    static const char name[] = "output.txt";
    output = open_file(name, sizeof name - 1u, OPEN_WRITE);
    end((uint32_t)bare_main());
}
