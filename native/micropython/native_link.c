/* Object native.link: the space link (mf_space_link.h). No state of its own. */
#include <string.h>

#include "mf_native.h"
#include "mf_port.h"
#include "py/runtime.h"

static mf_space_link_t *the_link(void)
{
    return mf_native_instances()->link;
}

static mp_obj_t small(int value)
{
    return MP_OBJ_NEW_SMALL_INT(value);
}

static mp_obj_t link_start(mp_obj_t self)
{
    /* Python begins anew: nobody goes on with what was in the open frames. */
    MF_INSIDE_DO(mf_tm_abandon(&the_link()->tm));
    return small(MF_INSIDE(mf_space_link_start(the_link())));
}
static MP_DEFINE_CONST_FUN_OBJ_1(link_start_obj, link_start);

static mp_obj_t link_keep(mp_obj_t self)
{
    return small(MF_INSIDE(mf_space_link_keep(the_link())));
}
static MP_DEFINE_CONST_FUN_OBJ_1(link_keep_obj, link_keep);

/* Where the counters are: enum mf_counter_state. */
static mp_obj_t link_memory(mp_obj_t self)
{
    return small((int)mf_counter_memory_state(mf_native_instances()->survival->parts.counters));
}
static MP_DEFINE_CONST_FUN_OBJ_1(link_memory_obj, link_memory);

