"""A real small SMTP server for tests: prints its port, then one line for each thing that it takes.

usage: smtp_server.py [--tls CERT KEY] [--auth USER PASSWORD] [--replies CODE,CODE,…]
  --replies   the answers to the first mails, instead of 250
"""
import argparse
import asyncio
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, replies):
        self.replies = replies

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        reply = self.replies.pop(0) if self.replies else "250"
        lines = envelope.content.decode("utf-8", "replace").splitlines()
        fields = [line for line in lines[:lines.index("")] if line.startswith("Muster-")]
        print("mail", reply, "tls" if session.ssl else "plain", session.auth_data or "-", envelope.mail_from,
              ",".join(envelope.rcpt_tos), *fields, flush=True)
        print("content", "".join(lines[lines.index("") + 1:]), flush=True)
        return reply + (" taken" if reply == "250" else " not now")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--tls", nargs=2)
    arguments.add_argument("--auth", nargs=2)
    arguments.add_argument("--replies", default="")
    flags = arguments.parse_args()
    options = {}
    if flags.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*flags.tls)
        options = {"tls_context": context, "require_starttls": True}

    def authenticate(server, session, envelope, mechanism, data):
        good = flags.auth and [data.login.decode(), data.password.decode()] == flags.auth
        return AuthResult(success=bool(good), handled=False, auth_data=data.login.decode())

    handler = Handler(flags.replies.split(",") if flags.replies else [])

    async def serve():
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(handler, hostname="relay.test", authenticator=authenticate, auth_require_tls=True,
                         auth_required=bool(flags.auth), **options), "127.0.0.1", 0)
        print("port", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(serve())


main()
