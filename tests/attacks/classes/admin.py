"""Whoever calls the operators' services and should not, or should not so."""
import gzip
import json
import re
import struct
import time

from frame import measure
from frame.attack import Succeeded, all_held, attack, held, refused, tried
from frame.certificates import new_key, request
from frame.grpc import Closed
from frame.proto import TOP, field, varint, wire

RANKS = ["ROLE_VIEWER", "ROLE_OPERATOR", "ROLE_TENANT_ADMIN", "ROLE_PROVIDER_ADMIN"]


def roles():
    """Each admin method with the rank of the role that it asks for."""
    found = {}
    for file in sorted((TOP / "proto/muster/admin/v1").glob("*.proto")):
        for name, role in re.findall(r"rpc (\w+)\([^{]*\{\s*option \(muster\.authz\.v1\.required_role\) = (\w+);", file.read_text()):
            found[name] = RANKS.index(role)
    tried(len(found) == len(wire().admin_methods()), f"{len(found)} of {len(wire().admin_methods())} methods have a role")
    return found


def every_method_refuses(world, client, codes, methods=None):
    """Calls each with an empty request: each must be refused with one of `codes`, while the rightful caller's same call over a connection of its own is
    answered by what it says, not by who calls."""
    seen, boss = [], world.admin(world.first_operator())
    methods = list(methods or roles())
    for name in methods:
        seen.append(refused(client.call_path(wire().path(name), b"", seconds=10), *codes))
        control = boss.call_path(wire().path(name), b"", seconds=20)
        tried(control.code not in ("UNAUTHENTICATED", "PERMISSION_DENIED", "CONNECTION", "NOTHING", "UNIMPLEMENTED"), f"{name} by who may: {control}")
    client.close()
    boss.close()
    tried(len(seen) >= 1, "there is no such method")
    return f"{len(seen)} methods: {all_held(seen)}"


def beyond(world, role, tenants=("acme",)):
    """Methods that ask for more than this role."""
    rank = RANKS.index(f"ROLE_{role.upper()}")
    operator = world.operator(role, tenants)
    tried(world.admin(operator).call("WhoAmI").ok, "the operator was never in")
    return every_method_refuses(world, world.admin(operator), ("E-AUTH-FORBIDDEN", "PERMISSION_DENIED"), [name for name, needed in roles().items() if needed > rank])


# ---- who calls ----


@attack(cls="admin", name="nobody: TLS without a certificate, every method", expected="TLS refuses; the provider's same calls are answered", quick=True)
def without_certificate(world):
    return every_method_refuses(world, world.admin(ca_pem=world.orchestrator.ca_pem), ("CONNECTION",))


@attack(cls="admin", name="a worker's certificate, every method", expected="E-AUTH-REQUIRED; the provider's same calls are answered", quick=True)
def as_worker(world):
    return every_method_refuses(world, world.admin(world.member()), ("E-AUTH-REQUIRED",))


@attack(cls="admin", name="a viewer, all that asks for more", expected="PERMISSION_DENIED")
def viewer_writes(world):
    return beyond(world, "viewer")


@attack(cls="admin", name="an operator, all that asks for more", expected="PERMISSION_DENIED")
def operator_administers(world):
    return beyond(world, "operator")


@attack(cls="admin", name="a tenant_admin, all that asks for more", expected="PERMISSION_DENIED")
def tenant_admin_provides(world):
    return beyond(world, "tenant_admin")


@attack(cls="admin", name="a revoked operator, over its old connection and a new one", expected="E-AUTH-REVOKED", quick=True)
def revoked(world):
    operator = world.operator("tenant_admin")
    client = world.admin(operator)
    if not client.call("WhoAmI").ok:
        raise RuntimeError("the operator was never in")
    world.muster("operator", "revoke", operator.name, "--reason", "attack", "--yes")
    return all_held([refused(client.call("WhoAmI"), "E-AUTH-REVOKED"), every_method_refuses(world, world.admin(operator), ("E-AUTH-REVOKED",))])


