/* End of the copy of py/objtype.c: names for what is private there, for the classes in flash. */
#ifndef OBJTYPE_FLASH_H
#define OBJTYPE_FLASH_H

#define PORT_ALIAS(name) __attribute__((alias(#name)))

mp_obj_t port_instance_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                                const mp_obj_t *args) PORT_ALIAS(mp_obj_instance_make_new);
void port_instance_attr(mp_obj_t self, qstr attr, mp_obj_t *dest) PORT_ALIAS(mp_obj_instance_attr);
void port_instance_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind)
    PORT_ALIAS(instance_print);
mp_obj_t port_instance_unary_op(mp_unary_op_t op, mp_obj_t self) PORT_ALIAS(instance_unary_op);
mp_obj_t port_instance_binary_op(mp_binary_op_t op, mp_obj_t left, mp_obj_t right)
    PORT_ALIAS(instance_binary_op);
mp_obj_t port_instance_subscr(mp_obj_t self, mp_obj_t index, mp_obj_t value)
    PORT_ALIAS(instance_subscr);
mp_int_t port_instance_get_buffer(mp_obj_t self, mp_buffer_info_t *info, mp_uint_t flags)
    PORT_ALIAS(instance_get_buffer);

#endif
