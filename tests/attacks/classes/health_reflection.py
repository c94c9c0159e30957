"""Health and reflection: who may ask, what is told, what many open streams cost; and the plain HTTP of --health-listen."""
import socket
import time

from frame import measure, tls
from frame.attack import all_held, attack, held, refused
from frame.grpc import Closed
from frame.programs import await_that
from frame.proto import wire
from frame.world import Options

PROBE = "127.0.0.77"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def free_port():
    with socket.create_server((PROBE, 0)) as free:
        return free.getsockname()[1]


def WORLD():
    """The program tells nobody the port of its probes: it is chosen here."""
    return Options(flags=("--health-listen", f"{PROBE}:{free_port()}"))


def probe_address(world):
    world.orchestrator
    host, _, port = world.options.flags[1].rpartition(":")
    return host, int(port)


def http(world, request, seconds=8):
    with socket.create_connection(probe_address(world), timeout=seconds) as connection:
        connection.sendall(request)
        back = b""
        try:
            while data := connection.recv(65536):
                back += data
        except OSError:
            pass
        return back.decode(errors="replace")


def watches(client, count, name="Health/Watch", request=None):
    """Streams that are opened and stay; how many were answered."""
    streams = []
    try:
        for _ in range(count):
            stream = client.open(name)
            stream.send(request or wire().HealthCheckRequest())
            streams.append(stream)
    except Closed:
        pass
    return streams


@attack("health_reflection", "health of the workers' and the operators' listener without a certificate", "TLS refuses", quick=True)
def without_certificate(world):
    return all_held(refused(client.call("Health/Check", seconds=5), "CONNECTION") for client in (world.session(), world.admin(source="127.0.0.1")))


@attack("health_reflection", "reflection at the workers' listener and at the door", "UNIMPLEMENTED", quick=True)
def reflection_of_workers(world):
    seen = []
    for client in (world.session(world.member()), world.bootstrap()):
        stream = client.open(REFLECTION)
        stream.send(wire().ServerReflectionRequest(list_services=""))
        stream.read(5)
        seen.append(refused(stream.status(), "UNIMPLEMENTED"))
    return all_held(seen)


@attack("health_reflection", "reflection at the operators' listener with a worker's certificate", "no more than which services there are; no call")
def reflection_as_worker(world):
    client = world.admin(world.member())
    stream = client.open(REFLECTION)
    stream.send(wire().ServerReflectionRequest(list_services=""))
    said = stream.read(5)
    told = bytes(said.list_services_response).decode(errors="replace") if said is not None else ""
    held("acme" not in told, told)
    return f"{'the services of a public interface' if told else stream.status()}, {refused(client.call('WhoAmI'), 'E-AUTH-REQUIRED')}"


@attack("health_reflection", "health at the door: of services of other listeners, of names of 60 kB, of no UTF-8", "UNKNOWN or refused; nothing of them is told")
def health_names(world):
    client, seen = world.bootstrap(), []
    for name in ("muster.worker.v1.Session", "muster.admin.v1.ServerService", "x" * 60_000, "", "\0", "muster.worker.v1.Bootstrap"):
        answer = client.call("Health/Check", service=name, seconds=5)
        seen.append(f"{name[:28]!r}: {answer}")
        held(not name.startswith(("muster.admin", "muster.worker.v1.S", "x")) or not answer.ok, seen[-1])
    return all_held(seen)


@attack("health_reflection", "a worker opens 1,000 health streams on each of 6 connections", "limited by connection; no thread more; others are served", quick=True)
def many_watches(world):
    member, other = world.member(), world.member()
    pid, rest = world.orchestrator.pid, world.orchestrator.resident_mib()
    before = measure.threads(pid)
    clients = [world.session(member) for _ in range(6)]
    opened = sum(len(watches(client, 1000)) for client in clients)
    after = measure.threads(pid)
    said = world.session_says(other, other.name)
    for client in clients:
        client.close()
    grown = world.orchestrator.resident_mib() - rest
    held(said == "Welcome" and after - before <= 4 and grown < 128, f"{after - before} threads, {grown:.0f} MiB more, another worker: {said}")
    return f"{opened} opened, {after - before} threads and {grown:.0f} MiB more"


@attack("health_reflection", "a viewer opens 100 reflection streams on each of 6 connections and says nothing", "few threads more; operators and root are served")
def many_reflections(world):
    viewer = world.operator("viewer")
    pid = world.orchestrator.pid
    before = measure.threads(pid)
    clients = [world.admin(viewer) for _ in range(6)]
    opened = sum(len(watches(client, 100, REFLECTION, wire().ServerReflectionRequest(list_services=""))) for client in clients)
    time.sleep(1)
    after = measure.threads(pid)
    answer = world.admin(world.operator("viewer")).call("ListServers", seconds=5)
    root = world.admin().call("GetStatus", seconds=5)
    for client in clients:
        client.close()
    held(answer.ok and root.ok, f"another operator: {answer}, root: {root}; {after - before} threads more")
    gone = await_that(lambda: measure.threads(pid) <= before + 8, 20)
    held(gone and after - before < 200, f"{after - before} threads more, then {measure.threads(pid) - before}")
    return f"{opened} opened, {after - before} threads more, then {measure.threads(pid) - before}"


