"""Certificates and requests by hand, where a library would refuse to write them."""
import base64
import hashlib
import socket
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
PRIME_FIELD = bytes.fromhex("06072a8648ce3d0101")
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def tlv(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + content


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def sequence(*parts):
    return tlv(0x30, *parts)


def armored(name, der):
    text = base64.b64encode(der).decode()
    return f"-----BEGIN {name}-----\n" + "\n".join(text[at:at + 64] for at in range(0, len(text), 64)) + f"\n-----END {name}-----\n"


def explicit_key(prime, a, b, generator, order, point):
    """A public key whose curve is written out."""
    curve = sequence(integer(1), sequence(PRIME_FIELD, integer(prime)), sequence(tlv(4, a), tlv(4, b)), tlv(4, generator), integer(order), integer(1))
    return sequence(sequence(EC_PUBLIC_KEY, curve), tlv(3, b"\0" + point))


def endless_key():
    """The modulus is no prime, and the point is compressed: OpenSSL before 3.0.2 looks for its root for ever."""
    prime, size = 0x460201, 3
    return explicit_key(prime, bytes(size), (0x20A7EE).to_bytes(size, "big"), b"\x02" + bytes(size), 0x460201, b"\x02" + bytes(size))


def p256_written_out(public_key):
    """An honest key, its curve written out instead of named."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = bytes.fromhex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
    g = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    point = public_key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return explicit_key(p, (p - 3).to_bytes(32, "big"), b, g, n, point)


def request_with_key(spki, key, attributes=b""):
    """A PKCS #10 request for any key, signed by `key`."""
    body = sequence(integer(0), sequence(), spki, tlv(0xA0, attributes))
    signature = key.sign(body, ec.ECDSA(hashes.SHA256()))
    return armored("CERTIFICATE REQUEST", sequence(body, ECDSA_SHA256, tlv(3, b"\0" + signature)))


def request_with_endless_curve():
    return request_with_key(endless_key(), ec.generate_private_key(ec.SECP256R1()))


def certificate_with_key(spki):
    """A certificate for any key; nobody's signature."""
    model = x509.load_der_x509_certificate(_model())
    tbs = sequence(tlv(0xA0, integer(2)), integer(int.from_bytes(hashlib.sha256(spki).digest()[:8], "big")), ECDSA_SHA256, model.issuer.public_bytes(),
                   sequence(tlv(0x17, b"250101000000Z"), tlv(0x17, b"350101000000Z")), model.subject.public_bytes(), spki)
    return sequence(tbs, ECDSA_SHA256, tlv(3, b"\0" + sequence(integer(1), integer(1))))


def _model():
    from .certificates import Authority
    return Authority().certificate.public_bytes(serialization.Encoding.DER)


def certificate_message_with_endless_curve(port):
    """Shows such a certificate to a listener over TLS 1.2, where a client's certificate travels in the clear: written by hand, after a real
    ClientHello."""
    from . import tls
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    connection = tls.tcp(port)
    connection.sendall(outgoing.read())
    received = b""
    connection.settimeout(5)
    try:
        while b"\x0e\x00\x00\x00" not in received[-16:]:  # ServerHelloDone
            data = connection.recv(65536)
            if not data:
                return "TLS 1.2 refused"
            received += data
        certificate = certificate_with_key(endless_key())
        entry = struct.pack(">I", len(certificate))[1:] + certificate
        body = struct.pack(">I", len(entry))[1:] + entry
        message = b"\x0b" + struct.pack(">I", len(body))[1:] + body
        connection.sendall(b"\x16\x03\x03" + struct.pack(">H", len(message)) + message)
        return "certificate refused" if tls.ends_within(connection, 12) else "the listener waits"
    except (TimeoutError, socket.timeout):
        return "no answer to TLS 1.2"
    except OSError:
        return "TLS 1.2 refused"
    finally:
        connection.close()
