"""Where a joining key's secret, a verifier's and a token's could be found by whoever looks around on the machines: nowhere but sealed, or in memory."""
import base64
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tarfile
import threading
import time

from frame import measure
from frame.attack import Skipped, all_held, attack, held, tried
from frame.programs import Orchestrator, Program, await_that
from frame.world import Options

WORLD = Options(hubs=True, flags=("--log-level", "debug"))


def disguises(secret):
    """The secret as it might stand somewhere."""
    raw = secret.encode()
    forms = {secret, secret.upper(), secret[::-1], raw.hex(), raw.hex().upper(), base64.b64encode(raw).decode().rstrip("="), base64.b32encode(raw).decode().rstrip("="),
             base64.urlsafe_b64encode(raw).decode().rstrip("="), secret.replace("-", "%2D"), secret.replace("-", "\\u002d")}
    found = {form.encode() for form in forms} | {secret.encode("utf-16-le")}
    for shift in (1, 2):  # In a longer text in base64.
        found.add(base64.b64encode(b"\0" * shift + raw)[shift + 1:-4])
    return found


def looked_for(data, secrets):
    """holds(), which is shown to find each secret, plain and disguised, where it is put between the data."""
    for secret in secrets:
        for form in disguises(secret):
            tried(holds(data[:1000] + form + data[-1000:], (secret,)), f"{form[:24]} would not be found")
    return holds(data, secrets)


def holds(data, secrets):
    return sorted({form[:24].decode("latin-1") for secret in secrets for form in disguises(secret) if form in data})


class Joined:
    """A whole life: key and verifier applied, a service joined by the product's worker, the hub read. Made once for all attacks of this class."""

    def __init__(self, world):
        self.world, self.hub = world, world.hub("acme/prod")
        self.secrets = (self.hub.secret, self.hub.viewer_secret)
        self.seen = []  # What stood in arguments and environments meanwhile.
        self.bait = self.looks = 0
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(over,), daemon=True)
        world.orchestrator
        watch.start()
        self.key = "fresh-key-of-this-attack-7w2k9x"
        # One process that has it in its environment, to see that it is found.
        subprocess.run(["sleep", "0.5"], env={"BAIT": self.key, "PATH": os.environ["PATH"]}, check=True)
        world.muster("key", "set", "acme/lab", "--client-id", "client", "--secret-file", world.write("fresh", self.key, 0o600))
        self.name = world.server("acme/prod", "join")
        services = world.services(self.name)
        self.token = world.token("acme/prod")
        self.worker = world.worker(self.name, "acme/prod", self.token, services.folder_of(self.name), "--log-level", "debug")
        world.await_online(self.name)
        made = world.muster("rollout", "create", "--zone", "acme/prod", "--name", self.name, "--watch", check=False)
        world.muster("verify", "--zone", "acme/prod", check=False)
        over.set()
        watch.join()
        shown = world.muster("server", "show", f"acme/prod/{self.name}", "-o", "json").stdout
        if '"enrolled"' not in shown:
            raise RuntimeError(f"it was not joined: {made.stdout} {made.stderr} {re.findall(r'E-[A-Z-]+', shown)}")

    def _watch(self, over):
        """Reads arguments and environments of all processes, but for the doubles', which are given the secrets so."""
        mine = os.getpid()
        while not over.is_set():
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    arguments = (process / "cmdline").read_bytes()
                    if b"muster-sim" in arguments or int(process.name) == mine:
                        continue
                    data = arguments + (process / "environ").read_bytes()
                except OSError:
                    continue
                self.looks += 1
                if b"BAIT=" in data:
                    self.bait += bool(holds(data, ("fresh-key-of-this-attack-7w2k9x",)))
                    continue
                for form in holds(data, (*self.secrets, "fresh-key-of-this-attack-7w2k9x")):
                    self.seen.append(f"{form} in process {arguments[:60]!r}")
            time.sleep(0.005)


def joined(world):
    if not hasattr(world, "joined"):
        world.joined = Joined(world)
    return world.joined


def everything_in(folder):
    return b"\n".join(file.read_bytes() for file in sorted(pathlib.Path(folder).rglob("*")) if file.is_file() and not file.is_symlink())


