/* machine.Pin, SPI, UART, WDT: the subset the hardware layer needs, same names as MicroPython's.
 * On QEMU pins, SPI and UARTs other than the console end in the device bus, elsewhere in the
 * registers. machine.I2C is native.I2C. Constructors allocate, methods do not. */
#include "mf_native.h"
#include "mf_port.h"
#include "port_kernel.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "stm32/stm32.h"

extern const mp_obj_type_t port_pin_type, port_spi_type, port_uart_type, port_wdt_type;

#define CONSOLE_UART 1
#define SPI_DEFAULT_HZ 10000000

/* One device-bus transfer outside the bus queues; raises OSError. Returns the status. */
static int devbus_transfer(mf_xfer_t *xfer)
{
    const int status = MF_INSIDE(mf_devbus_exchange(&port_kernel.devbus, xfer));
    if (status < 0) {
        mp_raise_OSError(-status);
    }
    return status;
}

/* --- Pin -------------------------------------------------------------------------------------- */

typedef struct {
    mp_obj_base_t base;
    uint8_t pin;
} pin_obj_t;

/* "B8" or "PB8" as on the schematic, or the number port << 4 | pin. */
static uint8_t pin_number(mp_obj_t object)
{
    if (mp_obj_is_int(object)) {
        const mp_int_t number = mp_obj_get_int(object);
        if (number >= 0 && number < 0x90) {
            return (uint8_t)number;
        }
    } else {
        const char *name = mp_obj_str_get_str(object);
        name += name[0] == 'P' ? 1 : 0;
        uint32_t number = 0;
        const char *digit = name[0] != '\0' ? name + 1 : name;
        for (; *digit >= '0' && *digit <= '9' && number < 16u; digit++) {
            number = number * 10u + (uint32_t)(*digit - '0');
        }
        if (name[0] >= 'A' && name[0] <= 'I' && name[1] != '\0' && *digit == '\0' &&
            number < 16u) {
            return STM32_PIN(name[0], number);
        }
    }
    mp_raise_ValueError(MP_ERROR_TEXT("no such pin"));
}

static void pin_set(const pin_obj_t *self, bool level)
{
    if (!stm32_on_qemu()) {
        stm32_pin_write(self->pin, level);
        return;
    }
    const uint8_t tx[1] = {level};
    mf_xfer_t xfer = {.op = MF_OP_GPIO_WRITE, .address = self->pin, .tx = tx, .tx_len = 1};
    (void)devbus_transfer(&xfer);
}

static bool pin_get(const pin_obj_t *self)
{
    if (!stm32_on_qemu()) {
        return stm32_pin_read(self->pin);
    }
    uint8_t rx[1] = {0};
    mf_xfer_t xfer = {.op = MF_OP_GPIO_READ, .address = self->pin, .rx = rx, .rx_len = 1};
    (void)devbus_transfer(&xfer);
    return rx[0] != 0u;
}

enum { PIN_IN = 0, PIN_OUT = 1, PIN_OPEN_DRAIN = 2 };

