"""A Docker engine of the test's own: killed, frozen and started anew, never the user's."""

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

SMALL_IMAGE = "fleet-agent:small"
_STARTS_WITHIN = 60.0  # seconds
_LOOK = 0.1


class OwnEngine:
    """One dockerd with a folder, socket and network of its own; its data root is `folder/data`.

    With `live_restore` containers outlive it; else the next start ends those that still run.
    """

    def __init__(self, folder: Path, *, live_restore: bool) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        # in a network of its own: --bridge=none deletes the docker0 that it finds, the user's
        self._command = [
            "unshare",
            "--net",
            "dockerd",
            f"--data-root={folder}/data",
            f"--exec-root={folder}/exec",
            f"--host={self.url}",
            f"--pidfile={folder}/pid",
            "--bridge=none",
            "--iptables=false",
            *(["--live-restore"] if live_restore else []),
            # a containerd that is found running is shared: what is in it must not be mixed
            f"--containerd-namespace=fleet-{folder.name}",
            f"--containerd-plugins-namespace=fleet-{folder.name}-plugins",
        ]

    @property
    def url(self) -> str:
        """Answer its address, for DOCKER_HOST."""
        return f"unix://{self.folder}/sock"

    def docker(self, *words: str) -> str:
        """Run the docker client on it and answer what it prints."""
        command = ["docker", "-H", self.url, *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        return done.stdout.strip()

    def load(self, image: str) -> None:
        """Copy an image of the user's engine into it."""
        saving = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
        with saving:
            loading = ["docker", "-H", self.url, "load", "--quiet"]
            subprocess.run(loading, stdin=saving.stdout, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        pause = Event()
        for _ in range(int(_STARTS_WITHIN / _LOOK)):
            if self._answers():
                return
            pause.wait(_LOOK)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """End it as the kernel would: at once, in the middle of whatever it does."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None
        # the kernel ends containerd with it; where nobody reaps that, the next dockerd takes the
        # dead for the living
        (self.folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    def freeze(self) -> None:
        """Let it hang: it takes connections and answers none."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it hung."""
        self._send(signal.SIGCONT)

    def close(self) -> None:
        """End it with all its containers, and remove its folder."""
        try:
            if self._process is None:
                self.start()
            self.thaw()
            left = self.docker("ps", "-aq").split()
            if left:
                self.docker("rm", "--force", *left)
        finally:
            self._terminate()
            self._remove()

    def _answers(self) -> bool:
        command = ["docker", "-H", self.url, "version"]
        try:
            asked = subprocess.run(command, check=False, capture_output=True, timeout=10)
        except subprocess.TimeoutExpired:
            return False
        return asked.returncode == 0

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(number)

    def _terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)

    def _remove(self) -> None:
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        inside = (mount for mount in mounts if mount.startswith(f"{self.folder}/"))
        for mount in sorted(inside, reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False)
        subprocess.run(["rm", "-rf", self.folder], check=True)


@contextmanager
def own_engine(*images: str, live_restore: bool = True) -> Iterator[OwnEngine]:
    """Answer an engine that runs and has those images of the user's; gone afterwards."""
    # its paths are bounded by the 108 bytes of a socket's name
    folder = Path("/tmp") / f"fleet-{secrets.token_hex(3)}"
    folder.mkdir()
    engine = OwnEngine(folder, live_restore=live_restore)
    try:
        engine.start()
        for image in images:
            engine.load(image)
        yield engine
    finally:
        engine.close()
