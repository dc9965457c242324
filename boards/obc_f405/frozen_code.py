"""What the code of frozen modules and class bodies leaves behind, followed symbolically.

Input is the C text that the freezer writes, which names every instruction. Values are pairs:
("expression", C text of a constant), ("string", text), ("integer", number), ("module", name),
("tuple", values), ("float", C text), ("bytes", bytes), ("function", Function), ("class", Class);
None is a value that is not known.
"""

import ast
import re
import runpy

BODY = re.compile(r"static const byte fun_data_(\w+)\[\d+\] = \{\n(.*?)\n\};", re.S)
CHILDREN = re.compile(r"\*const children_(\w+)\[\] = \{\n(.*?)\n\};", re.S)
CONSTANTS = re.compile(r"const_obj_table_data_(\w+)\[\d+\] = \{\n(.*?)\n\};", re.S)
FLOAT = re.compile(
    r"mp_obj_float_t (const_obj_\w+) = \{\{&mp_type_float\}, \(mp_float_t\)([^}]+)\};"
)
TUPLE = re.compile(r"tuple_t (const_obj_\w+) = \{\{&mp_type_tuple\}, \d+, \{\n(.*?)\n\}\};", re.S)
INTEGER = re.compile(r"\s*MP_ROM_INT\((\d+)\),?")
POINTER = re.compile(r"MP_ROM_PTR\(&(\w+)\)")
MODULE = re.compile(r"// frozen module (\w+)\n// - original[^\n]*\n// - frozen file name: (\S+)\n")
MODULE_SCOPE = "__lt_module_gt_"
NAMES_ONLY = "module_names"  # tables.names_of_modules: nobody imports it
# Pure tables: their functions are called while building.
PURE = {"flight.mission": "flight/mission.py"}
# What flight modules take out of modules written in C.
C_NAMES = {
    ("micropython", "const"): "MP_ROM_PTR(&mp_identity_obj)",
    ("array", "array"): "MP_ROM_PTR(&mp_type_array)",
}
CONSTANT_OPS = {
    "LOAD_CONST_NONE": "MP_ROM_NONE",
    "LOAD_CONST_TRUE": "MP_ROM_TRUE",
    "LOAD_CONST_FALSE": "MP_ROM_FALSE",
}


NEGATIVE = "1 __neg__"


def builtin(name):
    """What a name stands for that no module defines."""
    if name.endswith(("Error", "Exception")):
        return ("expression", "MP_ROM_PTR(&mp_type_" + name + ")")
    return ("builtin", name) if name == "bytes" else None


class Function:
    """A function without free variables: its scope, and the values of its default arguments."""

    def __init__(self, module, scope, defaults=()):
        self.module = module
        self.scope = scope
        self.defaults = defaults


class Class:
    """A class with `names`: what its body leaves behind."""

    def __init__(self, module, scope, name, bases):
        self.module = module
        self.scope = scope
        self.name = name
        self.bases = bases
        self.names = {}
        self.laid = None  # until somebody has tried


class Module:
    def __init__(self, package):
        self.package = package
        self.names = {}
        self.complete = False


class Unknown(Exception):
    """Code that is not followed: a jump, an instruction nobody has described here."""


