"""Connections: more than there are descriptors, silent, slow, half-open, of one address and of many. Behind a limit of 1,024 open files, as where
nobody has raised it."""
import concurrent.futures
import socket
import struct
import time

from frame import http2, measure, tls
from frame.attack import Succeeded, all_held, attack, held, tried
from frame.certificates import Identity
from frame.programs import await_that
from frame.world import Options

WORLD = Options(before=("prlimit", "--nofile=1024:1024"))
LISTENERS = ("session", "bootstrap", "admin")
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)


def crowd(world, listener, count, words=b"", addresses=100):
    """Plain connections from addresses that nobody had before; those that could be made, which must be nearly all: they are accepted before they are
    looked at."""
    made, sources = [], [world.address() for _ in range(addresses)]
    for at in range(count):
        try:
            connection = tls.tcp(world.ports[listener], source=sources[at % addresses], seconds=3)
            made.append(connection)
            connection.sendall(words)
        except OSError:
            pass  # Ended before it had said that.
    tried(len(made) >= count * 9 // 10, f"{len(made)} of {count} connected to {listener}")
    return made


def held_open(world, listener):
    """How many of its connections the orchestrator has open, by the system's list."""
    port, found = world.ports[listener], 0
    with open("/proc/net/tcp") as table:
        for line in table:
            fields = line.split()
            found += len(fields) > 3 and fields[1].endswith(f":{port:04X}") and fields[3] == "01"
    return found


def leave(connections):
    for connection in connections:
        try:
            connection.close()
        except OSError:
            pass


def served(world, seconds=40):
    """All doors at once: a machine comes in and has a session, an operator and root are answered. How long that took."""
    name, token, begin = world.server(), world.token(), time.monotonic()
    operator = world.first_operator()

    def until(what, good):
        while True:
            answer = what()
            if good(answer):
                return answer
            if time.monotonic() - begin > seconds * measure.slowness():
                raise Succeeded(f"not served within {time.monotonic() - begin:.0f} s: {answer}")
            time.sleep(0.1)

    until(lambda: world.admin().call("GetStatus", seconds=5), lambda answer: answer.ok)
    identity = until(lambda: world.enroll(token, name, seconds=8), lambda made: isinstance(made, Identity))
    until(lambda: world.session_says(identity, name), lambda said: said == "Welcome")
    until(lambda: world.admin(operator).call("WhoAmI", seconds=8), lambda answer: answer.ok)
    return f"served in {time.monotonic() - begin:.1f} s"


@attack("connections", "3,000 silent connections to each listener, three times the descriptors", "everybody is served, during it and after it", seconds=150, alone=True)
def silent(world):
    world.orchestrator
    crowds = [connection for listener in LISTENERS for connection in crowd(world, listener, 3000)]
    stay = {listener: held_open(world, listener) for listener in LISTENERS}
    during = served(world)
    leave(crowds)
    return f"{len(crowds)} connected, {', '.join(f'{stay[one]} at {one}' for one in stay)} let stay; {during}; afterwards {served(world)}"


@attack("connections", "300 silent connections of one address", "others are served; the address is, too", quick=True)
def one_address(world):
    connections = crowd(world, "bootstrap", 300, addresses=1) + crowd(world, "session", 300, addresses=1)
    seen = served(world)
    leave(connections)
    return seen


@attack("connections", "hellos that stop half-way, 400 to each listener", "everybody is served; they are closed when their time is over", seconds=120)
def half_hellos(world):
    connections = [connection for listener in LISTENERS for connection in crowd(world, listener, 400, HELLO)]
    during = served(world)
    gone = sum(tls.ends_within(connection, 20) for connection in connections[::40])
    leave(connections)
    return held(gone == len(connections[::40]), f"{during}; {gone} of {len(connections[::40])} closed")


@attack("connections", "handshakes as fast as it goes from 8 addresses for 6 seconds", "everybody is served", quick=True)
def handshakes(world):
    world.orchestrator

    def shake(source, go_on):
        done = 0
        while go_on(done):
            try:
                tls.connect(world.ports["bootstrap"], source=source).close()
                done += 1
            except OSError:
                time.sleep(0.01)
        return done

    # What one client makes here and now, in a row; eight make as many at least, and go on until they have.
    begin = time.monotonic()
    floor = shake(world.address(), lambda done: time.monotonic() < begin + 6)
    tried(floor >= 6, f"{floor} handshakes of one client in {time.monotonic() - begin:.0f} s")
    begin, ends = time.monotonic(), time.monotonic() + 6
    late = ends + 6 * measure.slowness()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        running = [pool.submit(shake, world.address(), lambda done: time.monotonic() < ends or done < floor / 8 and time.monotonic() < late) for _ in range(8)]
        seen = served(world)
        done = sum(one.result() for one in running)
    tried(done >= floor // 2, f"{done} handshakes in {time.monotonic() - begin:.0f} s, one client alone makes {floor} in 6 s")
    return f"{done} handshakes in {time.monotonic() - begin:.0f} s, {floor} of one client alone in 6 s; {seen}"


@attack("connections", "5,000 connections that are reset at once", "no descriptor is kept; everybody is served")
def resets(world):
    pids = world.orchestrator.processes()
    before = sum(map(measure.descriptors, pids))
    made, sources = 0, [world.address() for _ in range(200)]
    for at in range(5000):
        try:
            connection = tls.tcp(world.ports[LISTENERS[at % 3]], source=sources[at % 200], seconds=3)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            made += 1
        except OSError:
            pass
    tried(made >= 4500, f"{made} of 5000 connected")
    seen = served(world)
    good = await_that(lambda: sum(map(measure.descriptors, pids)) <= before + 20, 15)
    return held(good, f"{sum(map(measure.descriptors, pids)) - before} descriptors more; {seen}")


@attack("connections", "60 that have shaken hands and make no call", "ended when their time is over; others come in meanwhile", seconds=120)
def idle(world):
    world.orchestrator
    connections = []
    for _ in range(60):
        try:
            connections.append(http2.Connection(world.ports["bootstrap"], source=world.address()))
        except OSError:
            pass
    tried(len(connections) >= 50, f"{len(connections)} of 60 have shaken hands")
    during = served(world)
    sample = connections[::6]
    begin = time.monotonic()
    gone = sum(bool(connection.ends_within(max(1, 45 - (time.monotonic() - begin)))) for connection in sample)
    for connection in connections:
        connection.close()
    return held(gone == len(sample), f"{len(connections)} in, {during}; {gone} of {len(sample)} ended after {time.monotonic() - begin:.0f} s")


@attack("connections", "one worker's certificate on 600 connections", "others have sessions; root and operators are served")
def one_worker_many(world):
    member, other = world.member(), world.member()
    connections, ended, source = [], 0, world.address()
    for _ in range(600):
        try:
            connections.append(http2.Connection(world.ports["session"], certificate=member.files(), source=source))
        except OSError:
            ended += 1
    tried(len(connections) >= 50, f"{len(connections)} of 600 have shaken hands")
    said = world.session_says(other, other.name)
    seen = served(world)
    for connection in connections:
        connection.close()
    held(said == "Welcome", f"another worker: {said}")
    return f"{len(connections)} connected, {ended} not let in; another worker: {said}; {seen}"


@attack("connections", "one operator's certificate on 200 connections", "another operator and root are answered")
def one_operator_many(world):
    viewer, other = world.operator("viewer"), world.operator("operator")
    connections, ended, source = [], 0, world.address()
    for _ in range(200):
        try:
            connections.append(http2.Connection(world.ports["admin"], certificate=viewer.files(), source=source))
        except OSError:
            ended += 1
    tried(len(connections) >= 4, f"{len(connections)} of 200 have shaken hands")
    answer = world.admin(other).call("WhoAmI", seconds=10)
    root = world.admin().call("GetStatus", seconds=10)
    for connection in connections:
        connection.close()
    held(answer.ok and root.ok, f"the other operator: {answer}, root: {root}")
    return f"{len(connections)} connected, {ended} not let in; the others are answered"


@attack("connections", "root's own scripts take the Unix socket: 200 connections that say nothing", "workers and operators are served; root, when they are gone")
def unix_crowd(world):
    member = world.member()
    connections = []
    for _ in range(200):
        try:
            connections.append(tls.unix(world.orchestrator.socket, 2))
        except OSError:
            break
    tried(len(connections) >= 32, f"{len(connections)} connected: that is room for root still")
    said = world.session_says(member, member.name)
    leave(connections)
    held(said == "Welcome", said)
    return f"{len(connections)} connected; {served(world)}"


@attack("connections", "readers that never read: 100 connections whose answers pile up", "no memory; everybody is served")
def no_readers(world):
    rest = world.orchestrator.resident_mib()
    connections = []
    call = http2.request("/muster.worker.v1.Bootstrap/Enroll")
    for _ in range(100):
        try:
            connection = http2.Connection(world.ports["bootstrap"], source=world.address())
        except OSError:
            continue
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.socket.settimeout(1)
        if connection.send(b"".join(http2.frame(http2.HEADERS, 5, 1 + 2 * stream, call) for stream in range(200)) + http2.frame(http2.PING, 0, 0, bytes(8)) * 200):
            connections.append(connection)
    tried(len(connections) >= 80, f"{len(connections)} of 100 have asked")
    seen = served(world)
    more = world.orchestrator.resident_mib() - rest
    for connection in connections:
        connection.close()
    return held(more < 256, f"{len(connections)} connections, {more:.0f} MiB more; {seen}")


@attack("connections", "a thousand bootstrap connections while 150 workers are in", "not one of their sessions ends", alone=True, seconds=150)
def sessions_stay(world):
    names = [world.unique("stay") for _ in range(150)]
    world.servers("acme/prod", *names)
    token = world.token(max_uses=150)
    client, streams = world.bootstrap(), []
    for name in names:
        identity = world.enroll(token, name)
        if not isinstance(identity, Identity):
            raise RuntimeError(f"{name}: {identity}")
        session, stream, welcome = world.connected(identity, name)
        if welcome is None:
            raise RuntimeError(f"{name}: {stream.status()}")
        streams.append((session, stream))
    client.close()
    connections = crowd(world, "bootstrap", 700, HELLO) + crowd(world, "session", 700, HELLO) + crowd(world, "admin", 300)
    seen = served(world)
    ended = 0
    for session, stream in streams:
        stream.read(0.01)
        ended += bool(stream.over) or session.socket is None
    leave(connections)
    for session, _ in streams:
        session.close()
    return held(ended == 0, f"{ended} of {len(streams)} sessions ended; {seen}")


@attack("connections", "it is started with fewer open files than it needs", "E-SYSTEM-DESCRIPTORS, and what to do", quick=True)
def too_few(world):
    import subprocess
    folder = world.folder / "few"
    world.orchestrator.run("muster-orchestrator", "init", "--data-dir", folder, "--address", "127.0.0.1")
    done = subprocess.run(["prlimit", "--nofile=100:100", world.binaries / "muster-orchestrator", "serve", "--data-dir", folder, "--session-listen", "127.0.0.1:0",
                           "--bootstrap-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=30)
    return all_held([held(done.returncode == 1 and "E-SYSTEM-DESCRIPTORS" in done.stderr, "E-SYSTEM-DESCRIPTORS" if "E-SYSTEM-DESC" in done.stderr else done.stderr[-200:])])
