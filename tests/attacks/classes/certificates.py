"""Certificates: none, forged, of others, ended, of another purpose; on the workers' and the operators' listener."""
import datetime
import sqlite3
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from frame import der, measure
from frame.attack import all_held, attack, held, refused, tried
from frame.certificates import DAY, Authority, Identity, new_key, pem, request


TLS = "CONNECTION"  # The handshake fails, or the connection ends with it: gRPC 1.51 says no more. Without a control it would prove nothing.


def knock(world, identity, **how):
    """What both listeners answer to this certificate, between two calls of those who may: they are let in, so that a connection that ends is a refusal."""
    rightful(world)
    said = [world.session(identity, **how).call("Session/Renew", certificate_request_pem=request(new_key())), world.admin(identity, ca_pem=world.orchestrator.ca_pem, **how)
            .call("WhoAmI")]
    rightful(world)
    return said


def rightful(world):
    """A worker and an operator with certificates that are theirs."""
    if not hasattr(world, "rightful"):
        world.rightful = world.member(), world.operator("viewer")
    member, operator = world.rightful
    worker = world.session(member).call("Session/Renew", certificate_request_pem=request(new_key()))
    tried(worker.failure == "E-CERT-NOT-DUE", f"the rightful worker is answered with {worker}")
    who = world.admin(operator).call("WhoAmI")
    tried(who.ok, f"the rightful operator is answered with {who}")


def shut_out(world, identity, session=(TLS,), admin=None, **how):
    """Both listeners must refuse it so: by TLS, or with one of these codes, which tell that TLS let it pass and the record did not."""
    at_session, at_admin = knock(world, identity, **how)
    return all_held([refused(at_session, *session), refused(at_admin, *(session if admin is None else admin))])


UNKNOWN = {"session": ("E-CERT-UNKNOWN",), "admin": ("E-AUTH-REQUIRED",)}


def uri_of(world, member):
    return f"muster://{member.zone}/{member.server_id}"


def name_of(identity):
    return identity.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value[0].value


def forged(world, authority, uri=None, **how):
    key = new_key()
    uri = uri or uri_of(world, world.member())
    return world.with_certificate(key, authority.issue("", key.public_key(), uris=[uri], **how))


@attack("certificates", "none at all", "TLS refuses", quick=True)
def none(world):
    rightful(world)
    seen = all_held(refused(answer, TLS) for answer in (
        world.session().call("Session/Renew"), world.admin(source=world.address()).call("WhoAmI"), world.session().call("Health/Check"),
        world.admin(source=world.address()).call("Health/Check")))
    rightful(world)
    return seen


@attack("certificates", "made by itself, with a member's name", "TLS refuses")
def self_signed(world):
    key, uri = new_key(), uri_of(world, world.member())
    mine = Authority(key, None, "web")
    return shut_out(world, world.with_certificate(key, mine.issue("", key.public_key(), uris=[uri])))


@attack("certificates", "of another authority under the very name of ours: a worker's, an operator's", "TLS refuses", quick=True)
def namesake(world):
    authority = Authority.like(world.orchestrator.ca_pem)
    operator = name_of(world.first_operator())
    return all_held([shut_out(world, forged(world, authority)), shut_out(world, forged(world, authority, operator))])


@attack("certificates", "of another orchestrator of ours", "TLS refuses")
def other_orchestrator(world):
    folder = world.folder / "other"
    world.orchestrator.run("muster-orchestrator", "init", "--data-dir", folder, "--address", "127.0.0.1")
    other = Authority.stolen(folder)
    return shut_out(world, forged(world, other))


@attack("certificates", "a worker signs one for another server with its own key", "TLS refuses: it is no authority", quick=True)
def worker_as_authority(world):
    worker, victim, key = world.member(), world.member(), new_key()
    authority = Authority(worker.key, worker.certificate)
    leaf = world.with_certificate(key, authority.issue("", key.public_key(), uris=[uri_of(world, victim)]))
    leaf.certificate_pem += worker.certificate_pem
    return shut_out(world, leaf)


