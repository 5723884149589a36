"""Change the code in one place at random and see whether a test notices: what `make mutants` runs.

A map of which test runs which line is made first, once for a state of the code (about twenty minutes). Then each mutant
gets the fastest tests of its line, for two minutes at the most, in a copy of the tree. What no test notices is printed,
with its place: a test is missing there, or the change changes nothing, which `tools/equivalent_mutants.txt` lists with
the reason. Exits 1 where fewer than 95 in 100 are noticed.
"""

from __future__ import annotations

import argparse
import ast
import multiprocessing
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from coverage.numbits import numbits_to_nums

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "livestory"
MAP = ROOT / "build" / "mutants"
EQUIVALENT = ROOT / "tools" / "equivalent_mutants.txt"
MUTATED = (
    "story/account.py", "story/positions.py", "story/results.py", "story/narrator.py", "story/detectors", "story/kinds",
    "story/journal", "story/files", "story/writing", "trading/risk.py", "trading/execution", "trading/reconciliation",
    "follow", "outlets/alerts", "outlets/fleet", "http_server",
)  # fmt: skip
TESTS = (
    "story", "journal", "story_file", "trading", "simulation", "exchange", "alerts", "follow", "listen", "public",
    "fleet", "web", "retell", "reading", "cli", "config", "house/test_repository.py",
)  # fmt: skip
"""The rooms of those that run the mutated code, in their own process or in a command's."""
SLOW = ("test_page*", "test_openapi*", "test_kill*", "test_every_step*")
"""Those of them that take minutes to notice what others notice at once."""
ENOUGH = 0.95
LONGEST = 120  # seconds that the tests of one mutant may take
BY_TIME = "by time"  # its tests take a sixth of it without the change: something waits for ever
_PLANNED = 20  # seconds that they take without it, at the most

_OTHER: dict[type[ast.AST], Any] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
}  # fmt: skip
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(["hypothesis.stateful", "schemathesis.pytest.plugin", "starlette.testclient", "uvicorn"])


