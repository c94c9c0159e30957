"""Certificate requests: what a machine asks for beyond a key, and requests that are none."""
import ipaddress
import random

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from frame import der, measure
from frame.attack import Succeeded, all_held, attack, held, refused, tried
from frame.certificates import Identity, key_pem, new_key, request

ANSWERS = ("E-BOOTSTRAP-CSR", "E-REQUEST-INVALID")


def ask(world, csr, **how):
    """Shows a request with a good token, as a server that is expected."""
    return world.enroll(world.token(), world.server(), csr=csr, **how)


def bad(world, *requests, also=()):
    """Each must be refused for what it is: the same token and name with a good request are let in afterwards."""
    seen = []
    for csr in requests:
        token, name = world.token(), world.server()
        seen.append(refused(world.enroll(token, name, csr=csr), *ANSWERS, *also))
        good = world.enroll(token, name)
        tried(isinstance(good, Identity), f"with a good request: {good}")
    return all_held(seen)


@attack("csr", "subject and names of another server, of another tenant, of an operator", "the certificate names the server that the token admits, nothing else", quick=True)
def other_names(world):
    victim, seen = world.member(), []
    for uri in (f"muster://acme/prod/{victim.server_id}", "muster://globex/prod/srv-x", "muster://operator/opr-x"):
        key = new_key()
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), x509.DNSName("muster-orchestrator"),
                                             x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = world.enroll(world.token(), world.server(), key=key, csr=request(key, uri, [(names, True)]))
        held(isinstance(made, Identity), f"not answered: {made}")
        got = made.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        seen.append(held([name.value for name in got] == [f"muster://acme/prod/{made.server_id}"] and made.server_id != victim.server_id
                         and uri not in made.certificate.subject.rfc4514_string(), "its own name only"))
    return all_held(seen)


@attack("csr", "an authority, a server's certificate, code signing, any purpose", "a client's, no authority", quick=True)
def other_purposes(world):
    key, purposes = new_key(), ExtendedKeyUsageOID
    usage = x509.KeyUsage(True, True, True, True, True, True, True, False, False)
    wishes = [(x509.BasicConstraints(True, None), True), (usage, True),
              (x509.ExtendedKeyUsage([purposes.SERVER_AUTH, purposes.CODE_SIGNING, purposes.ANY_EXTENDED_KEY_USAGE, purposes.OCSP_SIGNING]), True)]
    made = world.enroll(world.token(), world.server(), key=key, csr=request(key, "x", wishes)).certificate.extensions
    got = list(made.get_extension_for_class(x509.ExtendedKeyUsage).value)
    signs = made.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    return held(not made.get_extension_for_class(x509.BasicConstraints).value.ca and got == [purposes.CLIENT_AUTH] and not signs, "a client's, no authority")


@attack("csr", "signed by another key than its own", "E-BOOTSTRAP-CSR", quick=True)
def other_signature(world):
    mine, other = new_key(), new_key()
    spki = other.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return bad(world, der.request_with_key(spki, mine))


@attack("csr", "for the authority's own public key, for the orchestrator's", "E-BOOTSTRAP-CSR")
def their_keys(world):
    keys = [world.stolen_authority().certificate.public_key()]
    keys += [x509.load_pem_x509_certificate(file.read_bytes()).public_key() for file in (world.orchestrator.data / "listeners").glob("*.crt")]
    return bad(world, *(der.request_with_key(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo), new_key())
                        for key in keys))


@attack("csr", "keys that are no P-256: RSA of 1024 and 4096 bits, P-384, P-521, secp256k1, brainpool, Ed25519", "E-BOOTSTRAP-CSR")
def other_keys(world):
    keys = [rsa.generate_private_key(65537, 1024), rsa.generate_private_key(65537, 4096), new_key(ec.SECP384R1()), new_key(ec.SECP521R1()),
            new_key(ec.SECP256K1()), new_key(ec.BrainpoolP256R1())]
    return bad(world, *map(request, keys), request(ed25519.Ed25519PrivateKey.generate(), hash=None))


@attack("csr", "P-256 with its curve written out, the same with another generator (CVE-2020-0601)", "E-BOOTSTRAP-CSR")
def written_out(world):
    key = new_key()
    spki = der.p256_written_out(key.public_key())
    # The generator is the key itself: a private key of 1 would sign for it.
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    false = spki.replace(bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                                       "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"), point)
    return bad(world, der.request_with_key(spki, key), der.request_with_key(false, key))