@attack("certificates", "an operator of one tenant signs one for a provider_admin", "TLS refuses: it is no authority")
def operator_as_authority(world):
    operator, key = world.operator("viewer"), new_key()
    authority = Authority(operator.key, operator.certificate)
    uri = name_of(world.first_operator())
    leaf = world.with_certificate(key, authority.issue("", key.public_key(), uris=[uri]))
    leaf.certificate_pem += operator.certificate_pem
    return shut_out(world, leaf)


@attack("certificates", "an operator's, as a worker", "E-CERT-UNKNOWN")
def operator_at_session(world):
    operator = world.operator("tenant_admin")
    renewed = world.session(operator).call("Session/Renew", certificate_request_pem=request(new_key()))
    return all_held([refused(renewed, "E-CERT-UNKNOWN"), held(world.session_says(operator) == "E-CERT-UNKNOWN", world.session_says(operator))])


@attack("certificates", "one that has expired, one that begins tomorrow (of the stolen authority)", "TLS refuses")
def dates(world):
    stolen = world.stolen_authority()
    seen = []
    for uri in (uri_of(world, world.member()), name_of(world.first_operator())):
        seen.append(shut_out(world, forged(world, stolen, uri, begins=-30 * DAY, ends=-datetime.timedelta(seconds=5))))
        seen.append(shut_out(world, forged(world, stolen, uri, begins=DAY, ends=2 * DAY)))
        refused(world.admin(forged(world, stolen, uri)).call("WhoAmI"), "E-AUTH-REQUIRED")  # With good dates TLS lets it pass.
    return all_held(seen)


@attack("certificates", "for a server's use, for signing code, for any use (of the stolen authority)", "TLS refuses; for any use E-CERT-UNKNOWN, E-AUTH-REQUIRED")
def purpose(world):
    stolen = world.stolen_authority()
    return all_held([shut_out(world, forged(world, stolen, purposes=[ExtendedKeyUsageOID.SERVER_AUTH])),
                     shut_out(world, forged(world, stolen, purposes=[ExtendedKeyUsageOID.CODE_SIGNING])),
                     shut_out(world, forged(world, stolen, purposes=()), **UNKNOWN)])


@attack("certificates", "the listeners' own and the door's, with their keys, as a client's", "TLS refuses")
def listeners_own(world):
    seen = []
    for name in sorted(path.stem for path in (world.orchestrator.data / "listeners").glob("*.key")):
        folder = world.orchestrator.data / "listeners"
        key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
        seen.append(shut_out(world, Identity(key, (folder / f"{name}.crt").read_text(), world.orchestrator.ca_pem, world.folder / world.unique("own"))))
    held(len(seen) >= 1, "no certificate of a listener was found")
    return all_held([f"{len(seen)} certificates", *seen])


@attack("certificates", "two names in one, a name in CN or DNS, names that are nearly ours (of the stolen authority)", "E-CERT-UNKNOWN, E-AUTH-REQUIRED")
def names(world):
    stolen, member = world.stolen_authority(), world.member()
    own = uri_of(world, member)
    operator = name_of(world.first_operator())
    seen = []
    for uris in ([own, operator], [own + "/x"], [own.replace("muster:", "MUSTER:")], [own.replace("acme", "acme%2f")], [own + "?x"], [own + "\0"], ["muster://"],
                 ["muster://operator/"], [operator + "/"], [operator.upper()]):
        key = new_key()
        seen.append(shut_out(world, world.with_certificate(key, stolen.issue("", key.public_key(), uris=uris)), **UNKNOWN))
    for how in ({"subject": own}, {"subject": operator}, {"subject": "", "dns": [own.removeprefix("muster://")]}):
        key = new_key()
        seen.append(shut_out(world, world.with_certificate(key, stolen.issue(how.pop("subject"), key.public_key(), **how)), **UNKNOWN))
    return all_held(seen)


