"""Hubs that mean harm to who reads their list. Each is registered as the hub of a tenant of its own, with a verifier whose secret must not come back."""
import base64
import json
import re
import time
import zlib

from frame import measure
from frame.attack import Succeeded, all_held, attack, held, refused, tried
from hostile.http import Server, answer, as_json
from hostile.hub import LIST, Hub, listing, own, record
from hostile.worker import ENROLLED, FAILED, Worker, server

CLIENT, SECRET = "verifier-of-a-hub", "Kx7vQ2mZp9Lr4TnW8sBd"
OBEYED = ("\x1b]", "\x1b[", "\u009b", "\u202e", "\u2066", "\u200b", "\ufeff")


class Zone:
    """A tenant's zone whose hub is `hub`, with one server in it."""

    def __init__(self, world, hub, name="web-1", url=None, ca_pem=None, tenant=None):
        self.world, self.hub = world, hub
        self.tenant = tenant or world.unique("customer")
        self.id = f"{self.tenant}/prod"
        zone = {"zone": "prod", "hub_url": url or hub.url, "joining_key": {"client_id": "joiner", "secret": "joining-secret-0123456789"},
                "verifier": {"token_client_id": CLIENT, "token_secret": SECRET}}
        if ca_pem:
            zone["hub_ca_pem"] = ca_pem
        client = world.admin()
        self.applied = client.call("ApplyFleet", tenants=[{"tenant_id": self.tenant, "zones": [zone]}])
        if self.applied.ok:
            client.call("ImportServers", rows=[{"line": 1, "tenant_id": self.tenant, "zone": "prod", "name": name}])
        client.close()

    def verify(self, seconds=90):
        """Reads the hub: what the answer says of this zone."""
        if not self.applied.ok:
            raise RuntimeError(f"the zone was refused: {self.applied.text}")
        client = self.world.admin()
        said = client.call("VerifyNow", selection={"zone_id": self.id}, seconds=seconds)
        client.close()
        return said


def code_of(said):
    """The failure that the answer holds, as data or as an error; "read" without one."""
    found = re.search(rb"E-[A-Z]+(?:-[A-Z]+)+", said.data)
    return said.failure or (found.group(0).decode() if found else "read" if said.ok else said.code)


def everything_said(world, zone):
    """All that operators can be told about it, as it goes over the wire, and the log."""
    client, said = world.admin(), b""
    for name, fields in (("ListServers", {"selection": {"zone_id": zone.id}}), ("GetReport", {"selection": {"zone_id": zone.id}}),
                         ("ListAuditEvents", {"page_size": 50}), ("ListZones", {"tenant_id": zone.tenant})):
        answer = client.call(name, **fields)
        if not answer.ok:
            raise Succeeded(f"{name} is answered with {answer.text}")
        said += answer.data
    client.close()
    return said.decode("utf-8", "replace") + world.orchestrator.said()[-20000:]


def unharmed(world, zone, said, also=()):
    """The answer's code, when no secret is in anything that is told, and nothing that a terminal obeys."""
    told = everything_said(world, zone) + said.text + said.data.decode("utf-8", "replace")
    for secret in (SECRET, base64.b64encode(SECRET.encode()).decode(), "joining-secret-0123456789", *also):
        held(secret not in told, f"{secret} is told")
    left = [f"{one!a}" for one in OBEYED if one in told]
    held(not left, f"told: {', '.join(left)}")
    return code_of(said)


def reads(world, listed, **how):
    """Registers a hub that answers so, reads it, and looks at what came of it."""
    with Hub(listed, **how) as hub:
        zone = Zone(world, hub)
        said = zone.verify()
        if not any(request.path.split("?")[0] == LIST for request in hub.requests):
            raise RuntimeError(f"the hub was not asked: {said.text}")
        return unharmed(world, zone, said)