@attack(cls="admin", name="a revoked operator's open watch", expected="ends with E-AUTH-REVOKED")
def revoked_watch(world):
    operator = world.operator("operator")
    name = world.server()
    made = world.admin(operator).call("CreateRollout", kind=1, selection={"zone_id": "acme/prod", "names": [name]})
    if not made.ok:
        raise RuntimeError(f"no rollout: {made}")
    watcher = world.admin(operator)
    stream = watcher.open("WatchRollout")
    stream.send(wire().GetRolloutRequest(rollout_id=made.message.rollout_id))
    stream.end()
    if stream.read() is None:
        raise RuntimeError("the watch told nothing")
    world.muster("operator", "revoke", operator.name, "--reason", "attack", "--yes")
    while stream.read(10) is not None:
        pass
    world.muster("rollout", "cancel", made.message.rollout_id, check=False)
    return refused(stream.status(), "E-AUTH-REVOKED")


@attack(cls="admin", name="metadata that says who one is", expected="E-AUTH-REQUIRED; without a certificate TLS refuses")
def claimed_in_metadata(world):
    """At the door of operators, of a worker, who is let in by TLS, and of nobody."""
    subject = world.first_operator().certificate.subject.rfc4514_string()
    metadata = [("authorization", "Bearer provider_admin"), ("x-forwarded-client-cert", f"Subject=\"{subject}\""), ("x-ssl-client-verify", "SUCCESS"),
                ("x-muster-operator", "operator:local"), ("x-forwarded-for", "127.0.0.1"), ("muster-role-bin", "AAAA")]
    control = world.admin(world.first_operator()).call("WhoAmI", metadata=metadata)
    tried(control.ok, f"the rightful operator with this metadata: {control}")
    return all_held([refused(world.admin(world.member()).call("WhoAmI", metadata=metadata), "E-AUTH-REQUIRED"),
                     refused(world.admin(ca_pem=world.orchestrator.ca_pem).call("WhoAmI", metadata=metadata), "CONNECTION")])


# ---- the wall between tenants ----


def same_as_nothing(client, method, theirs, nothing):
    """A call about another tenant's thing must be answered as one about what does not exist, word by word but for the name."""
    about_theirs, about_nothing = client.call(method, **theirs), client.call(method, **nothing)

    def words(answer, fields):
        text = answer.text
        for value in fields.values():
            text = text.replace(str(value), "…")
        return answer.code, text

    if about_theirs.ok or words(about_theirs, theirs) != words(about_nothing, nothing):
        raise Succeeded(f"{method}: {about_theirs.text or about_theirs} beside {about_nothing.text or about_nothing}")
    return about_theirs


@attack(cls="admin", name="another tenant's server, by id and by name", expected="as what does not exist", quick=True)
def others_server(world):
    member = world.member("acme/prod")
    client = world.admin(world.operator("tenant_admin", ("globex",)))
    seen = []
    for method in ("GetServer", "ExplainServer", "EvictServer", "AdmitServer"):
        seen.append(same_as_nothing(client, method, {"server": member.server_id}, {"server": "srv-aaaaaaaaaaaaaaaaaaaa"}))
        seen.append(same_as_nothing(client, method, {"server": f"acme/prod/{member.name}"}, {"server": "acme/prod/none-of-it"}))
    for action in range(1, 8):
        seen.append(same_as_nothing(client, "ChangeServer", {"server": member.server_id, "action": action, "new_name": "mine"},
                                    {"server": "srv-aaaaaaaaaaaaaaaaaaaa", "action": action, "new_name": "mine"}))
    return all_held(seen)


