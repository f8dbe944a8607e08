"""Child processes: started so that they cannot outlive their parent, stopped by pid file if they did.

Every child gets a file `NAME.pid` with its number and the moment it was born. Numbers are used again by
the system, so a process is only ever ended when both agree.
"""

import ctypes
import json
import os
import platform
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1
LINUX = platform.system() == "Linux"
_libc = ctypes.CDLL(None) if LINUX else None

Say = Callable[[str], None]


class StartError(RuntimeError):
    """A server or process could not be started; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system account that a child runs as."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account for servers that refuse to run as root; None when this process is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("steadyrun", "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StartError("PostgreSQL does not run as root and this machine has no account named nobody: make one")


def may_reach(path: Path, account: Account | None) -> bool:
    """Whether the account can enter or run `path`, asked of the system by trying."""
    if account is None:
        return os.access(path, os.X_OK)
    return run_as(account, ["/bin/sh", "-c", 'test -x "$0"', str(path)]).returncode == 0


def run_as(account: Account | None, command: Sequence[str], **given: str) -> subprocess.CompletedProcess[str]:
    """Runs a short command to its end as `account` and returns its output as text (errors mixed in)."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", **given}
    return subprocess.run(
        list(command),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


def free_port(wanted: int, *, taken: Sequence[int] = ()) -> int:
    """`wanted` if nothing listens there, else the next free port above it; 0 takes any free one."""
    for port in [0] if wanted == 0 else range(wanted, min(wanted + 200, 65536)):
        if port in taken:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # A port with connections that are only waiting to fade away is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StartError(f"no free port from {wanted} to {wanted + 199} on {LOOPBACK}")


def answers(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def born(pid: int) -> str | None:
    """When the process started, as the system tells it; None when there is no such process (a zombie is none)."""
    if LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    told = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.stdout.strip() or None


def command_of(pid: int) -> str:
    """The command line of a process; empty when it cannot be told."""
    if LINUX:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    told = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.stdout.strip()


def die_with(parent: int, ending: signal.Signals, *, lead: bool = True) -> Callable[[], None]:
    """What a child does before it becomes its program: asks the system for `ending` when `parent` is gone.

    With `lead` it also becomes the leader of a process group of its own. Only Linux has such a request.
    """

    def prepare() -> None:
        if lead:
            os.setpgid(0, 0)
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(ending))
            if os.getppid() != parent:
                os._exit(1)

    return prepare


@dataclass(slots=True)
class Child:
    """A running child: its process, its pid file, and the signal that ends it in an orderly way."""

    name: str
    process: subprocess.Popen[bytes]
    pid_file: Path
    log: Path
    ending: signal.Signals

    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def last_lines(self, count: int = 12) -> str:
        """The end of its log, for an error message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def stop(self, seconds: float = 10) -> None:
        """Ends it in an orderly way; one that has not ended after `seconds` is killed with its group."""
        if self.running():
            self.process.send_signal(self.ending)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.pid_file.unlink(missing_ok=True)


def spawn(
    name: str,
    command: Sequence[str],
    *,
    home: Path,
    ending: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    told: str = "",
) -> Child:
    """Starts a child that ends with this process, also when this process is killed (on Linux).

    Its output goes to `home/NAME.log`, its number to `home/NAME.pid`; `told` is given on its standard input.
    It leads a group of its own, so that Ctrl-C reaches the supervisor alone and the order of ending is ours.
    """
    log = home / f"{name}.log"
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE if told else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            cwd="/" if account else None,
            env=environment,
            preexec_fn=die_with(os.getpid(), ending),  # noqa: PLW1509 - started before any thread
        )
    child = Child(name, process, home / f"{name}.pid", log, ending)
    try:
        noted = {"pid": process.pid, "born": born(process.pid), "ending": int(ending)}
        write_private(child.pid_file, json.dumps(noted))
    except OSError:
        # The disk is full, say: a child that nobody could find again does not stay.
        process.kill()
        process.wait()
        raise
    if process.stdin is not None:
        process.stdin.write(told.encode())
        process.stdin.close()
    return child


def stop_leftover(pid_file: Path, say: Say, *, seconds: float = 15) -> bool:
    """Ends the process that an earlier, killed supervisor left behind; True when there was one."""
    try:
        noted = json.loads(pid_file.read_text())
        pid, ending = int(noted["pid"]), int(noted["ending"])
    except (OSError, ValueError, KeyError, TypeError):
        pid_file.unlink(missing_ok=True)
        return False
    found = noted["born"] is not None and born(pid) == noted["born"]
    if found:
        say(f"Ending {pid_file.stem} (process {pid}), left over from an earlier run")
        _end_process(pid, noted["born"], ending, seconds)
    pid_file.unlink(missing_ok=True)
    return found


def _end_process(pid: int, birth: str, ending: int, seconds: float) -> None:
    """Signals a process that is not our child and waits until it is gone; kills it after `seconds`."""
    for number, limit in ((ending, seconds), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if born(pid) != birth:
                return
            time.sleep(0.05)


def wait_until(ready: Callable[[], bool], child: Child, *, seconds: float) -> None:
    """Waits until `ready()` holds. Raises `StartError` with the end of the log if the child dies or time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not child.running():
            raise StartError(f"{child.name} ended while starting:\n{child.last_lines()}")
        if time.monotonic() > deadline:
            raise StartError(f"{child.name} was not ready after {seconds:.0f} s:\n{child.last_lines()}")
        time.sleep(0.05)
