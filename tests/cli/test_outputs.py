"""Where a command writes: into devices and pipes, along links, over files of every kind; or a refusal by name."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tarfile
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from tests.cli import program
from tests.cli.program import COMMAND, LIMIT, environment

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "time,wealth\n2024-01-01,100\n2024-01-02,110\n2024-01-03,90\n"
# Each command that writes a file, without that file's name, which comes last.
WRITERS = {
    "explain --out": ("explain", "t.csv", "--out"),
    "explain --html": ("explain", "t.csv", "--html"),
    "export --out": ("export", "--journal", "results/live_story.db", "--out"),
    "backup": ("backup",),
    "init": ("init",),
}
OVERWRITE = [name for name in WRITERS if name != "init"]
ENDING = {"export --out": ".csv", "backup": ".tar.gz"}


@pytest.fixture
def place(told: Path, tmp_path: Path) -> Path:
    """A folder with a story in results and a table t.csv."""
    shutil.copytree(told, tmp_path / "results")
    (tmp_path / "t.csv").write_text(TABLE, "utf-8")
    return tmp_path


def wrote(place: Path, writer: str, out: object, *before: str) -> subprocess.CompletedProcess[bytes]:
    """What a command did that was to write to ``out``."""
    return subprocess.run(
        [*before, *COMMAND, *WRITERS[writer], str(out)],
        cwd=place,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )


def inside(place: Path, writer: str, out: object) -> subprocess.CompletedProcess[str]:
    """The same in this process: what is tried is the place, and neither the program's streams nor its user."""
    return program.inside(*WRITERS[writer], out, cwd=place)


def looks_right(writer: str, content: bytes) -> bool:
    """Whether that is what the command writes, whole."""
    match writer:
        case "explain --out":
            return content.startswith("2024-01-02 00:00:00 | 📼".encode()) and "🏁 In All".encode() in content
        case "explain --html":
            return content.startswith(b"<!doctype html>") and content.rstrip().endswith(b"</html>")
        case "export --out":
            return content.startswith(b"time,wealth,") and content.count(b"\n") > 2000
        case "backup":
            return "live_story.db" in tarfile.open(fileobj=BytesIO(content)).getnames()
        case _:
            return content.startswith(b"# livestory.toml")


@pytest.mark.parametrize("writer", WRITERS)
def test_a_device_is_written_to_and_stays_one(place: Path, writer: str) -> None:
    """Also as root: a device of our own, as /dev/null is, so that a failure harms no machine."""
    if os.geteuid():
        pytest.skip("only root can make a device")
    null, full = place / "null", place / "full"
    try:
        os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.mknod(full, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        full.open("rb").close()
    except PermissionError:
        pytest.skip("devices can't be made here")
    assert inside(place, writer, null).returncode == 0
    done = inside(place, writer, full)
    assert (done.returncode, done.stderr) == (1, f"{full}: No space left on device\n")
    assert null.is_char_device()
    assert full.is_char_device()


@pytest.mark.parametrize("writer", WRITERS)
def test_a_pipe_is_written_to_and_stays_one(place: Path, writer: str) -> None:
    """As `mkfifo` makes it."""
    pipe = place / "pipe"
    os.mkfifo(pipe)
    with (
        (place / "came").open("wb") as came,
        subprocess.Popen(["cat", pipe], stdout=came),  # noqa: S607 - wherever the system has it
    ):
        assert wrote(place, writer, pipe).returncode == 0
    assert looks_right(writer, (place / "came").read_bytes())
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("writer", "name"),
    [*((writer, "-") for writer in WRITERS), ("explain --out", "/dev/stdout"), ("backup", "/dev/fd/1")],
)
def test_standard_output_has_the_file_and_nothing_besides(place: Path, writer: str, name: str) -> None:
    """What else is said goes to standard error; nothing of that name is left lying."""
    done = wrote(place, writer, name)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert looks_right(writer, done.stdout)
    assert not (place / "-").exists()


def test_standard_output_that_is_a_file_is_written_on(place: Path) -> None:
    """Not from its beginning, nor replaced under the shell that has opened it."""
    told = place / "all.txt"
    with told.open("w") as file:
        for name in ("-", "/dev/stdout"):
            subprocess.run([*COMMAND, *WRITERS["explain --out"], name], cwd=place, stdout=file, check=True)
    assert told.read_text("utf-8").count("🏁 In All") == 2


@pytest.mark.parametrize("writer", OVERWRITE)
def test_a_link_is_followed_and_stays_one(place: Path, writer: str) -> None:
    """To a file, which is replaced, and to one that is not there yet."""
    ending = ENDING.get(writer, ".out")
    there, missing = place / f"there{ending}", place / "folder" / f"missing{ending}"
    there.write_text("old")
    for target in (there, missing):
        link = place / f"link-{target.name}"
        link.symlink_to(target.relative_to(place))
        assert inside(place, writer, link).returncode == 0
        assert link.is_symlink()
        assert looks_right(writer, target.read_bytes())
    assert not [path for path in place.rglob("*") if path.name.endswith(".tmp")]


