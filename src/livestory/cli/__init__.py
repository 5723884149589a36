"""The command line: one file per command. What all of them share stands here: streams, errors, exit status.

Exit status: 0 done, 1 a failure while running, 2 bad usage, configuration or input, 130 interrupted. Results go to
standard output, everything else to standard error.
"""

from __future__ import annotations

import errno
import sys
from typing import Any

import click

from livestory import __version__
from livestory.cli import streams
from livestory.cli.commands.alert import alert
from livestory.cli.commands.backup import backup, restore
from livestory.cli.commands.check import check
from livestory.cli.commands.compact import compact
from livestory.cli.commands.completion import completion, man
from livestory.cli.commands.demo import demo
from livestory.cli.commands.digest import digest
from livestory.cli.commands.explain import explain
from livestory.cli.commands.export import export
from livestory.cli.commands.fleet import fleet
from livestory.cli.commands.follow import follow
from livestory.cli.commands.init import init
from livestory.cli.commands.listen import listen
from livestory.cli.commands.operator_commands import flow, halt, note, resume
from livestory.cli.commands.report import report
from livestory.cli.commands.run import run
from livestory.cli.commands.serve import serve
from livestory.cli.commands.service import service
from livestory.cli.commands.share import share
from livestory.cli.commands.status import status
from livestory.cli.commands.tail import tail
from livestory.cli.commands.tell import tell
from livestory.cli.commands.verify import verify
from livestory.errors import LivestoryError
from livestory.story.wording.text import visible

__all__ = ["livestory", "main"]

_FAILED, _INTERRUPTED = 1, 130


class _Commands(click.Group):
    """Tells what a person can do something about as its message alone; only what nobody foresaw keeps a traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Read the arguments, run the command and exit with its status."""
        try:
            return super().main(*args, **extra)
        except OSError as error:  # of --help and the like, which are printed before a command runs
            _report(error)
            sys.exit(_FAILED)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the arguments, or print --help."""
        try:
            return super().make_context(*args, **extra)
        except KeyboardInterrupt:  # click would say "Aborted!", and end with status 1
            sys.exit(_INTERRUPTED)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command and exit with its status."""
        try:
            super().invoke(ctx)
            streams.flush()
        except LivestoryError as error:
            click.echo(visible(str(error)), err=True)  # it may repeat what a file or a server had in it
            ctx.exit(error.exit_status)
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)
        except BrokenPipeError:  # whoever read our output has had enough of it, as `head` does
            streams.give_up_output()
        except OSError as error:
            _report(error)
            ctx.exit(_FAILED)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """The commands in the order in which a newcomer meets them."""
        return list(self.commands)


def _report(error: OSError) -> None:
    """Say what the system refused, and where."""
    streams.give_up_output()
    if error.filename is None and error.errno == errno.EBADF:
        click.echo("standard output is closed", err=True)
        return
    where = f"{error.filename}: " if error.filename is not None else ""
    click.echo(visible(f"{where}{error.strerror or error}"), err=True)


@click.group(
    cls=_Commands,
    commands=[
        demo,
        run,
        check,
        serve,
        alert,
        tail,
        status,
        digest,
        verify,
        halt,
        resume,
        note,
        flow,
        follow,
        init,
        tell,
        listen,
        explain,
        report,
        share,
        export,
        backup,
        restore,
        compact,
        service,
        fleet,
        completion,
        man,
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="livestory")
def livestory() -> None:
    """The live narrative of a trading bot: what it does and why, one line the moment it happens.

    \b
    livestory demo                       watch a simulated market's story
    livestory run --bars ETHBTC-15m.csv  let the bot trade recorded bars on paper
    livestory serve                      read along in a browser
    livestory tail -f                    or in a terminal
    """


def main() -> None:
    """Run the command line and exit."""
    streams.prepare()
    livestory(prog_name="livestory")
    sys.exit(0)
