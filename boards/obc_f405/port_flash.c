/* The VM takes functions, classes and module dictionaries out of flash where the build has laid them
 * there (port_flash.h). Each is compared with what the import has just made: only an equal one is
 * taken, so that an error in the build costs heap and nothing else.
 *
 * mp_obj_new_module and mp_make_function_from_proto_fun are wrapped by the linker; the call of
 * mp_obj_new_type is replaced in a copy of py/objtype.c (Makefile). */
#include <string.h>

#include "port_flash.h"
#include "py/emitglue.h"
#include "py/gc.h"
#include "py/objmodule.h"
#include "py/objtuple.h"
#include "py/runtime.h"

#define DEPTH_MAX 4

mp_obj_t __real_mp_obj_new_module(qstr name);
mp_obj_t __wrap_mp_obj_new_module(qstr name);
mp_obj_t __real_mp_make_function_from_proto_fun(mp_proto_fun_t proto,
                                                const mp_module_context_t *context,
                                                const mp_obj_t *defaults);
mp_obj_t __wrap_mp_make_function_from_proto_fun(mp_proto_fun_t proto,
                                                const mp_module_context_t *context,
                                                const mp_obj_t *defaults);

/* Tuples of the same length: the items are still to be compared. */
static bool both_tuples(mp_obj_t a, mp_obj_t b)
{
    return mp_obj_is_type(a, &mp_type_tuple) && mp_obj_is_type(b, &mp_type_tuple) &&
           ((mp_obj_tuple_t *)MP_OBJ_TO_PTR(a))->len == ((mp_obj_tuple_t *)MP_OBJ_TO_PTR(b))->len;
}

/* Numbers or octets of the same value. */
static bool equal_constants(mp_obj_t a, mp_obj_t b)
{
    if (mp_obj_is_float(a) && mp_obj_is_float(b)) {
        const mp_float_t x = mp_obj_float_get(a), y = mp_obj_float_get(b);
        return memcmp(&x, &y, sizeof x) == 0;
    }
    if (mp_obj_is_type(a, &mp_type_bytes) && mp_obj_is_type(b, &mp_type_bytes)) {
        size_t n, m;
        const char *x = mp_obj_str_get_data(a, &n), *y = mp_obj_str_get_data(b, &m);
        return n == m && memcmp(x, y, n) == 0;
    }
    return false;
}

/* The same object, or tuples of the same objects, DEPTH_MAX of them inside one another. */
static bool same(mp_obj_t a, mp_obj_t b)
{
    struct {
        const mp_obj_tuple_t *a, *b;
        size_t next;
    } open[DEPTH_MAX];
    size_t depth = 0;
    for (;;) {
        if (a != b && !equal_constants(a, b)) {
            if (depth == DEPTH_MAX || !both_tuples(a, b)) {
                return false;
            }
            open[depth].a = MP_OBJ_TO_PTR(a);
            open[depth].b = MP_OBJ_TO_PTR(b);
            open[depth++].next = 0;
        }
        while (depth > 0 && open[depth - 1].next == open[depth - 1].a->len) {
            depth--;
        }
        if (depth == 0) {
            return true;
        }
        const size_t at = open[depth - 1].next++;
        a = open[depth - 1].a->items[at];
        b = open[depth - 1].b->items[at];
    }
}

/* Names that nothing on board asks for. */
static bool unused(mp_obj_t key)
{
    return key == MP_OBJ_NEW_QSTR(MP_QSTR___name__) ||
           key == MP_OBJ_NEW_QSTR(MP_QSTR___file__) ||
           key == MP_OBJ_NEW_QSTR(MP_QSTR___path__) ||
           key == MP_OBJ_NEW_QSTR(MP_QSTR___module__) ||
           key == MP_OBJ_NEW_QSTR(MP_QSTR___qualname__);
}

/* `made` has, but for those, exactly the entries of `laid`. */
static bool equal(const mp_obj_dict_t *made, const mp_obj_dict_t *laid)
{
    size_t used = 0;
    for (size_t i = 0; i < made->map.alloc; i++) {
        if (!mp_map_slot_is_filled(&made->map, i) || unused(made->map.table[i].key)) {
            continue;
        }
        const mp_map_elem_t *twin = mp_map_lookup((mp_map_t *)&laid->map, made->map.table[i].key,
                                                  MP_MAP_LOOKUP);
        if (twin == NULL || !same(made->map.table[i].value, twin->value)) {
            return false;
        }
        used++;
    }
    return used == laid->map.used;
}