@attack("csr", "the key of an evicted machine in other words: point compressed, curve written out", "refused", quick=True)
def other_encoding(world):
    member = world.member()
    world.muster("server", "evict", f"acme/prod/{member.name}")
    point = member.key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    full = member.key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    head = der.sequence(der.EC_PUBLIC_KEY, bytes.fromhex("06082a8648ce3d030107"))
    hybrid = bytes([6 + full[-1] % 2]) + full[1:]
    forms = [der.sequence(head, der.tlv(3, b"\0" + each)) for each in (point, hybrid)] + [der.p256_written_out(member.key.public_key())]
    seen = all_held(refused(world.enroll(world.token(), member.name, csr=der.request_with_key(spki, member.key)), *ANSWERS, "E-BOOTSTRAP-EVICTED") for spki in forms)
    fresh = world.enroll(world.token(), member.name)
    tried(isinstance(fresh, Identity), f"with a new key: {fresh}")
    return seen


@attack("csr", "points that are on no curve: (1, 1), zero, infinity, of a wrong length", "E-BOOTSTRAP-CSR")
def no_points(world):
    head = der.sequence(der.EC_PUBLIC_KEY, bytes.fromhex("06082a8648ce3d030107"))
    points = [b"\x04" + (1).to_bytes(32, "big") * 2, b"\x04" + bytes(64), b"\x00", b"\x04" + b"\xff" * 64, b"\x02" + bytes(32), b"\x04" + bytes(63), b""]
    return bad(world, *(der.request_with_key(der.sequence(head, der.tlv(3, b"\0" + point)), new_key()) for point in points))


@attack("csr", "signed with SHA-1, with MD5's name, with an empty and a zero signature", "E-BOOTSTRAP-CSR, or a signature that the key made")
def weak_signatures(world):
    key = new_key()
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    body = der.sequence(der.integer(0), der.sequence(), spki, der.tlv(0xA0))
    md5 = bytes.fromhex("300c06082a864886f70d02050500")
    none = der.sequence(bytes.fromhex("0603550400"))
    requests = []
    for algorithm in (der.ECDSA_SHA256, md5, none):
        for signature in (b"", der.sequence(der.integer(0), der.integer(0)), der.sequence(der.integer(1), der.integer(1)), bytes(64)):
            requests.append(der.armored("CERTIFICATE REQUEST", der.sequence(body, algorithm, der.tlv(3, b"\0" + signature))))
    seen = bad(world, *requests)
    sha1 = ask(world, request(key, hash=hashes.SHA1()))
    return all_held([seen, f"SHA-1 {'taken, by its own key' if isinstance(sha1, Identity) else sha1}"])


