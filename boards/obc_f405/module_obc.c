/* Module obc: what this board adds to MicroPython. Used by board.py alone. Nothing here allocates
 * but dictionary_hash(). */
#include <string.h>

#include "image_intact.h"
#include "mf_scrub.h"
#include "port.h"
#include "port_flash.h"
#include "port_kernel.h"
#include "py/gc.h"
#include "py/runtime.h"
#include "stm32/stm32.h"

#define TICKS_MASK 0x3FFFFFFFu
#define TICKS_HALF 0x20000000u

static mp_obj_t small(uint32_t value)
{
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)(value & TICKS_MASK));
}

/* --- clock: the contract of hal/clock.py ------------------------------------------------------ */

static mp_obj_t clock_ticks_ms(mp_obj_t self)
{
    return small((uint32_t)port_now_ms());
}
static MP_DEFINE_CONST_FUN_OBJ_1(clock_ticks_ms_obj, clock_ticks_ms);

static mp_obj_t clock_ticks_us(mp_obj_t self)
{
    return small((uint32_t)mf_port_now_us());
}
static MP_DEFINE_CONST_FUN_OBJ_1(clock_ticks_us_obj, clock_ticks_us);

static mp_obj_t clock_idle_us(mp_obj_t self)
{
    return small(port_idle_us());
}
static MP_DEFINE_CONST_FUN_OBJ_1(clock_idle_us_obj, clock_idle_us);

static uint32_t wrapped_difference(mp_obj_t a, mp_obj_t b)
{
    const uint32_t distance = (uint32_t)mp_obj_get_int(a) - (uint32_t)mp_obj_get_int(b);
    return ((distance + TICKS_HALF) & TICKS_MASK) - TICKS_HALF;
}

static mp_obj_t clock_ticks_diff(mp_obj_t self, mp_obj_t a, mp_obj_t b)
{
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)wrapped_difference(a, b));
}
static MP_DEFINE_CONST_FUN_OBJ_3(clock_ticks_diff_obj, clock_ticks_diff);

static mp_obj_t clock_ticks_add(mp_obj_t self, mp_obj_t tick, mp_obj_t delta)
{
    return small((uint32_t)mp_obj_get_int(tick) + (uint32_t)mp_obj_get_int(delta));
}
static MP_DEFINE_CONST_FUN_OBJ_3(clock_ticks_add_obj, clock_ticks_add);

static mp_obj_t clock_sleep_until(mp_obj_t self, mp_obj_t tick)
{
    const uint64_t now_ms = port_now_ms();
    const mp_obj_t now = small((uint32_t)now_ms);
    const int32_t wait_ms = (int32_t)wrapped_difference(tick, now);
    if (wait_ms > 0) {
        port_sleep_until_ms(now_ms + (uint32_t)wait_ms);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(clock_sleep_until_obj, clock_sleep_until);

static const mp_rom_map_elem_t clock_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_ticks_ms), MP_ROM_PTR(&clock_ticks_ms_obj)},
    {MP_ROM_QSTR(MP_QSTR_ticks_us), MP_ROM_PTR(&clock_ticks_us_obj)},
    {MP_ROM_QSTR(MP_QSTR_ticks_diff), MP_ROM_PTR(&clock_ticks_diff_obj)},
    {MP_ROM_QSTR(MP_QSTR_ticks_add), MP_ROM_PTR(&clock_ticks_add_obj)},
    {MP_ROM_QSTR(MP_QSTR_sleep_until), MP_ROM_PTR(&clock_sleep_until_obj)},
    {MP_ROM_QSTR(MP_QSTR_idle_us), MP_ROM_PTR(&clock_idle_us_obj)},
};
static MP_DEFINE_CONST_DICT(clock_locals, clock_locals_table);
static MP_DEFINE_CONST_OBJ_TYPE(clock_type, MP_QSTR_clock, MP_TYPE_FLAG_NONE, locals_dict,
                                &clock_locals);
static const mp_obj_base_t clock_obj = {&clock_type};

/* --- processor -------------------------------------------------------------------------------- */

static mp_obj_t obc_reset(mp_obj_t cause)
{
    port_reset((uint32_t)mp_obj_get_int(cause));
}
static MP_DEFINE_CONST_FUN_OBJ_1(obc_reset_obj, obc_reset);

