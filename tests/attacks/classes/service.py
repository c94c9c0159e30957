"""What pretends to be a machine's Certify service, or is one that means harm: it must not get the joining secret, or not get it kept."""
import base64
import html
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.parse

from frame import measure
from frame.attack import Skipped, all_held, attack, held, tried
from frame.programs import await_that
from frame.world import Options
from hostile.http import Server, answer, as_json
from hostile.service import Service, app_data, refusal

WORLD = Options(hubs=True, flags=("--max-attempts", "1"))  # No joining key leaves for a hub that nobody could read.
ZONE = "acme/lab"
SECRET = "secret-of-the-joining-key-acme-lab"
UNTRUSTED = "E-SERVICE-UNTRUSTED"


class Machine:
    """A server with the product's worker, whose app data folder is the attacker's to fill."""

    def __init__(self, world, folder=None, **how):
        self.world, self.name = world, world.server(ZONE, "machine")
        self.folder = folder or world.folder / world.unique("certify")
        self.worker = world.worker(self.name, ZONE, None, self.folder, **how)
        if not world.await_online(self.name):
            raise RuntimeError(f"the worker is not online: {self.worker.said()[-500:]}")

    def config(self, host, port, **more):
        if not self.folder.exists():
            return app_data(self.folder, host, port, **more)
        (self.folder / "serviceconfig.json").write_text(json.dumps({"Host": host, "Port": port, **more}))
        return self.folder

    def join(self, kind=2, seconds=20):
        """Tells it to join; what became of that: a code, or "joined"."""
        client = self.world.admin()
        made = client.call("CreateRollout", kind=kind, selection={"zone_id": ZONE, "names": [self.name]})
        if not made.ok:
            raise RuntimeError(f"no rollout: {made.text}")
        id, found = made.message.rollout_id, []

        def ended():
            found[:] = client.call("ListTargets", rollout_id=id).message.targets
            return found and (found[0].failure.code or found[0].state >= 3)

        over = await_that(ended, seconds)
        client.call("CancelRollout", rollout_id=id)
        await_that(lambda: client.call("GetRollout", rollout_id=id).message.state in (4, 5, 6, 8), 5)
        client.close()
        return found[0].failure.code or "joined" if over else "nothing yet"

    def stop(self):
        self.worker.kill()


def own_address():
    """An address of this machine that is no loopback one."""
    said = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    addresses = [each for each in said if "." in each]
    if not addresses:
        raise Skipped("this machine has loopback addresses only")
    return addresses[0]


def trusted_one_is_joined(world):
    """Once in a world: the same service on loopback gets the secret, so that who does not get it is refused for what it is."""
    if hasattr(world, "trusted_one"):
        return
    with Service() as service:
        machine = Machine(world)
        machine.config("127.0.0.2", service.port)
        code = machine.join()
        machine.stop()
        tried(any(SECRET in json.dumps(body) for body in service.joined_with), f"a service on loopback did not get the secret: {code}")
    world.trusted_one = True


@attack("service", "serviceconfig.json names a host that is not this machine's loopback", UNTRUSTED + ", nothing sent", quick=True)
def another_host(world):
    with Service(host=own_address()) as service:
        machine = Machine(world)
        machine.config(service.host, service.port)
        code = machine.join()
        machine.stop()
        seen = held(code == UNTRUSTED and not service.received, f"{code}; it was sent {len(service.received)} bytes, {len(service.joined_with)} secrets")
    trusted_one_is_joined(world)
    return seen