static mp_obj_t pin_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                             const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 2, 3, false);
    const mp_int_t mode = mp_obj_get_int(args[1]);
    const mp_int_t pull = n_args > 2 ? mp_obj_get_int(args[2]) : STM32_PULL_NONE;
    if (mode < PIN_IN || mode > PIN_OPEN_DRAIN || pull < 0 || pull > STM32_PULL_DOWN) {
        mp_raise_ValueError(MP_ERROR_TEXT("bad pin mode"));
    }
    pin_obj_t *self = mp_obj_malloc(pin_obj_t, type);
    self->pin = pin_number(args[0]);
    MF_INSIDE_DO(stm32_pin_config(self->pin, mode == PIN_IN ? STM32_INPUT : STM32_OUTPUT, 0,
                     mode == PIN_OPEN_DRAIN, (uint8_t)pull));
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t pin_value(size_t n_args, const mp_obj_t *args)
{
    const pin_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    if (n_args == 1u) {
        return MP_OBJ_NEW_SMALL_INT(pin_get(self));
    }
    pin_set(self, mp_obj_is_true(args[1]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pin_value_obj, 1, 2, pin_value);

static const mp_rom_map_elem_t pin_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_value), MP_ROM_PTR(&pin_value_obj)},
    {MP_ROM_QSTR(MP_QSTR_IN), MP_ROM_INT(PIN_IN)},
    {MP_ROM_QSTR(MP_QSTR_OUT), MP_ROM_INT(PIN_OUT)},
    {MP_ROM_QSTR(MP_QSTR_OPEN_DRAIN), MP_ROM_INT(PIN_OPEN_DRAIN)},
    {MP_ROM_QSTR(MP_QSTR_PULL_UP), MP_ROM_INT(STM32_PULL_UP)},
    {MP_ROM_QSTR(MP_QSTR_PULL_DOWN), MP_ROM_INT(STM32_PULL_DOWN)},
};
static MP_DEFINE_CONST_DICT(pin_locals, pin_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(port_pin_type, MP_QSTR_Pin, MP_TYPE_FLAG_NONE, make_new, pin_make_new,
                         locals_dict, &pin_locals);

/* --- SPI -------------------------------------------------------------------------------------- */

typedef struct {
    mp_obj_base_t base;
    uint8_t cs;
} spi_obj_t;

/* SPI(1, cs, baudrate): mode 0 on the board's SPI1 pins; `cs` as for Pin, active low. */
static mp_obj_t spi_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                             const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 2, 3, false);
    const mp_int_t baud = n_args > 2 ? mp_obj_get_int(args[2]) : SPI_DEFAULT_HZ;
    if (mp_obj_get_int(args[0]) != 1 || baud <= 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such bus"));
    }
    spi_obj_t *self = mp_obj_malloc(spi_obj_t, type);
    self->cs = pin_number(args[1]);
    if (!stm32_on_qemu()) {
        MF_INSIDE_DO(stm32_pin_config(self->cs, STM32_OUTPUT, 0, false, STM32_PULL_NONE));
        stm32_pin_write(self->cs, true);
        if (MF_INSIDE(stm32_spi_init(1, MF_PIN_SPI1_SCK, MF_PIN_SPI1_MISO, MF_PIN_SPI1_MOSI, 5,
                           (uint32_t)baud, 0)) < 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("bad rate"));
        }
    }
    return MP_OBJ_FROM_PTR(self);
}

/* One selection: write `tx`, then read into `rx`; either may be None. */
static mp_obj_t spi_write_readinto(mp_obj_t self_in, mp_obj_t tx, mp_obj_t rx)
{
    const spi_obj_t *self = MP_OBJ_TO_PTR(self_in);
    uint32_t tx_size = 0;
    uint32_t rx_size = 0;
    const uint8_t *tx_data =
        tx != mp_const_none ? mf_native_whole(tx, &tx_size, MP_BUFFER_READ) : NULL;
    uint8_t *rx_data = rx != mp_const_none ? mf_native_whole(rx, &rx_size, MP_BUFFER_WRITE) : NULL;
    if (stm32_on_qemu()) {
        if (tx_size > MF_DEVBUS_DATA_MAX || rx_size > MF_DEVBUS_DATA_MAX) {
            mp_raise_ValueError(MP_ERROR_TEXT("too long"));
        }
        mf_xfer_t xfer = {.op = MF_OP_SPI, .bus = MF_BUS_SPI, .address = self->cs, .tx = tx_data,
                          .tx_len = (uint16_t)tx_size, .rx = rx_data,
                          .rx_len = (uint16_t)rx_size};
        (void)devbus_transfer(&xfer);
        return mp_const_none;
    }
    stm32_pin_write(self->cs, false);
    int status = tx_size != 0u ? stm32_spi_transfer(1, tx_data, NULL, tx_size) : MF_OK;
    if (status >= 0 && rx_size != 0u) {
        status = stm32_spi_transfer(1, NULL, rx_data, rx_size);
    }
    stm32_pin_write(self->cs, true);
    if (status < 0) {
        mp_raise_OSError(-status);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(spi_write_readinto_obj, spi_write_readinto);

static const mp_rom_map_elem_t spi_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_write_readinto), MP_ROM_PTR(&spi_write_readinto_obj)},
};
static MP_DEFINE_CONST_DICT(spi_locals, spi_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(port_spi_type, MP_QSTR_SPI, MP_TYPE_FLAG_NONE, make_new, spi_make_new,
                         locals_dict, &spi_locals);

/* --- UART ------------------------------------------------------------------------------------- */

typedef struct {
    mp_obj_base_t base;
    uint8_t number;
} uart_obj_t;

/* UART(1): the console as it is. Others: UART(number, baudrate, tx, rx), pins as for Pin. Number 6
 * is the GNSS receiver's, which the kernel reads. */
static mp_obj_t uart_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                              const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 1, 4, false);
    const mp_int_t number = mp_obj_get_int(args[0]);
    if (number != CONSOLE_UART && number != 2 && number != 3) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such UART"));
    }
    uart_obj_t *self = mp_obj_malloc(uart_obj_t, type);
    self->number = (uint8_t)number;
    if (number != CONSOLE_UART) {
        mp_arg_check_num(n_args, n_kw, 4, 4, false);
        const mp_int_t baud = mp_obj_get_int(args[1]);
        const uint8_t tx = pin_number(args[2]);
        const uint8_t rx = pin_number(args[3]);
        if (baud <= 0 || (!stm32_on_qemu() &&
                          MF_INSIDE(stm32_uart_init(self->number, tx, rx, (uint32_t)baud)) < 0)) {
            mp_raise_ValueError(MP_ERROR_TEXT("bad rate"));
        }
    }
    return MP_OBJ_FROM_PTR(self);
}

