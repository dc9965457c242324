# Python in the image. Host-only files of the same packages stay out.
import os

HOST_ONLY = {"flight/packets/signature.py"}

root = os.path.abspath("../..")
found = []
for top in ("flight", "hal"):
    for folder, folders, names in os.walk(os.path.join(root, top)):
        folders.sort()
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root)
            if name.endswith(".py") and path not in HOST_ONLY:
                found.append(path)
for name in ("__init__", "compose", "obc_f405/board", "obc_f405/main"):
    path = "boards/" + name + ".py"
    if os.path.exists(os.path.join(root, path)):
        found.append(path)

freeze("$(ROOT_DIR)", tuple(found), opt=2)