class Program:
    """Every frozen module, in the order of its first import."""

    def __init__(self, source, root):
        self.source = source
        self._root = root
        text = source.read_text(encoding="utf-8")
        self._bodies = dict(BODY.findall(text))
        self.children = {
            scope: re.findall(r"&proto_fun_(\w+)", rows) for scope, rows in CHILDREN.findall(text)
        }
        self._constants = {
            name: [row.strip().rstrip(",") for row in rows.split("\n")]
            for name, rows in CONSTANTS.findall(text)
        }
        self._floats = dict(FLOAT.findall(text))
        self._tuples = dict(TUPLE.findall(text))
        self._symbols = {}
        packages = set()
        for symbol, path in MODULE.findall(text):
            name = path[: -len(".py")].replace("/", ".")
            if name.endswith(".__init__"):
                name = name[: -len(".__init__")]
                packages.add(name)
            if name != NAMES_ONLY:
                self._symbols[name] = symbol
        self._packages = packages
        self.modules = {}
        self.order = []
        self.made = []
        for name in self._symbols:
            self.module(name)
        self.numbers = {name: number for number, name in enumerate(self.order)}
        self.functions = {name: [] for name in self.order}
        self.types = {name: [] for name in self.order}

    def module(self, name):
        """The module called `name`, followed when it is needed first; None when it is in C."""
        if name not in self._symbols:
            return None
        if name not in self.modules:
            module = self.modules[name] = Module(name in self._packages)
            self.order.append(name)
            scope = self._symbols[name] + MODULE_SCOPE
            # A module without any code has no body worth an entry.
            if scope in self._bodies:
                try:
                    self._follow(name, scope, module.names, module.names)
                    module.complete = True
                except Unknown:
                    pass
        return self.modules[name]

    def _follow(self, name, scope, names, globals_):
        """Run the instructions of one scope, storing into `names`."""
        stack = []
        for line in self._bodies[scope].split("\n"):
            op, _, argument = line.partition("//")[2].strip().partition(" ")
            if op not in ("prelude", "names:", "code"):
                self._step(op, argument, name, scope, stack, names, globals_)

    def _step(self, op, argument, name, scope, stack, names, globals_):
        if op in CONSTANT_OPS:
            stack.append(("expression", CONSTANT_OPS[op]))
        elif op == "LOAD_CONST_SMALL_INT":
            stack.append(("integer", int(argument)))
        elif op == "LOAD_CONST_STRING":
            stack.append(("string", ast.literal_eval(argument)))
        elif op == "LOAD_CONST_OBJ":
            stack.append(("expression", self._constants[self._symbols[name]][int(argument)]))
        elif op in ("LOAD_NAME", "LOAD_GLOBAL"):
            wanted = ast.literal_eval(argument)
            scopes = [scope for scope in (names, globals_) if wanted in scope]
            stack.append(scopes[0][wanted] if scopes else builtin(wanted))
        elif op == "STORE_NAME":
            names[ast.literal_eval(argument)] = stack.pop()
        elif op == "LOAD_NULL":
            stack.append(("null", ""))
        elif op == "LOAD_BUILD_CLASS":
            stack.append(("build", ""))
        elif op == "POP_TOP":
            stack.pop()
        elif op == "SETUP_EXCEPT":
            # The way without an exception is followed, as far as the jump behind it.
            pass
        elif op == "RETURN_VALUE":
            stack.clear()
        elif op in ("MAKE_FUNCTION", "MAKE_FUNCTION_DEFARGS"):
            stack.append(self._make(op, int(argument), name, scope, stack))
        elif op in ("BUILD_TUPLE", "BUILD_LIST", "BUILD_MAP"):
            count = int(argument) if op != "BUILD_MAP" else 0
            items = tuple(stack[len(stack) - count :])
            del stack[len(stack) - count :]
            empty = ("expression", "MP_ROM_PTR(&mp_const_empty_tuple_obj)")
            stack.append((("tuple", items) if items else empty) if op == "BUILD_TUPLE" else None)
        elif op == "STORE_MAP":
            del stack[-2:]
        elif op == "UNARY_OP":
            name = self._constant(stack.pop())
            known = argument == NEGATIVE and name in self._floats
            stack.append(("float", "-" + self._floats[name]) if known else None)
        elif op.startswith("IMPORT") or op in ("LOAD_ATTR", "LOAD_METHOD"):
            self._load(op, ast.literal_eval(argument), stack)
        elif op in ("CALL_FUNCTION", "CALL_METHOD"):
            self._call(op, int(argument), name, stack, globals_)
        elif op == "UNPACK_SEQUENCE":
            value = stack.pop()
            items = value[1] if value and value[0] == "tuple" else (None,) * int(argument)
            stack.extend(reversed(items))
        else:
            raise Unknown(op)

    def _make(self, op, number, name, scope, stack):
        child = self.children[scope][number]
        if op == "MAKE_FUNCTION":
            function = Function(name, child)
        else:
            keywords, defaults = stack.pop(), stack.pop()
            if keywords != ("null", "") or not defaults or defaults[0] != "tuple":
                return None
            function = Function(name, child, defaults[1])
        self.made.append(function)
        return ("function", function)

    def _load(self, op, wanted, stack):
        if op == "IMPORT_NAME":
            fromlist = stack.pop()
            stack.pop()
            loaded = wanted
            if fromlist == ("expression", CONSTANT_OPS["LOAD_CONST_NONE"]):
                loaded = wanted.split(".")[0]
            self.module(wanted)
            stack.append(("module", loaded))
            return
        source = stack[-1] if op == "IMPORT_FROM" else stack.pop()
        value = self._attribute(source, wanted)
        if op == "LOAD_METHOD":
            stack.append(("method", (source, wanted)))
            stack.append(("null", ""))
        else:
            stack.append(value)

    def _attribute(self, source, wanted):
        """A name of a module that is not one of a package not yet imported."""
        if not source or source[0] != "module":
            return None
        inner = source[1] + "." + wanted
        if inner in self._symbols:
            self.module(inner)
            return ("module", inner)
        if (source[1], wanted) in C_NAMES:
            return ("expression", C_NAMES[source[1], wanted])
        module = self.module(source[1])
        return module.names.get(wanted) if module else None

    def _call(self, op, count, name, stack, globals_):
        arguments = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        if op == "CALL_METHOD":
            del stack[-1]
        called = stack.pop()
        if called == ("build", ""):
            stack.append(self._class(name, arguments, globals_))
        elif called and called[0] == "method":
            stack.append(self._evaluate(*called[1], arguments))
        elif called == ("builtin", "bytes") and count == 1:
            stack.append(self._bytes(arguments[0]))
        else:
            stack.append(None)

    def _class(self, name, arguments, globals_):
        body, title, bases = arguments[0], arguments[1], arguments[2:]
        made = Class(name, body[1].scope, title[1], bases)
        self._follow(name, made.scope, made.names, globals_)
        return ("class", made)

    def _constant(self, value):
        """Name of the constant that an expression points to, "" when it is none."""
        text = value[1] if value and value[0] == "expression" else ""
        found = POINTER.fullmatch(text)
        return found[1] if found else text.removesuffix("_macro")

    def _bytes(self, value):
        """The octets that a tuple lists."""
        if (
            value
            and value[0] == "tuple"
            and all(item and item[0] == "integer" for item in value[1])
        ):
            return ("bytes", bytes(item[1] for item in value[1]))
        rows = self._tuples.get(self._constant(value), "-").split("\n")
        numbers = [INTEGER.fullmatch(row) for row in rows]
        return ("bytes", bytes(int(row[1]) for row in numbers)) if all(numbers) else None

    def _evaluate(self, source, wanted, arguments):
        """Result of a function of a pure table, where its arguments are known."""
        if not source or source[0] != "module" or source[1] not in PURE:
            return None
        if any(not value or value[0] not in ("string", "integer") for value in arguments):
            return None
        namespace = runpy.run_path(str(self._root / PURE[source[1]]))
        result = namespace[wanted](*(value[1] for value in arguments))
        if isinstance(result, tuple) and all(isinstance(item, int) for item in result):
            return ("tuple", tuple(("integer", item) for item in result))
        return None