@attack(cls="admin", name="lists of all kinds, filtered for another tenant", expected="nothing of it", quick=True)
def others_lists(world):
    """What a bound operator can list at all must hold no word of the other tenant."""
    member = world.member("acme/prod")
    client = world.admin(world.operator("tenant_admin", ("globex",)))
    seen = tells = 0
    for method, fields in [("ListServers", {}), ("ListServers", {"selection": {"tenant_id": "acme"}}), ("ListServers", {"selection": {"zone_id": "acme/prod"}}),
                           ("ListServers", {"selection": {"names": [member.name, "*"]}}), ("ListTenants", {}), ("ListZones", {}),
                           ("ListZones", {"tenant_id": "acme"}), ("ListTokens", {}), ("ListTokens", {"zone_id": "acme/prod"}), ("ListOperators", {}),
                           ("ListRollouts", {}), ("ListRollouts", {"tenant_id": "acme"}), ("ListAuditEvents", {"page_size": 1000}),
                           ("ListAuditEvents", {"subject": member.server_id}), ("ListAuditEvents", {"actor": f"worker:{member.server_id}"}),
                           ("GetReport", {}), ("GetReport", {"tenant_id": "acme"}), ("GetStatus", {}), ("WhoAmI", {})]:
        known = {name for name in wire().request_of(method).DESCRIPTOR.fields_by_name}
        asked = {name: value for name, value in fields.items() if name in known}
        answer = client.call(method, **asked)
        tried(answer.code in ("OK", "NOT_FOUND", "PERMISSION_DENIED", "INVALID_ARGUMENT"), f"{method} {asked}: {answer}")
        full = world.admin().call(method, **asked)
        tells += b"acme" in full.data
        seen += 1
        if b"acme" in answer.data or member.server_id.encode() in answer.data or member.name.encode() + b"\"" in answer.data:
            raise Succeeded(f"{method} {fields}: {answer.data[:120]!r}")
    tried(tells >= 10, f"only {tells} of these tell of it to who may see it")
    return f"{seen} answers without a word of it; {tells} of them have it for who may see it"


@attack(cls="admin", name="a page token of another tenant's list", expected="none of its rows")
def others_page_token(world):
    world.servers("acme/prod", *[f"paged-{i}" for i in range(6)])
    theirs = world.admin(world.operator("viewer", ("acme",))).call("ListServers", page_size=2)
    audit = world.admin().call("ListAuditEvents", page_size=2)
    client = world.admin(world.operator("viewer", ("globex",)))
    seen = []
    for method, token in (("ListServers", theirs.message.next_page_token), ("ListAuditEvents", audit.message.next_page_token)):
        if not token:
            raise RuntimeError(f"{method} gave no page token")
        answer = client.call(method, page_size=1000, page_token=token)
        seen.append(held(b"acme" not in answer.data, answer))
    return all_held(seen)


@attack(cls="admin", name="made-up page tokens and page sizes", expected="refused, or a page as ever")
def made_up_pages(world):
    client, seen = world.admin(world.operator("viewer", ("globex",))), []
    for method in ("ListServers", "ListAuditEvents", "ListRollouts"):
        for token in ("x", "' OR 1=1 --", "AAAA", "A" * 9000, "9223372036854775807", "-1", "acme/prod/paged-1", "YWNtZS9wcm9k", "\x00", "%00"):
            answer = client.call(method, page_token=token)
            seen.append(held(answer.code in ("OK", "INVALID_ARGUMENT", "NOT_FOUND") and b"acme" not in answer.data, answer))
        for size in (-1, -2**31, 2**31 - 1, 1001):
            answer = client.call(method, page_size=size)
            seen.append(held(answer.code in ("OK", "INVALID_ARGUMENT") and b"acme" not in answer.data, answer))
    return all_held(seen)


@attack(cls="admin", name="a rollout of another tenant: watch, pause, cancel, its targets", expected="as what does not exist")
def others_rollout(world):
    name = world.server()
    made = world.admin().call("CreateRollout", kind=1, selection={"zone_id": "acme/prod", "names": [name]}).message
    client = world.admin(world.operator("tenant_admin", ("globex",)))
    seen = [same_as_nothing(client, method, {"rollout_id": made.rollout_id}, {"rollout_id": "rol-aaaaaaaaaaaaaaaaaaaa"})
            for method in ("GetRollout", "WatchRollout", "PauseRollout", "ResumeRollout", "CancelRollout", "ListTargets", "GetReport")]
    world.muster("rollout", "cancel", made.rollout_id)
    return all_held(seen)


