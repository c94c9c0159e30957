"""The programs under attack, as processes: orchestrator, worker, doubles of hubs and services. Each is ended with this process."""
import atexit
import json
import os
import pathlib
import subprocess
import time
import urllib.request

from . import measure


def default_binaries():
    top = pathlib.Path(__file__).resolve().parents[3]
    return os.environ.get("MUSTER_BINARIES", top / "build" / "dev" / "bin")


class Program:
    """A process with its log; `ended` tells whether it is gone."""

    def __init__(self, log, *command, **how):
        self.log = pathlib.Path(log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **how)
        atexit.register(self.process.kill)

    @property
    def pid(self):
        return self.process.pid

    @property
    def ended(self):
        return self.process.poll() is not None

    def said(self):
        return self.log.read_text(errors="replace")

    def await_text(self, text, seconds=20):
        """Whether it says that in time."""
        return await_that(lambda: text in self.said() or self.ended, seconds) and text in self.said()

    def await_file(self, path, seconds=60):
        """The content of a file that it writes."""
        path = pathlib.Path(path)
        await_that(lambda: path.exists() and path.read_text() or self.ended, seconds)
        if not path.exists():
            raise RuntimeError(f"{path.name} did not come; it said: {self.said()[-600:]}")
        return path.read_text()

    def stop(self, seconds=60):
        """Asks it to end; its exit code."""
        self.process.terminate()
        return self.process.wait(seconds * measure.slowness())

    def kill(self):
        self.process.kill()
        self.process.wait()


def await_that(condition, seconds, every=0.05):
    """Whether it becomes true in time, which is longer on a machine that has others to do."""
    patience = measure.Patience(seconds)
    while not condition():
        if patience.over:
            return False
        time.sleep(every)
    return True


class Orchestrator(Program):
    """On a data directory of its own, on ports of the system's choice: ports["session"], ["bootstrap"], ["admin"]."""

    FLAGS = {"--session-listen": "127.0.0.1:0", "--bootstrap-listen": "127.0.0.1:0", "--admin-listen": "127.0.0.1:0", "--verify-poll": "1s",
             "--bootstrap-rate-per-minute": "100000", "--join-rate-per-minute": "6000"}

    def __init__(self, binaries, folder, *flags, before=()):
        """flags: of serve, in place of FLAGS; before: a command that starts it, such as prlimit."""
        self.binaries, self.folder = pathlib.Path(binaries), pathlib.Path(folder)
        self.data, self.socket = self.folder / "data", self.folder / "data" / "admin.sock"
        self.flags, self.before = flags, before
        if not self.data.exists():
            done = self.run("muster-orchestrator", "init", "--data-dir", self.data, "--address", "127.0.0.1")
            if done.returncode:
                raise RuntimeError(f"init failed: {done.stderr}")
        self.start()

    def start(self):
        ports = self.folder / "ports.json"
        ports.unlink(missing_ok=True)
        flags = [word for flag, value in self.FLAGS.items() if flag not in self.flags for word in (flag, value)]
        super().__init__(self.folder / "orchestrator.log", *self.before, self.binaries / "muster-orchestrator", "serve", "--data-dir", self.data,
                         "--port-file", ports, *flags, *self.flags)
        self.ports = json.loads(self.await_file(ports))

    def run(self, program, *arguments, input=None, seconds=120, **how):
        """Runs one of the programs to its end; the result has returncode, stdout and stderr."""
        given = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run([str(self.binaries / program), *map(str, arguments)], capture_output=True, timeout=seconds * measure.slowness(),
                              **{key: value.encode() if isinstance(value, str) and key == "input" else value for key, value in given.items()}, **how)
        # Decoded here: text=True would make "\r" what it is not.
        done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return done

    def muster(self, *arguments, **how):
        """The operators' command line as root on the machine."""
        return self.run("muster", *arguments, "--socket", self.socket, **how)

    @property
    def ca_pem(self):
        return (self.data / "ca" / "ca.crt").read_text()

    def processes(self):
        """The orchestrator's and its children's ids."""
        children = pathlib.Path(f"/proc/{self.pid}/task").glob("*/children")
        found = [self.pid]
        for file in children:
            try:
                found += [int(pid) for pid in file.read_text().split()]
            except OSError:
                continue  # That thread has ended.
        return found

    def door(self):
        """The process that speaks with strangers; 0 without one."""
        return next(iter(self.processes()[1:]), 0)

    def resident_mib(self):
        return measure.resident_mib(self.processes())


class Hub(Program):
    """A double of a management hub. `control` reaches its levers (tests/doubles/README.md)."""

    CLIENT, SECRET, VIEWER = "managedinstance_sp_01", "secret-of-the-joining-key-{}", "viewer-secret-of-the-verifier-{}"

    def __init__(self, binaries, folder, name, *flags):
        self.name, self.client = name, self.CLIENT
        self.secret, self.viewer_secret = self.SECRET.format(name), self.VIEWER.format(name)
        port = pathlib.Path(folder, f"hub-{name}.port")
        super().__init__(pathlib.Path(folder, f"hub-{name}.log"), pathlib.Path(binaries, "muster-sim"), "hub", "--port-file", port, "--client-id",
                         self.client, "--client-secret", self.secret, "--key", f"viewer:{self.viewer_secret}:hub_viewer_role", "--title",
                         f"HUB-{name}", "--join-limit", "0", "--heartbeat-ms", "500", *flags)
        said = self.await_file(port).strip()
        self.url = said if said.startswith("http") else f"http://127.0.0.1:{said}"

    def control(self, what, **fields):
        return ask(f"{self.url}/_control/{what}", fields)

    def records(self):
        return ask(f"{self.url}/_control/records")


class Services(Program):
    """Doubles of local Certify services, one for each name, with an app data folder each."""

    def __init__(self, binaries, folder, names, *flags):
        folder = pathlib.Path(folder)
        self.app_data = folder / "appdata"
        (folder / "names").write_text("\n".join(names) + "\n")
        super().__init__(folder / "services.log", pathlib.Path(binaries, "muster-sim"), "services", "--names-file", folder / "names", "--appdata-root",
                         self.app_data, "--source", "own", "--heartbeat-ms", "500", "--port-file", folder / "services.url", *flags)
        self.url = self.await_file(folder / "services.url").strip()

    def folder_of(self, name):
        return self.app_data / name

    def control(self, what, **fields):
        return ask(f"{self.url}/_control/{what}", fields)


def ask(url, fields=None, seconds=10):
    """JSON there and back."""
    data = None if fields is None else json.dumps(fields).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"}), timeout=seconds) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None
