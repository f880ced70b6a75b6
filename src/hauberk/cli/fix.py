# SPDX-License-Identifier: Apache-2.0
"""`hauberk fix`."""

from __future__ import annotations

import click

from hauberk.cli.output import (
    coloured,
    config_option,
    emit,
    emit_files,
    output_options,
    parse_outputs,
    width,
    write_bytes,
)
from hauberk.cli.progress import ProgressLine


@click.command()
@click.argument("finding")
@config_option
@click.option("--run", default="last", show_default=True, metavar="RUN", help="The run that holds the finding.")
@click.option(
    "--purse", type=click.FloatRange(min=0), help="What an attacker can spend; what the finding counts by default."
)
@click.option(
    "--max-auc-loss",
    type=click.FloatRange(0, 0.5),
    default=0.01,
    show_default=True,
    help="Area under the ROC curve that may be given up.",
)
@click.option(
    "--preset",
    type=click.Choice(["quick", "standard", "thorough"]),
    default="quick",
    show_default=True,
    help="How much training and attacking.",
)
@click.option("--out", metavar="DIR", help="Folder for the fixed model and a report.")
@click.option("--apply", is_flag=True, help="Use the fixed model from now on, if the finding is fixed.")
@click.option("--seed", type=click.IntRange(min=0), help="Master seed.")
@click.option("--trust", multiple=True, metavar="DIGEST", help="Open this model file although its format can run code.")
@output_options
@click.pass_context
def fix(
    ctx: click.Context,
    *,
    finding: str,
    config: str,
    run: str,
    purse: float | None,
    max_auc_loss: float,
    preset: str,
    out: str | None,
    apply: bool,
    seed: int | None,
    trust: tuple[str, ...],
    format_: str,
    outputs: tuple[str, ...],
    show_values: bool,
) -> int:
    """Fix FINDING (a fingerprint, or the id of its check), and prove it by running that check again.

    \b
    Exit codes: 0 the finding is gone, or policy does not object to what remains; 1 it is not; 2 no such finding, or one
    that training cannot mend (the error says what can); 4 the check did not end on the fixed model.

    \b
    Examples:
      hauberk fix HB-E001
      hauberk fix ad624567f033 --max-auc-loss 0.02 --apply
    """
    targets = parse_outputs(outputs)
    from hauberk.app.fix import fix_finding
    from hauberk.app.fix_story import tell_fix
    from hauberk.app.report import project_inputs, record_reveal, refuse_overwriting

    if targets:
        refuse_overwriting([path for _, path in targets], project_inputs(config))
    progress = ProgressLine(quiet=ctx.obj["quiet"])
    try:
        fixed = fix_finding(
            finding,
            config,
            run=run,
            purse=purse,
            max_auc_loss=max_auc_loss,
            preset=preset,
            out=out,
            apply=apply,
            seed=seed,
            trust=trust,
            progress=progress,
        )
    finally:
        progress.close()
    record = fixed.model.run
    if show_values:
        record_reveal(record, config)
    if format_ != "text":
        emit(record, format_, targets, show_values=show_values)
        return fixed.exit_code
    emit_files(record, targets, show_values=show_values)
    write_bytes(tell_fix(fixed, width=width(), color=coloured()))
    return fixed.exit_code
