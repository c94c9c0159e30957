"""Connections of every kind: TLS with any certificate, plain TCP, the Unix socket."""
import socket
import ssl


def connect(port, *, host="127.0.0.1", source="127.0.0.1", certificate=None, ca_pem=None, name="muster-orchestrator", alpn=("h2",), lowest=None,
            highest=None, ciphers=None, seconds=15):
    """A TLS connection. Believes everybody without `ca_pem`; certificate: (file, key file). Raises OSError, of which ssl.SSLError is one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_pem:
        context.load_verify_locations(cadata=ca_pem)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if ciphers:
        context.set_ciphers(ciphers)
    if lowest:
        context.minimum_version = lowest
    if highest:
        context.maximum_version = highest
    if certificate:
        context.load_cert_chain(*map(str, certificate))
    plain = tcp(port, host=host, source=source, seconds=seconds)
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except BaseException:
        plain.close()
        raise


def tcp(port, *, host="127.0.0.1", source="127.0.0.1", seconds=15):
    connection = socket.create_connection((host, port), timeout=seconds, source_address=(source, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def unix(path, seconds=15):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(seconds)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def ends_within(connection, seconds):
    """Whether the other side ends this connection in that time; what it says meanwhile is thrown away."""
    import time
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        connection.settimeout(max(0.01, until - time.monotonic()))
        try:
            if not connection.recv(65536):
                return True
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
    return False