@attack("service", "hosts that look like loopback ones, or resolve to others", UNTRUSTED + " or E-SERVICE-CONFIG, nothing sent")
def odd_hosts(world):
    mine = own_address()
    machine, seen = Machine(world), []
    with Server(lambda request: answer(200, '"7.0"'), host=mine) as service:
        for host in (f"127.0.0.1@{mine}", f"localhost.{mine}", f"{mine}#127.0.0.1", f"{mine}/127.0.0.1", "0.0.0.0", "::", f"::ffff:{mine}", f"[::ffff:{mine}]",
                     "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", str(int.from_bytes(socket.inet_aton(mine), "big")), f"{mine}.",
                     f"127.0.0.1\r\nHost: {mine}", f" {mine}", "224.0.0.1", "255.255.255.255", "fe80::1%lo", "x" * 10000, f"{mine}\x00127.0.0.1", ["127.0.0.1"], {"a": 1}, 7):
            machine.config(host, service.port)
            code = machine.join()
            seen.append(held(code in (UNTRUSTED, "E-SERVICE-CONFIG", "E-SERVICE-UNREACHABLE"), f"{str(host)[:40]!r}: {code}") and code)
        machine.stop()
        return held(not service.received, f"{len(seen)} hosts: {all_held(seen)}; received {service.received[:60]!r}")


LISTENER = """
import socket, sys
host, port, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
while True:
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ':' in host else socket.AF_INET, dualstack_ipv6=host == '::')
        break
    except OSError:
        pass
open(out + '.port', 'w').write(str(listener.getsockname()[1]))
while True:
    connection, _ = listener.accept()
    connection.settimeout(3)
    try:
        got = connection.recv(65536)
        open(out, 'ab').write(got)
        connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\n"7.0.2.0"')
        open(out, 'ab').write(connection.recv(65536))
    except OSError:
        pass
    connection.close()
"""


class Stranger:
    """Another user of the machine who listens, and keeps what is sent to it."""

    def __init__(self, world, host, port=0):
        if os.geteuid() != 0:
            raise Skipped("needs root, to become another user")
        self.folder = pathlib.Path(world.folder, world.unique("stranger"))
        self.folder.mkdir()
        os.chown(self.folder, 65534, 65534)
        self.out = self.folder / "got"
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", LISTENER, host, str(port), str(self.out)], user="nobody", group="nogroup", extra_groups=[])
        world.cleanup.callback(self.process.kill)

    @property
    def port(self):
        file = pathlib.Path(f"{self.out}.port")
        await_that(lambda: file.exists() and file.read_text(), 10)
        return int(file.read_text())

    def got(self):
        return self.out.read_bytes() if self.out.exists() else b""

    def stop(self):
        self.process.kill()
        self.process.wait()


@attack("service", "another user of the machine listens where the service would", UNTRUSTED + ", nothing sent")
def strangers_listener(world):
    seen = []
    for listens, named in (("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.2"), ("::1", "::1"), ("::", "127.0.0.1"), ("127.0.0.1", "localhost")):
        stranger = Stranger(world, listens)
        machine = Machine(world)
        machine.config(named, stranger.port)
        code = machine.join()
        seen.append(held(code == UNTRUSTED and not stranger.got(), f"{listens}: {code}, sent {stranger.got()[:60]!r}") and code)
        machine.stop()
        stranger.stop()
    trusted_one_is_joined(world)
    return all_held(seen)


@attack("service", "the port changes hands between the look at the service and the join", "no secret sent")
def port_changes_hands(world):
    machine = Machine(world)
    stranger = None
    service = Service()
    asked = set()

    def status(request):
        """The last of what is asked before the join: the service is gone then."""
        asked.add("status")
        service.listener.close()
        return as_json({"isSuccess": False, "isWarning": False, "message": "Not connected to Management Hub.", "result": None}, headers=[("Connection", "close")])

    service.said["status"] = status
    service.said["preferences"] = status
    stranger = Stranger(world, "127.0.0.2", service.port)
    machine.config("127.0.0.2", service.port)
    code = machine.join()
    got = stranger.got()
    machine.stop()
    stranger.stop()
    service.stop()
    tried(asked, f"the service was not looked at: {code}")
    return held(SECRET.encode() not in got, f"{code}; the stranger got {len(got)} bytes, the service {len(service.joined_with)} joins")