static mp_obj_t obc_reset_cause(void)
{
    return small(port_reset_cause());
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_reset_cause_obj, obc_reset_cause);

static mp_obj_t obc_boot_count(void)
{
    return small(port_boot_count());
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_boot_count_obj, obc_boot_count);

static mp_obj_t obc_image_slot(void)
{
    return small((uintptr_t)&image_header == IMAGE_SLOT_A ? 0u : 1u);
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_image_slot_obj, obc_image_slot);

/* Four bytes, big-endian, as the telemetry carries it. Allocates. */
static mp_obj_t obc_dictionary_hash(void)
{
    const uint32_t hash = *(volatile const uint32_t *)&image_header.dictionary_hash;
    const byte out[4] = {(byte)(hash >> 24), (byte)(hash >> 16), (byte)(hash >> 8), (byte)hash};
    return mp_obj_new_bytes(out, sizeof out);
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_dictionary_hash_obj, obc_dictionary_hash);

/* Crash record (port.h, port_crash_t) into a buffer of at least its size. */
static mp_obj_t obc_crash_into(mp_obj_t buffer)
{
    mp_buffer_info_t info;
    mp_get_buffer_raise(buffer, &info, MP_BUFFER_WRITE);
    if (info.len < sizeof(port_crash_t)) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer too small"));
    }
    memcpy(info.buf, port_crash(), sizeof(port_crash_t));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(obc_crash_into_obj, obc_crash_into);

static uint32_t slot_base(uint32_t other)
{
    const uint32_t base = (uint32_t)(uintptr_t)&image_header;
    return other == 0 ? base : IMAGE_SLOT_A + IMAGE_SLOT_B - base;
}

/* The next bytes of the running image (0) or the one in the other slot (1), see mf_scrub.h. A slot
 * without an image counts as damaged. */
static mp_obj_t obc_scrub(mp_obj_t which, mp_obj_t size)
{
    static mf_scrub_t scrubs[2];
    const uint32_t other = mp_obj_is_true(which) ? 1u : 0u;
    mf_scrub_t *scrub = &scrubs[other];
    const mp_int_t n = mp_obj_get_int(size);
    if (scrub->at == 0) {
        const uint32_t base = slot_base(other), length = image_checked_size(base);
        const volatile image_header_t *header = (const volatile image_header_t *)base;
        mf_scrub_begin(scrub, (const uint8_t *)base + IMAGE_CRC_START, length,
                       length != 0 ? header->crc : 1u);
    }
    return MP_OBJ_NEW_SMALL_INT(n > 0 ? mf_scrub_step(scrub, (uint32_t)n) : (int)MF_E_INVAL);
}
static MP_DEFINE_CONST_FUN_OBJ_2(obc_scrub_obj, obc_scrub);