@attack("certificates", "an operator who is on no record (of the stolen authority)", "E-AUTH-REQUIRED")
def unknown_operator(world):
    stolen = world.stolen_authority()
    return shut_out(world, forged(world, stolen, "muster://operator/opr-aaaaaaaaaaaaaaaaaaaa"), **UNKNOWN)


@attack("certificates", "an operator's name with another key (of the stolen authority)", "E-AUTH")
def operator_other_key(world):
    uri = name_of(world.operator("tenant_admin"))
    answer = world.admin(forged(world, world.stolen_authority(), uri)).call("WhoAmI")
    return refused(answer, "E-AUTH-REQUIRED")


@attack("certificates", "a worker moves itself to another zone or tenant (of the stolen authority)", "E-CERT-FOREIGN, E-CERT-UNKNOWN")
def moved(world):
    member, seen = world.member(), []
    for zone in ("acme/lab", "globex/prod"):
        key = new_key()
        forgery = world.with_certificate(key, world.stolen_authority().issue("", key.public_key(), uris=[f"muster://{zone}/{member.server_id}"]))
        seen.append(world.session_says(forgery, member.name))
        held(seen[-1] in ("E-CERT-FOREIGN", "E-CERT-UNKNOWN"), seen[-1])
    return all_held(seen)


@attack("certificates", "of an evicted, a banned and a retired worker: session, Renew, health", "E-CERT-REVOKED, E-BOOTSTRAP-BANNED", quick=True)
def put_out(world):
    seen = []
    for verb in ("evict", "ban", "retire"):
        member = world.member()
        world.muster("server", verb, f"acme/prod/{member.name}")
        said = world.session_says(member, member.name)
        seen += [held(said in ("E-CERT-REVOKED", "E-BOOTSTRAP-BANNED"), said),
                 refused(world.session(member).call("Session/Renew", certificate_request_pem=request(member.key)), "E-CERT-REVOKED")]
    return all_held(seen)


@attack("certificates", "an eviction while the session is open", "the session ends at once; no other one, no renewal")
def evicted_meanwhile(world):
    member = world.member()
    client, stream, welcome = world.connected(member, member.name)
    held(welcome is not None, "no session")
    world.muster("server", "evict", f"acme/prod/{member.name}")
    last = stream.read(5)
    seen = f"goodbye {last.goodbye.code}" if last is not None and last.HasField("goodbye") else str(stream.status())
    stream.read(5)
    renewed = refused(world.session(member).call("Session/Renew", certificate_request_pem=request(member.key)), "E-CERT-REVOKED")
    again = world.session_says(member, member.name)
    held(again == "E-CERT-REVOKED", again)
    return held(stream.over and "E-CERT-REVOKED" in seen, f"{seen}, the stream has {'ended' if stream.over else 'NOT ended'}; then {renewed}")


@attack("certificates", "the one before, after a machine was made anew", "E-CERT-REVOKED")
def superseded(world):
    member = world.member()
    anew = world.enroll(world.token(server_name=member.name), member.name)
    held(world.session_says(anew, member.name) == "Welcome", "the new one was not let in")
    said = world.session_says(member, member.name)
    return held(said == "E-CERT-REVOKED", said)


NOT_RENEWED = ("E-CERT-NOT-DUE", "E-DISPATCH-NOT-ADMITTED")


@attack("certificates", "Renew with a certificate that has had no session", "E-CERT-NOT-DUE, E-DISPATCH-NOT-ADMITTED")
def renew_unconfirmed(world):
    name = world.server()
    identity = world.enroll(world.token(), name)
    seen = refused(world.session(identity).call("Session/Renew", certificate_request_pem=request(identity.key)), *NOT_RENEWED)
    member = world.member()
    second = world.enroll(world.token(server_name=member.name), member.name)
    renewed = world.session(second).call("Session/Renew", certificate_request_pem=request(new_key()))
    return all_held([seen, refused(renewed, *NOT_RENEWED)])


