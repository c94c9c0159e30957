"""TLS on all three listeners: old, weak, half, resumed, renegotiated, abused."""
import ctypes
import os
import socket
import ssl
import struct
import subprocess
import time
import warnings

from OpenSSL import SSL

from frame import measure, tls
from frame.attack import all_held, attack, held, refused, tried
from frame.certificates import Identity, new_key, request
from frame.grpc import Client

LISTENERS = ("session", "bootstrap", "admin")
warnings.filterwarnings("ignore", category=DeprecationWarning)


def flat(world, listener, data, seconds=15):
    """Bytes on a plain connection: (whether it is ended in time, what came back)."""
    connection, back = tls.tcp(world.ports[listener]), b""
    until = time.monotonic() + seconds
    try:
        connection.sendall(data)
        while time.monotonic() < until:
            connection.settimeout(max(0.01, until - time.monotonic()))
            got = connection.recv(65536)
            if not got:
                return True, back
            back += got
        return False, back
    except TimeoutError:
        return False, back
    except OSError:
        return True, back
    finally:
        connection.close()


def client_hello(**how):
    """A real ClientHello, as a record."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    for name, value in how.items():
        setattr(context, name, value)
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="muster-orchestrator").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def honest(world):
    """Whether an honest machine gets an answer still."""
    return held(world.member().server_id.startswith("srv-"), "an honest one comes in")


def written_hello(*ciphers, version=0x0303, groups=(0x0017, 0x001D), versions=(), alpn=b"h2", record=0x0301):
    """A ClientHello by hand: what no library offers any more. Groups by their numbers: 23 secp256r1, 29 x25519. `versions`: of the extension that TLS 1.3 has."""

    def extension(kind, content):
        return struct.pack(">HH", kind, len(content)) + content

    def listed(values, size=2):
        body = b"".join(struct.pack(">H", value) for value in values)
        return struct.pack(">H" if size == 2 else ">B", len(body)) + body

    name = b"muster-orchestrator"
    extensions = extension(0, struct.pack(">HBH", len(name) + 3, 0, len(name)) + name) + extension(10, listed(groups)) + extension(11, b"\x01\x00")
    extensions += extension(13, listed((0x0403, 0x0503, 0x0804, 0x0401, 0x0203, 0x0201))) + extension(16, struct.pack(">HB", len(alpn) + 1, len(alpn)) + alpn)
    if versions:
        extensions += extension(43, listed(versions, 1)) + extension(51, struct.pack(">H", 0))  # No share yet: the other side asks for one.
    body = struct.pack(">H", version) + os.urandom(32) + b"\0" + listed(ciphers) + b"\x01\x00" + struct.pack(">H", len(extensions)) + extensions
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return b"\x16" + struct.pack(">HH", record, len(message)) + message


ECDHE_ECDSA_AES128_GCM = 0xC02B  # What every client has that these listeners take.


def answered(world, listener, hello):
    """What a ClientHello is answered: "ServerHello 0303 c02b", "alert 70", or "ended"."""
    connection, back = tls.tcp(world.ports[listener], source=world.address()), b""
    connection.settimeout(5)
    try:
        connection.sendall(hello)
        while len(back) < 80 and (data := connection.recv(65536)):
            back += data
    except OSError:
        pass
    connection.close()
    if back[:1] == b"\x16" and back[5:6] == b"\x02":
        session = 43 + back[43] + 1
        return f"ServerHello {back[9:11].hex()} {back[session:session + 2].hex()}"
    return f"alert {back[6]}" if back[:1] == b"\x15" and len(back) >= 7 else "ended" if not back else f"{len(back)} bytes: {back[:8].hex()}"


def control(world, listener):
    """A hello by this very hand with something good in it is answered: what is refused beside it is refused for what is in it."""
    said = answered(world, listener, written_hello(ECDHE_ECDSA_AES128_GCM))
    tried(said == "ServerHello 0303 c02b", f"a good hello at {listener} is answered with {said}")


def no_server_hello(world, hellos):
    """Each hello, by its name, at each listener."""
    seen = []
    for listener in LISTENERS:
        control(world, listener)
        for name, hello in hellos.items():
            said = answered(world, listener, hello)
            seen.append(held(said == "ended" or said.startswith("alert"), f"{name} at {listener}: {said}") and said)
    return f"{len(seen)} hellos: {all_held(sorted(seen))}"


@attack("tls", "SSL 2's and SSL 3's hello, TLS 1.0, TLS 1.1", "refused", quick=True)
def old(world):
    old_ciphers = (0xC009, 0xC00A, 0xC013, 0xC014, 0x002F, 0x0035)  # That these versions had: ECDHE and RSA with AES-CBC.
    hellos = {"TLS 1.0": written_hello(*old_ciphers, version=0x0301), "TLS 1.1": written_hello(*old_ciphers, version=0x0302),
              "TLS 1.0 with new ciphers": written_hello(ECDHE_ECDSA_AES128_GCM, version=0x0301), "SSL 3": written_hello(*old_ciphers, version=0x0300, record=0x0300),
              "TLS 1.1 by the extension of 1.3": written_hello(*old_ciphers, ECDHE_ECDSA_AES128_GCM, versions=(0x0302, 0x0301)),
              "SSL 2": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + bytes(35)}
    return no_server_hello(world, hellos)


@attack("tls", "no encryption, no authentication, RC4, DES, 3DES, export, PSK, SRP, CBC, CCM-8, RSA without forward secrecy", "refused", quick=True)
def weak(world):
    """By their numbers: no library of today would offer most of them."""
    numbers = {"NULL": (0xC006, 0xC010, 0x0001, 0x0002, 0x003B), "anonymous": (0xC015, 0xC016, 0xC018, 0x0034, 0x00A6), "RC4": (0xC007, 0xC011, 0x0004, 0x0005),
               "DES and 3DES": (0xC008, 0xC012, 0x0009, 0x000A), "export": (0x0003, 0x0006, 0x0008, 0x0062), "PSK": (0x008C, 0x00A8, 0xC035), "SRP": (0xC01D, 0xC020),
               "CBC": (0xC009, 0xC00A, 0xC023, 0xC024), "CCM of 8": (0xC0AE, 0xC0AF), "RSA": (0x009C, 0x009D, 0x002F, 0x0035), "DHE": (0x009E, 0x009F, 0x0033)}
    return no_server_hello(world, {name: written_hello(*ciphers) for name, ciphers in numbers.items()})


@attack("tls", "keys exchanged over a weak group: sect163k1, secp160k1, secp192r1, secp224r1, ffdhe2048", "refused")
def groups(world):
    numbers = {"sect163k1": 1, "secp160k1": 15, "secp192r1": 19, "secp224r1": 21, "ffdhe2048": 256}
    hellos = {name: written_hello(ECDHE_ECDSA_AES128_GCM, groups=(number,)) for name, number in numbers.items()}
    newer = answered(world, "bootstrap", written_hello(0x1301, groups=(23,), versions=(0x0304,)))
    tried(newer == "ServerHello 0303 1301", f"a good hello of TLS 1.3 is answered with {newer}")
    hellos |= {f"{name} in TLS 1.3": written_hello(0x1301, 0x1302, groups=(number,), versions=(0x0304,)) for name, number in numbers.items()}
    return no_server_hello(world, hellos)


@attack("tls", "no ALPN, HTTP/1.1's, 200 unknown ones, an empty one", "no call is answered", quick=True)
def alpn(world):
    seen = []

    def asked(**how):
        return world.bootstrap(**how).call("Bootstrap/Enroll", token="A" * 43, server_name="web", certificate_request_pem=request(new_key()))

    for protocols in ((), ("http/1.1",), tuple(f"x{at}" for at in range(200)), ("h3", "spdy/3.1")):
        seen.append(held((answer := asked(alpn=protocols)).code == "CONNECTION", answer))
        tried((good := asked()).failure == "E-TOKEN-UNKNOWN", f"with h2: {good}")
    return "no call is answered, with h2 it is"


@attack("tls", "plain HTTP/1.1, HTTP/2 without TLS, SSH, SMTP, a proxy's header, JNDI", "ended without a word; nothing of it in the log as it came", quick=True)
def plain(world):
    seen = []
    for listener in LISTENERS:
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", b"SSH-2.0-x\r\n", b"EHLO x\r\n",
                     b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", b"${jndi:ldap://x}\x1b]0;x\x07\n"):
            ended, back = flat(world, listener, data)
            seen.append(held(ended and not back.startswith((b"HTTP", b"\0\0")), f"{data[:12]}: ended: {ended}, {back[:30]}"))
    held("\x1b" not in world.orchestrator.said() and "jndi" not in world.orchestrator.said(), "it is in the log")
    return "ended" if seen else ""


@attack("tls", "renegotiation of TLS 1.2 asked for by the client", "refused, or the connection is ended")
def renegotiate(world):
    context = SSL.Context(SSL.TLSv1_2_METHOD)
    context.set_alpn_protos([b"h2"])
    connection = SSL.Connection(context, tls.tcp(world.ports["bootstrap"]))
    connection.set_connect_state()
    connection.setblocking(1)
    connection.do_handshake()
    before = connection.total_renegotiations()
    try:
        for _ in range(3):
            connection.renegotiate()
            connection.do_handshake()
        done = connection.total_renegotiations() - before
    except SSL.Error as error:
        return f"refused: {error}"
    except OSError as error:
        return f"ended: {error}"
    return held(done == 0, f"{done} times")


@attack("tls", "a fall back to TLS 1.2 that a man in the middle forces", "alert 86, inappropriate_fallback, or ended")
def fallback(world):
    """The client says by a number among its ciphers that it fell back (RFC 7507); the same hello without it is answered."""
    seen = []
    for listener in LISTENERS:
        control(world, listener)
        said = answered(world, listener, written_hello(ECDHE_ECDSA_AES128_GCM, 0x5600))
        seen.append(held(said in ("alert 86", "ended"), f"{listener}: {said}"))
        control(world, listener)
    return all_held(seen)


@attack("tls", "a session is resumed after the worker was evicted", "E-CERT-REVOKED: the ticket is no way around the record", quick=True)
def resumed(world):
    member = world.member()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=world.orchestrator.ca_pem)
    context.load_cert_chain(*map(str, member.files()))
    context.set_alpn_protocols(["h2"])
    state = {}

    def connect():
        connection = context.wrap_socket(tls.tcp(world.ports["session"]), server_hostname="muster-orchestrator", session=state.get("session"))
        state["now"] = connection
        return connection

    client = Client(connect)
    client.call("Session/Renew", certificate_request_pem="x")
    state["session"] = state["now"].session
    tried(state["session"] is not None, "no ticket came")
    client.close()
    client = Client(connect)
    client.call("Session/Renew", certificate_request_pem="x")
    tried(state["now"].session_reused, "nothing is resumed before the eviction, either")
    client.close()
    world.muster("server", "evict", f"acme/prod/{member.name}")
    client = Client(connect)
    answer = client.call("Session/Renew", certificate_request_pem=request(member.key))
    return held(answer.failure == "E-CERT-REVOKED", f"{'resumed' if state['now'].session_reused else 'not resumed'}, {answer}")


@attack("tls", "the ticket of another listener: an operator's at the workers' door and the other way", "the certificate that was shown then is held against the record")
def ticket_elsewhere(world):
    seen = []
    for identity, first, second in ((world.operator("viewer"), "admin", "session"), (world.member(), "session", "admin")):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(*map(str, identity.files()))
        context.set_alpn_protocols(["h2"])
        state = {}

        def connect(listener, session=None):
            state["now"] = context.wrap_socket(tls.tcp(world.ports[listener]), server_hostname="muster-orchestrator", session=session)
            return state["now"]

        Client(lambda: connect(first)).call("WhoAmI" if first == "admin" else "Session/Renew")
        session = state["now"].session
        answer = Client(lambda: connect(second, session)).call("WhoAmI" if second == "admin" else "Session/Renew", certificate_request_pem="x") \
            if second == "session" else Client(lambda: connect(second, session)).call("WhoAmI")
        seen.append(held(not answer.ok and answer.failure in ("E-CERT-UNKNOWN", "E-AUTH-REQUIRED", ""), f"{answer}"))
    return all_held(seen)


@attack("tls", "early data (0-RTT), which could be replayed", "not offered")
def early_data(world):
    seen = []
    for listener in LISTENERS:
        out = world.folder / world.unique("ticket")
        identity = world.member().files() if listener == "session" else world.operator("viewer").files()
        subprocess.run(f"sleep 1 | openssl s_client -connect 127.0.0.1:{world.ports[listener]} -alpn h2 -sess_out {out} -cert {identity[0]} -key {identity[1]}",
                       shell=True, capture_output=True, timeout=30)
        if not out.exists():
            seen.append("no ticket")
            continue
        text = subprocess.run(["openssl", "sess_id", "-in", out, "-noout", "-text"], capture_output=True, text=True).stdout
        most = next((line.split(":")[1].strip() for line in text.splitlines() if "Max Early Data" in line), "0")
        seen.append(held(most == "0", f"Max Early Data {most}"))
    return all_held(seen)


@attack("tls", "a heartbeat that asks for more than it sent (Heartbleed)", "no answer with memory in it")
def heartbleed(world):
    connection = tls.tcp(world.ports["bootstrap"])
    connection.sendall(client_hello(maximum_version=ssl.TLSVersion.TLSv1_2))
    connection.settimeout(3)
    tried(connection.recv(65536)[:1] == b"\x16", "no ServerHello came")
    connection.sendall(b"\x18\x03\x03\x00\x03\x01\x40\x00")
    back = b""
    try:
        while data := connection.recv(65536):
            back += data
    except OSError:
        pass
    connection.close()
    at = back.find(b"\x18\x03")
    return held(at < 0 or len(back) - at < 100, f"{len(back)} bytes back, no heartbeat")


@attack("tls", "a hello in records of one byte, one a second; a hello that stops half-way", "ended when its time is over", seconds=60)
def slow_hello(world):
    data, seen = client_hello(), []
    connection = tls.tcp(world.ports["session"])
    begin = time.monotonic()
    try:
        for at in range(60):
            part = data[5 + at:6 + at]
            connection.sendall(b"\x16\x03\x01" + struct.pack(">H", len(part)) + part)
            if tls.ends_within(connection, 0.5):
                break
    except OSError:
        pass
    took = time.monotonic() - begin
    seen.append(held(took < 20 * measure.slowness(), f"ended after {took:.0f} s"))
    ended, _ = flat(world, "admin", data[:len(data) // 2], 20)
    seen.append(held(ended, "ended" if ended else "it stays"))
    return all_held(seen)


@attack("tls", "hellos of 16 kB, with 4,000 ciphers, with lengths that lie, of noise, 300 of each", "ended; memory and processor stay low", quick=True)
def odd_hellos(world):
    good = client_hello()
    lies = bytearray(good)
    lies[6:9] = b"\xff\xff\xff"  # A handshake message of 16 MiB.
    ciphers = bytearray(good)
    ciphers[44:44] = os.urandom(8000)
    rest = world.orchestrator.resident_mib()
    before = measure.cpu_seconds(world.orchestrator.processes())
    sent = 0
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        for listener in LISTENERS:
            for data in (bytes(lies), bytes(ciphers)[:16000], b"\x16\x03\x01\x40\x00" + os.urandom(16384), b"\x17\x03\x03\xff\xff" + bytes(100), bytes([0x16, 3, 1, 0, 0]) * 500):
                for _ in range(100):
                    try:
                        connection = tls.tcp(world.ports[listener], source=world.address())
                        connection.sendall(data)
                        sent += 1
                        connection.close()
                    except OSError:
                        pass
    tried(sent >= 1200, f"{sent} of 1500 were sent")
    took = measure.cpu_seconds(world.orchestrator.processes()) - before
    held(peak.most - rest < 64 and took < 15, f"{peak.most - rest:.0f} MiB, {took:.1f} s of a processor")
    return f"{sent} sent; {peak.most - rest:.0f} MiB more, {took:.1f} s; {honest(world)}"


@attack("tls", "40,000 warnings, empty records and ChangeCipherSpecs in a handshake", "ended early")
def junk_records(world):
    seen = []
    for record in (b"\x15\x03\x01\x00\x02\x01\x5a", b"\x14\x03\x03\x00\x01\x01", b"\x17\x03\x03\x00\x00", b"\x16\x03\x03\x00\x00"):
        before = measure.cpu_seconds(world.orchestrator.processes())
        connection, sent = tls.tcp(world.ports["bootstrap"], source=world.address()), 0
        try:
            connection.sendall(client_hello())
            connection.settimeout(5)
            for _ in range(100):
                connection.sendall(record * 400)
                sent += 400
        except OSError:
            pass
        ended = tls.ends_within(connection, 12)
        connection.close()
        took = measure.cpu_seconds(world.orchestrator.processes()) - before
        tried(sent >= 400, f"{sent} records were sent")
        seen.append(held(ended and took < 3, f"ended: {ended} ({took:.1f} s of a processor)") and "ended")
    return all_held(seen)


@attack("tls", "40,000 KeyUpdates, each of which asks for another", "ended, or without cost to others")
def key_updates(world):
    library = ctypes.CDLL("libssl.so.3")
    library.SSL_key_update.argtypes = [ctypes.c_void_p, ctypes.c_int]
    before, rest = measure.cpu_seconds(world.orchestrator.processes()), world.orchestrator.resident_mib()
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_alpn_protos([b"h2"])
    plain = tls.tcp(world.ports["bootstrap"], source=world.address())
    plain.settimeout(None)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 5, 0))
    connection = SSL.Connection(context, plain)
    connection.set_connect_state()
    connection.do_handshake()
    pointer, sent = int(SSL._ffi.cast("intptr_t", connection._ssl)), 0
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        try:
            for _ in range(40_000):
                if library.SSL_key_update(pointer, 1) != 1:
                    break
                connection.do_handshake()
                sent += 1
        except (SSL.Error, OSError):
            pass
        seen = honest(world)
    tried(sent >= 1000, f"only {sent} were sent")
    took = measure.cpu_seconds(world.orchestrator.processes()) - before
    held(peak.most - rest < 64 and took < 6, f"{peak.most - rest:.0f} MiB, {took:.1f} s of a processor")
    return f"{sent} sent, {peak.most - rest:.0f} MiB more, {took:.1f} s; {seen}"


@attack("tls", "compressed records (CRIME), names of 65,000 bytes, other hosts' names", "no compression; an honest handshake or none")
def compression(world):
    seen = []
    for listener in LISTENERS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.options &= ~ssl.OP_NO_COMPRESSION
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["h2"])
        if listener != "bootstrap":
            identity = world.member() if listener == "session" else world.operator("viewer")
            context.load_cert_chain(*map(str, identity.files()))
        with context.wrap_socket(tls.tcp(world.ports[listener]), server_hostname="evil.example") as connection:
            seen.append(held(connection.compression() is None, f"{connection.compression()}") and "no compression")
    return all_held(seen)


@attack("tls", "a record that was changed on its way, one that is sent twice", "the connection is ended, and the call not done")
def changed(world):
    """Through a relay of ours."""
    seen = []
    for kind in ("as it came", "changed", "doubled"):
        name, token = world.server(), world.token()
        relay = socket.create_server(("127.0.0.1", 0))

        def connect():
            import threading
            front = socket.create_connection(relay.getsockname())
            inside, _ = relay.accept()
            back = tls.tcp(world.ports["bootstrap"])
            count = {"sent": 0}

            def up():
                try:
                    while data := inside.recv(65536):
                        count["sent"] += 1
                        if count["sent"] == 3 and kind == "changed":
                            data = data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]
                        back.sendall(data * 2 if count["sent"] == 3 and kind == "doubled" else data)
                except OSError:
                    pass

            def down():
                try:
                    while data := back.recv(65536):
                        inside.sendall(data)
                except OSError:
                    pass
                inside.close()

            for each in (up, down):
                threading.Thread(target=each, daemon=True).start()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=world.orchestrator.ca_pem)
            context.set_alpn_protocols(["h2"])
            return context.wrap_socket(front, server_hostname="muster-orchestrator")

        made = world.enroll(token, name, client=Client(connect), seconds=8)
        relay.close()
        if kind == "as it came":
            tried(isinstance(made, Identity), f"through the relay without a change: {made}")
        else:
            seen.append(refused(made, "CONNECTION", "NOTHING"))
    return all_held(seen)
