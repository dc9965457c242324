/* Objects of frozen modules that lie in flash instead of the heap: what the build writes about them
 * (flash_objects.py), and how the VM comes to use them (port_flash.c). */
#ifndef PORT_FLASH_H
#define PORT_FLASH_H

#include "py/bc.h"
#include "py/obj.h"
#include "py/objfun.h"
#include "py/objtype.h"

/* mp_obj_fun_bc_t with so many default arguments. */
#define PORT_FLASH_FUN(count) \
    struct { \
        mp_obj_base_t base; \
        const mp_module_context_t *context; \
        struct _mp_raw_code_t *const *child_table; \
        const byte *bytecode; \
        mp_obj_t defaults[count]; \
    }

#define PORT_FLASH_DICT(name, rows, count, in_order) \
    static const mp_obj_dict_t name = { \
        .base = {&mp_type_dict}, \
        .map = \
            { \
                .all_keys_are_qstrs = 1, \
                .is_fixed = 1, \
                .is_ordered = in_order, \
                .used = count, \
                .alloc = MP_ARRAY_SIZE(rows), \
                .table = (mp_map_elem_t *)(mp_rom_map_elem_t *)rows, \
            }, \
    }

/* As mp_obj_new_type makes a class with one base or none, without special accessors. That it has
 * subclasses is said beforehand: objtype.c must not write into flash (Makefile). */
#define PORT_FLASH_TYPE(type_name, title, dict, ...) \
    static MP_DEFINE_CONST_OBJ_TYPE( \
        type_name, title, \
        MP_TYPE_FLAG_IS_SUBCLASSED | MP_TYPE_FLAG_EQ_NOT_REFLEXIVE | \
            MP_TYPE_FLAG_EQ_CHECKS_OTHER_TYPE | MP_TYPE_FLAG_EQ_HAS_NEQ_TEST | \
            MP_TYPE_FLAG_ITER_IS_GETITER | MP_TYPE_FLAG_INSTANCE_TYPE, \
        make_new, port_instance_make_new, print, port_instance_print, call, \
        mp_obj_instance_call, unary_op, port_instance_unary_op, binary_op, \
        port_instance_binary_op, attr, port_instance_attr, subscr, port_instance_subscr, iter, \
        mp_obj_instance_getiter, buffer, port_instance_get_buffer, locals_dict, &dict \
            __VA_ARGS__)
#define PORT_FLASH_SUBTYPE(type_name, title, dict, base) \
    PORT_FLASH_TYPE(type_name, title, dict, , parent, &base)

typedef struct {
    qstr_short_t name;
    uint8_t fun_count;
    uint8_t type_count;
    const mp_obj_fun_bc_t *funs; /* one behind the other, each with its default arguments */
    const mp_obj_type_t *const *types;
    const mp_obj_dict_t *globals; /* NULL: in the heap */
} port_flash_module_t;

extern const port_flash_module_t port_flash_modules[];
extern const uint32_t port_flash_count;
extern const mp_obj_dict_t *const port_flash_loaded; /* all of them, by name */
/* The module objects; functions in flash point to them. */
extern mp_module_context_t port_flash_contexts[];

/* Of py/objtype.c, where they are private; boards/obc_f405/Makefile. */
mp_obj_t port_instance_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                                const mp_obj_t *args);
void port_instance_attr(mp_obj_t self, qstr attr, mp_obj_t *dest);
void port_instance_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind);
mp_obj_t port_instance_unary_op(mp_unary_op_t op, mp_obj_t self);
mp_obj_t port_instance_binary_op(mp_binary_op_t op, mp_obj_t left, mp_obj_t right);
mp_obj_t port_instance_subscr(mp_obj_t self, mp_obj_t index, mp_obj_t value);
mp_int_t port_instance_get_buffer(mp_obj_t self, mp_buffer_info_t *info, mp_uint_t flags);
/* Instead of mp_obj_new_type: the class in flash, when that is the same. */
mp_obj_t port_flash_new_type(qstr name, mp_obj_t bases, mp_obj_t locals);

/* Once everything is imported: dictionaries of modules that hold what their twins in flash hold are
 * given up, and the list of the modules, when those of the image are loaded and no others. Returns
 * how many are in flash. */
uint32_t port_flash_settle(void);
/* Module objects refer to the heap: roots of the collection. */
void port_flash_collect(void);

#endif