mp_obj_t __wrap_mp_obj_new_module(qstr name)
{
    const mp_obj_t module = __real_mp_obj_new_module(name);
    for (uint32_t i = 0; i < port_flash_count; i++) {
        mp_module_context_t *context = &port_flash_contexts[i];
        if (port_flash_modules[i].name != name || MP_OBJ_FROM_PTR(context) == module) {
            continue;
        }
        mp_module_context_t *made = MP_OBJ_TO_PTR(module);
        *context = *made;
        mp_map_lookup(&MP_STATE_VM(mp_loaded_modules_dict).map, MP_OBJ_NEW_QSTR(name),
                      MP_MAP_LOOKUP)
            ->value = MP_OBJ_FROM_PTR(context);
        m_del_obj(mp_module_context_t, made);
        return MP_OBJ_FROM_PTR(context);
    }
    return module;
}

static uint32_t defaults_of(const mp_obj_fun_bc_t *fun)
{
    const byte *ip = fun->bytecode;
    MP_BC_PRELUDE_SIG_DECODE(ip);
    return (uint32_t)n_def_pos_args;
}

mp_obj_t __wrap_mp_make_function_from_proto_fun(mp_proto_fun_t proto,
                                                const mp_module_context_t *context,
                                                const mp_obj_t *defaults)
{
    const size_t number = (size_t)(context - port_flash_contexts);
    if (context < port_flash_contexts || number >= port_flash_count) {
        return __real_mp_make_function_from_proto_fun(proto, context, defaults);
    }
    const void *bytecode = mp_proto_fun_is_bytecode(proto)
                               ? proto
                               : ((const mp_raw_code_t *)proto)->fun_data;
    const port_flash_module_t *module = &port_flash_modules[number];
    const mp_obj_fun_bc_t *fun = module->funs, *next;
    for (uint32_t i = 0; i < module->fun_count; i++, fun = next) {
        const uint32_t count = defaults_of(fun);
        next = (const void *)&fun->extra_args[count];
        if (fun->bytecode != bytecode) {
            continue;
        }
        const mp_obj_tuple_t *given = NULL;
        if (defaults != NULL && defaults[0] != MP_OBJ_NULL) {
            given = MP_OBJ_TO_PTR(defaults[0]);
        }
        bool equal_defaults = (given != NULL ? given->len : 0) == count &&
                              (defaults == NULL || defaults[1] == MP_OBJ_NULL);
        for (uint32_t k = 0; equal_defaults && k < count; k++) {
            equal_defaults = same(given->items[k], fun->extra_args[k]);
        }
        if (equal_defaults) {
            return MP_OBJ_FROM_PTR(fun);
        }
    }
    return __real_mp_make_function_from_proto_fun(proto, context, defaults);
}

static bool same_base(const mp_obj_type_t *type, mp_obj_t bases)
{
    size_t count;
    mp_obj_t *items;
    mp_obj_tuple_get(bases, &count, &items);
    const void *parent = MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, parent);
    return count == 0 ? parent == NULL : count == 1 && parent == MP_OBJ_TO_PTR(items[0]);
}

mp_obj_t port_flash_new_type(qstr name, mp_obj_t bases, mp_obj_t locals)
{
    const mp_obj_dict_t *globals = mp_globals_get();
    for (uint32_t i = 0; i < port_flash_count && mp_obj_is_type(locals, &mp_type_dict); i++) {
        const port_flash_module_t *module = &port_flash_modules[i];
        if (port_flash_contexts[i].module.globals != globals) {
            continue;
        }
        for (uint32_t k = 0; k < module->type_count; k++) {
            const mp_obj_type_t *type = module->types[k];
            if (type->name == name && same_base(type, bases) &&
                equal(MP_OBJ_TO_PTR(locals), MP_OBJ_TYPE_GET_SLOT(type, locals_dict))) {
                return MP_OBJ_FROM_PTR(type);
            }
        }
    }
    return mp_obj_new_type(name, bases, locals);
}

uint32_t port_flash_settle(void)
{
    uint32_t settled = 0;
    for (uint32_t i = 0; i < port_flash_count; i++) {
        const mp_obj_dict_t *laid = port_flash_modules[i].globals;
        mp_obj_module_t *module = &port_flash_contexts[i].module;
        if (laid != NULL && module->globals != NULL && equal(module->globals, laid)) {
            module->globals = (mp_obj_dict_t *)laid;
            settled++;
        }
    }
    mp_map_t *loaded = &MP_STATE_VM(mp_loaded_modules_dict).map;
    if (!loaded->is_fixed && equal(&MP_STATE_VM(mp_loaded_modules_dict), port_flash_loaded)) {
        *loaded = port_flash_loaded->map;
    }
    return settled;
}

void port_flash_collect(void)
{
    gc_collect_root((void **)port_flash_contexts,
                    port_flash_count * sizeof(mp_module_context_t) / sizeof(void *));
}