static mp_obj_t link_rekey(size_t n_args, const mp_obj_t *args)
{
    const uint8_t *request = mf_native_buffer(args[2], mp_obj_get_int(args[3]),
                                              MF_LINK_REKEY_REQUEST, MP_BUFFER_READ);
    const uint8_t owner = (uint8_t)mp_obj_get_int(args[1]);
    return small(MF_INSIDE(mf_space_link_rekey(the_link(), owner, request)));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(link_rekey_obj, 4, 4, link_rekey);

static mp_obj_t link_receive(size_t n_args, const mp_obj_t *args)
{
    const mp_int_t offset = mp_obj_get_int(args[2]);
    const mp_int_t end = mp_obj_get_int(args[3]);
    if (offset < 0 || offset > end) {
        return small(MF_E_INVAL);
    }
    const uint8_t *data = mf_native_buffer(args[1], offset, end - offset, MP_BUFFER_READ);
    return small((int)MF_INSIDE(mf_space_link_receive(the_link(), data, (uint32_t)(end - offset),
                                            mf_port_now_us())));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(link_receive_obj, 4, 4, link_receive);

static mp_obj_t link_outcome(mp_obj_t self)
{
    return small(the_link()->outcome);
}
static MP_DEFINE_CONST_FUN_OBJ_1(link_outcome_obj, link_outcome);

static mp_obj_t link_refusal(mp_obj_t self)
{
    return small(the_link()->tc.refusal);
}
static MP_DEFINE_CONST_FUN_OBJ_1(link_refusal_obj, link_refusal);

static mp_obj_t link_packet(mp_obj_t self, mp_obj_t buffer)
{
    uint32_t size = 0;
    uint8_t *out = mf_native_whole(buffer, &size, MP_BUFFER_WRITE);
    const uint8_t *packet;
    const int length = MF_INSIDE(mf_space_link_packet(the_link(), &packet));
    if (length > (int)size) {
        return small(MF_E_NOSPC);
    }
    if (length > 0) {
        memcpy(out, packet, (size_t)length);
    }
    return small(length);
}
static MP_DEFINE_CONST_FUN_OBJ_2(link_packet_obj, link_packet);

static mp_obj_t link_vc(mp_obj_t self)
{
    return small(the_link()->tc.frame_vc);
}
static MP_DEFINE_CONST_FUN_OBJ_1(link_vc_obj, link_vc);

static mp_obj_t link_map(mp_obj_t self)
{
    return small(the_link()->tc.frame_map);
}
static MP_DEFINE_CONST_FUN_OBJ_1(link_map_obj, link_map);

static mp_obj_t link_news(mp_obj_t self)
{
    return mp_obj_new_bool(the_link()->tc.news != 0);
}
static MP_DEFINE_CONST_FUN_OBJ_1(link_news_obj, link_news);

static mp_obj_t link_tx_push(size_t n_args, const mp_obj_t *args)
{
    const mp_int_t vc = mp_obj_get_int(args[1]);
    const mp_int_t offset = mp_obj_get_int(args[4]);
    const mp_int_t end = mp_obj_get_int(args[5]);
    const uint8_t *packet = mf_native_buffer(args[2], mp_obj_get_int(args[3]), end, MP_BUFFER_READ);
    if (vc < 0 || vc >= (mp_int_t)MF_VC_COUNT || offset < 0 || offset > end) {
        return small(MF_E_INVAL);
    }
    return small(MF_INSIDE(mf_tm_push(&the_link()->tm, (uint8_t)vc, packet, (uint32_t)offset,
                            (uint32_t)end)));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(link_tx_push_obj, 6, 6, link_tx_push);

static mp_obj_t link_tx_pending(mp_obj_t self, mp_obj_t channel)
{
    const mp_int_t vc = mp_obj_get_int(channel);
    if (vc < 0 || vc >= (mp_int_t)MF_VC_COUNT) {
        return small(MF_E_INVAL);
    }
    return small(mf_tm_pending(&the_link()->tm, (uint8_t)vc));
}
static MP_DEFINE_CONST_FUN_OBJ_2(link_tx_pending_obj, link_tx_pending);

static mp_obj_t link_tx_frame(mp_obj_t self, mp_obj_t channel, mp_obj_t buffer)
{
    const mp_int_t vc = mp_obj_get_int(channel);
    uint8_t *out = mf_native_buffer(buffer, 0, MF_CADU_SIZE, MP_BUFFER_WRITE);
    if (vc < 0 || vc > (mp_int_t)MF_TM_VC_IDLE) {
        return small(MF_E_INVAL);
    }
    return small(MF_INSIDE(mf_space_link_cadu(the_link(), (uint8_t)vc, out)));
}
static MP_DEFINE_CONST_FUN_OBJ_3(link_tx_frame_obj, link_tx_frame);

static mp_obj_t link_counters_into(mp_obj_t self, mp_obj_t buffer)
{
    mf_link_counters_t counters;
    uint8_t *out = mf_native_buffer(buffer, 0, sizeof counters, MP_BUFFER_WRITE);
    MF_INSIDE_DO(mf_space_link_counters(the_link(), &counters));
    memcpy(out, &counters, sizeof counters);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(link_counters_into_obj, link_counters_into);

static mp_obj_t link_channel_into(mp_obj_t self, mp_obj_t channel, mp_obj_t buffer)
{
    mf_link_channel_t state;
    uint8_t *out = mf_native_buffer(buffer, 0, sizeof state, MP_BUFFER_WRITE);
    const int status = MF_INSIDE(mf_space_link_channel(the_link(), (uint8_t)mp_obj_get_int(channel), &state));
    if (status == MF_OK) {
        memcpy(out, &state, sizeof state);
    }
    return small(status);
}
static MP_DEFINE_CONST_FUN_OBJ_3(link_channel_into_obj, link_channel_into);

static const mp_rom_map_elem_t link_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&link_start_obj)},
    {MP_ROM_QSTR(MP_QSTR_keep), MP_ROM_PTR(&link_keep_obj)},
    {MP_ROM_QSTR(MP_QSTR_memory), MP_ROM_PTR(&link_memory_obj)},
    {MP_ROM_QSTR(MP_QSTR_rekey), MP_ROM_PTR(&link_rekey_obj)},
    {MP_ROM_QSTR(MP_QSTR_receive), MP_ROM_PTR(&link_receive_obj)},
    {MP_ROM_QSTR(MP_QSTR_outcome), MP_ROM_PTR(&link_outcome_obj)},
    {MP_ROM_QSTR(MP_QSTR_refusal), MP_ROM_PTR(&link_refusal_obj)},
    {MP_ROM_QSTR(MP_QSTR_packet), MP_ROM_PTR(&link_packet_obj)},
    {MP_ROM_QSTR(MP_QSTR_vc), MP_ROM_PTR(&link_vc_obj)},
    {MP_ROM_QSTR(MP_QSTR_map), MP_ROM_PTR(&link_map_obj)},
    {MP_ROM_QSTR(MP_QSTR_news), MP_ROM_PTR(&link_news_obj)},
    {MP_ROM_QSTR(MP_QSTR_tx_push), MP_ROM_PTR(&link_tx_push_obj)},
    {MP_ROM_QSTR(MP_QSTR_tx_pending), MP_ROM_PTR(&link_tx_pending_obj)},
    {MP_ROM_QSTR(MP_QSTR_tx_frame), MP_ROM_PTR(&link_tx_frame_obj)},
    {MP_ROM_QSTR(MP_QSTR_counters_into), MP_ROM_PTR(&link_counters_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_channel_into), MP_ROM_PTR(&link_channel_into_obj)},
};
static MP_DEFINE_CONST_DICT(link_locals, link_locals_table);
static MP_DEFINE_CONST_OBJ_TYPE(link_type, MP_QSTR_link, MP_TYPE_FLAG_NONE, locals_dict,
                                &link_locals);
const mp_obj_base_t mf_native_link_obj = {&link_type};