/* The image, 0 the running one, 1 the other, is intact: all of it is looked at. */
static mp_obj_t obc_intact(mp_obj_t which)
{
    return mp_obj_new_bool(image_intact(slot_base(mp_obj_is_true(which) ? 1u : 0u)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(obc_intact_obj, obc_intact);

#define BOOT_START 0x08000000u
#define BOOT_SIZE 0x10000u

/* Whether the ground may read there: boot block and running image, but for the keys. The other slot
 * may hold keys anywhere. */
static bool may_be_read(uint32_t address, uint32_t size)
{
    const uint32_t last = address + size;
    const uint32_t image = (uint32_t)(uintptr_t)&image_header;
    const volatile image_header_t *header = &image_header;
    const uint32_t keys = (uint32_t)(uintptr_t)port_link_secrets;
    if (size == 0u || last < address) {
        return false;
    }
    if (address >= BOOT_START && last <= BOOT_START + BOOT_SIZE) {
        return true;
    }
    return address >= image && last <= image + header->length &&
           (last <= keys || address >= keys + sizeof port_link_secrets);
}

/* (buf, at, skip, n, out, off): n bytes behind the address at buf[at] (big-endian) and skip, into
 * out[off:]; out None: only whether they may be read. 0, or negative where they may not. */
static mp_obj_t obc_image_read(size_t n_args, const mp_obj_t *args)
{
    mp_buffer_info_t from;
    mp_get_buffer_raise(args[0], &from, MP_BUFFER_READ);
    const mp_int_t at = mp_obj_get_int(args[1]);
    const mp_int_t skip = mp_obj_get_int(args[2]);
    const mp_int_t size = mp_obj_get_int(args[3]);
    if (at < 0 || (size_t)at + 4u > from.len || skip < 0 || size < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer too small"));
    }
    const uint8_t *octets = (const uint8_t *)from.buf + at;
    const uint32_t base = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 |
                          (uint32_t)octets[2] << 8 | octets[3];
    const uint32_t address = base + (uint32_t)skip;
    if (address < base || !may_be_read(address, (uint32_t)size)) {
        return MP_OBJ_NEW_SMALL_INT((int)MF_E_INVAL);
    }
    if (args[4] != mp_const_none) {
        mp_buffer_info_t out;
        mp_get_buffer_raise(args[4], &out, MP_BUFFER_WRITE);
        const mp_int_t off = mp_obj_get_int(args[5]);
        if (off < 0 || (size_t)off + (size_t)size > out.len) {
            mp_raise_ValueError(MP_ERROR_TEXT("buffer too small"));
        }
        memcpy((uint8_t *)out.buf + off, (const void *)(uintptr_t)address, (size_t)size);
    }
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(obc_image_read_obj, 6, 6, obc_image_read);

static mp_obj_t obc_led(mp_obj_t on)
{
    stm32_pin_write(MF_PIN_LED, mp_obj_is_true(on) != (bool)MF_LED_ACTIVE_LOW);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(obc_led_obj, obc_led);

/* --- memory ----------------------------------------------------------------------------------- */

/* Used bytes as the collector last counted them, and all bytes ever allocated at that moment.
 * Counting walks the whole heap; between collections the sum of allocations is exact enough. */
static size_t counted_used, counted_total;

static void count_heap(void)
{
    gc_info_t info;
    gc_info(&info);
    counted_used = info.used;
    counted_total = m_get_total_bytes_allocated();
}

static mp_obj_t obc_collect(void)
{
    gc_collect();
    count_heap();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_collect_obj, obc_collect);

static mp_obj_t obc_heap_used(void)
{
    const size_t total = m_get_total_bytes_allocated();
    if (counted_total == 0u || total < counted_total) {
        count_heap();
    }
    return small((uint32_t)(counted_used + m_get_total_bytes_allocated() - counted_total));
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_heap_used_obj, obc_heap_used);

static mp_obj_t obc_heap_size(void)
{
    gc_info_t info;
    gc_info(&info);
    return small((uint32_t)info.total);
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_heap_size_obj, obc_heap_size);

static mp_obj_t obc_heap_total_allocated(void)
{
    return small(m_get_total_bytes_allocated());
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_heap_total_allocated_obj, obc_heap_total_allocated);

static mp_obj_t obc_stack_used(void)
{
    return small(port_vm_stack_peak());
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_stack_used_obj, obc_stack_used);

/* Sizes of both stacks, from link/image.ld. */
static mp_obj_t obc_stack_size(void)
{
    extern uint8_t vm_stack_bottom[], vm_stack_top[];
    return small((uint32_t)(vm_stack_top - vm_stack_bottom));
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_stack_size_obj, obc_stack_size);

static mp_obj_t obc_handler_stack_size(void)
{
    extern uint8_t kernel_start[], msp_top[];
    return small((uint32_t)(msp_top - kernel_start));
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_handler_stack_size_obj, obc_handler_stack_size);

static mp_obj_t obc_handler_stack_used(void)
{
    return small(port_handler_stack_peak());
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_handler_stack_used_obj, obc_handler_stack_used);

#if MF_PROFILE_DEVELOPMENT
/* Faults on purpose, for tests: 0 undefined instruction, 1 read of a hole in the memory map,
 * 2 stack overflow, 3 division by zero. */
static mp_obj_t obc_fault(mp_obj_t kind)
{
    switch (mp_obj_get_int(kind)) {
        case 0:
            __asm volatile("udf #0");
            break;
        case 1:
            (void)*(volatile uint32_t *)0x60000000u;
            break;
        case 2:
            __asm volatile("1: push {r0-r7}\n\tb 1b");
            break;
        default:
            __asm volatile("movs r0, #0\n\tudiv r0, r0, r0" ::: "r0");
            break;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(obc_fault_obj, obc_fault);

/* A 32-bit register, for tests against the emulator's own timers. */
static mp_obj_t obc_peek(mp_obj_t address)
{
    return mp_obj_new_int_from_uint(PORT_REG((uint32_t)mp_obj_get_int_truncated(address)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(obc_peek_obj, obc_peek);

static mp_obj_t obc_poke(mp_obj_t address, mp_obj_t value)
{
    PORT_REG((uint32_t)mp_obj_get_int_truncated(address)) =
        (uint32_t)mp_obj_get_int_truncated(value);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(obc_poke_obj, obc_poke);
#endif

/* Once all is imported: how many modules have their names in flash from now on. */
static mp_obj_t obc_settle(void)
{
    return MP_OBJ_NEW_SMALL_INT(port_flash_settle());
}
static MP_DEFINE_CONST_FUN_OBJ_0(obc_settle_obj, obc_settle);

static const mp_rom_map_elem_t obc_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_obc)},
    {MP_ROM_QSTR(MP_QSTR_clock), MP_ROM_PTR(&clock_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&obc_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset_cause), MP_ROM_PTR(&obc_reset_cause_obj)},
    {MP_ROM_QSTR(MP_QSTR_boot_count), MP_ROM_PTR(&obc_boot_count_obj)},
    {MP_ROM_QSTR(MP_QSTR_image_slot), MP_ROM_PTR(&obc_image_slot_obj)},
    {MP_ROM_QSTR(MP_QSTR_dictionary_hash), MP_ROM_PTR(&obc_dictionary_hash_obj)},
    {MP_ROM_QSTR(MP_QSTR_crash_into), MP_ROM_PTR(&obc_crash_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_image_read), MP_ROM_PTR(&obc_image_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_scrub), MP_ROM_PTR(&obc_scrub_obj)},
    {MP_ROM_QSTR(MP_QSTR_intact), MP_ROM_PTR(&obc_intact_obj)},
    {MP_ROM_QSTR(MP_QSTR_settle), MP_ROM_PTR(&obc_settle_obj)},
    {MP_ROM_QSTR(MP_QSTR_led), MP_ROM_PTR(&obc_led_obj)},
    {MP_ROM_QSTR(MP_QSTR_collect), MP_ROM_PTR(&obc_collect_obj)},
    {MP_ROM_QSTR(MP_QSTR_heap_used), MP_ROM_PTR(&obc_heap_used_obj)},
    {MP_ROM_QSTR(MP_QSTR_heap_size), MP_ROM_PTR(&obc_heap_size_obj)},
    {MP_ROM_QSTR(MP_QSTR_heap_total_allocated), MP_ROM_PTR(&obc_heap_total_allocated_obj)},
    {MP_ROM_QSTR(MP_QSTR_stack_used), MP_ROM_PTR(&obc_stack_used_obj)},
    {MP_ROM_QSTR(MP_QSTR_stack_size), MP_ROM_PTR(&obc_stack_size_obj)},
    {MP_ROM_QSTR(MP_QSTR_handler_stack_size), MP_ROM_PTR(&obc_handler_stack_size_obj)},
    {MP_ROM_QSTR(MP_QSTR_handler_stack_used), MP_ROM_PTR(&obc_handler_stack_used_obj)},
    #if MF_PROFILE_DEVELOPMENT
    {MP_ROM_QSTR(MP_QSTR_fault), MP_ROM_PTR(&obc_fault_obj)},
    {MP_ROM_QSTR(MP_QSTR_peek), MP_ROM_PTR(&obc_peek_obj)},
    {MP_ROM_QSTR(MP_QSTR_poke), MP_ROM_PTR(&obc_poke_obj)},
    #endif
};
static MP_DEFINE_CONST_DICT(obc_globals, obc_globals_table);

const mp_obj_module_t mp_module_obc = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&obc_globals,
};

MP_REGISTER_MODULE(MP_QSTR_obc, mp_module_obc);