@attack("certificates", "60 renewals in a row, weeks before one is due", "refused until two thirds of its life are over", quick=True)
def renew_flood(world):
    member = world.member()
    client = world.session(member)
    csr = request(member.key)
    answers = [client.call("Session/Renew", certificate_request_pem=csr) for _ in range(60)]
    made = sum(answer.ok for answer in answers)
    tried(sum(answer.failure == "E-CERT-NOT-DUE" for answer in answers) >= 5, f"answered with {all_held(answers)}")
    return held(made == 0, f"{made} certificates made") + f", {all_held(answers)}"


@attack("certificates", "renewals without end when one is due (its dates are moved in the database)", "one for its key, then refused")
def renew_due(world):
    member = world.member()
    database = sqlite3.connect(world.orchestrator.data / "muster.db", timeout=10)
    with database:
        database.execute("UPDATE worker_certificates SET not_before_us = not_before_us - 90 * 86400000000 WHERE server_id = ?", (member.server_id,))
    database.close()
    client = world.session(member)
    answers = [client.call("Session/Renew", certificate_request_pem=request(member.key)) for _ in range(50)]
    answered = [answer for answer in answers if answer.ok]
    held(answered, "not even one: the attack does not attack")
    made = len({answer.message.certificate_pem for answer in answered})
    return held(made == 1 and len(answered) <= 6, f"{made} made, told {len(answered)} times of 50") + f", {answers[-1]}"


@attack("certificates", "chains of the stolen authority: 90 authorities below it, one below it; a certificate of 400 kB", "TLS refuses: it has no authorities below it; the orchestrator stays small")
def long_chain(world):
    stolen, member, seen = world.stolen_authority(), world.member(), []

    def below(levels):
        """A leaf, signed by the last of so many authorities, each signed by the one before it."""
        authority, above = stolen, []
        for at in range(levels):
            key = new_key()
            certificate = authority.issue(f"CA {at}", key.public_key(), authority=True)
            above.insert(0, certificate)
            authority = Authority(key, certificate)
        key = new_key()
        identity = world.with_certificate(key, authority.issue("", key.public_key(), uris=[uri_of(world, member)]))
        identity.certificate_pem += "".join(map(pem, above))
        return identity

    wide_key = new_key()
    wide = world.with_certificate(wide_key, stolen.issue("", wide_key.public_key(), uris=[f"muster://acme/prod/srv-{at:030}" for at in range(8_000)]))
    rest, before = world.orchestrator.resident_mib(), measure.cpu_seconds(world.orchestrator.processes())
    refused(world.session(below(0)).call("Session/Renew", certificate_request_pem=request(new_key())), *UNKNOWN["session"])  # A short one of it passes TLS.
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        seen = [shut_out(world, each) for each in (below(1), below(90), wide) for _ in range(3)]
    took = measure.cpu_seconds(world.orchestrator.processes()) - before
    held(peak.most - rest < 64 and took < 5, f"{peak.most - rest:.0f} MiB more, {took:.1f} s of a processor")
    return all_held(seen)


@attack("certificates", "keys of other kinds, signed by the stolen authority: RSA of 4096 and 2048 bits, P-384, P-521, Ed25519, secp256k1", "TLS refuses, or E-CERT-UNKNOWN, E-AUTH-REQUIRED; without much work")
def other_keys(world):
    keys = [rsa.generate_private_key(65537, 4096), rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP521R1()),
            ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())]
    stolen, member, seen = world.stolen_authority(), world.member(), []
    rightful(world)
    before = measure.cpu_seconds(world.orchestrator.processes())
    for key in keys:
        identity = world.with_certificate(key, stolen.issue("", key.public_key(), uris=[uri_of(world, member)]))
        try:
            seen.append(shut_out(world, identity, (TLS, *UNKNOWN["session"]), (TLS, *UNKNOWN["admin"])))
        except ssl.SSLError as error:
            seen.append(f"this client has none: {error.reason}")
    took = measure.cpu_seconds(world.orchestrator.processes()) - before
    tried(sum("E-CERT-UNKNOWN" in one or TLS in one for one in seen) >= 4, all_held(seen))
    held(took < 3, f"{took:.1f} s of a processor")
    return f"{len(seen)} kinds: {all_held(seen)}"


