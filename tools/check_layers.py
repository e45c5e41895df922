#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the tree is the architecture: who includes whom, how long files and functions are.

The table below is the one of ARCHITECTURE.md. Arrows point down: a component may include itself and
what stands in its row, nothing else. Prints one line per finding and exits with 1 if there is any.
"""
import ast
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# component -> components whose headers it may include ("core/buffer.h"), besides its own and <promp/...>
MAY_INCLUDE = {
    "lib/core": (),
    "lib/value": ("core",),
    "lib/container": ("core",),
    "lib/sleigh": ("core",),
    "lib/loader": ("core", "container"),
    "lib/mp": ("core", "value", "container"),
    "lib/decompiler": ("core", "sleigh"),
    "app/ui/markup": (),
    "app/ui/view": ("ui/markup",),
    "app/ui/terminal": ("ui/view", "ui/markup"),
    "app/ui/hex": (),
    "app/ui/hexview": ("ui/hex",),
    "app/ui/gtk": ("ui/view", "ui/markup", "ui/hexview"),
    "app/ui": ("ui/view", "ui/terminal"),
    "app/workspace/tasks": ("ui/hex",),
    "app/workspace/window": ("ui/hex", "ui/hexview", "workspace/tasks"),
    "app/python": (),
    "app/services": (),
    "app/sleigh": (),
    "app/cli": ("python", "services", "sleigh"),
    "app/worker": ("python",),
    "examples/c": (),
    "bench": ("ui/hex", "ui/hexview"),
    "include/promp": (),
}

# Outside libraries, and the only places that may know them. A name ending in "/" is a folder, one in "_" is how
# files' names begin.
OUTSIDE = {
    "openssl/evp.h": ("lib/container/hash.c",),
    "pcre2.h": ("lib/container/regex.c", "bench/search_bench.c", "tests/support/regex_reference.c"),
    "immintrin.h": ("lib/container/scan.c", "lib/container/class_scan.c"),
    "libdeflate.h": ("lib/sleigh/compiler/compile.c", "lib/sleigh/runtime/inflate.c",
                     "lib/sleigh/tests/test_language.c", "lib/sleigh/tests/test_memory.c"),
    "zlib.h": ("lib/sleigh/runtime/inflate.c", "tests/fuzz/fuzz_sleigh_load.c", "tests/prove/x86/programs/"),
    "zmq.h": ("lib/mp/transport_zmq.c", "lib/mp/transport_tcp.c", "bench/zmq_bare.c", "tests/process/hostile_worker.c"),
    "Python.h": ("app/python/", "app/cli/", "app/worker/"),
    "structmember.h": ("app/python/",),
    "datetime.h": ("app/python/",),
    "frameobject.h": ("app/python/",),
    "gtk/gtk.h": ("app/ui/gtk/", "app/ui/hexview/", "app/workspace/window/", "tests/ui/", "bench/hex_measure.c"),
    "glib.h": ("app/ui/markup/", "app/ui/gtk/", "app/ui/hexview/", "app/workspace/window/", "tests/ui/"),
    "gio/gio.h": ("app/ui/gtk/", "app/ui/hexview/", "app/workspace/window/"),
    "glib-unix.h": ("app/ui/gtk/", "app/ui/hexview/", "app/workspace/window/"),
    "cmocka.h": ("tests/support/",),
    "lua.h": ("tests/prove/x86/programs/",),
    "lauxlib.h": ("tests/prove/x86/programs/",),
    "lualib.h": ("tests/prove/x86/programs/",),
    "sqlite3.h": ("tests/prove/x86/programs/",),
    "Zydis/Zydis.h": ("bench/zydis_bench.c", "tests/prove/x86/"),
}

# Tests see the inside of the library; these do so besides lib/*/tests.
INSIDE_TESTS = ("tests/fuzz", "tests/process", "tests/support", "tests/ui")

LIBC = set("""
alloca.h assert.h cpuid.h ctype.h dirent.h dlfcn.h elf.h endian.h errno.h execinfo.h fcntl.h features.h fnmatch.h
glob.h inttypes.h langinfo.h libgen.h limits.h locale.h malloc.h math.h netdb.h poll.h pthread.h pwd.h
sched.h semaphore.h setjmp.h signal.h spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h
stdio.h stdlib.h stdnoreturn.h string.h strings.h syscall.h termios.h threads.h time.h ucontext.h unistd.h
unwind.h wchar.h wctype.h
""".split())
LIBC_FOLDERS = ("sys/", "linux/", "netinet/", "arpa/", "asm/", "sanitizer/")

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
SPDX = "SPDX-License-Identifier: Apache-2.0"

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
# The opening line of a function's text: a name and a parenthesis at the start of the line.
C_FUNCTION = re.compile(r"^[A-Za-z_].*?\**(\w+)\(")


def tracked_files():
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:  # a source archive
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith("build")]
    return sorted(name for name in set(names) if (ROOT / name).is_file())


def component_of(name):
    """The innermost row of the table that a file belongs to: "lib/mp/tests/x.c" -> "lib/mp"."""
    fitting = [component for component in MAY_INCLUDE if name.startswith(component + "/")]
    return max(fitting, key=len, default=None)


def short_name(component):
    """As others include it: "app/ui/hex" -> "ui/hex"."""
    return component.partition("/")[2] or component


def included_component(target):
    """"ui/hex/grid.h" -> "ui/hex"; what is in no row goes by its folder."""
    names = [short_name(component) for component in MAY_INCLUDE]
    fitting = [name for name in names if target.startswith(name + "/")]
    return max(fitting, key=len, default=target.split("/")[0])


def is_test(name):
    return "/tests/" in name or name.startswith(INSIDE_TESTS)


def check_quoted(name, target):
    """A quoted include names a component's header, a neighbour of the file, or generated text."""
    if target.startswith("../") or "/../" in target:
        return f'includes "{target}" through ../'
    folder = str(pathlib.PurePosixPath(name).parent)
    component = component_of(name)
    if "/" not in target:
        return None if component is None or folder != component or (ROOT / folder / target).exists() or \
            target.endswith(".inc") else f'includes "{target}", which is not beside it'
    first = included_component(target)
    if first == "support":
        return None if is_test(name) else f'includes the tests\' "{target}"'
    if is_test(name) and component is None:
        return None
    if component is None:
        return f'includes "{target}" but belongs to no component'
    if first == short_name(component):
        return None
    if first not in MAY_INCLUDE[component]:
        return f'includes "{target}": {component} may use {", ".join(MAY_INCLUDE[component]) or "nothing"}'
    if target.endswith("_private.h"):
        return f'includes "{target}", which is private to {first}'
    return None