@attack("service", "pipes, devices, sockets, links and folders in the place of its files", "refused at once", quick=True)
def odd_files(world):
    machine, seen = Machine(world), []
    with Service() as service:
        machine.config("127.0.0.2", service.port)
        whole = (machine.folder / "serviceconfig.json").read_text()
        theirs = world.write("theirs.json", whole, 0o644)
        os.chown(theirs, 65534, 65534)
        for name in ("serviceconfig.json", "hubinstance.identity.json"):
            place = machine.folder / name
            for kind, make in (("pipe", lambda: os.mkfifo(place)), ("zero", lambda: os.mknod(place, 0o20644, os.makedev(1, 5))),
                               ("tty", lambda: os.mknod(place, 0o20644, os.makedev(5, 0))), ("folder", place.mkdir), ("link", lambda: place.symlink_to(theirs)),
                               ("dangling", lambda: place.symlink_to("/nowhere/at/all")), ("proc", lambda: place.symlink_to("/proc/self/environ")),
                               ("socket", lambda: socket.socket(socket.AF_UNIX).bind(str(place)))):
                if place.exists() or place.is_symlink():
                    place.unlink()
                try:
                    make()
                except PermissionError:
                    continue  # A container may not make devices.
                begin = time.monotonic()
                code = machine.join()
                took = time.monotonic() - begin
                seen.append(held(code in (UNTRUSTED, "E-SERVICE-CONFIG") and took < 10 * measure.slowness(), f"{name} as {kind}: {code} after {took:.1f} s") and code)
                place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()
            place.write_text(whole if name.startswith("service") else "{}")
        sent = service.joined_with
    machine.stop()
    return held(not sent, f"{len(seen)} of them: {all_held(seen)}")


@attack("service", "a folder or file that others own or can write", UNTRUSTED)
def writable(world):
    machine, seen = Machine(world), []
    with Service() as service:
        machine.config("127.0.0.2", service.port)
        file = machine.folder / "serviceconfig.json"

        def tried(what):
            seen.append(held((code := machine.join()) == UNTRUSTED, f"{what}: {code}") and code)

        trusted_one_is_joined(world)
        for place, good, modes in ((machine.folder, 0o755, (0o777, 0o757, 0o1777)), (file, 0o644, (0o666, 0o646))):
            for mode in modes:
                place.chmod(mode)
                tried(f"{place.name} {mode:o}")
            place.chmod(0o775 if place.is_dir() else 0o664)
            os.chown(place, 0, 65534)
            tried(f"{place.name} writable by a group")
            place.chmod(good)
            os.chown(place, 65534, 0)
            tried(f"{place.name} of another")
            os.chown(place, 0, 0)
        away = machine.folder.rename(world.folder / world.unique("away"))
        open_place = world.folder / world.unique("open")
        open_place.mkdir()
        open_place.chmod(0o777)
        machine.folder.symlink_to(open_place / "certify")
        (open_place / "certify").symlink_to(away)
        tried("a way that leads through a folder of everybody")
        sent = service.joined_with
    machine.stop()
    return held(not sent, f"{len(seen)} of them: {all_held(seen)}")


@attack("service", "serviceconfig.json that is no JSON, too deep, too large, of another encoding, twice the same key", "an E-SERVICE code, the worker lives")
def odd_config(world):
    machine, seen = Machine(world), []
    machine.config("127.0.0.2", 9)
    place = machine.folder / "serviceconfig.json"
    for text in (b"", b"{", b"[" * 200000, b'{"a":' * 100000, b"\xff\xfe" + '{"Host":"127.0.0.2"}'.encode("utf-16-le"), b"\x00" * 100, b'{"Port":1e999}', b'{"Port":-1}',
                 b'{"Port":65536}', b'{"Port":"9696; rm -rf /"}', b'{"Host":"127.0.0.2","host":"192.0.2.1","HOST":"192.0.2.1","Port":9}', b"x" * (2 << 20),
                 b'{"Host":"\\u0000"}', b'{"Transport":"namedpipe"}', b'{"HubAssignedInstanceId":"' + b"a" * 100000 + b'","ManagementServerHubAPI":"\\u001b]0;x\\u0007"}',
                 b'\xef\xbb\xbf{"Host":null,"Port":null}'):
        place.write_bytes(text)
        code = machine.join()
        seen.append(held(code.startswith("E-") and not machine.worker.ended, f"{text[:30]!r}: {code}") and code)
    machine.stop()
    return all_held(seen)


# ---- the service itself means harm: it gets the secret, and says it again ----


