/* Minimal test harness: a failed check prints its place and is counted. */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>

extern int check_failures;
extern int check_count;

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        check_count++;                                                                     \
        if (!(condition)) {                                                                \
            check_failures++;                                                              \
            printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                 \
        }                                                                                  \
    } while (0)

/* The port under test control: time, a step per wait, lock depth, last reset cause. */
extern uint64_t port_now_us;
extern uint32_t port_wait_step_us;
extern int port_lock_depth;
extern int64_t port_reset_cause;
/* An interrupt: called once, after the next look at the clock. Waits: masked or not. */
extern void (*port_interrupt)(void);
extern int port_waits, port_waits_unmasked;

void test_bus(void);
void test_devbus(void);
void test_kernel(void);
void test_link(void);
void test_parts(void);

#endif
