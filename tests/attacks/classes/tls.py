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
from frame.attack import Succeeded, all_held, attack, held
from frame.certificates import request
from frame.grpc import Client

LISTENERS = ("session", "bootstrap", "admin")
warnings.filterwarnings("ignore", category=DeprecationWarning)


def hello(world, listener, **how):
    """What becomes of a handshake: "refused", or the version and cipher that came out of it. Without a client's certificate TLS 1.3 says so later."""
    try:
        with tls.connect(world.ports[listener], **how) as connection:
            return f"{connection.version()} {connection.cipher()[0]}"
    except OSError:
        return "refused"


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


@attack("tls", "SSL 2's and SSL 3's hello, TLS 1.0, TLS 1.1", "refused", quick=True)
def old(world):
    seen = []
    for listener in LISTENERS:
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            said = hello(world, listener, lowest=version, highest=version, ciphers="ALL:@SECLEVEL=0")
            seen.append(held(said == "refused", said))
        ssl2 = b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + bytes(35)
        ssl3 = b"\x16\x03\x00\x00\x2f\x01\x00\x00\x2b\x03\x00" + bytes(32) + b"\x00\x00\x04\x00\x05\x00\x0a\x01\x00"
        for data in (ssl2, ssl3):
            ended, back = flat(world, listener, data)
            seen.append(held(ended and not back.startswith(b"\x16"), f"ended: {ended}, {back[:20]}"))
    return "refused" if seen else ""


@attack("tls", "no encryption, no authentication, RC4, 3DES, export, CBC, RSA without forward secrecy", "refused", quick=True)
def weak(world):
    seen = []
    for listener in LISTENERS:
        for ciphers in ("eNULL:@SECLEVEL=0", "aNULL:@SECLEVEL=0", "3DES:@SECLEVEL=0", "AES128-SHA:AES256-SHA:@SECLEVEL=0", "PSK:@SECLEVEL=0",
                        "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0", "AES256-GCM-SHA384:@SECLEVEL=0"):
            try:
                said = hello(world, listener, highest=ssl.TLSVersion.TLSv1_2, ciphers=ciphers)
            except ssl.SSLError:
                said = "this client has none of them"
            seen.append(held(said in ("refused", "this client has none of them"), f"{ciphers}: {said}") and said)
    return all_held(seen)


@attack("tls", "keys exchanged over a weak group: secp160, ffdhe2048, secp192", "refused")
def groups(world):
    seen = []
    for group in ("secp192r1", "sect163k1", "ffdhe2048"):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{world.ports['bootstrap']}", "-groups", group, "-alpn", "h2", "-cipher", "ALL:@SECLEVEL=0"],
                              input="", capture_output=True, text=True, timeout=30)
        in_use = "Server Temp Key" in done.stdout and "X25519" not in done.stdout
        seen.append(held(not in_use, f"{group}: {done.stdout[-200:]}"))
    return "refused" if seen else ""


@attack("tls", "no ALPN, HTTP/1.1's, 200 unknown ones, an empty one", "no call is answered", quick=True)
def alpn(world):
    seen = []
    for protocols in ((), ("http/1.1",), tuple(f"x{at}" for at in range(200)), ("h3", "spdy/3.1")):
        try:
            answer = world.bootstrap(alpn=protocols).call("Bootstrap/Enroll", token="A" * 43, server_name="web")
            seen.append(held(answer.code == "CONNECTION", answer))
        except OSError as error:
            seen.append(type(error).__name__)
    return "no call is answered" if seen else ""


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


@attack("tls", "a fall back to TLS 1.2 that a man in the middle forces", "no handshake")
def fallback(world):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{world.ports['session']}", "-tls1_2", "-fallback_scsv", "-alpn", "h2"], input="",
                          capture_output=True, text=True, timeout=30)
    held("Cipher is (NONE)" in done.stdout, f"a handshake: {done.stdout[-300:]}")
    return "inappropriate_fallback" if "inappropriate fallback" in done.stderr else "ended"


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
    if state["session"] is None:
        return "no tickets"
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
    connection.recv(65536)
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
    seen.append(held(took < 20, f"ended after {took:.0f} s"))
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
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        for listener in LISTENERS:
            for data in (bytes(lies), bytes(ciphers)[:16000], b"\x16\x03\x01\x40\x00" + os.urandom(16384), b"\x17\x03\x03\xff\xff" + bytes(100), bytes([0x16, 3, 1, 0, 0]) * 500):
                for _ in range(100):
                    try:
                        connection = tls.tcp(world.ports[listener])
                        connection.sendall(data)
                        connection.close()
                    except OSError:
                        pass
    took = measure.cpu_seconds(world.orchestrator.processes()) - before
    held(peak.most - rest < 64 and took < 15, f"{peak.most - rest:.0f} MiB, {took:.1f} s of a processor")
    return f"{peak.most - rest:.0f} MiB more, {took:.1f} s; {honest(world)}"


@attack("tls", "40,000 warnings, empty records and ChangeCipherSpecs in a handshake", "ended early")
def junk_records(world):
    seen = []
    for record in (b"\x15\x03\x01\x00\x02\x01\x5a", b"\x14\x03\x03\x00\x01\x01", b"\x17\x03\x03\x00\x00", b"\x16\x03\x03\x00\x00"):
        before = measure.cpu_seconds(world.orchestrator.processes())
        connection, sent = tls.tcp(world.ports["bootstrap"]), 0
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
        seen.append(held(ended and took < 3, f"ended: {ended} ({took:.1f} s of a processor)") and "ended")
    return all_held(seen)


@attack("tls", "40,000 KeyUpdates, each of which asks for another", "ended, or without cost to others")
def key_updates(world):
    library = ctypes.CDLL("libssl.so.3")
    library.SSL_key_update.argtypes = [ctypes.c_void_p, ctypes.c_int]
    before, rest = measure.cpu_seconds(world.orchestrator.processes()), world.orchestrator.resident_mib()
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_alpn_protos([b"h2"])
    plain = tls.tcp(world.ports["bootstrap"])
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
    held(sent > 10, f"only {sent} were sent")
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
    for kind in ("changed", "doubled"):
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
        if hasattr(made, "code"):
            seen.append(str(made))
        else:
            raise Succeeded(f"{kind}: the call was done")
    return "ended" if seen else ""
