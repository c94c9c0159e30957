"""Bootstrap tokens: guessed, stolen, spent, ended, raced for, of others."""
import concurrent.futures
import hashlib
import subprocess
import time

from frame.attack import all_held, attack, held, refused, tried
from frame.certificates import Identity, new_key, request
from frame.proto import field


def session(world, identity, name):
    return world.session_says(identity, name)


@attack("tokens", "an honest machine comes in: else the refusals below would prove nothing", "admitted", quick=True)
def honest(world):
    return held(world.member().server_id.startswith("srv-"), "admitted")


@attack("tokens", "a token that nobody made, an empty one, one of 60,000 bytes", "E-TOKEN-UNKNOWN or an error of its form", quick=True)
def guessed(world):
    name = world.server()
    return all_held(refused(world.enroll(guess, name), "E-TOKEN-UNKNOWN", "E-REQUEST-INVALID", "E-TOKEN-MALFORMED")
                    for guess in ("A" * 43, "", "A" * 60_000))


@attack("tokens", "what stands in a stolen database is shown as a token", "E-TOKEN-UNKNOWN")
def hash_of_it(world):
    token = world.token()
    digest = hashlib.sha256(token.secret.encode())
    return all_held(refused(world.enroll(text, world.server()), "E-TOKEN-UNKNOWN", "E-REQUEST-INVALID") for text in (digest.hexdigest(), token.token_id))


@attack("tokens", "the token itself with another case, a blank, a NUL, a letter less or more", "E-TOKEN-UNKNOWN")
def nearly(world):
    secret = world.token(max_uses=10).secret
    near = [secret.swapcase(), secret + " ", " " + secret, secret + "\0", secret[:-1], secret + "A", secret + "\n"]
    return all_held(refused(world.enroll(text, world.server()), "E-TOKEN-UNKNOWN", "E-REQUEST-INVALID", "E-TOKEN-MALFORMED") for text in near)


@attack("tokens", "SQL in token and name", "E-TOKEN-UNKNOWN, E-TOKEN-NAME; no server more")
def sql(world):
    before = world.muster("server", "list", "-o", "csv").stdout.count("\n")
    texts = ["' OR '1'='1", "x'; DROP TABLE bootstrap_tokens; --", "\" OR \"\"=\"", "1 UNION SELECT secret_hash FROM bootstrap_tokens"]
    seen = [refused(world.enroll(text, text), "E-TOKEN-UNKNOWN") for text in texts]
    token = world.token(max_uses=9, any_name=True)
    seen += [refused(world.enroll(token, text), "E-TOKEN-NAME", "E-REQUEST-INVALID") for text in texts]
    held(world.muster("server", "list", "-o", "csv").stdout.count("\n") == before, "the inventory has changed")
    return all_held(seen)


@attack("tokens", "a token that has expired", "E-TOKEN-EXPIRED", quick=True)
def expired(world):
    name, token = world.server(), world.token(ttl="1s")
    time.sleep(1.2)
    return refused(world.enroll(token, name), "E-TOKEN-EXPIRED")


@attack("tokens", "a token of one use, a second time, for another machine", "E-TOKEN-EXHAUSTED", quick=True)
def spent(world):
    first, second = world.server(), world.server()
    token = world.token()
    identity = world.enroll(token, first)
    held(session(world, identity, first) == "Welcome", "the first one was not let in")
    return refused(world.enroll(token, second), "E-TOKEN-EXHAUSTED")


@attack("tokens", "a token of one use, before its first machine had a session", "E-TOKEN-EXHAUSTED")
def promised(world):
    first, second = world.server(), world.server()
    token = world.token()
    world.enroll(token, first)
    return refused(world.enroll(token, second), "E-TOKEN-EXHAUSTED")


@attack("tokens", "24 machines race for a token of one use", "one of them is let in at most")
def race(world):
    names = [world.unique("race") for _ in range(24)]
    world.servers("acme/prod", *names)
    token = world.token()
    folders = [world.unique("identity") for _ in names]
    clients = [world.bootstrap() for _ in names]
    for client in clients:
        client.ensure()
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        made = list(pool.map(lambda at: world.enroll(token, names[at], client=clients[at]), range(24)))
    inside = 0
    for name, folder, identity in zip(names, folders, made):
        if isinstance(identity, Identity):
            identity.folder = world.folder / folder
            inside += session(world, identity, name) == "Welcome"
    tried(inside == 1 and all(isinstance(one, Identity) or one.failure == "E-TOKEN-EXHAUSTED" for one in made) or inside > 1, all_held(made))
    return held(inside <= 1, f"{inside} let in, {sum(isinstance(one, Identity) for one in made)} certificates")