def kept(world, machine, *texts):
    """Where one of these is found: the worker's folder and log, the orchestrator's folder and log, what operators are shown."""
    found = []
    places = {"the worker's log": machine.worker.said().encode(), "the orchestrator's log": world.orchestrator.said().encode()}
    for folder, name in ((machine.worker.data, "the worker's folder"), (world.orchestrator.data, "the orchestrator's folder")):
        places[name] = b"".join(file.read_bytes() for file in pathlib.Path(folder).rglob("*") if file.is_file())
    client = world.admin()
    places["what operators are told"] = client.call("ExplainServer", server=f"{ZONE}/{machine.name}").data + client.call("GetReport").data
    client.close()
    for text in texts:
        for place, data in places.items():
            if text.encode() in data:
                found.append(f"{text[:40]!r} in {place}")
    return found


def echoes(world, forms):
    machine, seen = Machine(world), []
    current = []

    def join(request):
        return refusal(f"Could not connect to Management Hub (Unauthorized). - Check credentials https://hub {current[0]} x.")

    with Service(join=join) as service:
        machine.config("127.0.0.2", service.port)
        for name, form in forms.items():
            current[:] = [form]
            before = len(service.joined_with)
            code = machine.join()
            if len(service.joined_with) == before:
                raise RuntimeError(f"the service was not asked to join: {code}")
            found = kept(world, machine, form)
            held(not found, f"{name}: {', '.join(found)}")
            seen.append(code)
    machine.stop()
    return f"{len(seen)} forms, none kept; {all_held(seen)}"


@attack("service", "it repeats the secret: plain, in JSON, URL, HTML, base64", "redacted everywhere", quick=True)
def echo(world):
    return echoes(world, {"plain": SECRET, "upper": SECRET.upper(), "base64": base64.b64encode(SECRET.encode()).decode(),
                          "base64 with more": base64.b64encode(b"client:" + SECRET.encode() + b"!").decode(), "url": urllib.parse.quote(SECRET), "quoted": f'"{SECRET}"',
                          "html": html.escape(SECRET), "json": json.dumps(json.dumps(SECRET)), "twice": SECRET + SECRET})


