/* The Python world: one VM on its own stack, started again whenever it ends.
 *
 * Nothing in here is needed by the kernel, which runs in interrupts before, during and after. */
#include <string.h>

#include "mf_native.h"
#include "port.h"
#include "port_kernel.h"
#include "port_flash.h"
#include "py/builtin.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/mperrno.h"
#include "py/objexcept.h"
#include "py/pystack.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"
#include "stm32/stm32.h"

#define MAIN_MODULE "boards.obc_f405.main"
#define FPCCR_LSPACT (1u << 0)
#define XPSR_THUMB (1u << 24)

/* From link/image.ld. */
extern uint8_t heap_start[], heap_end[], vm_stack_bottom[], vm_stack_top[], pystack_start[];
extern uint8_t pystack_end[];
extern uint32_t vm_stack_first_frame[8]; /* the eight words below the top of the VM stack */

/* Why the VM ended; MF_SURVIVAL_NONE before its first start. */
static volatile uint8_t ended PORT_KERNEL_RAM;

/* Append `word` behind a blank, up to `end`, as far as it fits; the length now. */
static size_t append(port_crash_t *crash, size_t used, const char *word, const char *end)
{
    if (word != end && used > 0 && used < sizeof crash->text - 1u) {
        crash->text[used++] = ' ';
    }
    for (; word != end && used < sizeof crash->text - 1u; used++) {
        crash->text[used] = *word++;
    }
    return used;
}

/* "Type file function" where the exception was raised, as far as they fit; the line, of a script
 * (frozen modules carry no line numbers: 1). */
static void describe(port_crash_t *crash, mp_obj_t exception)
{
    size_t entries = 0;
    size_t *trace = NULL;
    const char *file = "", *function = "";
    const char *type = qstr_str(mp_obj_get_type(exception)->name);
    mp_obj_exception_get_traceback(exception, &entries, &trace);
    if (entries >= 3u) {
        file = qstr_str((qstr)trace[0]);
        for (const char *at = file; *at != '\0'; at++) {
            if (*at == '/') {
                file = at + 1;
            }
        }
        crash->line = (uint16_t)trace[1];
        function = qstr_str((qstr)trace[2]);
    }
    const char *dot = strchr(file, '.');
    size_t used = append(crash, 0, type, type + strlen(type));
    used = append(crash, used, file, dot != NULL ? dot : file + strlen(file));
    (void)append(crash, used, function, function + strlen(function));
}

/* Import the frozen main module and call its main(). Returns however that ends, recorded. */
static void run_main(void)
{
    port_crash_t crash = {.kind = PORT_CRASH_EXCEPTION};
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        const mp_obj_t fromlist = mp_const_true; /* any true value: give the innermost module */
        const mp_obj_t module = mp_import_name(qstr_from_str(MAIN_MODULE), fromlist,
                                               MP_OBJ_NEW_SMALL_INT(0));
        mp_call_function_0(mp_load_attr(module, MP_QSTR_main));
        nlr_pop();
        memcpy(crash.text, "main returned", sizeof "main returned");
    } else {
        const mp_obj_t exception = MP_OBJ_FROM_PTR(nlr.ret_val);
        describe(&crash, exception);
        mp_obj_print_exception(&mp_plat_print, exception);
    }
    port_record_crash(&crash);
}

/* The one error of a step beyond its hard limit; its traceback has room enough for any depth that
 * the frame stack allows. */
#define TRACEBACK_FRAMES 32u
#define TRACEBACK_FRAME_WORDS 3u

static size_t interrupt_traceback[TRACEBACK_FRAMES * TRACEBACK_FRAME_WORDS];
static mp_obj_exception_t interrupt_error;

void port_vm_interrupt(void)
{
    interrupt_error.base.type = &mp_type_RuntimeError;
    interrupt_error.traceback_alloc = TRACEBACK_FRAMES * TRACEBACK_FRAME_WORDS;
    interrupt_error.traceback_len = 0;
    interrupt_error.traceback_data = interrupt_traceback;
    interrupt_error.args = (mp_obj_tuple_t *)&mp_const_empty_tuple_obj;
    MP_STATE_MAIN_THREAD(mp_pending_exception) = MP_OBJ_FROM_PTR(&interrupt_error);
}