@attack("tokens", "a revoked token", "E-TOKEN-REVOKED")
def revoked(world):
    name, token = world.server(), world.token()
    world.muster("token", "revoke", token.token_id)
    return refused(world.enroll(token, name), "E-TOKEN-REVOKED")


@attack("tokens", "a certificate from a token that was revoked before the first session", "E-TOKEN-REVOKED; no Renew")
def revoked_late(world):
    name, token = world.server(), world.token()
    identity = world.enroll(token, name)
    world.muster("token", "revoke", token.token_id)
    renewed = world.session(identity).call("Session/Renew", certificate_request_pem=request(identity.key))
    return all_held([refused(renewed, "E-DISPATCH-NOT-ADMITTED"), held(session(world, identity, name) == "E-TOKEN-REVOKED", session(world, identity, name))])


@attack("tokens", "a locked token, and a certificate that it paid for", "E-TOKEN-LOCKED")
def locked(world):
    name, other, token = world.server(), world.server(), world.token(max_uses=2)
    identity = world.enroll(token, name)
    world.muster("token", "lock", token.token_id)
    seen = session(world, identity, name)
    return all_held([refused(world.enroll(token, other), "E-TOKEN-LOCKED"), held(seen == "E-TOKEN-LOCKED", seen)])


@attack("tokens", "a token for one name, used under another", "E-TOKEN-NAME")
def other_name(world):
    named, other = world.server(), world.server()
    token = world.token(server_name=named)
    return all_held(refused(world.enroll(token, name), "E-TOKEN-NAME") for name in (other, named + "x", named[:-1], f"{named}\0", f" {named}/.."))


@attack("tokens", "a token of another tenant for a server of this one", "nothing of acme is touched; E-BOOTSTRAP-OTHER-ZONE")
def other_tenant(world):
    name = world.server("acme/prod")
    answer = world.enroll(world.token("globex/prod"), name)
    shown = world.muster("server", "list", "--zone", "acme/prod", "-o", "csv").stdout
    row = next(line for line in shown.splitlines() if f"{name}," in line or line.endswith(name))
    held("registered" in row, f"acme's server is {row}")
    return refused(answer, "E-BOOTSTRAP-OTHER-ZONE")


@attack("tokens", "a token of another zone of the tenant, for a server that is in", "E-BOOTSTRAP-OTHER-ZONE")
def other_zone(world):
    member = world.member("acme/prod")
    seen = refused(world.enroll(world.token("acme/lab"), member.name), "E-BOOTSTRAP-OTHER-ZONE")
    held(session(world, member, member.name) == "Welcome", "the honest one is out")
    return seen


@attack("tokens", "a second machine under the name of one that is in", "E-BOOTSTRAP-NAME-TAKEN; the first one stays in", quick=True)
def name_taken(world):
    member = world.member()
    seen = refused(world.enroll(world.token(), member.name), "E-BOOTSTRAP-NAME-TAKEN")
    held(session(world, member, member.name) == "Welcome", "the honest one is out")
    return seen


@attack("tokens", "after an eviction: the token from before, with uses left, under the same name", "E-BOOTSTRAP-EVICTED")
def evicted_token(world):
    name, token = world.server(), world.token(max_uses=5)
    identity = world.enroll(token, name)
    held(session(world, identity, name) == "Welcome", "not let in at first")
    world.muster("server", "evict", f"acme/prod/{name}")
    return refused(world.enroll(token, name), "E-BOOTSTRAP-EVICTED")


@attack("tokens", "after an eviction: the same key with a new token", "E-BOOTSTRAP-EVICTED")
def evicted_key(world):
    member = world.member()
    world.muster("server", "evict", f"acme/prod/{member.name}")
    return refused(world.enroll(world.token(), member.name, key=member.key), "E-BOOTSTRAP-EVICTED")


@attack("tokens", "a banned server with a new token: under its name, its key under another name, its machine id under a third", "E-BOOTSTRAP-BANNED", quick=True)
def banned(world):
    name = world.server()
    machine = hashlib.sha256(name.encode()).hexdigest()
    identity = world.enroll(world.token(), name, machine_id_hash=machine)
    held(world.session_says(identity, name, machine={"machine_id_hash": machine}) == "Welcome", "not let in at first")
    world.muster("server", "ban", f"acme/prod/{name}")
    token = world.token(max_uses=9)
    return all_held(refused(answer, "E-BOOTSTRAP-BANNED") for answer in (
        world.enroll(token, name), world.enroll(token, world.server(), key=identity.key), world.enroll(token, world.server(), machine_id_hash=machine)))