@attack("health_reflection", "health streams that stay open when the worker is evicted and the operator revoked", "nothing of the tenant is told over them")
def watch_after_revocation(world):
    operator = world.operator("viewer")
    client = world.admin(operator)
    stream = client.open("Health/Watch")
    stream.send(wire().HealthCheckRequest())
    stream.end()
    first = stream.read(5)
    world.muster("operator", "revoke", operator.name, "--yes")
    return f"status {first.status if first else stream.status()}, then {refused(client.call('ListServers'), 'E-AUTH-REVOKED')}"


@attack("health_reflection", "the orchestrator is stopped while streams are open on every listener", "ends in time, with 0", alone=True)
def stop_with_watches(world):
    clients = [world.session(world.member()), world.admin(world.operator("viewer")), world.bootstrap(), world.admin()]
    streams = [stream for client in clients for stream in watches(client, 3)]
    streams += watches(clients[1], 5, REFLECTION, wire().ServerReflectionRequest(list_services=""))
    begin = time.monotonic()
    code = world.orchestrator.stop(40)
    took = time.monotonic() - begin
    world.orchestrator.start()
    return held(code == 0 and took < 20, f"{len(streams)} streams, ended with {code} after {took:.1f} s")


@attack("health_reflection", "the plain probe: other paths, ../, POST with a body, 1 MiB of headers, HTTP/2, smuggled requests", "404, 405, or ended; nothing of a tenant", quick=True)
def probe_requests(world):
    world.member()
    world.orchestrator
    seen = []
    for request in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /../../etc/passwd HTTP/1.0\r\n\r\n", b"GET /metrics HTTP/1.0\r\n\r\n",
                    b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", b"GET /healthz HTTP/1.1\r\n" + b"X: " + b"x" * (1 << 20) + b"\r\n\r\n",
                    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /readyz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
                    b"\x16\x03\x01\x02\x00\x01" + bytes(200), b"GET /readyz?" + b"a" * 3000 + b" HTTP/1.0\r\n\r\n", b"DELETE /readyz HTTP/1.0\r\n\r\n"):
        back = http(world, request)
        held("acme" not in back and "root:" not in back and "secret" not in back and back.count("HTTP/1") <= 1, back)
        seen.append(back.split(" ", 2)[1] if back.startswith("HTTP") else "ended")
    held(http(world, b"GET /healthz HTTP/1.0\r\n\r\n").startswith("HTTP/1"), "the probe is gone")
    return all_held(seen)


@attack("health_reflection", "300 slow and silent connections to the plain probe", "an honest probe is answered within 15 s; no descriptor is kept", seconds=60)
def probe_slow(world):
    before = measure.descriptors(world.orchestrator.pid)
    slow = [socket.create_connection(probe_address(world)) for _ in range(300)]
    for connection in slow:
        connection.sendall(b"GET /heal")
    begin = time.monotonic()
    back = http(world, b"GET /healthz HTTP/1.0\r\n\r\n", 45)
    took = time.monotonic() - begin
    most = measure.descriptors(world.orchestrator.pid) - before
    for connection in slow:
        connection.close()
    held(back.startswith("HTTP/1.0 200") or back.startswith("HTTP/1.1 200"), back or "no answer")
    held(took < 40 and most < 100, f"after {took:.0f} s, {most} descriptors")
    await_that(lambda: measure.descriptors(world.orchestrator.pid) <= before + 10, 20)
    return f"answered after {took:.0f} s, {most} descriptors at most, then {measure.descriptors(world.orchestrator.pid) - before}"


@attack("health_reflection", "health asked 4,000 times in a row by a worker, pipelined", "answered, limited, or cut off; others are served")
def health_flood(world):
    from frame import http2
    member, other = world.member(), world.member()
    connection = http2.Connection(world.ports["session"], certificate=member.files())
    block = http2.request("/grpc.health.v1.Health/Check")
    for first in range(0, 4000, 100):
        data = b"".join(http2.frame(http2.HEADERS, http2.END_HEADERS, 1 + 2 * at, block) + http2.frame(http2.DATA, http2.END_STREAM, 1 + 2 * at, bytes(5))
                        for at in range(first, first + 100))
        if not connection.send(data) or not connection.read_away():
            break
    begin = time.monotonic()
    said = world.session_says(other, other.name)
    connection.close()
    return held(said == "Welcome", f"another worker: {said} after {time.monotonic() - begin:.1f} s")


@attack("health_reflection", "the plain probe and the health of TLS listeners are looked at for versions, names, paths", "nothing")
def banners(world):
    member = world.member()
    told = http(world, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n") + http(world, b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
    client = world.session(member)
    stream = client.open("Health/Check")
    stream.send(wire().HealthCheckRequest())
    stream.end()
    stream.read(5)
    told += str(stream.headers)
    with tls.connect(world.ports["bootstrap"]) as connection:
        names = str(connection.getpeercert(True))
    leaks = [word for word in ("0.1.0", "grpc/", "Beast", str(world.folder), "muster.db", socket.gethostname()) if word and word in told]
    return held(not leaks and str(world.folder) not in names, f"it tells {leaks}" if leaks else "nothing")
