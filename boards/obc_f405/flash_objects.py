"""Functions, classes and module dictionaries of the frozen modules, laid into flash at build time.

The freezer puts bytecode and constants into flash; the objects around them are made in the heap by
every import: a function object and a dictionary slot for each `def`, a type and a dictionary for
each class, a dictionary for each module. This reads what the freezer wrote, follows the straight
code of modules and class bodies symbolically, and writes the same objects as constants. The port
takes one of them instead of its twin in the heap only when it finds, at the import, that both hold
the same (port_flash.c): whatever is not understood here stays in the heap and works as before.

    flash_objects.py FROZEN_CONTENT_C OUTPUT_C --micropython TREE --root PROJECT
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import frozen_code  # noqa: E402

# Modules written in C that flight modules import, and where they are.
C_MODULES = ("native", "machine", "obc", "struct", "micropython", "gc", "sys", "time")
# What a class body holds besides; the port leaves it out when it compares.
UNUSED_NAMES = ("__module__", "__qualname__")
# With one of these the interpreter treats instances in ways of their own.
SPECIAL_NAMES = ("__new__", "__getattr__", "__setattr__", "__delattr__")
MAPS_ORDERED_TO = 6  # entries; a longer map is a hash table


class Writer:
    """C text of every object that is needed, each once, in an order that the compiler accepts."""

    def __init__(self, program, escape, hash_of):
        self.program = program
        self._escape = escape
        self._hash = hash_of
        self.lines = []
        self.c_modules = set()
        self._written = set()
        self._tuples = {}

    def qstr(self, text):
        return "MP_QSTR_" + self._escape(text)

    def value(self, value):
        """C expression of a value, its objects written before; None when it has to stay dynamic."""
        if value is None:
            return None
        kind, content = value
        if kind == "expression":
            return content
        if kind == "string":
            return "MP_ROM_QSTR(" + self.qstr(content) + ")"
        if kind == "integer":
            return "MP_ROM_INT(" + str(content) + ")"
        if kind == "module":
            if content in self.program.numbers:
                return "MP_ROM_PTR(&port_flash_contexts[%d])" % self.program.numbers[content]
            if content in C_MODULES:
                self.c_modules.add("mp_module_" + content)
                return "MP_ROM_PTR(&mp_module_" + content + ")"
            return None
        if kind == "tuple":
            return self._tuple(content)
        if kind == "function":
            return self._function(content)
        if kind == "class":
            return "MP_ROM_PTR(&flash_type_%s)" % content.scope if self.type(content) else None
        return None

    def _tuple(self, items):
        """A tuple is one object, however many names it has."""
        if id(items) not in self._tuples:
            self._tuples[id(items)] = self._new_tuple(items)
        return self._tuples[id(items)]

    def _new_tuple(self, items):
        values = [self.value(item) for item in items]
        if None in values:
            return None
        name = "flash_tuple_%d" % len(self._tuples)
        self.lines.append(
            "static const mp_rom_obj_tuple_t %s = {{&mp_type_tuple}, %d, {%s}};"
            % (name, len(values), ", ".join(values))
        )
        return "MP_ROM_PTR(&" + name + ")"

    def _function(self, function):
        name = "flash_fun_" + function.scope
        if name not in self._written:
            defaults = [self.value(item) for item in function.defaults]
            if None in defaults:
                return None
            self._written.add(name)
            children = "NULL"
            if self.program.children.get(function.scope):
                children = "(struct _mp_raw_code_t *const *)children_" + function.scope
            self.lines.append(
                "static const flash_fun_%d_t %s = "
                "{{&mp_type_fun_bc}, &port_flash_contexts[%d], %s, fun_data_%s, {%s}};"
                % (
                    len(defaults),
                    name,
                    self.program.numbers[function.module],
                    children,
                    function.scope,
                    ", ".join("(mp_obj_t)" + item for item in defaults) or "",
                )
            )
            self.program.functions[function.module].append((name, len(defaults)))
        return "MP_ROM_PTR(&" + name + ")"

    def type(self, cls):
        """Write a class; False when it cannot lie in flash."""
        if cls.laid is None:
            cls.laid = False
            if not cls.subclassed and not cls.bases:
                cls.laid = self._type(cls)
        return cls.laid

    def _type(self, cls):
        names = [name for name in cls.names if name not in UNUSED_NAMES]
        if any(name in SPECIAL_NAMES for name in names):
            return False
        table = self.map("flash_class_" + cls.scope, [(name, cls.names[name]) for name in names])
        if table:
            self.lines.append(
                "PORT_FLASH_TYPE(flash_type_%s, %s, %s);" % (cls.scope, self.qstr(cls.name), table)
            )
            self.program.types[cls.module].append("flash_type_" + cls.scope)
        return bool(table)

    def map(self, name, entries):
        """Write a dictionary; its name, or "" when one of the values has to stay dynamic."""
        values = [(key, self.value(value)) for key, value in entries]
        if not entries or any(value is None for _, value in values):
            return ""
        slots = values
        ordered = len(values) <= MAPS_ORDERED_TO
        if not ordered:
            slots = [None] * (len(values) * 4 // 3 + 1)
            for key, value in values:
                at = self._hash(key) % len(slots)
                while slots[at] is not None:
                    at = (at + 1) % len(slots)
                slots[at] = (key, value)
        rows = [
            "{MP_ROM_QSTR(%s), %s}" % (self.qstr(slot[0]), slot[1]) if slot else "{NULL, NULL}"
            for slot in slots
        ]
        self.lines.append(
            "static const mp_rom_map_elem_t %s_table[] = {\n    %s,\n};"
            % (name, ",\n    ".join(rows))
        )
        self.lines.append(
            "PORT_FLASH_DICT(%s, %s_table, %d, %d);" % (name, name, len(values), int(ordered))
        )
        return name


def text_of(program, writer):
    """The C file: objects, then one row per module."""
    rows = []
    for name in program.order:
        module = program.modules[name]
        table = ""
        for value in module.names.values():
            if value and value[0] in ("function", "class"):
                writer.value(value)
        if module.complete and not module.package:
            entries = [item for item in module.names.items() if item[0] != "__name__"]
            table = writer.map("flash_globals_%d" % program.numbers[name], entries)
        rows.append((name, table))
    most = max([len(item.defaults) for item in program.made] + [0])
    out = ['#include "%s"' % program.source.name, '#include "port_flash.h"', ""]
    out.append("mp_module_context_t port_flash_contexts[%d];" % len(rows))
    out.append("const uint32_t port_flash_count = %d;" % len(rows))
    for count in range(most + 1):
        out.append("typedef PORT_FLASH_FUN(%d) flash_fun_%d_t;" % (count, count))
    out += ["extern const mp_obj_module_t %s;" % name for name in sorted(writer.c_modules)]
    out += writer.lines
    for name, _ in rows:
        number = program.numbers[name]
        functions = program.functions[name]
        if functions:
            out.append(
                "static const port_flash_fun_t flash_funs_%d[] = {%s};"
                % (number, ", ".join("{&%s, %d}" % item for item in functions))
            )
        types = program.types[name]
        if types:
            out.append(
                "static const mp_obj_type_t *const flash_types_%d[] = {%s};"
                % (number, ", ".join("(const mp_obj_type_t *)&" + item for item in types))
            )
    out.append("const port_flash_module_t port_flash_modules[] = {")
    for name, table in rows:
        number = program.numbers[name]
        functions, types = program.functions[name], program.types[name]
        out.append(
            '    {"%s", %s, %d, %s, %d, %s},'
            % (
                name,
                "flash_funs_%d" % number if functions else "NULL",
                len(functions),
                "flash_types_%d" % number if types else "NULL",
                len(types),
                "&" + table if table else "NULL",
            )
        )
    out.append("};")
    return "\n".join(out) + "\n"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--micropython", type=Path, required=True)
    parser.add_argument("--root", type=Path, required=True)
    given = parser.parse_args(arguments)
    sys.path.insert(0, str(given.micropython / "py"))
    from makeqstrdata import compute_hash, qstr_escape

    program = frozen_code.Program(given.source, given.root)
    writer = Writer(program, qstr_escape, lambda text: compute_hash(text.encode(), 1))
    given.output.write_text(text_of(program, writer), encoding="utf-8")


if __name__ == "__main__":
    main()