@pytest.mark.parametrize(
    ("writer", "name", "problem"),
    [
        *((writer, "loop", "Too many levels of symbolic links") for writer in WRITERS),
        *((writer, "folder", "a folder; name a file in it") for writer in WRITERS),
        ("explain --out", "t.csv/below", "Not a directory"),
        ("explain --out", "x" * 256, "File name too long"),
        ("explain --out", "/dev/fd/77", "is not open"),
        ("export --out", "results/live_story.db", "a database, maybe a story's journal"),
        ("backup", "socket", "a socket"),
        ("explain --html", "disk", "a disk"),
    ],
)
def test_where_nothing_can_be_written_it_is_refused_by_name(place: Path, writer: str, name: str, problem: str) -> None:
    """With status 2, before any work is done, and what is there stays."""
    (place / "loop").symlink_to("loop")
    (place / "folder").mkdir()
    if name == "socket":
        os.mknod(place / name, 0o600 | stat.S_IFSOCK)
    if name == "disk":
        try:
            os.mknod(place / name, 0o600 | stat.S_IFBLK, os.makedev(7, 250))
        except PermissionError:
            pytest.skip("only root can make a device")
    before = (place / "results" / "live_story.db").read_bytes()
    done = inside(place, writer, name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{name}: {problem}")
    assert (place / "results" / "live_story.db").read_bytes() == before
    assert not [path for path in place.rglob("*") if path.name.endswith(".tmp")]


@pytest.mark.parametrize("writer", OVERWRITE)
def test_a_file_with_two_names_keeps_both(place: Path, writer: str) -> None:
    """Who has it by the other name sees the new content too."""
    target = place / f"one{ENDING.get(writer, '.out')}"
    target.write_text("old")
    other = place / "other"
    other.hardlink_to(target)
    assert inside(place, writer, target).returncode == 0
    assert other.samefile(target)
    assert looks_right(writer, target.read_bytes())


@pytest.mark.parametrize("writer", OVERWRITE)
def test_a_file_that_is_mounted_is_overwritten(place: Path, writer: str) -> None:
    """As a container's single file is: no other can take its place."""
    target = place / f"one{ENDING.get(writer, '.out')}"
    target.write_text("old")
    mounted = ("unshare", "-m", "sh", "-c", f'mount --bind {target} {target} && exec "$@"', "sh")
    if os.geteuid() or subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    assert wrote(place, writer, target, *mounted).returncode == 0
    assert looks_right(writer, target.read_bytes())
    assert not [path for path in place.iterdir() if path.name.endswith(".tmp")]


@pytest.mark.parametrize("writer", OVERWRITE)
def test_a_folder_where_nothing_can_be_made(place: Path, writer: str) -> None:
    """A file in it that may be written is overwritten; one that is not there is refused by its own name."""
    mortal: tuple[str, ...] = ()
    if os.geteuid() == 0:
        mortal = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv to be no longer root")
    folder = place / "locked"
    folder.mkdir()
    there, missing = (folder / f"{name}{ENDING.get(writer, '.out')}" for name in ("there", "missing"))
    there.write_text("old")
    folder.chmod(0o555)
    assert wrote(place, writer, there, *mortal).returncode == 0
    assert looks_right(writer, there.read_bytes())
    done = wrote(place, writer, missing, *mortal)
    assert (done.returncode, done.stderr) == (1, f"{missing}: Permission denied\n".encode())


def test_the_longest_name_is_a_name(place: Path) -> None:
    """Though nothing can be made beside it that is named after it."""
    longest = place / f"{'x' * 251}.txt"
    assert inside(place, "explain --out", longest).returncode == 0
    assert looks_right("explain --out", longest.read_bytes())


def test_what_is_replaced_keeps_its_mode(place: Path) -> None:
    """A report that others may read stays readable; a backup is its owner's alone, whatever was there."""
    report, backup = place / "report.html", place / "story.tar.gz"
    for path in (report, backup):
        path.touch(0o644)
        path.chmod(0o644)
    assert wrote(place, "explain --html", report, "sh", "-c", 'umask 077; exec "$@"', "sh").returncode == 0
    assert wrote(place, "backup", backup).returncode == 0
    assert [stat.S_IMODE(path.stat().st_mode) for path in (report, backup)] == [0o644, 0o600]


def test_a_table_may_come_through_a_pipe(place: Path) -> None:
    """As `livestory explain <(zcat t.csv.gz)` gives it, under the name that it has there."""
    command = f"{' '.join(COMMAND)} explain <(cat t.csv)"
    done = subprocess.run(["bash", "-c", command], cwd=place, capture_output=True, encoding="utf-8", check=False)  # noqa: S607 - wherever the system has it
    assert (done.returncode, done.stderr) == (0, "")
    assert "| from /dev/fd/" in done.stdout
    assert "🏁 In All | -10.0% to 90.0000" in done.stdout


def test_two_outputs_are_two_places(place: Path) -> None:
    """Also where a link leads to the other; what takes anything takes both."""
    (place / "link").symlink_to("story.txt")
    for out, html in (("story.txt", "link"), ("-", "-")):
        done = program.inside("explain", "t.csv", "--out", out, "--html", html, cwd=place)
        assert (done.returncode, done.stdout) == (2, "")
        assert "--out and --html name the same file" in done.stderr
    done = program.inside("explain", "t.csv", "--out", "/dev/null", "--html", "/dev/null", cwd=place)
    assert done.returncode == 0