@attack("hub", "redirects, with a Location that is no UTF-8, another scheme, this machine", "E-HUB-BAD-ANSWER, not followed", quick=True)
def redirects(world):
    seen = []
    with Server(lambda request: answer(200, "[]")) as elsewhere:
        for status in (301, 302, 303, 307, 308, 300):
            location = {301: b"http://evil/\xff\xfe\x1b]0;owned\x07", 302: b"\xff" * 3000, 303: b"file:///etc/passwd", 307: elsewhere.url.encode(),
                        308: elsewhere.url.encode() + b"/internal/v1/hub/instances", 300: b"gopher://127.0.0.1:9"}[status]
            code = reads(world, answer(status, b"", headers=[("Location", location)]))
            seen.append(held(code == "E-HUB-BAD-ANSWER", f"{status}: {code}") and code)
        held(not elsewhere.requests, f"it was followed, with {elsewhere.received[:200]!r}")
    return all_held(seen) + ", nobody followed"


@attack("hub", "status lines, headers and reasons that are no text", "an E-HUB code")
def bad_heads(world):
    heads = [b"HTTP/1.1 200 \xff\xfe\x1b[31m\r\nContent-Length: 2\r\n\r\n[]", b"HTTP/1.1 999 X\r\nContent-Length: 2\r\n\r\n[]", b"HTTP/9.9 200 X\r\n\r\n[]",
             b"\x00\x01\x02\x03" * 100, b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n[]",
             b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n[]", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n[]",
             b"HTTP/1.1 500 X\r\nContent-Type: \xff\x00\r\nContent-Length: 3\r\n\r\n\xff\xfe\x1b"]
    with Hub(None) as hub:  # A good head is read.
        hub.listed = listing(own(hub.id))
        tried((good := code_of(Zone(world, hub).verify())) == "read", f"a good answer: {good}")
    return all_held(held((code := reads(world, head)).startswith("E-HUB-"), f"{head[:60]!r}: {code}") and code for head in heads)


@attack("hub", "problem answers that repeat the verifier's secret, plain and encoded", "an E-HUB code without it")
def echo(world):
    seen = []
    forms = [SECRET, base64.b64encode(SECRET.encode()).decode(), "".join(f"%{ord(c):02x}" for c in SECRET), "".join(f"\\u{ord(c):04x}" for c in SECRET),
             "".join(f"&#{ord(c)};" for c in SECRET), SECRET.upper()]
    for form in forms:
        problem = json.dumps({"title": f"bad {form}", "detail": f"Check credentials {CLIENT} {form}", "status": 401})
        for status in (401, 500):
            with Hub(answer(status, problem, "application/problem+json", headers=[("X-Echo", SECRET)])) as hub:
                zone = Zone(world, hub)
                seen.append(unharmed(world, zone, zone.verify(), also=[form]))
    return all_held(seen)


@attack("hub", "problem answers that repeat the secret reversed, spaced, split, in hex", "an E-HUB code without it")
def hidden_echo(world):
    seen = []
    for form in (SECRET[::-1], " ".join(SECRET), "-".join(SECRET), SECRET[:10] + "\u200b" + SECRET[10:], SECRET[:10] + " " + SECRET[10:],
                 SECRET.encode().hex(), SECRET.swapcase(), "".join(f"{ord(c)} " for c in SECRET)):
        problem = json.dumps({"title": "bad", "detail": f"Check credentials {form}", "status": 401})
        with Hub(answer(401, problem, "application/problem+json")) as hub:
            zone = Zone(world, hub)
            said = zone.verify()
            shown = re.sub(r"[^A-Za-z0-9]", "", everything_said(world, zone) + said.data.decode("utf-8", "replace"))
            for sought in (re.sub(r"[^A-Za-z0-9]", "", form), SECRET, SECRET[::-1]):
                held(sought not in shown, f"{form!r} came through")
            seen.append(code_of(said))
    return all_held(seen)


