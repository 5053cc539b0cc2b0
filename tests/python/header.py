"""include/ncsn.h as ctypes, read from the header: what a program compiled against it sees."""

import ctypes
import re
from pathlib import Path

HEADER = Path(__file__).resolve().parents[2] / "include" / "ncsn.h"

SCALARS = {
    "void": None,
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "double": ctypes.c_double,
}
DECLARATION = re.compile(
    r"typedef struct (?P<struct>\w+) \{(?P<fields>.*?)\} \w+;"
    r"|typedef (?P<result>\w+) \(\*(?P<callback>\w+)\)\((?P<inputs>.*?)\);"
    r"|typedef (?P<old>\w+) (?P<alias>\w+);"
    r"|^(?P<returns>(?:const )?\w+ \*?)(?P<function>ncsn_\w+)\((?P<parameters>[^)]*)\);",
    re.DOTALL | re.MULTILINE,
)


class Header:
    """Everything that ncsn.h declares.

    constants: {name: int}; structs: {name: ctypes.Structure}; callbacks: {name: CFUNCTYPE};
    functions: {name: (restype, [(parameter, ctype)])}. Pointers to data, to handles and to
    pointers are void pointers; pointers to structs are typed.
    """

    def __init__(self, path=HEADER):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        defines = re.findall(r"^#define (NCSN_\w+) (-?\d+)$", text, re.MULTILINE)
        self.constants = {name: int(value) for name, value in defines}
        self.structs, self.callbacks, self.functions = {}, {}, {}
        self._scalars = dict(SCALARS)
        for found in DECLARATION.finditer(text):
            self._declare(found)

    def _declare(self, found):
        if name := found["struct"]:
            fields = [self._named(field) for field in found["fields"].split(";") if field.strip()]
            self.structs[name] = type(name, (ctypes.Structure,), {"_fields_": fields})
        elif name := found["callback"]:
            inputs = [ctype for _, ctype in self._list(found["inputs"])]
            self.callbacks[name] = ctypes.CFUNCTYPE(self._scalars[found["result"]], *inputs)
        elif name := found["alias"]:
            self._scalars[name] = self._scalars[found["old"]]
        else:
            returns = self._ctype(found["returns"])
            self.functions[found["function"]] = (returns, self._list(found["parameters"]))

    def _list(self, text):
        """'const char *a, uint32_t b' -> [(name, ctype)]."""
        return [] if text.strip() == "void" else [self._named(part) for part in text.split(",")]

    def _named(self, text):
        kind, name = re.fullmatch(r"\s*(.*?)(\w+)\s*", text, re.DOTALL).groups()
        return name, self._ctype(kind)

    def _ctype(self, text):
        words = text.replace("*", " * ").split()
        base = next(word for word in words if word not in ("const", "struct"))
        stars = words.count("*")
        if stars == 0:
            return {**self._scalars, **self.callbacks, **self.structs}[base]
        if stars == 1 and base in self.structs:
            return ctypes.POINTER(self.structs[base])
        if stars == 1 and base == "char" and "const" in words:
            return ctypes.c_char_p
        return ctypes.c_void_p
