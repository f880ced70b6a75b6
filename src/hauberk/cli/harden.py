# SPDX-License-Identifier: Apache-2.0
"""`hauberk harden`."""

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

STRATEGIES = ("features", "monotone", "interaction", "augment", "retrain", "robust", "combined", "threshold")
"""Names of `hauberk.harden.STRATEGIES`, here so that help costs nothing; a test holds the two equal."""


@click.command()
@config_option
@click.option(
    "--strategy",
    multiple=True,
    type=click.Choice(STRATEGIES),
    help="Try this fix; repeatable; all of them by default.",
)
@click.option(
    "--purse", type=click.FloatRange(min=0), help="What an attacker can spend; the median cost of evasions by default."
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
@click.option("--out", metavar="DIR", help="Folder for the hardened model and a report.")
@click.option("--apply", is_flag=True, help="Use the hardened model from now on, if the fix holds.")
@click.option("--seed", type=click.IntRange(min=0), help="Master seed.")
@click.option("--trust", multiple=True, metavar="DIGEST", help="Open this model file although its format can run code.")
@output_options
@click.pass_context
def harden(
    ctx: click.Context,
    *,
    config: str,
    strategy: tuple[str, ...],
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
    """Train the model so that evasion is dear, and show with fresh attacks what that is worth and costs.

    \b
    Exit codes: 0 the fix holds on rows and attacks that it has not seen; 1 no fix that holds.

    \b
    Examples:
      hauberk harden --preset quick
      hauberk harden --purse 5000 --max-auc-loss 0.005 --apply
      hauberk harden --strategy retrain --strategy monotone --output html=hardening.html
    """
    targets = parse_outputs(outputs)
    from hauberk.app.harden import harden_model
    from hauberk.app.harden_story import tell_hardening
    from hauberk.app.report import project_inputs, record_reveal, refuse_overwriting

    if targets:
        refuse_overwriting([path for _, path in targets], project_inputs(config))
    progress = ProgressLine(quiet=ctx.obj["quiet"])
    try:
        done = harden_model(
            config,
            strategy=strategy,
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
    if show_values:
        record_reveal(done.run, config)
    if format_ != "text":
        emit(done.run, format_, targets, show_values=show_values)
        return done.exit_code
    emit_files(done.run, targets, show_values=show_values)
    write_bytes(tell_hardening(done, width=width(), color=coloured()))
    return done.exit_code