@attack("hub", "an endless list", "E-HUB-LIMIT, bounded memory")
def endless_list(world):
    def pieces(request):
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n["
        chunk = (json.dumps(record("x" * 200)) + ",").encode() * 200
        while True:
            yield chunk

    rest = world.orchestrator.resident_mib()
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        code = reads(world, pieces)
    return held(code == "E-HUB-LIMIT" and peak.most - rest < 256, f"{code}, {peak.most - rest:.0f} MiB more")


@attack("hub", "one record, one name, one number and one depth without an end", "E-HUB-LIMIT or E-HUB-BAD-ANSWER, bounded memory")
def endless_pieces(world):
    seen = []
    rest = world.orchestrator.resident_mib()
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        for begin, more in ((b'[{"id":"', b"a" * 65536), (b'[{"a":', b"[" * 65536), (b'[{"n":1', b"0" * 65536), (b"[", b" " * 65536), (b"", b"\n" * 65536),
                            (b'[{"', b'k":1,"' * 10000), (b"[", b"{},[],1,null," * 5000), (b'{"error":"', b"e" * 65536)):
            def pieces(request, begin=begin, more=more):
                yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + begin
                for _ in range(300):
                    yield more

            seen.append(reads(world, pieces))
    return held(peak.most - rest < 256 and "read" not in seen, f"{all_held(seen)}, {peak.most - rest:.0f} MiB more")


@attack("hub", "a packed list that is a thousand times larger", "E-HUB-LIMIT, bounded memory")
def packed(world):
    def squeezed(text, kind):
        packer = zlib.compressobj(9, zlib.DEFLATED, {"gzip": 31, "deflate": 15}[kind])
        return packer.compress(text) + packer.flush()

    seen = []
    rest = world.orchestrator.resident_mib()
    bomb = b"[" + b" " * (260 << 20) + b"]"
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        for kind in ("gzip", "deflate"):
            seen.append(reads(world, answer(200, squeezed(bomb, kind), headers=[("Content-Encoding", kind)])))
        held(all(code.startswith("E-HUB-") for code in seen), all_held(seen))
        twice = squeezed(squeezed(b"[" + b" " * (50 << 20), "gzip"), "gzip")
        seen.append(reads(world, answer(200, twice, headers=[("Content-Encoding", "gzip, gzip")])))
        seen.append(reads(world, answer(200, b"[]", headers=[("Content-Encoding", "br, x, gzip, gzip, gzip, gzip, gzip, gzip")])))
    return held(peak.most - rest < 128, f"{all_held(seen)}, {peak.most - rest:.0f} MiB more")


@attack("hub", "answers that drip a byte a second, or never begin", "E-HUB-LIMIT after its patience; another tenant's hub is read meanwhile", seconds=120)
def drip(world):
    def slow(request):
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n["
        for _ in range(100):
            time.sleep(1)
            yield b" "

    def never(request):
        time.sleep(100)
        return None

    with Hub(slow) as one, Hub(never) as other, Hub(None) as good:
        good.listed = listing(own(good.id), record("web-1"))
        import threading
        bad = [Zone(world, one), Zone(world, other)]
        honest = Zone(world, good)
        answers = {}
        waiting = [threading.Thread(target=lambda zone=zone: answers.update({zone.id: (zone.verify(100), time.monotonic())})) for zone in bad]
        begin = time.monotonic()
        for thread in waiting:
            thread.start()
        time.sleep(0.5)
        said = honest.verify()
        meanwhile = time.monotonic() - begin
        for thread in waiting:
            thread.join(100)
        codes = [code_of(answers[zone.id][0]) if zone.id in answers else "nothing" for zone in bad]
        took = max((at for _, at in answers.values()), default=begin + 100) - begin
    held(all(code.startswith("E-HUB-") for code in codes), all_held(codes))
    return held(code_of(said) == "read" and meanwhile < 10 * measure.slowness() and took < 75 * measure.slowness(), f"{', '.join(codes)} after {took:.0f} s at most; another's read in {meanwhile:.1f} s")


@attack("hub", "content that is no list: HTML, XML, an image, text, nothing, null", "E-HUB-BAD-ANSWER, E-HUB-AUTH")
def other_content(world):
    seen = []
    for kind, body in (("text/html", "<html><script>alert(1)</script>"), ("application/xml", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"),
                       ("image/png", b"\x89PNG\r\n\x1a\n\x00\x00"), ("text/plain", "[] or so"), ("application/json", ""), ("application/json", "null"),
                       ("application/json", "{}"), ("application/json", '"[]"'), ("application/json", "[] []"),
                       (None, b"\xff\xfe[\x00]\x00"), ("application/json; charset=utf-7", "+AFsAXQ-")):
        code = reads(world, answer(200, body, kind))
        held(code != "read", f"{body!r} was read")
        seen.append(code)
    return all_held(seen)


@attack("hub", "names that obey no rule: controls, directions, bytes that are no UTF-8, NUL, half characters", "shown clean, in all lists", quick=True)
def bad_names(world):
    raw = [b'"\xff\xfe"', b'"a\x80b"', b'"\\u0000"', b'"\\u001b]0;owned\\u0007"', '"\u009b31m"'.encode(), '"gnp.exe\u202e\u2066\u200b"'.encode(), b'"\\ud800"',
           b'"\xed\xa0\x80"', b'"' + "\u0628".encode() * 400 + b'"', b'"=cmd|\' /C calc\'!A0"', b"12", b"null", b"[]"]
    seen, told = [], ""
    for name in raw:  # Each in a list of its own: one that is refused must not take the others with it.
        with Hub(None) as hub:
            text = json.dumps(record("TITLE")).encode().replace(b'"TITLE"', name)
            hub.listed = answer(200, b"[" + json.dumps(own(hub.id)).encode() + b"," + text + b"]")
            zone = Zone(world, hub)
            seen.append(unharmed(world, zone, zone.verify()))
            told += world.muster("report", "--section", "observations", "-o", "json", check=False).stdout
    tried(seen.count("read") >= 6, f"of {len(raw)} lists {seen.count('read')} were read: {all_held(seen)}")
    left = [f"{one!a}" for one in OBEYED if one in told]
    return held(not left, f"told: {', '.join(left)}" if left else f"{seen.count('read')} of {len(raw)} lists read; {all_held(seen)}")


@attack("hub", "ids that are none, doubled ids, doubled keys, NUL and a megabyte in ids; workers claim them", "no server is proven by them; by a good id one is", seconds=150)
def bad_ids(world):
    """A hub and its workers together: each worker joined, and claims the id of the record that has its name."""
    odd = ("", " ", "a\nb", "\x00", "x" * 4000, "\u202e", "a\tb", "\x7f", "é")
    with Hub(None) as hub:
        hub.listed = listing(own(hub.id))
        zone = Zone(world, hub, name="unused")
        workers = [Worker(world, zone.id).joins() for _ in range(len(odd) + 2)]
        honest = workers[0]  # Then the doubled one, then those of the odd ids.
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 1))
        records = [record(one.name, dateLastReported=now, dateRegistered=now) for one in workers]
        for each, id in zip(records[2:], odd):
            each["id"] = each["instanceId"] = id
        texts = [json.dumps(own(hub.id)), *map(json.dumps, records)]
        # The doubled one a second time under another title, and with a second id in one record.
        texts += [json.dumps({**records[1], "title": "another", "displayTitle": "another"}), json.dumps(records[1])[:-1] + ',"id":"another","id":"' + records[1]["id"] + '"}']
        hub.listed = answer(200, "[" + ",".join(texts) + "]")
        for one, each in zip(workers, records):
            one.claims(each["id"].replace("\x00", "\ufffd")[:4000], hub_url=hub.url, internal_instance_id=each["internalInstanceId"])
        first = zone.verify()
        code = unharmed(world, zone, first)
        enrolled = [at for at, one in enumerate(workers) if server(world, one.server_id).enrollment == ENROLLED]
        honest_is = honest.ends_as(ENROLLED, FAILED, seconds=20)
        tried(honest_is == ENROLLED, f"the honest one is not proven: {code}, {honest_is}, {len(enrolled)} others")
        enrolled = [at for at, one in enumerate(workers) if server(world, one.server_id).enrollment == ENROLLED]
        for one in workers:
            one.close()
    with Hub(None) as hub:
        hub.listed = listing(own(hub.id), record("nobody", id="x" * 10**6))
        large = code_of(Zone(world, hub).verify())
        held(large.startswith("E-HUB-"), f"with an id of a megabyte: {large}")
    return held(enrolled == [0], f"{code}; proven: {['honest', 'doubled', *map(repr, odd)][enrolled[-1]]}" if enrolled != [0] else f"{code}; the honest one is proven, nobody else")


@attack("hub", "dates before and after all time, and text for numbers", "read or refused")
def bad_dates(world):
    with Hub(None) as hub:
        texts = [own(hub.id)]
        for date in ("0000-00-00T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "99999-01-01T00:00:00Z", "-1", "2026-02-31T25:61:61+99:99", "", "now", 10**30, -1.5, True, None, [],
                     "2026-07-18T09:00:30.1234567" + "7" * 10000, "2026-07-18T09:00:30\u0000Z"):
            texts.append(record("web-1", dateLastReported=date, dateRegistered=date, connectionStatus=date, isPendingConnection=date, tags=date))
        hub.listed = listing(*texts)
        zone = Zone(world, hub)
        code = unharmed(world, zone, zone.verify())
        return held(code == "read" or code.startswith("E-HUB-"), code)


@attack("hub", "Retry-After in all ways: 0, negative, a year, 10^20, a date, text, twice", "left alone for a bounded time")
def retry_after(world):
    seen = []
    for value in ("0", "-1", "31536000", "1" + "0" * 20, "Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 21 Oct 1999 07:28:00 GMT", "soon", "1, 2", "1e9", ""):
        with Hub(answer(429, "{}", headers=[("Retry-After", value)] * 2)) as hub:
            zone = Zone(world, hub)
            first = zone.verify()
            hub.listed = listing(own(hub.id))
            again = zone.verify()  # An operator insists.
            seen.append(f"{code_of(first)}, then {code_of(again)}")
            unharmed(world, zone, first)
    return held(all(one == "E-HUB-RATE-LIMITED, then read" for one in seen), "; ".join(dict.fromkeys(seen)))


@attack("hub", "TLS of a stranger: self-signed, another name, ended, in the clear", "E-HUB-TLS, no secret sent")
def tls_of_strangers(world):
    from datetime import timedelta

    from frame.certificates import Authority, key_pem, new_key, pem
    authority, stranger = Authority(common_name="Hub CA"), Authority(common_name="Hub CA")
    seen = []
    from cryptography.x509.oid import ExtendedKeyUsageOID
    for made_by, dns, ends, purposes in ((stranger, "localhost", timedelta(9), [ExtendedKeyUsageOID.SERVER_AUTH]), (authority, "hub.of.another", timedelta(9), [ExtendedKeyUsageOID.SERVER_AUTH]),
                                         (authority, "localhost", -timedelta(hours=1), [ExtendedKeyUsageOID.SERVER_AUTH]),
                                         (authority, "localhost", timedelta(9), [ExtendedKeyUsageOID.CLIENT_AUTH]), (authority, "localhost", timedelta(9), [ExtendedKeyUsageOID.SERVER_AUTH]), (None, "localhost", None, None)):
        files = None
        if made_by:
            key = new_key()
            certificate = made_by.issue("hub", key.public_key(), dns=[dns], ends=ends, purposes=purposes)
            files = (world.write(f"tls/{world.unique('crt')}", pem(certificate)), world.write(f"tls/{world.unique('key')}", key_pem(key)))
        with Hub(listing(), certificate=files) as hub:
            zone = Zone(world, hub, url=f"https://localhost:{hub.port}", ca_pem=pem(authority.certificate))
            said = zone.verify()
            code = unharmed(world, zone, said)
            if made_by is authority and ends > timedelta(0) and dns == "localhost" and purposes[0] == ExtendedKeyUsageOID.SERVER_AUTH:
                tried(SECRET.encode() in hub.received, f"the right one is answered with {code}")
                continue
            seen.append(held(code in ("E-HUB-TLS", "E-HUB-UNREACHABLE", "E-HUB-ERROR") and SECRET.encode() not in hub.received, f"{code}, the hub got {hub.received[:60]!r}"))
    return all_held(one.split(",")[0] for one in seen)


@attack("hub", "another tenant's hub under another spelling: decimal, dots, port, case, scheme, IPv6", "E-INVENTORY-CONFLICT when it is registered", quick=True)
def aliases(world):
    first = Zone(world, None, url="https://127.31.1.2:8443/base", tenant=world.unique("first"))
    held(first.applied.ok, first.applied)
    names = Zone(world, None, url="http://hub.customer.example", tenant=world.unique("named"))
    held(names.applied.ok, names.applied)
    seen = []
    for alias in ("https://127.31.258:8443/base", "https://0x7f.31.1.2:8443/base", "https://2132738306:8443/base", "https://0177.037.01.02:8443/base", "HTTPS://127.31.1.2:08443/base/",
                  "http://127.31.1.2:8443/base", "https://127.31.1.2.:8443/base", "https://[::ffff:127.31.1.2]:8443/base", "https://127.31.1.2:8443/base/./", "https://127.31.1.2:8443/x/../base",
                  "https://127.31.1.2:8443/%62ase", "http://hub.customer.example:80", "http://HUB.customer.EXAMPLE./", "https://hub.customer.example", "http://hub.customer.example:080/",
                  "http://hub\u3002customer.example", "http://\uff48ub.customer.example", "http://hub.customer.example//", "http://user@hub.customer.example", "http://hub.customer.example?x=1",
                  "http://hub.customer.example#x", "http://hub.customer.example\\@evil", "http://hub.custo\u00admer.example", "http://hub%2ecustomer.example"):
        other = Zone(world, None, url=alias)
        seen.append(f"{alias}: {refused(other.applied, 'E-INVENTORY-CONFLICT', 'E-CONFIG-INVALID', 'E-REQUEST-INVALID')}")
    tried(sum("E-INVENTORY-CONFLICT" in one for one in seen) >= 8, all_held(seen))
    free = Zone(world, None, url="https://127.31.1.3:8443/base")
    tried(free.applied.ok, f"an address that nobody has: {free.applied}")
    return f"{len(seen)} spellings: {all_held(one.split(': ')[-1] for one in seen)}"


@attack("hub", "two tenants' names for one hub, told by its own id", "E-HUB-SHARED for the later one")
def one_hub_two_names(world):
    with Hub(None) as hub, Hub(None) as mirror:
        mirror.id, mirror.facts = hub.id, {"instanceId": hub.id, "version": {"version": "7", "product": "Certify Management Hub"}}
        for each in (hub, mirror):
            each.listed = listing(own(hub.id), record("web-1"))
        first, second = Zone(world, hub), Zone(world, mirror)
        codes = code_of(first.verify()), code_of(second.verify())
        after = code_of(first.verify())
    return held(codes == ("read", "E-HUB-SHARED") and after == "read", f"{codes[0]}, {codes[1]}; the first again: {after}")


@attack("hub", "facts about itself that are endless, wrong, another's, no text", "the list is read all the same, or an E-HUB code")
def bad_facts(world):
    seen = []
    for facts in (b"\xff\xfe", answer(200, "x" * 3000000), answer(200, "null"), answer(500, b"\x1b"), as_json({"instanceId": ["a"], "version": 7}),
                  as_json({"instanceId": "i\u202e" * 5000, "version": {"version": "\x1b]0;owned\x07", "product": "\u009b"}})):
        with Hub(None, facts=facts) as hub:
            hub.listed = listing(own(hub.id), record("web-1"))
            zone = Zone(world, hub)
            seen.append(unharmed(world, zone, zone.verify()))
    return all_held(seen)


@attack("hub", "addresses that are none of a hub: files, sockets, this orchestrator, NUL, 1 MB", "refused when they are registered, or an E-HUB code")
def odd_addresses(world):
    seen = []
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/", "unix:/run/x", "http://", "http://:80", "http://127.0.0.1:99999", "http://127.0.0.1:0", "http://a b", "http://x\x00y",
                "http://" + "a" * 2**20, "javascript:alert(1)", "http://user:password@127.0.0.1:1", "http://127.0.0.1:1\r\nX-Injected: 1", "http://[::1%25lo]:1", "//127.0.0.1"):
        seen.append(refused(Zone(world, None, url=url).applied, "E-CONFIG-INVALID", "E-REQUEST-INVALID", "RESOURCE_EXHAUSTED"))
    own_port = Zone(world, None, url=f"http://127.0.0.1:{world.ports['admin']}")
    seen.append(code_of(own_port.verify()) if own_port.applied.ok else str(own_port.applied))
    return all_held(seen)