static bool uart_on_devbus(const uart_obj_t *self)
{
    return self->number != CONSOLE_UART && stm32_on_qemu();
}

/* Bytes written. */
static mp_obj_t uart_write(mp_obj_t self_in, mp_obj_t buffer)
{
    const uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    uint32_t size = 0;
    const uint8_t *data = mf_native_whole(buffer, &size, MP_BUFFER_READ);
    if (uart_on_devbus(self)) {
        const uint32_t part = size < MF_DEVBUS_DATA_MAX ? size : MF_DEVBUS_DATA_MAX;
        mf_xfer_t xfer = {.op = MF_OP_UART_WRITE, .bus = self->number, .tx = data,
                          .tx_len = (uint16_t)part};
        return MP_OBJ_NEW_SMALL_INT(devbus_transfer(&xfer));
    }
    uint32_t written = 0;
    while (written < size && MF_INSIDE(stm32_uart_put(self->number, data[written])) >= 0) {
        written++;
    }
    return MP_OBJ_NEW_SMALL_INT(written);
}
static MP_DEFINE_CONST_FUN_OBJ_2(uart_write_obj, uart_write);

/* Bytes read, 0 when none are waiting; never blocks. */
static mp_obj_t uart_readinto(mp_obj_t self_in, mp_obj_t buffer)
{
    const uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    uint32_t size = 0;
    uint8_t *data = mf_native_whole(buffer, &size, MP_BUFFER_WRITE);
    if (uart_on_devbus(self)) {
        const uint32_t part = size < MF_DEVBUS_DATA_MAX ? size : MF_DEVBUS_DATA_MAX;
        mf_xfer_t xfer = {.op = MF_OP_UART_READ, .bus = self->number, .rx = data,
                          .rx_len = (uint16_t)part};
        return MP_OBJ_NEW_SMALL_INT(devbus_transfer(&xfer));
    }
    uint32_t count = 0;
    while (count < size && stm32_uart_available(self->number) != 0u) {
        data[count++] = (uint8_t)MF_INSIDE(stm32_uart_get(self->number));
    }
    return MP_OBJ_NEW_SMALL_INT(count);
}
static MP_DEFINE_CONST_FUN_OBJ_2(uart_readinto_obj, uart_readinto);

static const mp_rom_map_elem_t uart_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&uart_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&uart_readinto_obj)},
};
static MP_DEFINE_CONST_DICT(uart_locals, uart_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(port_uart_type, MP_QSTR_UART, MP_TYPE_FLAG_NONE, make_new, uart_make_new,
                         locals_dict, &uart_locals);

/* --- WDT -------------------------------------------------------------------------------------- */

/* The hardware watchdog runs from boot and is fed by the kernel alone; feed() is the heartbeat
 * without which the kernel stops feeding it. */
static mp_obj_t wdt_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                             const mp_obj_t *args)
{
    static const mp_obj_base_t wdt_obj = {&port_wdt_type};
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return MP_OBJ_FROM_PTR(&wdt_obj);
}

static mp_obj_t wdt_feed(mp_obj_t self)
{
    MF_INSIDE_DO(mf_survival_beat(&port_kernel.survival, mf_port_now_us()));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(wdt_feed_obj, wdt_feed);

static const mp_rom_map_elem_t wdt_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&wdt_feed_obj)},
};
static MP_DEFINE_CONST_DICT(wdt_locals, wdt_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(port_wdt_type, MP_QSTR_WDT, MP_TYPE_FLAG_NONE, make_new, wdt_make_new,
                         locals_dict, &wdt_locals);