@attack(cls="admin", name="a rollout over everything that has a name", expected="no server of the other tenant")
def rollout_over_all(world):
    acme, globex = world.server("acme/prod"), world.server("globex/prod")
    client = world.admin(world.operator("operator", ("globex",)))
    own = client.call("CreateRollout", kind=1, selection={"zone_id": "globex/prod", "names": [globex]})
    tried(own.ok, f"a rollout over its own server: {own}")
    world.muster("rollout", "cancel", own.message.rollout_id)
    seen = []
    for selection in ({"names": ["*"]}, {"names": [acme]}, {"zone_id": "acme/prod"}, {"tenant_id": "acme"}, {"names": [acme, globex]}):
        answer = client.call("CreateRollout", kind=1, selection=selection)
        if answer.ok:
            targets = world.admin().call("ListTargets", rollout_id=answer.message.rollout_id)
            world.muster("rollout", "cancel", answer.message.rollout_id)
            held(b"acme" not in targets.data, targets.data[:100])
            seen.append("without it")
        else:
            seen.append(answer)
    return all_held(seen)


@attack(cls="admin", name="a request id that another operator used", expected="nothing of the other's answer", quick=True)
def others_request_id(world):
    mine, theirs = world.admin(world.operator("operator", ("globex",))), world.admin(world.operator("operator", ("acme",)))
    id = world.unique("request")
    first = theirs.call("CreateToken", zone_id="acme/prod", request_id=id)
    if not first.ok:
        raise RuntimeError(f"no token: {first}")
    secret = re.sub(rb"\s", b"", first.message.token_file.encode())[40:100]
    seen = []
    for zone in ("globex/prod", "acme/prod"):
        answer = mine.call("CreateToken", zone_id=zone, request_id=id)
        seen.append(held(first.message.token.token_id.encode() not in answer.data and secret not in answer.data, answer))
    colleague = world.admin(world.operator("operator", ("acme",)))
    answer = colleague.call("CreateToken", zone_id="acme/prod", request_id=id)
    seen.append(held(first.message.token.token_id.encode() not in answer.data, answer))
    other_fields = theirs.call("CreateToken", zone_id="acme/lab", max_uses=7, request_id=id)
    seen.append(refused(other_fields))
    return all_held(seen)


@attack(cls="admin", name="making operators with more rights than one's own", expected="PERMISSION_DENIED, or as what does not exist")
def raised_rights(world):
    client, seen = world.admin(world.operator("tenant_admin", ("acme",))), []
    for role, tenants in ((4, []), (4, ["acme"]), (3, ["acme", "globex"]), (3, ["globex"]), (1, []), (3, []), (0, ["acme"]), (99, ["acme"]), (-1, ["acme"]),
                          (2, ["acme", "acme", ""]), (3, ["ACME/prod"]), (3, ["*"])):
        answer = client.call("CreateOperator", name=world.unique("raised"), role=role, tenant_ids=tenants, certificate_request_pem=request(new_key()))
        if answer.ok and (role != 2 or list(answer.message.operator.tenant_ids) != ["acme"]):
            raise Succeeded(f"role {role} of {tenants}: {answer.message.operator}")
        seen.append(answer)
    own = client.call("CreateOperator", name=world.unique("raised"), role=3, tenant_ids=["acme"], certificate_request_pem=request(new_key()))
    tried(own.ok, f"one with its own rights: {own}")
    return all_held(seen)