def check_angled(name, target):
    if target.startswith("promp/"):
        return None if (ROOT / "include" / target).exists() else f"includes <{target}>, which does not exist"
    if target in OUTSIDE:
        allowed = OUTSIDE[target]
        fits = any(name == place or (place.endswith(("/", "_")) and name.startswith(place)) for place in allowed)
        return None if fits else f"includes <{target}>, which only {', '.join(allowed)} may"
    if target in LIBC or target.startswith(LIBC_FOLDERS):
        return None
    return f"includes <{target}>, which is in no row of the table"


def check_includes(name, lines):
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        check = check_quoted if match[1] == '"' else check_angled
        problem = check(name, match[2])
        if problem:
            yield f"{name}:{number}: {problem}"


def c_functions(lines):
    """Yields (name, first line, length); a function's braces stand at the start of a line."""
    start, opened, function = 0, 0, None
    for number, line in enumerate(lines, 1):
        match = C_FUNCTION.match(line)
        if match and not opened:
            function, start = match[1], number
        if line.rstrip() == "{" and function:
            opened = number
        elif line.rstrip() == "}" and opened:
            yield function, start, number - start + 1
            opened, function = 0, None
        elif not opened and line.rstrip().endswith(";"):
            function = None


def python_functions(text, name):
    for node in ast.walk(ast.parse(text, name)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def check_lengths(name, text, functions):
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{name}: {lines} lines, more than {FILE_LINES_MAX}: split it by noun"
    for function, start, length in functions:
        if length > FUNCTION_LINES_MAX:
            yield f"{name}:{start}: {function} has {length} lines, more than {FUNCTION_LINES_MAX}"


def is_python(name, text):
    return name.endswith(".py") or (text.startswith("#!") and "python3" in text.split("\n", 1)[0])


def check_file(name):
    if not (name.endswith((".c", ".h", ".py")) or name.startswith(("tools/", "bench/", ".ci/"))):
        return
    try:
        text = (ROOT / name).read_text("utf-8")
    except UnicodeDecodeError:
        yield f"{name}: is not UTF-8"
        return
    if name.endswith((".c", ".h")):
        lines = text.split("\n")
        if lines[0] != f"/* {SPDX} */":
            yield f"{name}:1: does not begin with the SPDX line"
        yield from check_includes(name, lines)
        yield from check_lengths(name, text, c_functions(lines))
    elif is_python(name, text):
        if text.strip() and SPDX not in "\n".join(text.split("\n")[:3]):
            yield f"{name}:1: does not begin with the SPDX line"
        yield from check_lengths(name, text, python_functions(text, name))


def main():
    findings = [finding for name in tracked_files() for finding in check_file(name)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