@attack("tokens", "a rejected server knocks again, with another key", "E-BOOTSTRAP-REJECTED")
def rejected(world):
    name, token = world.server(), world.token(mode="pending", max_uses=3)
    world.enroll(token, name)
    world.muster("server", "reject", f"acme/prod/{name}")
    return refused(world.enroll(token, name), "E-BOOTSTRAP-REJECTED")


@attack("tokens", "who waits for admission opens a session, renews", "E-DISPATCH-NOT-ADMITTED")
def pending(world):
    name = world.server()
    identity = world.enroll(world.token(mode="pending"), name)
    held(not identity.admitted, "it was admitted at once")
    renewed = world.session(identity).call("Session/Renew", certificate_request_pem=request(new_key()))
    seen = session(world, identity, name)
    return all_held([refused(renewed), held(seen == "E-DISPATCH-NOT-ADMITTED", seen)])


@attack("tokens", "one waits for admission: a second key under its name, with two tokens; its own request shown again", "E-BOOTSTRAP-KEY-WAITS; only the first key comes in after admission", quick=True)
def pending_second_key(world):
    name, token, key = world.server(), world.token(mode="pending", max_uses=5), new_key()
    csr = request(key)
    honest_one = world.enroll(token, name, key=key, csr=csr)
    tried(isinstance(honest_one, Identity), f"the honest one is answered with {honest_one}")
    seen = [refused(world.enroll(token, name), "E-BOOTSTRAP-KEY-WAITS"), refused(world.enroll(world.token(mode="pending"), name), "E-BOOTSTRAP-KEY-WAITS")]
    again = world.enroll(token, name, key=key, csr=csr)
    held(not isinstance(again, Identity) or again.certificate_pem == honest_one.certificate_pem, "another certificate was made for a request that was shown again")
    world.muster("server", "admit", f"acme/prod/{name}", "--yes")
    seen.append(refused(world.enroll(token, name), "E-BOOTSTRAP-KEY-WAITS", "E-BOOTSTRAP-NAME-TAKEN"))
    said = session(world, honest_one, name)
    held(said == "Welcome", f"the honest one is kept out: {said}")
    return all_held(seen)


@attack("tokens", "a machine that the inventory does not expect, with a plain token", "waits as pending; no session")
def unexpected(world):
    name = world.unique("stranger")
    identity = world.enroll(world.token(), name)
    if not isinstance(identity, Identity):
        return refused(identity)
    seen = session(world, identity, name)
    return held(not identity.admitted and seen == "E-DISPATCH-NOT-ADMITTED", f"admitted: {identity.admitted}; {seen}")


@attack("tokens", "120 tokens guessed as fast as it goes", "E-BOOTSTRAP-RATE-LIMITED", flags=("--bootstrap-rate-per-minute", "120"))
def rate(world):
    client, csr, begin = world.bootstrap(), request(new_key()), time.monotonic()
    seen = [str(client.call("Bootstrap/Enroll", token="A" * 43, server_name="web", certificate_request_pem=csr)) for _ in range(120)]
    looked, allowed = seen.count("E-TOKEN-UNKNOWN"), 30 + 2 * (time.monotonic() - begin) + 2  # A quarter of a minute's at once, then two a second.
    tried(looked >= 10 and looked + seen.count("E-BOOTSTRAP-RATE-LIMITED") == 120, all_held(seen))
    return held(looked <= allowed and "E-BOOTSTRAP-RATE-LIMITED" in seen, f"{looked} of 120 were looked at, then E-BOOTSTRAP-RATE-LIMITED")


@attack("tokens", "a token whose bytes are no UTF-8", "refused; tokens and audit can be listed")
def not_text(world):
    answer = world.bootstrap().call("Bootstrap/Enroll", field(1, b"\xff\xfe\x80" * 15) + field(2, request(new_key())) + field(4, "web"))
    world.muster("token", "list", "--zone", "acme/prod")
    world.muster("audit", "list")
    return refused(answer)


@attack("tokens", "the secret of a used token is looked for in database, logs, audit and lists", "nowhere")
def secret_at_rest(world):
    name, token = world.server(), world.token()
    world.enroll(token, name)
    world.enroll(token.secret + "x", name)
    found = subprocess.run(["grep", "-rlaF", token.secret, world.orchestrator.data, world.orchestrator.log], capture_output=True, text=True).stdout
    shown = world.muster("token", "list", "--zone", "acme/prod", "-o", "json").stdout + world.muster("audit", "list", "-o", "json").stdout
    return held(not found and token.secret not in shown, found or "nowhere")