@attack(cls="admin", name="another operator's certificate renewed with a key of one's own", expected="PERMISSION_DENIED, or as what does not exist")
def renews_another(world):
    boss, own = world.first_operator(), world.operator("tenant_admin", ("acme",))
    boss_id = world.admin(boss).call("WhoAmI").message.operator.operator_id
    colleague = world.operator("provider_admin", ())
    client, seen = world.admin(own), []
    for victim in (boss_id, colleague.name, boss_id.upper(), " " + boss_id):
        seen.append(refused(client.call("RenewOperator", operator=victim, certificate_request_pem=request(new_key()), end_others=True)))
        seen.append(refused(client.call("RevokeOperator", operator=victim, reason="attack", even_last=True)))
    viewer = world.admin(world.operator("viewer", ("acme",)))
    seen.append(refused(viewer.call("RenewOperator", operator=own.name, certificate_request_pem=request(new_key()))))
    return all_held(seen)


# ---- what is asked ----


@attack(cls="admin", name="SQL and patterns in every text of a selection", expected="nothing beside what has that name")
def injection(world):
    world.servers("globex/prod", "plain-1")
    client, seen = world.admin(world.operator("operator", ("globex",))), []
    before = len(world.admin().call("ListServers", page_size=1000).message.servers)
    for text in ("' OR '1'='1", "x'; DROP TABLE servers; --", "%", "_lain-1", "plain-?", "[p]lain-1", "\\", "\"", "plain-1' UNION SELECT * FROM joining_keys --",
                 "$.x", "**", "*lain-1", "pl*-1"):
        for selection in ({"names": [text]}, {"tenant_id": text}, {"zone_id": text}, {"labels": {text: text}}, {"labels": {"site": text}}):
            answer = client.call("ListServers", selection=selection)
            if answer.ok and answer.message.servers:
                raise Succeeded(f"{selection} found {len(answer.message.servers)}")
            seen.append(held(answer.code in ("OK", "INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED"), answer))
        for method, name in (("ListAuditEvents", "subject"), ("ListAuditEvents", "actor"), ("GetServer", "server"), ("GetOperator", "operator")):
            answer = client.call(method, **{name: text})
            held(b"acme" not in answer.data, f"{method} {text}: {answer.data[:80]}")
    after = len(world.admin().call("ListServers", page_size=1000).message.servers)
    return held(after == before, f"{len(seen)} selections found nothing; {after} servers as before")