class Mutant(NamedTuple):
    """One change of one place."""

    file: Path  # below the root
    line: int
    start: int  # bytes of the file
    end: int
    after: str
    change: str  # of a number with what it stands in
    symbol: str  # the function that it is in
    imported: bool  # whether its line runs when the file is imported, and its effect is seen elsewhere

    def __str__(self) -> str:
        """Where it is and what it does, without the line's number: that moves."""
        return f"{self.file.as_posix().removeprefix('src/livestory/')} {self.symbol}: {self.change}"


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Each change that can be made to a file, in the order of its text."""
    text = (ROOT / file).read_text()
    starts = [0, *accumulate(len(line.encode()) for line in text.splitlines(keepends=True))]

    def places(node: ast.AST, symbol: str, parent: ast.AST | None = None, *, imported: bool = True) -> Iterator[Mutant]:
        if isinstance(node, ast.JoinedStr | ast.arg) or _is_for_types(node):
            return  # what stands in an f-string has no place of its own in Python 3.11
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            symbol = f"{symbol}.{node.name}".lstrip(".")
            imported = imported and isinstance(node, ast.ClassDef)
        for after in _changed(node) if symbol else ():
            start = starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
            end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
            yield Mutant(file, node.lineno, start, end, after, _shown(node, after, parent), symbol, imported)  # type: ignore[attr-defined]
        for name, child in ast.iter_fields(node):
            if name not in {"decorator_list", "returns", "annotation", "bases", "keywords"} or isinstance(
                node, ast.Call
            ):
                for each in child if isinstance(child, list) else [child]:
                    if isinstance(each, ast.AST):
                        yield from places(each, symbol, node, imported=imported)

    yield from places(ast.parse(text), "")


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _changed(node: ast.AST) -> Iterator[str]:  # noqa: C901 - one case a kind of node
    match node:
        case ast.Compare(ops=[op, *_]) if type(op) in _OTHER:
            other = ast.Compare(node.left, [_OTHER[type(op)](), *node.ops[1:]], node.comparators)
            yield f"({ast.unparse(other)})"
        case ast.BoolOp():
            yield f"({ast.unparse(ast.BoolOp(_OTHER[type(node.op)](), node.values))})"
        case ast.BinOp() if type(node.op) in _OTHER and not _is_of_types(node):
            yield f"({ast.unparse(ast.BinOp(node.left, _OTHER[type(node.op)](), node.right))})"
        case ast.UnaryOp(op=ast.Not()):
            yield f"({ast.unparse(node.operand)})"
        case ast.IfExp():
            yield f"({ast.unparse(ast.IfExp(node.test, node.orelse, node.body))})"
        case ast.Constant(value=bool(truth)):
            yield str(not truth)
        case ast.Constant(value=int(number)):
            yield str(number + 1)
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
            yield ast.unparse(ast.Call(ast.Name(_NAMES[name]), node.args, node.keywords))
        case ast.Expr(value=ast.Call()):
            yield "pass"
        case ast.Break():
            yield "continue"
        case ast.Continue():
            yield "break"


def _shown(node: ast.AST, after: str, parent: ast.AST | None) -> str:
    if not isinstance(node, ast.Constant) or not isinstance(
        parent, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.BinOp | ast.Compare | ast.Slice | ast.Subscript
    ):
        return f"{ast.unparse(node)} -> {after}"
    before, node.value = node.value, ast.literal_eval(after)
    changed, node.value = ast.unparse(parent), before
    return f"{ast.unparse(parent)} -> {changed}"


def _is_of_types(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.Add) and any(
        isinstance(side, ast.Constant | ast.JoinedStr) and not isinstance(getattr(side, "value", ""), int | float)
        for side in (node.left, node.right)
    )


class Coverage:
    """Which tests run a line, and how long each takes."""

    def __init__(self) -> None:
        """Read the map; one of another state of the code is made anew."""
        state = MAP / "state"
        now = _output("git", "rev-parse", "HEAD:src", "HEAD:tests")
        if not state.exists() or state.read_text() != now:
            self._make()
            state.write_text(now)
        self.seconds = {
            f"{file}::{name}": float(took)
            for took, file, name in re.findall(r"([\d.]+)s call +(\S+?)::(.+)", (MAP / "durations").read_text())
        }
        self._db = sqlite3.connect(MAP / "coverage")

    def _make(self) -> None:
        shutil.rmtree(MAP, ignore_errors=True)
        MAP.mkdir(parents=True)
        print("Finding out which test runs which line; this takes about twenty minutes ...", flush=True)
        settings = MAP / "settings"
        settings.write_text(
            f"[run]\nparallel = true\ndata_file = {MAP / 'coverage'}\ninclude =\n"
            + "".join(f"    {SOURCES / name}{'' if name.endswith('.py') else '/*'}\n" for name in MUTATED)
            + "context = ${PYTEST_CURRENT_TEST-}\n"  # of a command that a test runs
        )
        tests = [str(path) for path in (ROOT / "tests" / name for name in TESTS) if path.exists()]
        command = [
            sys.executable, "-m", "pytest", "-q", "-n", "3", "--dist", "worksteal", "-p", "no:cacheprovider",
            "-p", "tools.contexts", "--durations=0", "--durations-min=0",
            *(f"--ignore-glob=*/{name}.py" for name in SLOW), *tests,
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "COVERAGE_PROCESS_START": str(settings), "PYTHONPATH": f"{SOURCES.parent}:{ROOT}"},
        )  # fmt: skip
        subprocess.run(
            [sys.executable, "-m", "coverage", "combine", "-q", f"--rcfile={settings}"], cwd=MAP, check=False
        )
        (MAP / "durations").write_text(done.stdout)
        if done.returncode > 1 or not (MAP / "coverage").exists():
            sys.exit(f"the map can't be made:\n{done.stdout[-3_000:]}{done.stderr[-3_000:]}")

    def tests_of(self, file: Path) -> dict[int, dict[str, int]]:
        """The tests that run each line of ``file``, each with how many of its lines it runs; at 0 all of them."""
        rows = self._db.execute(
            "SELECT context.context, numbits FROM line_bits JOIN file ON file.id = file_id "
            "JOIN context ON context.id = context_id WHERE file.path = ?", (str(ROOT / file),)
        )  # fmt: skip
        run: dict[str, set[int]] = defaultdict(set)
        for context, bits in rows:
            test = re.sub(r"^\||\|$| \((setup|call|teardown)\)", "", context)
            if test in self.seconds:
                run[test] |= set(numbits_to_nums(bits))
        found: dict[int, dict[str, int]] = defaultdict(dict)
        for test, lines in run.items():
            for line in (0, *lines):
                found[line][test] = len(lines)
        return found

    def planned(self, tests: dict[str, int]) -> list[str]:
        """As many of them as are done in time: of each file those that run most of the mutant's file first."""
        by_file: dict[str, list[str]] = defaultdict(list)
        for test in sorted(tests, key=lambda test: (-tests[test], self.seconds[test], test)):
            by_file[test.partition("::")[0]].append(test)
        spread = [(n, self.seconds[test], test) for each in by_file.values() for n, test in enumerate(each)]
        chosen: list[str] = []
        left = float(_PLANNED)
        for _, seconds, test in sorted(spread):
            if seconds <= left:
                chosen.append(test)
                left -= seconds
        return chosen[:400]


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def killer(mutant: Mutant, tests: list[str], place: Path) -> str | None:
    """The first of ``tests`` that fails in ``place``, a copy of the tree, with the change made there."""
    file = place / mutant.file
    whole = file.read_bytes()
    file.write_bytes(whole[: mutant.start] + mutant.after.encode() + whole[mutant.end :])
    try:
        return first_failure(tests, place)
    finally:
        file.write_bytes(whole)


