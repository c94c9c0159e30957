"""Keys, requests and certificates, honest and forged."""
import dataclasses
import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def new_key(curve=None):
    return ec.generate_private_key(curve or ec.SECP256R1())


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def pem(thing):
    """Of a certificate or a request."""
    return thing.public_bytes(serialization.Encoding.PEM).decode()


def named(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]) if common_name else x509.Name([])


def request(key, common_name="worker", extensions=(), hash=hashes.SHA256()):
    """A PKCS #10 request in PEM; extensions: (extension, critical)."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(named(common_name))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return pem(builder.sign(key, hash))


class Authority:
    """A CA: one of the attacker's own, or the orchestrator's, for what whoever stole its key could do."""

    def __init__(self, key=None, certificate=None, common_name="Muster CA"):
        self.key = key or new_key()
        self.certificate = certificate or self.issue(named(common_name), self.key.public_key(), authority=True, issuer=named(common_name))

    @classmethod
    def like(cls, certificate_pem):
        """Another key under the very name of an authority."""
        model = x509.load_pem_x509_certificate(certificate_pem.encode())
        mine = cls.__new__(cls)
        mine.key = new_key()
        mine.certificate = mine.issue(model.subject, mine.key.public_key(), authority=True, issuer=model.subject)
        return mine

    @classmethod
    def stolen(cls, data_dir):
        folder = pathlib.Path(data_dir, "ca")
        return cls(serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None),
                   x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()))

    def issue(self, subject, public_key, *, uris=(), dns=(), begins=-DAY, ends=30 * DAY, authority=False, issuer=None, purposes=None, hash=hashes.SHA256(),
              key=None, extensions=()):
        """A certificate; begins and ends count from now. purposes: of extended key usage, by default the client's; () for none."""
        now = datetime.datetime.utcnow()
        subject = named(subject) if isinstance(subject, str) else subject
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or self.certificate.subject).public_key(public_key)
                   .serial_number(x509.random_serial_number()).not_valid_before(now + begins).not_valid_after(now + ends)
                   .add_extension(x509.BasicConstraints(authority, None), True))
        if uris or dns:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris] + [x509.DNSName(name) for name in dns]), not subject)
        if purposes is None and not authority:
            purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(key or self.key, hash)


@dataclasses.dataclass
class Identity:
    """A certificate with its key, of a worker, an operator or nobody; files() is what TLS takes."""
    key: object
    certificate_pem: str
    ca_pem: str
    folder: pathlib.Path
    server_id: str = ""
    zone: str = ""
    admitted: bool = True

    def files(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        certificate.write_text(self.certificate_pem)
        key.touch(0o600)
        key.write_text(key_pem(self.key))
        return certificate, key

    @property
    def certificate(self):
        return x509.load_pem_x509_certificate(self.certificate_pem.encode())