const uint32_t *port_vm_stop(uint8_t reason)
{
    ended = reason;
    FPU_FPCCR &= ~FPCCR_LSPACT; /* the interrupted code's registers are given up */
    uint32_t *fresh = vm_stack_first_frame;
    for (uint32_t i = 0; i < 6u; i++) {
        fresh[i] = 0;
    }
    fresh[6] = (uint32_t)(uintptr_t)port_vm_enter & ~1u;
    fresh[7] = XPSR_THUMB;
    return fresh;
}

/* The thread is survival's until Python may start. */
static void survive(void)
{
    mf_survival_t *survival = &port_kernel.survival;
    const bool again = ended != MF_SURVIVAL_NONE;
    if (!again) {
        mf_survival_begin(survival, mf_port_now_us());
    } else {
        if (mf_survival_enter(survival, ended, mf_port_now_us()) == MF_SURVIVAL_RESET) {
            port_reset(mf_survival_cause(survival));
        }
        mf_bus_recover(&port_kernel.adcs_bus);
    }
    ended = MF_SURVIVAL_ENDED; /* unless somebody knows better when it ends */
    for (;;) {
        const enum mf_survival_action action = mf_survival_round(survival, mf_port_now_us());
        if (action == MF_SURVIVAL_RESET) {
            port_reset(mf_survival_cause(survival));
        }
        if (action != MF_SURVIVAL_WAIT) {
            break;
        }
        port_sleep_until_ms((port_now_ms() / MF_SURVIVAL_ROUND_MS + 1u) * MF_SURVIVAL_ROUND_MS);
    }
    if (again) {
        port_record_vm_restart();
    }
}

void port_vm_thread(void)
{
    (void)port_guard_open();
    survive();
    port_guard_close();
    mp_cstack_init_with_top(vm_stack_top, (size_t)(vm_stack_top - vm_stack_bottom));
    mp_pystack_init(pystack_start, pystack_end);
    gc_init(heap_start, heap_end);
    mp_init();
    #if MF_PROFILE_DEVELOPMENT
    if (stm32_on_qemu()) {
        port_run_host_file();
    }
    #endif
    MF_INSIDE_DO(mf_survival_vm_started(&port_kernel.survival, mf_port_now_us()));
    run_main();
    mp_deinit();
    port_vm_enter();
}

void gc_collect(void)
{
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    port_flash_collect();
    gc_collect_end();
}

/* There is no file system to import from: frozen modules only. */
mp_import_stat_t mp_import_stat(const char *path)
{
    (void)path;
    return MP_IMPORT_STAT_NO_EXIST;
}

void nlr_jump_fail(void *value)
{
    (void)value;
    const port_crash_t crash = {.kind = PORT_CRASH_NLR};
    port_record_crash(&crash);
    (void)port_guard_open();
    ended = MF_SURVIVAL_LOST;
    port_vm_enter();
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        (void)stm32_uart_put(1, (uint8_t)text[i]);
    }
    return size;
}

void mp_hal_stdout_tx_strn_cooked(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n') {
            (void)stm32_uart_put(1, '\r');
        }
        (void)stm32_uart_put(1, (uint8_t)text[i]);
    }
}

void mp_hal_delay_ms(mp_uint_t ms)
{
    /* The present millisecond has partly passed: one more, so that it is never too short. */
    port_sleep_until_ms(port_now_ms() + ms + (ms != 0u ? 1u : 0u));
}

void mp_hal_delay_us(mp_uint_t us)
{
    const uint64_t end_us = mf_port_now_us() + us;
    if (us >= 2000u) {
        port_sleep_until_ms(end_us / 1000u);
    }
    while (mf_port_now_us() < end_us) {
    }
}
