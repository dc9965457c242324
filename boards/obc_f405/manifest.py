# Python in the image. Host-only files of the same packages stay out; tables of definitions go in
# without what only the ground reads, code with the numbers of other modules put in.
import os
import sys

root = os.path.abspath("../..")
sys.path[:0] = [os.getcwd(), root]
from constants import inserted  # noqa: E402
from tables import for_images, names_of_modules  # noqa: E402

HOST_ONLY = {"flight/packets/signature.py"}
TABLES = ("definitions.py", "parameters.py")

stripped = os.path.join(root, "build", "image_python")


def is_table(path):
    parts = path.split("/")
    if path == "flight/dictionary.py":
        return True
    return parts[0] == "flight" and parts[1] in ("core", "apps") and parts[-1] in TABLES


def text_of(path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def put(path, text):
    """Put `text` into `stripped`; left alone when it is there already."""
    target = os.path.join(stripped, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.exists(target):
        with open(target, encoding="utf-8") as file:
            if file.read() == text:
                return
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)


found = []
tables = []
for top in ("flight", "hal"):
    for folder, folders, names in os.walk(os.path.join(root, top)):
        folders.sort()
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root)
            if name.endswith(".py") and path not in HOST_ONLY:
                (tables if is_table(path) else found).append(path)
for name in ("__init__", "compose", "obc_f405/__init__", "obc_f405/board", "obc_f405/main"):
    path = "boards/" + name + ".py"
    if os.path.exists(os.path.join(root, path)):
        found.append(path)
code = {path: text_of(path) for path in found}
short = for_images(code, {path: text_of(path) for path in tables})
for path, text in inserted({**code, **short}).items():
    put(path, text)
# The importer makes texts of the names of modules: they are in flash when some module has them.
NAMES = "module_names.py"
put(NAMES, names_of_modules(found + tables))
tables.append(NAMES)

# 3: without line numbers, which take 13 KB; a crash record names file and function.
freeze(stripped, tuple(found + tables), opt=3)