@attack("hub", "the credentials on a route that the hub itself names, and cookies that it sets", "sent to the list's routes alone")
def credentials_on_routes(world):
    with Hub(None) as hub:
        hub.listed = answer(404, "{}", headers=[("Set-Cookie", "session=1; Path=/"), ("Link", "</collect>; rel=next"), ("Refresh", "0; url=/collect"),
                                                ("WWW-Authenticate", 'Basic realm="x"'), ("Alt-Svc", 'h2=":1"')])
        zone = Zone(world, hub)
        code = unharmed(world, zone, zone.verify())
        zone.verify()
        tried(sum(SECRET in request.raw.decode("latin-1") for request in hub.requests) >= 2, "the credentials were not sent twice")
        paths = {request.path.split("?")[0] for request in hub.requests if SECRET in request.raw.decode("latin-1")}
        cookies = [request.path for request in hub.requests if "cookie" in request.headers]
    return held(paths <= {LIST, "/api/v1/hub/instances"} and not cookies, f"{code}; the secret went to {', '.join(sorted(paths))}; no cookie came back")


@attack("hub", "all that the hubs of this class said, in every list and format of the command line", "shown, never obeyed")
def shown(world):
    with Hub(None) as hub:
        bad = "\x1b]0;owned\x07\u009b31m\u202e\u200b"
        hub.listed = listing(own(hub.id), record("web-1", displayTitle=bad, os=bad, clientVersion=bad), record(bad))
        zone = Zone(world, hub)
        tried((code := code_of(zone.verify())) == "read", f"the hub was not read: {code}")
    with Hub(answer(401, json.dumps({"title": f"Unauthorized {bad}", "detail": f"Check credentials {bad}"}), "application/problem+json")) as hub:
        refusing = Zone(world, hub)
        refusing.verify()
    told = ""
    for words in (("server", "list"), ("report",), ("report", "--section", "observations"), ("audit", "list", "--limit", "500"), ("zone", "list"),
                  ("verify", "--zone", zone.id), ("server", "explain", f"{zone.id}/web-1"), ("report", "--section", "zones"), ("verify", "--zone", refusing.id)):
        for form in ("table", "json", "csv", "yaml"):
            done = world.muster(*words, "-o", form, check=False)
            # 5: bad news, which the dead hubs are.
            held(done.returncode in (0, 2, 5) , f"muster {' '.join(words)} -o {form} ends with {done.returncode}: {done.stderr[:200]}")
            told += done.stdout + done.stderr
    held(SECRET not in told, "the verifier's secret is shown")
    tried("credentials" in told and "E-HUB-AUTH" in told, "nothing of what they said is shown")
    left = sorted({f"U+{ord(one):04X}" for one in told if one in "\x1b\x07\x08\x7f\x00\u202e\u2066\u200b\ufeff" or "\x80" <= one <= "\x9f"})
    return held(not left, f"shown: {', '.join(left)}" if left else f"nothing to obey in {len(told) >> 10} KiB")
