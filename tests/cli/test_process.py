# SPDX-License-Identifier: Apache-2.0
"""The real command in a real process: terminals of several widths, interruption, closed pipes, foreign rights."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

HAUBERK = [sys.executable, "-c", "from hauberk.cli.main import main; main()"]
WORKERS = '[checks]\nworkers = 2\n[checks."HB-E001"]\nrows = 100\nqueries = 200000\n'


def start(words: list[str], **options) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*HAUBERK, *words], **options)


def on_terminal(words: list[str], columns: int, environment: dict[str, str]) -> tuple[int, str]:
    """Run on a terminal of this width and return exit code and everything that it shows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = start(words, stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    return process.wait(timeout=60), shown.decode(errors="replace")


def left_behind(session: int) -> str:
    """Processes of a session that are still there ten seconds after its command ended."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        left = subprocess.run(["ps", "-s", str(session), "-o", "pid=,stat=,args="], capture_output=True, timeout=10)
        living = [line for line in left.stdout.decode().splitlines() if line.split()[1][0] != "Z"]
        if not living:
            return ""
        time.sleep(0.2)
    return "\n".join(living)


@pytest.fixture
def terminal_environment(project: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "CI", "FORCE_COLOR"}
    }
    return {**kept, "TERM": "xterm-256color"}


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_terminal_is_coloured_and_never_overrun(
    project: Path, terminal_environment: dict[str, str], columns: int
) -> None:
    code, shown = on_terminal(["check", "--select", "HB-A"], columns, terminal_environment)
    assert code == 1
    report = shown[shown.index("Hauberk") :]
    assert "\x1b[" in report
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", report)
    assert "Is it safe to ship?" in plain
    widest = max(len(line.rstrip("\r\n")) for line in plain.splitlines())
    assert widest <= columns


def test_a_pipe_is_plain_and_stdout_holds_the_result_alone(project: Path) -> None:
    done = subprocess.run([*HAUBERK, "check", "--select", "HB-A", "--format", "json"], capture_output=True, timeout=120)
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout
    assert json.loads(done.stdout)["exit_code"] == 1
    assert b"checks" in done.stderr


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "junit", "markdown", "html", "csv", "gitlab"])
def test_the_exit_code_is_the_same_in_every_format(project: Path, format_: str) -> None:
    done = subprocess.run(
        [*HAUBERK, "-q", "check", "--select", "HB-A", "--format", format_], capture_output=True, timeout=120
    )
    assert done.returncode == 1, done.stderr.decode()
    assert done.stdout
    assert not done.stderr


def test_a_closed_pipe_ends_quietly(project: Path) -> None:
    process = start(["checks"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) in {0, 141}
    assert b"Traceback" not in error


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_is_recorded_as_aborted(project: Path, number: int, code: int) -> None:
    file = project / "hauberk.toml"
    file.write_text(file.read_text().replace("[checks]\nworkers = 0\n", WORKERS))
    process = start(["check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stderr is not None
    assert process.stdout is not None
    seen = b""
    until = time.monotonic() + 300
    while b"  checks  " not in seen and time.monotonic() < until:
        seen += os.read(process.stderr.fileno(), 4096)
    assert b"  checks  " in seen, f"no check began, so that there is no run to interrupt: {seen!r}"
    process.send_signal(number)
    out = process.stdout.read()
    said = process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=90) == code, said
    assert out == b""
    runs = [json.loads(path.read_text()) for path in (project / ".hauberk" / "runs").glob("*.json")]
    assert [run["aborted"] for run in runs] == [True]
    assert not list((project / ".hauberk").rglob("*.part"))
    verified = subprocess.run([*HAUBERK, "evidence", "verify"], capture_output=True, timeout=60)
    assert verified.returncode == 0, verified.stderr
    assert not left_behind(process.pid), "a worker outlived the command"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_project_that_may_not_be_written_is_refused(project: Path, tmp_path: Path) -> None:
    for path in [project, *project.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    home = tmp_path / "home"
    home.mkdir(mode=0o777)
    code = (
        "import os, sys; from hauberk.cli.main import run; import hauberk.app.check; "
        "os.setgid(65534); os.setuid(65534); sys.exit(run(['check', '--select', 'HB-A']))"
    )
    reachable = shutil.copytree(project, Path("/tmp") / f"hauberk-readonly-{os.getpid()}")
    try:
        environment = {**os.environ, "XDG_CONFIG_HOME": "/tmp", "HOME": "/tmp"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=reachable, env=environment, capture_output=True, timeout=120
        )
    finally:
        shutil.rmtree(reachable)
    assert done.returncode == 2, done.stderr.decode()
    assert b"cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr


def test_ctrl_c_ends_the_question_of_init(project: Path) -> None:
    (project / "hauberk.toml").unlink()
    (project / "domain.toml").unlink()
    master, slave = pty.openpty()
    words = ["init", "--data", "train.parquet", "--label", "default"]
    process = start(words, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while b"changeable:" not in shown:
        shown += os.read(master, 65536)
    for _ in range(4):
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        # another one while the interpreter takes itself apart would end it in the system's way
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
            break
    process.kill()
    os.close(master)
    assert process.wait() == 130
    assert b"income, debt" in shown
    assert not (project / "hauberk.toml").exists()