@attack("csr", "300 good requests with a byte changed, cut off, doubled", "E-BOOTSTRAP-CSR, or still signed by its own key")
def mutated(world):
    """One token and one name: who is answered twice holds the same record."""
    generator, name, key = random.Random(8), world.server(), new_key()
    good = x509.load_pem_x509_csr(request(key).encode()).public_bytes(serialization.Encoding.DER)
    client, taken, codes = world.bootstrap(), 0, set()
    token = world.token(max_uses=5)
    first = client.call("Bootstrap/Enroll", token=token.secret, server_name=name, certificate_request_pem=der.armored("CERTIFICATE REQUEST", good))
    tried(first.ok, f"the request as it was is answered with {first}")
    for _ in range(300):
        mutant = bytearray(good)
        kind, at = generator.randrange(4), generator.randrange(len(good))
        if kind == 0:
            mutant[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            del mutant[at:]
        elif kind == 2:
            mutant[at:at] = mutant[at:at + generator.randrange(1, 40)]
        else:
            mutant[at] = generator.randrange(256)
        answer = client.call("Bootstrap/Enroll", token=token.secret, server_name=name, certificate_request_pem=der.armored("CERTIFICATE REQUEST", bytes(mutant)))
        if not answer.ok:
            codes.add(str(refused(answer, *ANSWERS, "E-BOOTSTRAP-NAME-TAKEN", "E-BOOTSTRAP-KEY-WAITS")))
            continue
        taken += 1
        if x509.load_pem_x509_certificate(answer.message.certificate_pem.encode()).public_key().public_numbers() != key.public_key().public_numbers():
            raise Succeeded("a certificate for a key that signed nothing")
    tried(taken < 150, f"{taken} of 300 are still good: little was changed")
    return all_held([*sorted(codes), f"{taken} still good"])


@attack("csr", "no request: empty, a certificate, a private key, a password's prompt, armor in armor, NULs, 60 kB", "E-BOOTSTRAP-CSR; nothing of it in the log")
def no_requests(world):
    key = new_key()
    secret = key_pem(key)
    encrypted = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")).decode()
    good = request(key)
    texts = ["", "x", secret, encrypted, world.orchestrator.ca_pem, "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
             "-----BEGIN CERTIFICATE REQUEST-----\n" * 3, "\0" * 100, good.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n", 1), "A" * 60_000]
    seen = bad(world, *texts)
    line = secret.splitlines()[1]
    held(line not in world.orchestrator.said(), "a private key is in the log")
    return seen


@attack("csr", "10,000 attributes, names within names 4,000 deep, lengths that lie", "E-BOOTSTRAP-CSR or answered, within a second of a processor")
def greedy(world):
    key = new_key()
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    attribute = der.sequence(bytes.fromhex("06032a0304"), der.tlv(0x31, der.integer(1)))
    deep = b""
    for _ in range(2000):
        deep = der.tlv(0x30, deep)
    lie = bytes.fromhex("3084ffffffff") + b"\x02\x01\x00" * 10
    before, seen = measure.cpu_seconds(world.orchestrator.processes()), []
    for csr in (der.request_with_key(spki, key, attribute * 700), der.request_with_key(spki, key, der.sequence(bytes.fromhex("06032a0304"), der.tlv(0x31, deep))),
                der.armored("CERTIFICATE REQUEST", deep), der.armored("CERTIFICATE REQUEST", lie), der.request_with_key(spki, key, attribute * 2500)):
        made = ask(world, csr)
        seen.append("answered" if isinstance(made, Identity) else refused(made, *ANSWERS))
    took = measure.cpu_seconds(world.orchestrator.processes()) - before
    held(took < 2, f"{took:.1f} s of a processor")
    return all_held(seen)


@attack("csr", "an honest worker's request, seen on its way, is shown again with another token and name", "the honest one stays in; the thief has no key to it")
def replayed(world):
    name = world.server()
    key = new_key()
    csr, token = request(key), world.token(max_uses=5)
    honest = world.enroll(token, name, key=key, csr=csr)
    held(world.session_says(honest, name) == "Welcome", "not let in at first")
    seen = []
    for thief_token, thief_name in ((world.token(), world.server()), (token, name), (token, world.server()), (world.token("acme/lab"), world.server("acme/lab")),
                                    (world.token("globex/prod"), world.server("globex/prod"))):
        made = world.enroll(thief_token, thief_name, key=key, csr=csr)
        seen.append("a certificate without its key" if isinstance(made, Identity) else str(made))
        said = world.session_says(honest, name)
        held(said == "Welcome", f"the honest one is out: {said}")
    return all_held(seen) + "; the honest one is in"


@attack("csr", "Renew for another worker's public key, for an RSA key, with another's signature", "refused before anything is made")
def renew(world):
    member, other = world.member(), world.member()
    spki = other.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    client = world.session(member)
    seen = [refused(client.call("Session/Renew", certificate_request_pem=csr), *ANSWERS, "E-CERT-NOT-DUE")
            for csr in (der.request_with_key(spki, member.key), request(rsa.generate_private_key(65537, 2048)), "", "A" * 200_000)]
    for one in (member, other):
        held(world.session_says(one, one.name) == "Welcome", f"{one.name} is out")
    return all_held(seen)


@attack("csr", "an operator's request for another's key, for a provider_admin's name, of a wrong kind", "refused, or only its own name is in it")
def operators(world):
    client, key = world.admin(world.operator("tenant_admin")), new_key()
    boss = world.first_operator()
    uri = boss.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value[0].value
    wish = request(key, uri, [(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), False), (x509.BasicConstraints(True, None), True)])
    made = client.call("CreateOperator", name=world.unique("op"), role=1, tenant_ids=["acme"], certificate_request_pem=wish)
    held(made.ok, made)
    certificate = x509.load_pem_x509_certificate(made.message.certificate_pem.encode())
    names = [name.value for name in certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value]
    held(names == [f"muster://operator/{made.message.operator.operator_id}"] and not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca,
         f"it names {names}")
    spki = boss.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    seen = [refused(client.call("CreateOperator", name=world.unique("op"), role=1, tenant_ids=["acme"], certificate_request_pem=csr), "E-REQUEST-INVALID", *ANSWERS)
            for csr in (der.request_with_key(spki, key), request(rsa.generate_private_key(65537, 2048)), der.request_with_endless_curve(), "x")]
    return all_held(["its own name", *seen])
