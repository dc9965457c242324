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
        self._plain = {}

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
        if kind in ("float", "bytes"):
            return self._constant(kind, content)
        if kind == "function":
            return self._function(content)
        if kind == "class":
            return "MP_ROM_PTR(&flash_type_%s)" % content.scope if self.type(content) else None
        return None

    def _constant(self, kind, content):
        """A number or octets, once for all that are equal."""
        if (kind, content) not in self._plain:
            name = "flash_%s_%d" % (kind, len(self._plain))
            line = "mp_obj_float_t %s = {{&mp_type_float}, (mp_float_t)%s};" % (name, content)
            if kind == "bytes":
                line = 'mp_obj_str_t %s = {{&mp_type_bytes}, 0, %d, (const byte *)"%s"};' % (
                    name,
                    len(content),
                    "".join("\\x%02x" % octet for octet in content),
                )
            self.lines.append("static const " + line)
            self._plain[kind, content] = "MP_ROM_PTR(&" + name + ")"
        return self._plain[kind, content]

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
        number = self.program.numbers[function.module]
        if function.scope not in self._written:
            defaults = [self.value(item) for item in function.defaults]
            if None in defaults:
                return None
            self._written.add(function.scope)
            children = "NULL"
            if self.program.children.get(function.scope):
                children = "(struct _mp_raw_code_t *const *)children_" + function.scope
            body = "{{&mp_type_fun_bc}, &port_flash_contexts[%d], %s, fun_data_%s, {%s}}" % (
                number,
                children,
                function.scope,
                ", ".join("(mp_obj_t)" + item for item in defaults) or "",
            )
            self.program.functions[function.module].append((function.scope, len(defaults), body))
        return "MP_ROM_PTR(&flash_funs_%d.%s)" % (number, function.scope)

    def type(self, cls):
        """Write a class; False when it cannot lie in flash."""
        if cls.laid is None:
            cls.laid = False
            cls.laid = self._type(cls)
        return cls.laid

    def _type(self, cls):
        names = [name for name in cls.names if name not in UNUSED_NAMES]
        parents = [self.value(base) for base in cls.bases]
        if any(name in SPECIAL_NAMES for name in names) or None in parents or len(parents) > 1:
            return False
        table = self.map("flash_class_" + cls.scope, [(name, cls.names[name]) for name in names])
        if table:
            given = [cls.scope, self.qstr(cls.name), table]
            given += [frozen_code.POINTER.fullmatch(parent)[1] for parent in parents]
            macro = "PORT_FLASH_SUBTYPE" if parents else "PORT_FLASH_TYPE"
            self.lines.append(macro + "(flash_type_" + ", ".join(given) + ");")
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


def inside(program, package):
    """The modules of a package, which are names of it once they are imported."""
    return [
        (name.rpartition(".")[2], ("module", name))
        for name in program.order
        if name.rpartition(".")[0] == package
    ]


def text_of(program, writer):
    """The C file: objects, then one row per module."""
    rows = []
    for name in program.order:
        module = program.modules[name]
        table = ""
        for value in module.names.values():
            if value and value[0] in ("function", "class"):
                writer.value(value)
        if module.complete or module.package:
            entries = [item for item in module.names.items() if item[0] != "__name__"]
            entries += inside(program, name)
            table = writer.map("flash_globals_%d" % program.numbers[name], entries)
        rows.append((name, table))
    loaded = writer.map("flash_loaded", [(name, ("module", name)) for name in program.order])
    most = max([len(item.defaults) for item in program.made] + [0])
    out = ['#include "%s"' % program.source.name, '#include "port_flash.h"', ""]
    out.append("mp_module_context_t port_flash_contexts[%d];" % len(rows))
    out.append("const uint32_t port_flash_count = %d;" % len(rows))
    for count in range(most + 1):
        out.append("typedef PORT_FLASH_FUN(%d) flash_fun_%d_t;" % (count, count))
    out += ["extern const mp_obj_module_t %s;" % name for name in sorted(writer.c_modules)]
    groups = [(program.numbers[name], program.functions[name]) for name, _ in rows]
    groups = [group for group in groups if group[1]]
    for number, functions in groups:
        members = "".join(" flash_fun_%d_t %s;" % (count, scope) for scope, count, _ in functions)
        out.append("struct flash_funs_%d {%s };" % (number, members))
        out.append("static const struct flash_funs_%d flash_funs_%d;" % (number, number))
    out += writer.lines
    for number, functions in groups:
        bodies = ",\n    ".join(body for _, _, body in functions)
        out.append(
            "static const struct flash_funs_%d flash_funs_%d = {\n    %s};"
            % (number, number, bodies)
        )
    for name, _ in rows:
        types = program.types[name]
        if types:
            out.append(
                "static const mp_obj_type_t *const flash_types_%d[] = {%s};"
                % (
                    program.numbers[name],
                    ", ".join("(const mp_obj_type_t *)&" + item for item in types),
                )
            )
    out.append("const mp_obj_dict_t *const port_flash_loaded = &%s;" % loaded)
    out.append("const port_flash_module_t port_flash_modules[] = {")
    for name, table in rows:
        number = program.numbers[name]
        functions, types = program.functions[name], program.types[name]
        out.append(
            "    {%s, %d, %d, %s, %s, %s},"
            % (
                writer.qstr(name),
                len(functions),
                len(types),
                "(const void *)&flash_funs_%d" % number if functions else "NULL",
                "flash_types_%d" % number if types else "NULL",
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