@attack("secrets", "arguments and environments of all processes, during key set, apply, join and verify", "nowhere", quick=True)
def process_lists(world):
    life = joined(world)
    tried(life.bait >= 1, "not even what was put there was seen")
    return held(not life.seen, "; ".join(dict.fromkeys(life.seen)) or f"nowhere in {life.looks} looks")


@attack("secrets", "logs of orchestrator and worker, at level debug", "nowhere", quick=True)
def logs(world):
    life = joined(world)
    said = world.orchestrator.log.read_bytes() + life.worker.log.read_bytes()
    if b"level=debug" not in said:
        raise RuntimeError("nothing was logged at level debug")
    found = looked_for(said, (*life.secrets, life.key, life.token.secret))
    return held(not found, ", ".join(found) or f"nowhere in {len(said) >> 10} KiB")


@attack("secrets", "the worker's folder with its journal, and the log of its database", "nowhere")
def journal(world):
    life = joined(world)
    data = everything_in(life.worker.data)
    found = looked_for(data, (*life.secrets, life.token.secret))
    return held(not found, ", ".join(found) or f"nowhere in {len(data) >> 10} KiB")


@attack("secrets", "the orchestrator's folder: database, write-ahead log, audit, marks", "sealed only", quick=True)
def database(world):
    life = joined(world)
    data = everything_in(world.orchestrator.data)
    found = looked_for(data, (*life.secrets, life.key, life.token.secret))
    return held(not found, ", ".join(found) or f"nowhere in {len(data) >> 10} KiB")


@attack("secrets", "a backup without the master key, opened with one of one's own", "nothing opens")
def backup(world):
    life = joined(world)
    file = world.folder / world.unique("backup")
    done = world.orchestrator.run("muster-orchestrator", "backup", "--data-dir", world.orchestrator.data, "--out", file)
    if done.returncode:
        raise RuntimeError(done.stderr)
    data = file.read_bytes()
    found = looked_for(data, (*life.secrets, life.key, life.token.secret))
    with tarfile.open(file) as archive:
        names = archive.getnames()
    held(not found, ", ".join(found))
    held(not any("master.key" in name for name in names), "the master key is in it")
    key = world.write("own-master.key", base64.b64encode(os.urandom(32)).decode() + "\n", 0o600)
    done = world.orchestrator.run("muster-orchestrator", "restore", "--from", file, "--data-dir", world.folder / world.unique("thief"), "--master-key-file", key)
    right = world.orchestrator.run("muster-orchestrator", "restore", "--from", file, "--data-dir", world.folder / world.unique("owner"), "--master-key-file",
                                   world.orchestrator.data / "master.key")
    tried(right.returncode == 0, f"the right key does not open it: {right.stderr}")
    return held(done.returncode, f"a key of one's own opened it: {done.stdout}") and f"no key in {len(names)} files; {code(done.stderr)}"


def code(said):
    found = re.findall(r"E-[A-Z]+(?:-[A-Z]+)+", said)
    return found[0] if found else said.strip()[:60]


@attack("secrets", "every answer that an operator of the highest role can get", "nowhere", quick=True)
def answers(world):
    life = joined(world)
    client, data, asked = world.admin(world.operator("provider_admin", ())), b"", 0
    for name, fields in (("ListTenants", {}), ("ListZones", {}), ("ListServers", {}), ("GetServer", {"server": f"acme/prod/{life.name}"}), ("ExplainServer", {"server": f"acme/prod/{life.name}"}),
                         ("ListTokens", {}), ("ListOperators", {}), ("ListRollouts", {}), ("ListAuditEvents", {"page_size": 1000}), ("GetReport", {}), ("GetStatus", {}), ("WhoAmI", {})):
        answer = client.call(name, **fields)
        held(answer.ok, f"{name}: {answer}")
        data, asked = data + answer.data, asked + 1
    found = looked_for(data, (*life.secrets, life.key, life.token.secret))
    return held(not found, ", ".join(found) or f"nowhere in {asked} answers")