def first_failure(tests: list[str], place: Path, longest: float | None = LONGEST) -> str | None:
    """Which of ``tests`` fails first in ``place``, or what else ended them; None if they pass."""
    with NamedTemporaryFile("r") as said:
        run = _READY.Process(target=_run_tests, args=(tests, place, said.name))
        run.start()
        run.join(longest)
        by_time = run.exitcode is None
        if run.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
        run.join()
        failed = re.search(r"^(?:FAILED|ERROR) (tests/\S+?::.+?)(?: - .*)?$", said.read(), re.MULTILINE)
    if by_time:
        return BY_TIME
    return None if run.exitcode == 0 else failed[1] if failed else "not even imported"


def _run_tests(tests: list[str], place: Path, said: str) -> None:
    """In a process of its own, which has what the tests need of others' packages, and nothing of ours."""
    os.setsid()
    with open(said, "w") as file:  # noqa: PTH123 - its number is what counts
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(place)
    sys.path[:0] = [str(place / "src")]
    os.environ["PYTHONPATH"] = str(place / "src")
    quick = ("-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    code = pytest.main(["-q", "-x", *quick, "--tb=no", *tests])
    sys.stdout.flush()
    os._exit(code)


def drawn(count: int, seed: int) -> list[Mutant]:
    """So many mutants of all that can be made, one a line at the most."""
    files = [
        path.relative_to(ROOT)
        for name in MUTATED
        for path in sorted((SOURCES / name).rglob("*.py") if not name.endswith(".py") else [SOURCES / name])
    ]  # fmt: skip
    every = [mutant for file in files for mutant in mutants_of(file)]
    chosen: dict[tuple[Path, int], Mutant] = {}
    for mutant in random.Random(seed).sample(every, len(every)):
        chosen.setdefault((mutant.file, mutant.line), mutant)
        if len(chosen) == count:
            break
    return list(chosen.values())


def main() -> int:
    """Draw, try and tell."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("-n", type=int, default=40, help="how many mutants")
    options.add_argument("--seed", type=int, default=random.randrange(10**6), help="draws the same ones again")
    asked = options.parse_args()
    if _output("git", "status", "--porcelain", "--untracked-files=no"):
        sys.exit("the tree has changes: commit them first, since mutants are made of what is committed")
    known = {line.partition(" # ")[0] for line in EQUIVALENT.read_text().splitlines() if line}
    mutants = [mutant for mutant in drawn(asked.n, asked.seed) if str(mutant) not in known]
    coverage = Coverage()
    tests = {file: coverage.tests_of(file) for file in {mutant.file for mutant in mutants}}
    print(f"{len(mutants)} mutants, seed {asked.seed}", flush=True)
    with TemporaryDirectory(prefix="mutants-") as folder:
        places = [Path(folder, str(n)) for n in range(2)]
        for place in places:
            _output("git", "clone", "--quiet", "--shared", str(ROOT), str(place))
            (place / "build").symlink_to(ROOT / "build")
            (place / ".venv").symlink_to(ROOT / ".venv")
            # By its text: a changed file is as long as the one before it, and changed within the same second.
            _output(sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", f"{place}/src")

        def tried(mutant: Mutant) -> str | None:
            place = places.pop()
            try:
                of_file = tests[mutant.file]
                of_line = coverage.planned((not mutant.imported and of_file.get(mutant.line)) or of_file.get(0, {}))
                by = killer(mutant, of_line, place) if of_line else None
            finally:
                places.append(place)
            outcome = f"killed: {by}" if by else "LIVES" if of_line else "LIVES (no quick test runs it)"
            print(f"{mutant.file}:{mutant.line} {mutant}\n    {outcome}", flush=True)
            return by

        with ThreadPoolExecutor(len(places)) as pool:
            killers = list(pool.map(tried, mutants))
        names = sorted({by for by in killers if by and "::" in by})
        while names and (broken := first_failure(names, places[0], longest=None)):
            print(f"proves nothing, since it fails without a change, too: {broken}")
            names = [name for name in names if name != broken] if broken in names else []
            killers = [None if by == broken else by for by in killers]
        shutil.rmtree(folder, ignore_errors=True)
    killed = sum(by is not None for by in killers)
    print(f"\n{killed} of {len(mutants)} killed ({killed / max(len(mutants), 1):.0%}), "
          f"{killers.count(BY_TIME)} of them by time, seed {asked.seed}")  # fmt: skip
    return int(killed < ENOUGH * len(mutants))


if __name__ == "__main__":
    sys.exit(main())
