# SPDX-License-Identifier: Apache-2.0
"""`hauberk report`."""

from __future__ import annotations

import click

from hauberk.cli.output import config_option, emit, output_options, parse_outputs


@click.command()
@click.argument("run", default="last")
@config_option
@output_options
def report(run: str, *, config: str, format_: str, outputs: tuple[str, ...], show_values: bool) -> int:
    """Render a recorded run: its id, the beginning of one, a path, or `last`.

    The exit code is that of the run, in every format.

    \b
    Examples:
      hauberk report --format markdown
      hauberk report last --output html=report.html --format json
    """
    targets = parse_outputs(outputs)
    from hauberk.app.report import project_inputs, record_reveal, recorded_run, refuse_overwriting
    from hauberk.report import exit_code

    if targets:
        refuse_overwriting([path for _, path in targets], project_inputs(config))
    recorded = recorded_run(run, config)
    if show_values:
        record_reveal(recorded, config)
    emit(recorded, format_, targets, show_values=show_values)
    return exit_code(recorded)