@attack("certificates", "a curve of its own whose square roots never end (CVE-2022-0778)", "refused at once", quick=True)
def endless_curve(world):
    before = measure.cpu_seconds([world.orchestrator.pid])
    answer = world.bootstrap().call("Bootstrap/Enroll", token="A" * 43, server_name="web", certificate_request_pem=der.request_with_endless_curve(), seconds=10)
    sent = der.certificate_message_with_endless_curve(world.ports["session"])
    took = measure.cpu_seconds([world.orchestrator.pid]) - before
    held(answer.code != "NOTHING" and took < 2, f"{answer}, {took:.1f} s of a processor")
    tried(sent == "certificate refused", sent)
    return all_held([refused(answer, "E-BOOTSTRAP-CSR", "E-REQUEST-INVALID"), sent])


@attack("certificates", "at the Unix socket as another user, by path and by link", "permission denied")
def unix_socket(world):
    socket, link = world.orchestrator.socket, world.folder / "link.sock"
    link.symlink_to(socket)
    world.folder.chmod(0o755)
    seen = []
    for path in (socket, link):
        done = world.as_nobody("/usr/bin/python3", "-c", f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({str(path)!r}); print('in')")
        seen.append(held("in\n" not in done.stdout, done.stderr.strip().splitlines()[-1] if done.stderr else "connected"))
    return all_held(seen)


@attack("certificates", "an orchestrator that is none takes the token of a machine that enrolls", "E-BOOTSTRAP-PIN; the token is not sent")
def false_orchestrator(world):
    """Self-made, a worker's, an operator's, a namesake's: none may pass for the orchestrator."""
    token, seen = world.token(), []
    member, operator = world.member(), world.operator("viewer")
    like, key = Authority.like(world.orchestrator.ca_pem), new_key()
    server = like.issue("", key.public_key(), dns=["muster-orchestrator"], purposes=[ExtendedKeyUsageOID.SERVER_AUTH])
    chain = Authority(member.key, member.certificate)
    leaf_key = new_key()
    leaf = world.with_certificate(leaf_key, chain.issue("", leaf_key.public_key(), dns=["muster-orchestrator"], purposes=[ExtendedKeyUsageOID.SERVER_AUTH]))
    leaf.certificate_pem += member.certificate_pem
    for identity in (world.with_certificate(key, server), member, operator, leaf):
        got, port, end = listen(identity)
        done = world.orchestrator.run("muster-worker", "enroll", "--token-file", token.file, "--data-dir", world.folder / world.unique("victim"), "--server-name",
                                      "web", "--address", f"127.0.0.1:{port}", seconds=60)
        end()
        seen.append("E-BOOTSTRAP-PIN" if "E-BOOTSTRAP-PIN" in done.stderr else f"exit {done.returncode}")
        held(done.returncode != 0 and token.secret.encode() not in bytes(got), f"it took {len(got)} bytes")
    return all_held(seen)


def listen(identity):
    """A TLS server with this identity; what it is told, its port, and how it is ended."""
    import socket
    import threading
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, identity.files()))
    context.set_alpn_protocols(["h2"])
    listener, got = socket.create_server(("127.0.0.1", 0)), bytearray()

    def serve():
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                plain.settimeout(3)
                with context.wrap_socket(plain, server_side=True) as connection:
                    connection.sendall(b"\0\0\0\4\0\0\0\0\0")
                    while data := connection.recv(65536):
                        got.extend(data)
            except OSError:
                plain.close()

    threading.Thread(target=serve, daemon=True).start()

    def end():
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    return got, listener.getsockname()[1], end