@attack(cls="admin", name="text that is no UTF-8, NUL and half characters in every string field", expected="refused, nothing stored")
def not_text(world):
    client, seen = world.admin(), []
    for bad in (b"\xff\xfe", b"web\x00-1", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"):
        row = field(1, 1) + field(2, "acme") + field(3, "prod") + field(4, bad)
        for method, data in (("ImportServers", field(1, row)), ("CreateOperator", field(1, bad) + field(2, 1) + field(3, "acme")),
                             ("EvictServer", field(1, bad) + field(2, bad)), ("ApplyFleet", field(1, field(1, bad) + field(2, bad))),
                             ("CreateToken", field(1, "acme/prod") + field(4, bad) + field(6, bad)), ("ListAuditEvents", field(1, bad)),
                             ("SetJoiningKey", field(1, "acme/prod") + field(2, bad) + field(3, bad))):
            answer = client.call_path(wire().path(method), data)
            stored = answer.ok and not (method == "ImportServers" and wire().ImportServersResponse.FromString(answer.data).problems) \
                and method != "ListAuditEvents"
            seen.append(held(not stored, f"{method} {bad}: {answer}"))
    good = client.call_path(wire().path("ImportServers"), field(1, field(1, 1) + field(2, "acme") + field(3, "prod") + field(4, world.unique("text"))))
    tried(good.ok and not wire().ImportServersResponse.FromString(good.data).problems, f"a good name: {good}")
    return f"{len(seen)} requests, none stored: {all_held(seen)}"


@attack(cls="admin", name="names that cannot be seen or turn the terminal", expected="refused")
def unseen_names(world):
    client, seen = world.admin(), []
    for text in ("a\x1b]0;owned\x07", "a\u009b31m", "a\u202eb", "a\u200bb", "\u2066web", "we\u00adb", "web\n1", "web\ufeff", "\U000e0041web", "web\u3164"):
        answer = client.call("ImportServers", rows=[{"line": 1, "tenant_id": "acme", "zone": "prod", "name": text}])
        if answer.ok and not answer.message.problems:
            raise Succeeded(f"a server is called {text!r}")
        operator = client.call("CreateOperator", name=text, role=1, tenant_ids=["acme"], certificate_request_pem=request(new_key()))
        seen.append(refused(operator))
    good = client.call("CreateOperator", name=world.unique("seen"), role=1, tenant_ids=["acme"], certificate_request_pem=request(new_key()))
    tried(good.ok, f"a name that can be seen: {good}")
    return all_held(seen)


@attack(cls="admin", name="control characters in free texts, as the command line shows them", expected="shown, never obeyed")
def obeyed_texts(world):
    member = world.member()
    bad = "why\x1b]0;owned\x07\u009b2J\u202e\u200b\r\nerror: fake"
    lines = []
    said = [world.admin().call("EvictServer", server=member.server_id, reason=bad),
            world.admin().call("ApplyFleet", tenants=[{"tenant_id": "globex", "display_name": bad}])]
    seen = ""
    for words in (("server", "explain", member.server_id), ("audit", "list", "--subject", member.server_id), ("tenant", "list")):
        for form in ("table", "json", "csv", "yaml"):
            done = world.muster(*words, "-o", form)
            seen += done.stdout.replace("\r\n", "\n") if form == "csv" else done.stdout  # RFC 4180 ends lines with CR LF.
            if form == "table":  # The others quote a line's end.
                lines += [line for line in done.stdout.splitlines() if line.startswith("error: fake")]
    taken = [answer.ok for answer in said]
    tried(not taken[0] or seen.count("fake") >= 4, f"what was said is not shown: {said[0]}")
    left = sorted({f"U+{ord(one):04X}" for one in seen if one in "\x1b\x07\u009b\u202e\u200b\r"})
    return held(not left and not lines, f"{', '.join(left)} {lines} in what is printed" if left or lines else f"taken: {taken}, nothing to obey in four formats")


@attack(cls="admin", name="huge texts, lists and metadata", expected="refused, and the orchestrator is well")
def huge(world):
    client, seen = world.admin(world.first_operator()), []
    for method, fields in (("EvictServer", {"server": "acme/prod/none", "reason": "x" * 2**20}), ("GetServer", {"server": "x" * 2**20}),
                           ("ListServers", {"selection": {"names": ["x"] * 200000}}), ("ListServers", {"selection": {"labels": {str(i): "x" for i in range(20000)}}}),
                           ("CreateToken", {"zone_id": "acme/prod", "server_names": ["x" * 300] * 20000}),
                           ("CreateOperator", {"name": "n" * 2**20, "role": 1, "tenant_ids": ["acme"]}),
                           ("CreateOperator", {"name": world.unique("n"), "role": 1, "tenant_ids": ["acme"] * 100000, "certificate_request_pem": "x"}),
                           ("CreateRollout", {"selection": {"zone_id": "acme/prod"}, "max_concurrency": "9" * 100000}),
                           ("VerifyAudit", {"exported_heads": ["x" * 1000] * 10000})):
        answer = client.call(method, **fields)
        good = answer.code in ("INVALID_ARGUMENT", "NOT_FOUND", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION") or method == "VerifyAudit" and not answer.message.intact
        seen.append(held(good and "SELECT" not in answer.text, f"{method}: {answer}") and answer)
    seen.append(refused(client.call_path(wire().path("ListServers"), field(4, b"x" * (17 << 20))), "RESOURCE_EXHAUSTED"))
    client.close()
    tried(client.call("WhoAmI", metadata=[("x-huge", "y" * (4 << 10))]).ok, "metadata of 4 kB is refused")  # And the limits are acknowledged.
    seen.append(refused(client.call("WhoAmI", metadata=[("x-huge", "y" * (60 << 10))]), "RESOURCE_EXHAUSTED"))
    client.close()
    return all_held(seen)


@attack(cls="admin", name="messages nested a hundred thousand deep", expected="INTERNAL or INVALID_ARGUMENT, and the orchestrator is well")
def nested(world):
    deep = b""
    for _ in range(20000):
        deep = varint(99 << 3 | 3) + deep + varint(99 << 3 | 4)  # Groups of an unknown field.
    client, seen = world.admin(world.first_operator()), []
    for data in (deep, b"".join(varint(99 << 3 | 3) for _ in range(100000)), field(1, field(1, field(1, deep)))):
        answer = client.call_path(wire().path("ListServers"), data)
        seen.append(held(answer.code in ("INTERNAL", "INVALID_ARGUMENT"), answer))
    tried(client.call("ListServers").ok, "not even a good call is answered")
    return all_held(seen) + held(not world.harm(), "; well afterwards")


@attack(cls="admin", name="a compressed request that is a thousand times larger", expected="refused, without its memory")
def compressed(world):
    data = gzip.compress(field(1, b"\0" * (200 << 20)), 6)
    rest = world.orchestrator.resident_mib()
    client = world.admin(world.first_operator())
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        stream = client.open("GetServer", metadata=[("grpc-encoding", "gzip")])
        stream.send_raw(struct.pack(">BI", 1, len(data)) + data)
        stream.end()
        stream.read(20)
        answer = stream.status()
    client.close()
    grown = peak.most - rest
    refused(answer, "UNIMPLEMENTED", "INTERNAL", "RESOURCE_EXHAUSTED")
    return held(grown < 128, f"{answer}, {grown:.0f} MiB more for {len(data) >> 10} KiB")


@attack(cls="admin", name="times and durations out of every range", expected="refused, or cut to what is allowed")
def impossible_times(world):
    client, seen = world.admin(), []
    for seconds, nanos in ((2**63 - 1, 0), (-2**63, 0), (1, 2**31 - 1), (-1, 1), (315576000001, 0), (0, -1), (253402300800, 0), (10**15, 999999999)):
        since = {"seconds": seconds, "nanos": nanos}
        answers = [client.call("ListAuditEvents", since=since, until=since, page_size=1),
                   client.call("CreateToken", zone_id="acme/prod", ttl=since),
                   client.call("CreateOperator", name=world.unique("late"), role=1, tenant_ids=["acme"], valid_for=since,
                               certificate_request_pem=request(new_key())),
                   client.call("CreateRollout", kind=1, selection={"zone_id": "globex/prod", "names": ["none-of-it"]}, deadline=since)]
        now = time.time()
        for answer, most in ((answers[1], 30), (answers[2], 366)):
            ends = answer.ok and (answer.message.token if answer is answers[1] else answer.message.operator).expire_time.ToSeconds()
            held(not answer.ok or now - 1 <= ends <= now + most * 86400, f"{since}: ends at {ends}")
        seen += [held(answer.code in ("OK", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND"), answer) for answer in answers]
    return all_held(seen)


@attack(cls="admin", name="words of enums that do not exist", expected="INVALID_ARGUMENT")
def unknown_words(world):
    name = world.server()
    client, seen = world.admin(), []
    for word in (99, -1, 2**31 - 1):
        for method, fields in (("ChangeServer", {"server": f"acme/prod/{name}", "action": word}), ("SettleServer", {"server": f"acme/prod/{name}", "verdict": word}),
                               ("CreateRollout", {"kind": word, "selection": {"zone_id": "acme/prod", "names": [name]}}),
                               ("CreateToken", {"zone_id": "acme/prod", "mode": word}),
                               ("CreateOperator", {"name": world.unique("odd"), "role": word, "tenant_ids": ["acme"], "certificate_request_pem": request(new_key())})):
            seen.append(refused(client.call(method, **fields)))
        listed = client.call("ListServers", enrollments=[word], admissions=[word], connectivities=[word])
        seen.append(held(not listed.ok or not listed.message.servers, listed))
    return all_held(seen)


# ---- how it is asked ----


@attack(cls="admin", name="paths that are nearly a method's", expected="UNIMPLEMENTED")
def nearly_paths(world):
    client, seen = world.admin(world.operator("viewer")), []
    for path in ("/muster.admin.v1.ServerService/EvictServer/", "/muster.admin.v1.serverservice/evictserver", "//muster.admin.v1.ServerService/EvictServer",
                 "/muster.admin.v1.ServerService//EvictServer", "/muster.admin.v1.ServerService/ListServers/../EvictServer", "/ServerService/EvictServer",
                 "/muster.admin.v1.ServerService/EvictServer?role=provider_admin", "/muster.admin.v1.ServerService/%45victServer", "/",
                 "/muster.admin.v2.ServerService/EvictServer"):
        seen.append(refused(client.call_path(path, field(1, "acme/prod/x")), "UNIMPLEMENTED"))
    refused(client.call_path("/muster.admin.v1.ServerService/EvictServer", field(1, "acme/prod/x")), "E-AUTH-FORBIDDEN", "PERMISSION_DENIED")  # The real one.
    return all_held(seen)


@attack(cls="admin", name="the workers' and the door's methods at the operators' listener", expected="UNIMPLEMENTED")
def other_services(world):
    client, seen = world.admin(world.first_operator()), []
    for name in ("Session/Connect", "Session/Renew", "Bootstrap/Enroll"):
        seen.append(refused(client.call_path(wire().path(name), b""), "UNIMPLEMENTED"))
    return all_held(seen)


@attack(cls="admin", name="a viewer's hundred watches of a rollout that nobody reads", expected="bounded; others are answered")
def unread_watches(world):
    name = world.server()
    made = world.admin().call("CreateRollout", kind=1, selection={"zone_id": "acme/prod", "names": [name]}).message
    clients, opened = [], 0
    viewer = world.operator("viewer")
    rest = world.orchestrator.resident_mib()
    for _ in range(3):
        client = world.admin(viewer)
        clients.append(client)
        try:
            for _ in range(100):
                stream = client.open("WatchRollout")
                stream.send(wire().GetRolloutRequest(rollout_id=made.rollout_id))
                stream.end()
                opened += 1
        except Closed:  # The limit of streams.
            continue
    tried(opened >= 100, f"{opened} watches were opened")
    for _ in range(10):
        world.admin().call("PauseRollout", rollout_id=made.rollout_id)
        world.admin().call("ResumeRollout", rollout_id=made.rollout_id)
    answered = world.admin(world.operator("viewer")).call("WhoAmI", seconds=10)
    grown = world.orchestrator.resident_mib() - rest
    for client in clients:
        client.close()
    world.muster("rollout", "cancel", made.rollout_id)
    return held(answered.ok and grown < 128, f"{opened} watches, {grown:.0f} MiB more, another operator: {answered}")


@attack(cls="admin", name="what a refusal leaves: refused calls of a bad certificate and of a viewer", expected="in the audit, bounded")
def refusals_are_recorded(world):
    viewer = world.operator("viewer")
    client = world.admin(viewer)
    id = client.call("WhoAmI").message.operator.operator_id
    for _ in range(200):
        refused(client.call("EvictServer", server="acme/prod/none"), "E-AUTH-FORBIDDEN", "PERMISSION_DENIED")
    events = json.loads(world.muster("audit", "list", "--actor", id, "--limit", "1000", "-o", "json").stdout)
    events = events.get("events", events) if isinstance(events, dict) else events
    return held(1 <= len(events) <= 20, f"{len(events)} events tell of 200 refusals")
