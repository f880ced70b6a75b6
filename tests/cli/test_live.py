# SPDX-License-Identifier: Apache-2.0
"""The live table on a real terminal: it grows while attacks run, and Ctrl-C keeps what it showed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from hauberk.assess import Standing
from hauberk.cli.live import LiveTable
from hauberk.core.measurement import Measurement

HAUBERK = [sys.executable, "-c", "from hauberk.cli.main import main; main()"]
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(words: list[str], interrupt_at: bytes = b"") -> tuple[int, str]:
    """Run with stderr on a terminal of 100 columns; press Ctrl-C once when these bytes were seen."""
    pid, master = pty.fork()
    if pid == 0:
        os.execv(HAUBERK[0], [*HAUBERK, *words])
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
    shown, pressed, until = b"", False, time.monotonic() + 120
    while time.monotonic() < until:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
        if interrupt_at and not pressed and interrupt_at in shown:
            os.write(master, b"\x03")
            pressed = True
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), ANSI.sub("", shown.decode(errors="replace"))


def test_the_table_names_rows_share_and_cost(project: Path) -> None:
    words = ["attack", "evade", "--config", str(project), "--by", "labels", "--rows", "12", "--queries", "40"]
    code, shown = on_terminal([*words, "--workers", "0"])
    assert code == 1
    assert re.search(r"check +attack by +records +get through +median cost", shown)
    assert re.search(r"HB-E002 +labels +12/12 +[\d.]+ % \([\d.]+ % to [\d.]+ %\)", shown)


def test_ctrl_c_says_how_things_stood_and_where_that_is_kept(project: Path) -> None:
    words = ["attack", "evade", "--config", str(project), "--by", "scores", "--rows", "100", "--queries", "5000"]
    code, shown = on_terminal([*words, "--workers", "1"], interrupt_at=b"HB-E001  scores")
    assert code == 130
    assert "interrupted; nothing half-written is left behind" in shown
    assert re.search(r"HB-E001 by scores \d+ of \d+ records, evasion rate", shown)
    kept = re.search(r"hauberk report (\S+)", shown)
    assert kept is not None
    assert (project / ".hauberk" / "runs" / f"{kept.group(1)}.json").is_file()


def test_without_a_terminal_there_is_no_table(project: Path) -> None:
    words = ["attack", "evade", "--config", str(project), "--by", "labels", "--rows", "12", "--queries", "40"]
    done = subprocess.run([*HAUBERK, *words, "--workers", "0"], capture_output=True, timeout=120)
    assert b"attack by" not in done.stderr
    assert b"\x1b" not in done.stderr
    assert b"checks" in done.stderr


def test_quiet_means_quiet(capsys) -> None:
    live = LiveTable(quiet=True)
    live(stage="checks", done=1, total=2)
    live.told(Standing(check="HB-E001", part="scores", done=1, total=2))
    live.close()
    assert capsys.readouterr().err == ""


def test_an_attack_without_an_evasion_so_far_has_no_cost(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    live = LiveTable()
    rate = Measurement(name="evasion_rate", value=0.0, unit="rate", n=4, low=0.0, high=0.6)
    live.told(Standing(check="HB-E001", part="scores", done=4, total=9, measurements=(rate,)))
    live.close()
    assert re.search(r"4/9 +0 % \(0 % to 60.0 %\) +none yet", ANSI.sub("", capsys.readouterr().err))
