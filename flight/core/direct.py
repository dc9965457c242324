"""Direct commands and settings of survival, which C carries out (native/include/mf_survival.h)."""

from flight.core import failures
from flight.core.modes import SILENCE_CEASED
from hal.compat import const

_RESTART = const(0x20)
_RESET = const(0x21)
_IMAGE = const(0x22)
_CEASE = const(0x24)
_SILENCE = const(0x20)
_BEACON = const(0x21)
_BATTERY = const(0x22)
_CRITICAL = const(0x23)
_E_IO = const(-5)


class Direct:
    """Handlers of the direct commands while Python runs. `set_time`: handler of `set_time`."""

    def __init__(self, context, set_time):
        self._kernel = context.board.kernel
        self._params = context.params
        self._places = (
            context.params.place(0x0020),
            context.params.place(0x0021),
            context.params.place(0x0022),
            context.params.place(0x0023),
        )
        self._modes = context.modes
        self._changes = -1
        functions = context.functions
        functions.handle(0x0020, self.restart_python)
        functions.handle(0x0021, self.reset)
        functions.handle(0x0022, self.select_image)
        functions.handle(0x0023, set_time)
        functions.handle(0x0024, self.cease)

    def update(self):
        """Be silent when emission has been ceased; hand parameters that have changed over to C."""
        modes = self._modes
        modes.silence &= ~SILENCE_CEASED
        if self._kernel.ceased():
            modes.silence |= SILENCE_CEASED
        params = self._params
        if params.changes == self._changes:
            return
        self._changes = params.changes
        places = self._places
        self._kernel.setting(_SILENCE, params.u16(places[0]))
        self._kernel.setting(_BEACON, params.u16(places[1]))
        self._kernel.setting(_BATTERY, params.u16(places[2]))
        self._kernel.setting(_CRITICAL, params.u16(places[3]))

    def restart_python(self, buf, off, owner):
        """Handler of `restart_python`."""
        return self._call(_RESTART, 0)

    def reset(self, buf, off, owner):
        """Handler of `direct_reset`."""
        return self._call(_RESET, 0)

    def select_image(self, buf, off, owner):
        """Handler of `select_image`."""
        return self._call(_IMAGE, buf[off])

    def cease(self, buf, off, owner):
        """Handler of `cease_emission`."""
        return self._call(_CEASE, buf[off])

    def _call(self, code, value):
        status = self._kernel.direct(code, value)
        if status == _E_IO:
            return failures.STORAGE_ERROR  # done, but a loss of power would undo it
        return failures.REFUSED if status < 0 else failures.OK
