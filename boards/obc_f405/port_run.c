/* Development profile on QEMU: `run=<file.mpy>` on the semihosting command line.
 *
 * The file is read from the host, executed in the fresh VM, and the emulator ends: status 0 when
 * it returned, 1 after an uncaught exception, 2 when the file could not be read. A script that ends
 * with SystemExit is followed by the mission, in the same VM. Kernel and device bus run as ever. */
#include "port.h"

#if MF_PROFILE_DEVELOPMENT

#include <string.h>

#include "py/bc.h"
#include "py/emitglue.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/persistentcode.h"
#include "py/runtime.h"
#include "stm32/stm32.h"

#define OPEN_READ_BINARY 1u
#define COMMAND_LINE_SIZE 256u

enum { STATUS_OK = 0, STATUS_EXCEPTION = 1, STATUS_NO_FILE = 2 };

/* File name after "run=" in `line`, cut at the next blank; NULL when there is none. */
static char *file_name(char *line)
{
    char *name = strstr(line, "run=");
    if (name == NULL) {
        return NULL;
    }
    name += 4;
    for (char *end = name; *end != '\0'; end++) {
        if (*end == ' ') {
            *end = '\0';
            break;
        }
    }
    return name;
}

uint64_t port_run_start_ms(void)
{
    char line[COMMAND_LINE_SIZE];
    uint64_t ms = 0;
    if (!stm32_on_qemu() || !semihost_command_line(line, sizeof line)) {
        return 0;
    }
    const char *digit = strstr(line, "start_ms=");
    for (digit = digit != NULL ? digit + 9 : line + strlen(line); *digit >= '0' && *digit <= '9';
         digit++) {
        ms = ms * 10u + (uint64_t)(*digit - '0');
    }
    return ms;
}

static void say(const char *text)
{
    mp_hal_stdout_tx_strn_cooked(text, strlen(text));
}

static void run_file(const char *name)
{
    const int32_t handle = semihost_open(name, OPEN_READ_BINARY);
    const int32_t size = handle >= 0 ? semihost_length(handle) : -1;
    if (size <= 0) {
        say("run: cannot read ");
        say(name);
        say("\n");
        semihost_exit(STATUS_NO_FILE);
    }
    byte *code = m_new(byte, (size_t)size);
    if (semihost_read(handle, code, (uint32_t)size) != 0) {
        semihost_exit(STATUS_NO_FILE);
    }
    (void)semihost_close(handle);
    mp_module_context_t *context = m_new_obj(mp_module_context_t);
    context->module.base.type = &mp_type_module;
    context->module.globals = mp_globals_get();
    mp_compiled_module_t compiled = {.context = context};
    mp_raw_code_load_mem(code, (size_t)size, &compiled);
    mp_call_function_0(mp_make_function_from_proto_fun(compiled.rc, context, NULL));
}

void port_run_host_file(void)
{
    char line[COMMAND_LINE_SIZE];
    if (!semihost_command_line(line, sizeof line)) {
        return;
    }
    const char *name = file_name(line);
    if (name == NULL) {
        return;
    }
    uint32_t status = STATUS_OK;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        run_file(name);
        nlr_pop();
    } else {
        const mp_obj_base_t *exception = nlr.ret_val;
        if (exception->type == &mp_type_SystemExit) {
            return;
        }
        mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(exception));
        status = STATUS_EXCEPTION;
    }
    semihost_exit(status);
}

#else

uint64_t port_run_start_ms(void)
{
    return 0;
}

#endif