@attack("service", "it repeats the secret disguised: reversed, spaced, split, hex, entities, percent, swapped", "redacted everywhere")
def disguised(world):
    return echoes(world, {"reversed": SECRET[::-1], "spaced": " ".join(SECRET), "dashed": "-".join(SECRET), "split": SECRET[:18] + " \u2026 " + SECRET[18:],
                          "invisible": "\u200b".join(SECRET), "hex": SECRET.encode().hex(), "HEX": SECRET.encode().hex().upper(), "entities": "".join(f"&#{ord(c)};" for c in SECRET),
                          "percent": "".join(f"%{ord(c):02X}" for c in SECRET), "unicode escapes": "".join(f"\\u{ord(c):04x}" for c in SECRET),
                          "rot13": SECRET.translate(str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")), "base32": base64.b32encode(SECRET.encode()).decode(),
                          "half": SECRET[:19], "wide": "".join(chr(ord(c) + 0xFEE0) for c in SECRET)})


@attack("service", "a success whose body holds tokens", "none of them is kept")
def tokens_of_success(world):
    token, secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLW9mLXRva2Vu", base64.b64encode(b"request-auth-secret-of-32-bytes!").decode()
    body = {"isSuccess": True, "isWarning": False, "message": f"Connected to Management Hub. {token}", "result": {
        "hubAssignedInstanceId": "3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d", "joiningToken": token, "requestAuthSecret": secret, "message": secret, "version": {"version": token}}}
    machine = Machine(world)
    connected = as_json({"isSuccess": True, "isWarning": False, "message": "Connected to Management Hub.", "result": None})
    with Service(join=as_json(body)) as service:
        service.said["status"] = lambda request: connected if service.joined_with else as_json({"isSuccess": False, "message": "Not connected to Management Hub."})
        machine.config("127.0.0.2", service.port)
        code = machine.join()
        found = kept(world, machine, token, secret, SECRET)
    machine.stop()
    return held(not found and service.joined_with, f"{code}; {', '.join(found) or 'nothing kept'}")


@attack("service", "it redirects the join to another listener", "not followed: the secret stays where it was")
def redirected(world):
    seen = []
    mine = own_address()
    with Server(lambda request: answer(200, "{}"), host=mine) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            machine = Machine(world)
            to = answer(status, "", headers=[("Location", f"{elsewhere.url}/api/system/hub/join"), ("Connection", "close")])
            with Service(join=to) as service:
                machine.config("127.0.0.2", service.port)
                seen.append(machine.join())
                tried(service.joined_with, f"{status}: the service was not asked to join")
            machine.stop()
        return held(not elsewhere.received, f"{all_held(seen)}; the other got {len(elsewhere.received)} bytes")


@attack("service", "answers without an end, no text, no JSON, 1 GB announced, all headers", "an E code, bounded memory, the worker lives")
def endless(world):
    machine, seen = Machine(world), []

    def without_end(begin):
        def pieces(request):
            yield begin
            for _ in range(500):
                yield b"x" * 65536
        return pieces

    rest = measure.resident_mib([machine.worker.pid])
    with measure.Peak(lambda: measure.resident_mib([machine.worker.pid])) as peak:
        for name, said in (("version", without_end(b"HTTP/1.1 200 OK\r\n\r\n")), ("version", without_end(b"HTTP/1.1 200 OK\r\nX: ")), ("preferences", without_end(b"HTTP/1.1 200 OK\r\n\r\n{")),
                           ("status", answer(200, b"\xff\xfe\x00\x1b]0;owned\x07")), ("status", answer(200, b"[" * 500000)), ("join", without_end(b"HTTP/1.1 200 OK\r\n\r\n")),
                           ("join", refusal("m" * 5000000)), ("join", answer(200, b"{}", length=2**40)), ("join", b"\x00" * 1000)):
            with Service(**{name: said}) as service:
                machine.config("127.0.0.2", service.port)
                code = machine.join(seconds=8)
                seen.append(held(code != "joined" and not machine.worker.ended, f"{name}: {code}") and code)
    machine.stop()
    return held(peak.most - rest < 64, f"{all_held(seen)}; {peak.most - rest:.0f} MiB more")


@attack("service", "versions, ids and messages that terminals obey", "shown clean")
def obeyed(world):
    bad = "\x1b]0;owned\x07\u009b31m\u202e\u200b"
    machine = Machine(world)
    with Service(version=answer(200, f'"7.0{bad}"'), preferences=as_json({"instanceId": bad})) as service:
        machine.config("127.0.0.2", service.port, HubAssignedInstanceId=bad, ManagementServerHubAPI=f"http://x/{bad}")
        code = machine.join()
    with Service(join=refusal(f"Could not connect to Management Hub. {bad}")) as service:
        machine.config("127.0.0.2", service.port)
        code += ", " + machine.join()
        tried(service.joined_with, f"the service was not asked to join: {code}")
    shown = "".join(world.muster(*words, "-o", form).stdout for form in ("table", "json") for words in (
        ("server", "show", f"{ZONE}/{machine.name}"), ("server", "explain", f"{ZONE}/{machine.name}"), ("report",)))
    shown += machine.worker.said()
    machine.stop()
    tried("Could not connect" in shown, "nothing of what it said is shown")
    left = sorted({f"U+{ord(one):04X}" for one in shown if one in "\x1b\x07\u009b\u202e\u200b"})
    return held(not left, f"shown: {', '.join(left)}" if left else f"{code}; nothing to obey")


@attack("service", "a proxy in the worker's environment", "the service is asked directly")
def proxied(world):
    with Server(lambda request: answer(502, "")) as proxy, Service() as service:
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "grpc_proxy")
        machine = Machine(world, env={**os.environ, **{name: proxy.url for name in names}, "no_proxy": "", "NO_PROXY": ""})
        machine.config("127.0.0.2", service.port)
        code = machine.join()
        machine.stop()
        tried(service.joined_with, f"the service was not asked to join: {code}")
        return held(not proxy.received, f"{code}; the proxy got {len(proxy.received)} bytes")
