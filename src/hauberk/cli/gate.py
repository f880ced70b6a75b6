# SPDX-License-Identifier: Apache-2.0
"""`hauberk gate`."""

from __future__ import annotations

import dataclasses
import json

import click

from hauberk.cli.output import config_option, write_bytes


@click.command()
@click.argument("run", default="last")
@click.option(
    "--try", "policy", metavar="POLICY", help="Put every recorded run before this policy; nothing is recorded."
)
@click.option("--default-policy", is_flag=True, help="Print the policy that ships with Hauberk, to start from.")
@click.option("--policy-facts", is_flag=True, help="Print everything that a policy may speak of.")
@config_option
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)
def gate(*, run: str, policy: str | None, default_policy: bool, policy_facts: bool, config: str, format_: str) -> int:
    """Judge a recorded run by the project's policy as of now; exit 1 if it denies, 4 if it allows what is incomplete.

    Evidence that has grown too old denies. Data or a model that are not the ones that the run examined are refused with
    exit code 5.

    \b
    Examples:
      hauberk gate
      hauberk gate --default-policy > policy.cedar
      hauberk gate --try policy.cedar
    """
    if default_policy or policy_facts:
        from hauberk.registry import default_policy_text, schema_text

        write_bytes((schema_text() if policy_facts else default_policy_text()).encode())
        return 0
    if policy is not None:
        return _rehearse(policy, config, format_)
    from hauberk.app.gate import judge_release
    from hauberk.app.report import recorded_run
    from hauberk.core.decision import Effect
    from hauberk.report import MEANING, exit_code
    from hauberk.report.plain import visible
    from hauberk.seal import plain

    decision = judge_release(run, config=config)
    code = exit_code(dataclasses.replace(recorded_run(run, config), decision=decision))
    if format_ == "json":
        write_bytes(json.dumps(plain(decision), indent=2).encode())
    else:
        lines = [f"{decision.action}: {decision.effect.value}"]
        lines += [
            visible(f"  - {reason.effect.value} by {reason.rule}: {reason.sentence}") for reason in decision.reasons
        ]
        lines += [f"exit code {code}: {MEANING[code]}"] if decision.effect is Effect.ALLOW and code else []
        write_bytes("\n".join(lines).encode())
    return code


def _rehearse(policy: str, config: str, format_: str) -> int:
    from hauberk.app.gate import rehearse_policy

    found = rehearse_policy(policy, config=config)
    rows = [
        {
            "run": item.run,
            "before": None if item.before is None else item.before.value,
            "after": item.after.effect.value,
            "reasons": [reason.sentence for reason in item.after.reasons],
        }
        for item in found
    ]
    if format_ == "json":
        write_bytes(json.dumps(rows, indent=2).encode())
    else:
        changed = sum(row["before"] != row["after"] for row in rows)
        lines = [f"{row['run']}: was {row['before'] or 'not decided'}, would be {row['after']}" for row in rows]
        write_bytes("\n".join([*lines, f"{changed} of {len(rows)} decisions would change"]).encode())
    return 0
