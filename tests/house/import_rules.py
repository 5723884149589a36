"""Which module may import what: the design's five rooms, read from the source by its syntax tree."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

GROUND = {"errors", "extras", "plain", "clock", "durations", "credentials", "http_clients", "tables", "chart"} | {
    "http_server"
}
ROOMS = {"story", "trading", "follow", "retell", "outlets"}
ROOF = {"", "config", "cli", "__main__"}  # "" is the package itself, the public face

# What each is built on besides msgspec.
THIRD_PARTY = {
    "http_clients": {"httpx2"},
    "http_server": {"starlette", "uvicorn"},
    "tables": {"duckdb", "backports", "compression", "openpyxl"},
    "story": {"apsw"},
    "trading": {"ccxt"},
    "follow": {"apsw", "httpx2", "nautilus_trader", "starlette", "websockets"},
    "retell": {"duckdb", "httpx2", "numpy", "pyarrow"},
    "outlets": {
        "apprise",
        "apsw",
        "httpx2",
        "pandas",
        "polars",
        "prometheus_client",
        "psycopg",
        "pyarrow",
        "rich",
        "starlette",
        "uvicorn",
    },
    "cli": {"click", "rich"},
    "__main__": {"livestory_command"},
}
# Slow to import: only within the function that needs them. What stands in these is itself imported where it is needed.
LATE = {"follow", "http_server", "outlets"}
HEAVY = {
    "duckdb",
    "openpyxl",
    "ccxt",
    "rich",
    "prometheus_client",
    "psycopg",
    "starlette",
    "uvicorn",
    "httpx2",
    "apprise",
    "pandas",
    "numpy",
    "pyarrow",
}

# Inside story these touch the world; every other module there thinks only: no I/O, no clock, no log.
HANDS = ("journal", "files", "writing", "story_writer")
WORLD = {
    *("apsw", "asyncio", "fcntl", "gzip", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets"),
    *("shutil", "signal", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "uuid"),
}
WORLD_CALLS = {"open", "print", "input", "now", "utcnow", "today"}


class Import(NamedTuple):
    """One imported module, as a dotted name."""

    line: int
    name: str
    at_module_level: bool
    for_types_only: bool


def breaches(source: str, module: str) -> list[str]:
    """What the source of ``module`` ("livestory.story.events") does against the rules, each with its line."""
    tree = ast.parse(source)
    room = _room(module)
    found = [problem for each in _imports(tree) for problem in _judge(each, room, thinks=_thinks(module))]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in {"import_module", "__import__"}:
            found.append((node.lineno, f"{called} hides what is imported"))
        if _thinks(module) and called in WORLD_CALLS:
            found.append((node.lineno, f"{called}() touches the world"))
    return [f"{module}:{line}: {problem}" for line, problem in sorted(found)]


def circles(sources: dict[str, str]) -> list[set[str]]:
    """The sets of modules that import one another in a circle, whether at the top, in a function or for types only."""
    graph = {module: _imported(ast.parse(source), sources.keys()) - {module} for module, source in sources.items()}
    reached = {module: _reached(module, graph) for module in graph}
    found: list[set[str]] = []
    for module in sorted(graph):
        circle = {other for other in reached[module] if module in reached[other]}
        if circle and circle not in found:
            found.append(circle)
    return found


def _imported(tree: ast.Module, known: Collection[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inside & set(known)) or {node.module}
    return found & set(known)


def _reached(module: str, graph: dict[str, set[str]]) -> set[str]:
    """All modules that ``module`` imports, directly or not; itself only where that comes back to it."""
    reached: set[str] = set()
    ahead = list(graph[module])
    while ahead:
        one = ahead.pop()
        if one not in reached:
            reached.add(one)
            ahead += graph[one]
    return reached


def _room(module: str) -> str:
    return [*module.split("."), ""][1]


def _may_import(room: str) -> set[str]:
    if room in ROOF:
        return GROUND | ROOMS | ROOF
    return GROUND | {"story", room} if room in ROOMS else GROUND


def _thinks(module: str) -> bool:
    names = module.split(".")
    return names[1:2] == ["story"] and len(names) > 2 and not names[2].startswith(HANDS)


def _imports(tree: ast.Module) -> Iterator[Import]:
    yield from _below(tree, at_module_level=True, for_types_only=False)


def _below(node: ast.AST, *, at_module_level: bool, for_types_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        guarded = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and child in node.body
        types = for_types_only or guarded
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(child.lineno, alias.name, at_module_level, types)
        elif isinstance(child, ast.ImportFrom):
            origin = "." * child.level + (child.module or "")
            # From the package itself, each name may be a module.
            names = [f"{origin}.{alias.name}" for alias in child.names] if origin == "livestory" else [origin]
            for name in names:
                yield Import(child.lineno, name, at_module_level, types)
        else:
            outside = at_module_level and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _below(child, at_module_level=outside, for_types_only=types)


def _judge(found: Import, room: str, *, thinks: bool) -> Iterator[tuple[int, str]]:
    top = found.name.split(".")[0]
    if found.name.startswith("."):
        yield found.line, "relative import"
    elif top == "livestory":
        other = _room(found.name)
        other = other if other in GROUND | ROOMS | ROOF else ""
        if other not in _may_import(room):
            yield found.line, f"{room} may not import {other or 'the package itself'}"
    elif found.for_types_only:
        return
    elif top not in sys.stdlib_module_names | THIRD_PARTY.get(room, set()) | {"msgspec"}:
        yield found.line, f"{room} is not built on {top}"
    elif top in HEAVY and found.at_module_level and room not in LATE:
        yield found.line, f"{top} is slow to import; import it where it is used"
    elif thinks and top in WORLD:
        yield found.line, f"a module that thinks imports {top}"
