"""Run the benchmarks, all or those named, and print their tables: python -m benchmarks [--write] [NAME …].

The raw figures are kept in build/bench.json, in the place of what was measured there before; --write makes
docs/performance.md of all that it holds.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
import traceback
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import msgspec

from benchmarks.measure import REAL_BARS, Section
from benchmarks.page import page

if TYPE_CHECKING:
    from types import ModuleType

HERE = Path(__file__).parent
RECORD = HERE.parent / "build" / "bench.json"
PAGE = HERE.parent / "docs" / "performance.md"


def main(arguments: list[str]) -> int:
    """Measure, print, and keep the figures; return the exit status."""
    wanted = [argument for argument in arguments if argument != "--write"]
    modules = _modules()
    unknown = [name for name in wanted if name not in modules]
    if unknown:
        print(f"no benchmark {unknown[0]}; there are {', '.join(modules)}", file=sys.stderr)
        return 2
    if not REAL_BARS.exists():
        print("the real bars of ../shared/data are missing; what needs them fails", file=sys.stderr)
    sections, failed = [], False
    for name in wanted or modules:
        print(f"measuring {name}", file=sys.stderr)
        title, text = name.replace("_", " ").capitalize(), (modules[name].__doc__ or "").strip()
        try:
            sections.append(Section(title=title, text=text, results=list(modules[name].measure())))
        except Exception:  # noqa: BLE001 - the others are measured all the same
            traceback.print_exc()
            failed = True
    machine = f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores"
    print(page(sections, machine), end="")
    kept = {section.title: section for section in _kept()} | {section.title: section for section in sections}
    record = Record(machine=machine, sections=[kept[title] for title in sorted(kept)])
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(record)))
    if "--write" in arguments and not failed:
        PAGE.write_text(page(record.sections, machine), encoding="utf-8")
    return int(failed)


class Record(msgspec.Struct):
    """What build/bench.json holds."""

    machine: str
    sections: list[Section]


def _kept() -> list[Section]:
    return msgspec.json.decode(RECORD.read_bytes(), type=Record).sections if RECORD.exists() else []


def _modules() -> dict[str, ModuleType]:
    found = (
        importlib.import_module(f"benchmarks.{name}") for _, name, _ in iter_modules([str(HERE)]) if name[0] != "_"
    )
    return {module.__name__.rpartition(".")[2]: module for module in found if hasattr(module, "measure")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
