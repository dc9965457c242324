"""Write the formulas of SGP4 as a program for the small machine in sgp4.c.

    python -m native.generate_sgp4 [--check]

The Cortex-M4F has no double precision: every operation is a call, with its operands moved to where
the call wants them, some 16 bytes each and 7 KB for SGP4. As operations of one byte on numbered
values the same formulas (native/sgp4_formulas.py) take 1 KB: they are compiled to postfix order,
constants folded, every value set before it is used. The result, native/src/adcs/sgp4_program.h, is
committed; `--check` says whether it is what this script writes.
"""

from __future__ import annotations

import argparse
import ast
import struct
import sys
from pathlib import Path

from native.sgp4_formulas import CONSTANTS, GIVEN, NAMED, PROGRAMS, STATE

TARGET = Path(__file__).resolve().parent / "src" / "adcs" / "sgp4_program.h"
OPERATIONS = ("add", "sub", "mul", "div", "min", "max", "sqrt", "whole", "sincos", "end")
BINARY = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}


def folded(node: ast.expr) -> "float | None":
    """The value of a constant expression, else None."""
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return CONSTANTS.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = folded(node.operand)
        return None if value is None else -value
    if isinstance(node, ast.BinOp):
        left, right = folded(node.left), folded(node.right)
        if left is None or right is None:
            return None
        steps = {"add": left + right, "sub": left - right, "mul": left * right}
        name = BINARY[type(node.op)]
        return left / right if name == "div" else steps[name]
    return None


class Compiler:
    """Postfix code of all programs: pairs of "value", "constant", "store" or "do", and what."""

    def __init__(self) -> None:
        self.code: "dict[str, list[tuple[str, object]]]" = {}
        self.names: "dict[str, list[str]]" = {}
        self.deepest = 0
        for phase, programs in PROGRAMS.items():
            known = [*STATE, *GIVEN[phase]]
            for name, text in programs.items():
                self.code[name] = self._program(text, known)
            self.names[phase] = known

    def _program(self, text: str, known: "list[str]") -> "list[tuple[str, object]]":
        out: "list[tuple[str, object]]" = []
        for statement in ast.parse("\n".join(joined(text))).body:
            if not isinstance(statement, ast.Assign):
                raise ValueError(f"no assignment: {ast.unparse(statement)}")
            self._expression(statement.value, known, out, 0)
            target = statement.targets[0]
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            for element in reversed(names):  # the cosine lies on top of the sine
                if not isinstance(element, ast.Name):
                    raise ValueError(f"no name: {ast.unparse(element)}")
                if element.id not in known:
                    known.append(element.id)
                out.append(("store", element.id))
        return [*out, ("do", "end")]

    def _expression(
        self, node: ast.expr, known: "list[str]", out: "list[tuple[str, object]]", depth: int
    ) -> None:
        self.deepest = max(self.deepest, depth + 2)
        value = folded(node)
        if value is not None:
            out.append(("constant", value))
        elif isinstance(node, ast.Name):
            if node.id not in known:
                raise ValueError(f"{node.id} is used before it is set")
            out.append(("value", node.id))
        elif isinstance(node, ast.BinOp):
            self._expression(node.left, known, out, depth)
            self._expression(node.right, known, out, depth + 1)
            out.append(("do", BINARY[type(node.op)]))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for place, argument in enumerate(node.args):
                self._expression(argument, known, out, depth + place)
            out.append(("do", node.func.id))
        else:
            raise ValueError(f"cannot compile {ast.unparse(node)}")


def joined(text: str) -> "list[str]":
    """Statements of a program, one per line."""
    out: "list[str]" = []
    for line in text.strip().splitlines():
        if out and out[-1].count("(") > out[-1].count(")"):
            out[-1] += " " + line.strip()
        else:
            out.append(line.strip())
    return out


def is_single(value: float) -> bool:
    """It is a number of single precision."""
    return bool(struct.unpack("<f", struct.pack("<f", value))[0] == value)


def lines_of(words: "list[str]", width: int = 96) -> str:
    """Words with commas, in lines."""
    out, line = [], "   "
    for word in words:
        if len(line) + len(word) + 2 > width:
            out.append(line)
            line = "   "
        line += f" {word},"
    return "\n".join([*out, line])


def array(kind: str, name: str, words: "list[str]") -> str:
    """A C array."""
    return f"static const {kind} {name} = {{\n{lines_of(words)}\n}};\n"


def header() -> str:
    """The whole header."""
    compiler = Compiler()
    scratch = {
        phase: [n for n in names if n not in STATE] for phase, names in compiler.names.items()
    }
    place = {name: k for k, name in enumerate(STATE)}
    places = {
        phase: {**place, **{name: len(STATE) + k for k, name in enumerate(names)}}
        for phase, names in scratch.items()
    }
    values = len(STATE) + max(map(len, scratch.values()))
    found = {x for code in compiler.code.values() for kind, x in code if kind == "constant"}
    singles = sorted(x for x in found if isinstance(x, float) and is_single(x))
    doubles = sorted(x for x in found if isinstance(x, float) and not is_single(x))
    constants = [*singles, *doubles]
    stores = values + len(constants)
    first = stores + values
    if first + len(OPERATIONS) > 256:
        raise ValueError("more than 256 operations")
    parts = [
        "/* Written by native/generate_sgp4.py from native/sgp4_formulas.py: programs for the\n"
        " * machine in sgp4.c. */\n#ifndef MF_SGP4_PROGRAM_H\n#define MF_SGP4_PROGRAM_H\n\n"
        "#include <stdint.h>\n",
        f"#define VALUES {values}\n#define STATE {len(STATE)}\n#define SINGLES {len(singles)}\n"
        f"#define DOUBLES {len(doubles)}\n#define STACK {compiler.deepest}\n",
        "/* Operations: push a value, push a constant, store a value, and: */\n"
        f"enum {{\n    STORE = {stores},\n    "
        + ",\n    ".join(f"DO_{name.upper()} = {first + k}" for k, name in enumerate(OPERATIONS))
        + ",\n};\n",
        "/* Values that sgp4.c names. */\nenum {\n"
        + "".join(f"    V_{name.upper()} = {k},\n" for name, k in place.items())
        + "".join(
            f"    V_{name.upper()} = {table[name]},\n"
            for phase, table in places.items()
            for name in NAMED
            if name in scratch[phase]
        )
        + "};\n",
        array("float", "singles[SINGLES]", [f"{x!r}f" for x in singles]),
        array("double", "doubles[DOUBLES]", [repr(x) for x in doubles]),
    ]
    for phase, programs in PROGRAMS.items():
        for name in programs:
            code = []
            for kind, what in compiler.code[name]:
                if kind == "constant":
                    code.append(values + constants.index(what))  # type: ignore[arg-type]
                elif kind == "do":
                    code.append(first + OPERATIONS.index(str(what)))
                else:
                    code.append(places[phase][str(what)] + (stores if kind == "store" else 0))
            parts.append(array("uint8_t", f"{name}[{len(code)}]", [str(k) for k in code]))
    return "\n".join([*parts, "#endif\n"])


def main() -> int:
    """Command line. Exit code 1 when `--check` finds a difference."""
    parser = argparse.ArgumentParser(description="Write the programs of SGP4.")
    parser.add_argument("--check", action="store_true", help="compare only")
    text = header()
    if parser.parse_args().check:
        return 0 if TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