@attack("secrets", "a joining key that is guessed: apply a file, and see whether it is the stored one", "equal and other keys are told to provider_admins alone")
def oracle(world):
    joined(world)
    operator = world.admin(world.operator("tenant_admin", ("acme",)))
    zone = {"zone": "prod", "hub_url": world.hub("acme/prod").url, "joining_key": {"client_id": world.hub("acme/prod").client, "secret": "guess-0123456789"}}
    answer = operator.call("ApplyFleet", tenants=[{"tenant_id": "acme", "zones": [zone]}], dry_run=True)
    zones = operator.call("ListZones").message.zones
    fingerprints = {each.joining_key_fingerprint for each in zones if each.joining_key_fingerprint}
    return held(not answer.ok and all(len(each) < 64 for each in fingerprints), f"{answer}; fingerprints of {max(map(len, fingerprints), default=0)} characters, keyed")


@attack("secrets", "core dumps of orchestrator, door and worker that are told to crash", "none is written", alone=True)
def core_dumps(world):
    if pathlib.Path("/proc/sys/kernel/core_pattern").read_text().startswith("|"):
        raise Skipped("this system hands core dumps to a program")
    place = world.folder / "cores"
    place.mkdir()
    place.chmod(0o777)
    subprocess.run(["prlimit", "--core=unlimited", "sh", "-c", "kill -SEGV $$"], cwd=place)
    if not list(place.iterdir()):
        raise Skipped("no program leaves a core dump on this system")
    for file in place.iterdir():
        file.unlink()
    name = world.server()
    data = world.worker(name, run=False)
    world.orchestrator
    inner = Orchestrator.__new__(Orchestrator)
    inner.binaries, inner.folder = world.binaries, world.folder / "crash"
    inner.data = inner.folder / "data"
    inner.run("muster-orchestrator", "init", "--data-dir", inner.data, "--address", "127.0.0.1")
    seen = []
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT):
        for what, command in (("worker", [world.binaries / "muster-worker", "run", "--data-dir", data]),
                              ("orchestrator", [world.binaries / "muster-orchestrator", "serve", "--data-dir", inner.data, "--session-listen", "127.0.0.1:0", "--bootstrap-listen",
                                                "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])):
            program = Program(world.folder / world.unique(what), "prlimit", "--core=unlimited", *command, cwd=place)
            await_that(lambda: "level=" in program.said(), 10)
            dumpable = pathlib.Path(f"/proc/{program.pid}/limits").read_text()
            os.kill(program.pid, number)
            program.process.wait(20 * measure.slowness())
            limit = re.search(r"Max core file size\s+(\S+)", dumpable).group(1)
            seen.append(held(not list(place.iterdir()) and limit == "0", f"{what}: {list(place.iterdir())}, limit {limit}") and f"{what} without")
    return all_held(seen)


@attack("secrets", "another process of the worker's own user that reads its memory and environment", "denied")
def attached(world):
    if os.geteuid() != 0:
        raise Skipped("needs root, to run a worker as another user")
    data = world.worker(world.server(), run=False)
    for file in [data, *data.rglob("*")]:
        os.chown(file, 65534, 65534)
    worker = Program(world.folder / "nobody.log", world.binaries / "muster-worker", "run", "--data-dir", data, user="nobody", group="nogroup", extra_groups=[])
    await_that(lambda: worker.said(), 10)
    plain = subprocess.Popen(["sleep", "60"], user="nobody", group="nogroup", extra_groups=[])
    world.cleanup.callback(plain.kill)
    tried(world.as_nobody("head", "-c", "10", f"/proc/{plain.pid}/environ").returncode == 0, "it cannot look into a process of its own, either")
    seen = []
    for name in ("mem", "environ", "maps", "auxv"):
        done = world.as_nobody("head", "-c", "10", f"/proc/{worker.pid}/{name}")
        seen.append(held(done.returncode and not done.stdout, f"/proc/PID/{name} was read: {done.stdout!r}") and f"{name}: {done.stderr.strip().split(': ')[-1]}")
    gone = worker.ended
    worker.kill()
    if gone:
        raise RuntimeError(f"the worker did not run: {worker.said()[-200:]}")
    return all_held(one.split(": ")[1] for one in seen)


@attack("secrets", "copies of a verifier's secret in the orchestrator's memory after five readings", "a few, not one for each reading")
def copies_in_memory(world):
    """What a stolen snapshot of the machine holds; root on the live machine can read memory anyway."""
    if os.geteuid() != 0:
        raise Skipped("needs root")
    life = joined(world)
    for _ in range(5):
        world.muster("verify", "--zone", "acme/prod", check=False)
    tried(copies_of(world.orchestrator.pid, b"acme/prod") >= 1, "not even a zone's name is found in its memory")

    def count_all():
        return {secret: copies_of(world.orchestrator.pid, secret.encode()) for secret in (*life.secrets, life.token.secret)}

    first = count_all()
    for _ in range(15):
        tried(world.muster("verify", "--zone", "acme/prod", check=False).returncode in (0, 5), "the hub was not read")
    count = count_all()
    grown = max(count[secret] - first[secret] for secret in count)
    return held(max(count.values()) <= 16 and grown <= 4, f"{grown} more after 15 readings more; joining key {count[life.secrets[0]]}, verifier {count[life.secrets[1]]}, token {count[life.token.secret]}")


def copies_of(pid, text):
    """How often it stands in the writable memory of a process."""
    found = 0
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            begin, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if "rw" not in rights or "[v" in line:
                continue
            with contextlib.suppress(OSError, ValueError, OverflowError):
                memory.seek(int(begin, 16))
                found += memory.read(int(end, 16) - int(begin, 16)).count(text)
    return found


@attack("secrets", "the secret on the wire between orchestrator and worker, read by one who has the session's certificate", "sealed to that worker's key")
def on_the_wire(world):
    life = joined(world)
    member = world.member("acme/prod")
    client, stream, _ = world.connected(member, member.name)
    made = world.admin().call("CreateRollout", kind=2, selection={"zone_id": "acme/prod", "names": [member.name]}).message
    data = b""
    for _ in range(5):
        said = stream.read(5)
        if said is None:
            break
        data += said.SerializeToString()
        if said.HasField("command"):
            break
    client.close()
    world.muster("rollout", "cancel", made.rollout_id, check=False)
    if life.hub.client.encode() not in data:
        raise RuntimeError("no join command came")
    found = looked_for(data, life.secrets)
    return held(not found, ", ".join(found) or "ciphertext alone")


@attack("secrets", "error texts of every command that is given a secret in the wrong way", "not repeated")
def error_texts(world):
    secret, seen = "Zx9qLm3vTy7wRb5k", []
    wrong = world.write("wrong", f"{secret}\nmore\n", 0o600)
    noise = world.write("noise", secret.encode() + b"\xff", 0o600)
    for words in (("key", "set", "acme/lab", "--client-id", "c", "--secret", secret), ("key", "set", "acme/lab", "--secret-file", wrong, "--client-id", "c"),
                  ("key", "set", "acme/lab", "--secret-file", noise, "--client-id", "c"), ("key", "set", "nowhere/at-all", "--secret-file", world.write("good", secret, 0o600), "--client-id", "c"),
                  ("key", "set", "acme/lab", f"--secret={secret}"), ("token", "create", f"--secret={secret}")):
        done = world.muster(*words, check=False)
        seen.append(held(done.returncode and secret not in done.stdout + done.stderr, f"muster {' '.join(map(str, words[:2]))}: {done.returncode} {done.stderr[:150]}") and f"exit code {done.returncode}")
    for content in (secret, f"-----BEGIN MUSTER BOOTSTRAP TOKEN-----\n{secret}\n-----END MUSTER BOOTSTRAP TOKEN-----\n"):
        file = world.write("bad-token", content, 0o600)
        done = world.orchestrator.run("muster-worker", "enroll", "--token-file", file, "--data-dir", world.folder / world.unique("w"))
        seen.append(held(done.returncode and secret not in done.stdout + done.stderr, f"enroll: {done.stderr[:150]}") and f"exit code {done.returncode}")
    said = world.orchestrator.said()
    return held(secret not in said, "it is in the log" if secret in said else all_held(seen))
