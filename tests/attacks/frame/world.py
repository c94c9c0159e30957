"""What attacks are run against: an orchestrator with two tenants, and all that an honest or a bad party needs to meet it.

    acme/prod, acme/lab      the tenant that is attacked, and mostly the one that the attacker is of
    globex/prod              the other one

Attacks of a class share a world, so that names must be made by `unique`. A file of attacks says what its worlds are like:

    WORLD = Options(hubs=True, flags=["--verify-deadline", "20s"])     # or a function that makes them, called for each world
"""
import base64
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap

from . import measure, programs, tls
from .attack import Skipped
from .certificates import Authority, Identity, new_key, request
from .grpc import Client
from .proto import wire

ZONES = ("acme/prod", "acme/lab", "globex/prod")


@dataclasses.dataclass
class Options:
    hubs: bool = False     # A double of a hub for each zone; without them the zones name ports where nobody listens.
    flags: tuple = ()      # Of serve.
    before: tuple = ()     # A command that starts it, such as ("prlimit", "--nofile=256").


@dataclasses.dataclass
class Token:
    secret: str
    address: str
    ca_pem: str
    zone: str
    file: pathlib.Path
    token_id: str


class World:
    """Everything is started when it is first asked for."""

    def __init__(self, binaries, options=None, name="world"):
        self.binaries = pathlib.Path(binaries)
        self.options = options or Options()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"muster-attack-{name}-"))
        self.folder.chmod(0o755)
        self.hubs, self.started, self.counter, self.addresses, self._orchestrator = {}, [], 0, 0, None
        self.cleanup = contextlib.ExitStack()

    # -- the orchestrator and what stands on it --

    @property
    def orchestrator(self):
        if self._orchestrator is None:
            if self.options.hubs:
                for zone in ZONES:
                    self.hub(zone)
            self._orchestrator = programs.Orchestrator(self.binaries, self.folder / "orchestrator", *self.options.flags, before=self.options.before)
            self.apply(self.fleet())
        return self._orchestrator

    @property
    def ports(self):
        return self.orchestrator.ports

    def fleet(self):
        """The fleet file of this world."""
        text = "tenants:\n"
        for tenant in dict.fromkeys(zone.split("/")[0] for zone in ZONES):
            text += f"  - id: {tenant}\n    zones:\n"
            for number, zone in enumerate(ZONES):
                if zone.split("/")[0] != tenant:
                    continue
                name = zone.replace("/", "-")
                hub = self.hubs.get(zone)
                secret = self.write(f"secrets/{name}", hub.secret if hub else f"joining-secret-of-{name}-0123456789", 0o600)
                text += f"      - zone: {zone.split('/')[1]}\n        hub_url: {hub.url if hub else f'http://127.0.0.1:{number + 9}'}\n"
                text += f"        joining_key: {{ client_id: {hub.client if hub else 'client'}, secret: {{ file: {secret} }} }}\n"
                if hub:
                    viewer = self.write(f"secrets/{name}-viewer", hub.viewer_secret, 0o600)
                    text += f"        verifier: {{ api_token: {{ client_id: viewer, secret: {{ file: {viewer} }} }} }}\n"
        return text

    def apply(self, text, *flags, check=True):
        done = self.orchestrator.muster("apply", "-f", self.write("fleet.yaml", text), *flags)
        if check and done.returncode:
            raise RuntimeError(f"apply failed: {done.stderr}")
        return done

    def muster(self, *arguments, operator=None, check=True, **how):
        """The operators' command line: as root on the machine, or as an operator (Identity of `operator()`)."""
        if operator is None:
            done = self.orchestrator.muster(*arguments, **how)
        else:
            done = self.orchestrator.run("muster", *arguments, "--operator-dir", operator.folder, "--address", f"127.0.0.1:{self.ports['admin']}", **how)
        if check and done.returncode:
            raise RuntimeError(f"muster {' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
        return done

    def servers(self, zone, *names):
        """Puts servers into the inventory."""
        rows = "".join(f"{zone.split('/')[0]},{zone.split('/')[1]},{name}\n" for name in names)
        self.muster("server", "import", self.write("servers.csv", "tenant,zone,name\n" + rows))

    def server(self, zone="acme/prod", prefix="web"):
        """A new server of the inventory; its name."""
        name = self.unique(prefix)
        self.servers(zone, name)
        return name

    def token(self, zone="acme/prod", **flags):
        """A bootstrap token: max_uses=3, mode="pending", any_name=True, server_name="web-1" …"""
        file = self.folder / self.unique("token")
        words = []
        for name, value in flags.items():
            flag = "--" + name.replace("_", "-")
            words += [flag] if value is True else [word for each in (value if isinstance(value, (list, tuple)) else [value]) for word in (flag, each)]
        said = self.muster("token", "create", "--zone", zone, "--out", file, *words)
        armored = re.search(r"-----BEGIN[^\n]*\n(.*?)-----END", file.read_text(), re.S).group(1)
        content = wire().TokenFile.FromString(base64.b64decode("".join(armored.split())))
        token_id = re.search(r"tok-[a-z0-9]+", said.stdout + said.stderr)
        return Token(content.secret, content.bootstrap_address, content.ca_bundle_pem, zone, file, token_id.group(0) if token_id else "")

    # -- clients of our own making --

    def address(self):
        """One that nobody has had in this world: who sends too much is made to wait by its address, and would attack nothing from it."""
        self.addresses += 1
        return f"127.{64 + self.addresses // 62500}.{self.addresses // 250 % 250}.{1 + self.addresses % 250}"

    def bootstrap(self, **how):
        """A client of the bootstrap listener, which verifies it."""
        source = how.pop("source", None) or self.address()
        return Client(lambda: tls.connect(self.ports["bootstrap"], **{"ca_pem": self.orchestrator.ca_pem, "source": source, **how}))

    def session(self, identity=None, **how):
        """A client of the session listener with a worker's certificate, or without one."""
        if identity is None:
            source = self.address()
        else:  # The same one for a machine's sessions, as where a machine lives.
            source = identity.address = getattr(identity, "address", None) or self.address()
        return Client(lambda: tls.connect(self.ports["session"], certificate=identity.files() if identity else None,
                                          **{"ca_pem": self.orchestrator.ca_pem, "source": source, **how}))

    def admin(self, operator=None, **how):
        """A client of the operators' listener; without an operator, of the Unix socket, as root."""
        if operator is None and not how:
            return Client(lambda: tls.unix(self.orchestrator.socket), authority="localhost")
        source = how.pop("source", None) or self.address()
        return Client(lambda: tls.connect(self.ports["admin"], certificate=operator.files() if operator else None,
                                          **{"ca_pem": self.orchestrator.ca_pem, "source": source, **how}))

    def enroll(self, token, name, *, key=None, csr=None, client=None, seconds=20, **machine):
        """The bootstrap call of a worker of our own; an Identity, or the Answer that refused it."""
        key = key or new_key()
        client = client or self.bootstrap()
        answer = client.call("Bootstrap/Enroll", token=token.secret if isinstance(token, Token) else token, server_name=name, seconds=seconds,
                             certificate_request_pem=request(key) if csr is None else csr,
                             machine={"machine_name": name, "os": "linux", "worker_version": "0.1.0", **machine})
        client.close()
        if not answer.ok:
            return answer
        made = answer.message
        return Identity(key, made.certificate_pem, made.ca_bundle_pem, self.folder / self.unique("identity"), made.server_id,
                        made.zone_pin.zone_id, made.admitted)

    def member(self, zone="acme/prod", name=None, confirmed=True):
        """A worker that is in: a server, a token, a certificate, and its first session (that ended again)."""
        name = name or self.server(zone)
        identity = self.enroll(self.token(zone), name)
        if not isinstance(identity, Identity):
            raise RuntimeError(f"{name} was not let in: {identity}")
        identity.name = name
        if confirmed:
            client, stream, welcome = self.connected(identity, name)
            if welcome is None:
                raise RuntimeError(f"{name} has no session: {stream.status()}")
            client.close()
        return identity

    def hello(self, name="web", **fields):
        """A worker's first message."""
        machine = {"machine_name": name, "os": "linux", "worker_version": "0.1.0", **fields.pop("machine", {})}
        return wire().WorkerMessage(hello={"protocol_revision": 1, "machine": machine, **fields})

    def connected(self, identity, name="web", seconds=20, **fields):
        """A session of our own: (client, stream, Welcome or None)."""
        client = self.session(identity)
        stream = client.open("Session/Connect")
        stream.send(self.hello(name, **fields))
        first = stream.read(seconds * measure.slowness())
        return client, stream, first.welcome if first is not None and first.HasField("welcome") else None

    def session_says(self, identity, name="web", **fields):
        """What a session of our own is answered: "Welcome", or the code of the refusal."""
        from .grpc import Closed
        client = self.session(identity)
        try:
            stream = client.open("Session/Connect")
            stream.send(self.hello(name, **fields))
            first = stream.read(20 * measure.slowness())
            if first is not None and first.HasField("welcome"):
                return "Welcome"
            if first is not None and first.HasField("goodbye") and first.goodbye.code:
                return first.goodbye.code
            stream.read()
            return str(stream.status())
        except Closed as closed:
            return f"CONNECTION: {closed}"
        finally:
            client.close()

    def operator(self, role="operator", tenants=("acme",), name=None):
        """An operator with a certificate: its folder is an operator directory."""
        name = name or self.unique("op")
        folder = self.folder / f"operator-{name}"
        bound = [word for tenant in tenants for word in ("--tenant", tenant)] if role != "provider_admin" else []
        self.muster("operator", "create", name, "--role", role, *bound, "--out", folder)
        from cryptography.hazmat.primitives import serialization
        key = serialization.load_pem_private_key((folder / "operator.key").read_bytes(), None)
        made = Identity(key, (folder / "operator.crt").read_text(), (folder / "ca.crt").read_text(), folder)
        made.name = name
        return made

    def first_operator(self):
        """The provider_admin that init made."""
        from cryptography.hazmat.primitives import serialization
        folder = self.orchestrator.data / "operator"
        key = serialization.load_pem_private_key((folder / "operator.key").read_bytes(), None)
        return Identity(key, (folder / "operator.crt").read_text(), (folder / "ca.crt").read_text(), folder)

    def stolen_authority(self):
        return Authority.stolen(self.orchestrator.data)

    def with_certificate(self, key, certificate, zone="", server_id=""):
        """An Identity out of a certificate of any origin."""
        from .certificates import pem
        return Identity(key, pem(certificate), self.orchestrator.ca_pem, self.folder / self.unique("identity"), server_id, zone)

    # -- the product's own parts, and doubles --

    def hub(self, zone):
        """The double of that zone's hub, with Options(hubs=True); of any other name, one more."""
        if zone not in self.hubs:
            self.hubs[zone] = programs.Hub(self.binaries, self.folder, zone.replace("/", "-"))
            self.started.append(self.hubs[zone])
        return self.hubs[zone]

    def services(self, *names):
        """Doubles of local services, in folders of this world."""
        folder = self.folder / self.unique("services")
        folder.mkdir()
        made = programs.Services(self.binaries, folder, names)
        self.started.append(made)
        return made

    def worker(self, name, zone="acme/prod", token=None, app_data=None, *flags, run=True, **how):
        """The product's worker, enrolled and running; its data is in worker.data, its log in worker.log."""
        data = self.folder / self.unique("worker")
        done = self.orchestrator.run("muster-worker", "enroll", "--token-file", (token or self.token(zone)).file, "--data-dir", data, "--server-name", name)
        if done.returncode:
            raise RuntimeError(f"muster-worker enroll: {done.stderr}")
        if not run:
            return data
        app_data = ["--appdata", app_data] if app_data else []
        worker = programs.Program(self.folder / f"{data.name}.log", self.binaries / "muster-worker", "run", "--data-dir", data, "--machine-name", name,
                                  *app_data, *flags, **how)
        worker.data = data
        self.started.append(worker)
        return worker

    def as_nobody(self, *command, seconds=60, **how):
        """Runs a command as a user without rights."""
        if os.geteuid() != 0:
            raise Skipped("needs root, to become another user")
        return subprocess.run([str(part) for part in command], user="nobody", group="nogroup", extra_groups=[], capture_output=True, text=True,
                              errors="replace", timeout=seconds, stdin=subprocess.DEVNULL, **how)

    # -- odds and ends --

    def unique(self, prefix):
        self.counter += 1
        return f"{prefix}-{self.counter}"

    def write(self, name, text, mode=0o644):
        """A file of this world."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode)
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return path

    def await_online(self, name, seconds=20):
        """Whether that server is connected in time."""
        return programs.await_that(lambda: re.search(rf"\b{re.escape(name)}\b.*\bonline\b", self.muster("server", "list", "-o", "csv").stdout), seconds)

    def harm(self, seconds=10):
        """What is wrong with the orchestrator now: "" when it runs and answers root."""
        if self._orchestrator is None:
            return ""
        if self._orchestrator.ended:
            return f"the orchestrator has ended with {self._orchestrator.process.returncode}: {self._orchestrator.said()[-300:]}"
        client = self.admin()
        answer = client.call("GetStatus", seconds=seconds)
        client.close()
        if not answer.ok:
            return f"the orchestrator does not answer any more: {answer}"
        return "the store is read-only: " + answer.message.store_reason if answer.message.store_read_only else ""

    def close(self, keep=False):
        """Ends everything. What the orchestrator's orderly stop came to: "" when it was one."""
        self.cleanup.close()
        for program in reversed(self.started):
            if not program.ended:
                program.kill()
        wrong = ""
        if self._orchestrator and not self._orchestrator.ended:
            code = self._orchestrator.stop()
            wrong = f"the orchestrator ended with {code}" if code else ""
        if not keep and not wrong:
            shutil.rmtree(self.folder, ignore_errors=True)
        return wrong
