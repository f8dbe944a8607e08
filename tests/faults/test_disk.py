"""The disk is full: nothing is acknowledged that cannot be kept, and when there is room again all goes on by itself.

The whole data folder (cluster, logs, queues) is on a small file system in memory, which only root may mount. It is
filled to the last byte, stays so, and is then given room.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import house as houses
from tests.faults.auditing import audit, audit_costs
from tests.faults.conftest import Note
from tests.faults.probing import normal_again
from tests.faults.sending import Load
from tests.faults.teams import make_teams
from tests.servers import temporary_home

ROOM_BYTES = 300 * 2**20
FULL_SECONDS = 20.0


@pytest.fixture
def small() -> Iterator[Path]:
    """The mount point of a small file system; without the right to mount one there is nothing to test."""
    if os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root")
    folder = temporary_home()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4g,mode=0711", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        folder.rmdir()
        pytest.skip(f"no small file system here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def shrink(folder: Path) -> None:
    """Leaves about `ROOM_BYTES` beside what is there."""
    size = shutil.disk_usage(folder).used + ROOM_BYTES
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


def fill(path: Path) -> None:
    """Takes every byte that is left, and again for some seconds what others give back."""
    end = time.monotonic() + FULL_SECONDS
    with path.open("ab", buffering=0) as file:
        block = b"\0" * 4096
        while time.monotonic() < end:
            try:
                file.write(block)
            except OSError:
                time.sleep(0.02)


def test_the_disk_is_full(idle: Path, small: Path, noting: Note) -> None:
    with noting("disk full for 20 s") as result:
        home = small / "home"
        shutil.copytree(idle, home, symlinks=True, copy_function=copy_owned)
        own_folders(idle, home)
        with houses.start(home) as house:
            probes, team = make_teams(house, "Disk probes", "Disk full")
            shrink(small)
            with Load(house.base_url, team) as load:
                time.sleep(2)
                fill(small / "filler")
                (small / "filler").unlink()
                result.recovered.append(normal_again(house, probes, time.monotonic()))
                load.finish()
                audit(house, team, load.batches, result)
            assert house.process.poll() is None, "the supervisor has ended"
            result.figures["seconds until costs are exact"] = audit_costs(house, [team])


def copy_owned(source: str, target: str) -> None:
    """Copies a file with its owner and rights."""
    shutil.copy2(source, target)
    told = Path(source).stat()
    os.chown(target, told.st_uid, told.st_gid)


def own_folders(source: Path, target: Path) -> None:
    """Gives folders the owners of those that they were copied from."""
    for folder in (source, *(path for path in source.rglob("*") if path.is_dir())):
        told = folder.stat()
        os.chown(target / folder.relative_to(source), told.st_uid, told.st_gid)
