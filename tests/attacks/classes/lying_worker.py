"""Workers that claim what is not theirs at the hub, and say what they like of failures. The hubs are doubles; the workers are of our own making."""
import uuid

from frame.attack import DidNotAttack, all_held, attack, held, tried
from frame.grpc import Closed
from frame.programs import await_that
from frame.proto import field, wire
from frame.world import Options
from hostile.worker import ENROLLED, FAILED, IN_DOUBT, NOT_ENROLLED, QUEUED, UNVERIFIED, Worker, server

WORLD = Options(hubs=True, flags=("--verify-deadline", "4s"))
WORDS = ("", "not enrolled", "queued", "joining", "joined_unverified", "ENROLLED", "failed", "in_doubt", "degraded")


def state(world, member):
    """Its enrollment as a word, with the failure's code."""
    found = server(world, member.server_id)
    return WORDS[found.enrollment] + (f" ({found.failure.code})" if found.failure.code else "")


def plant(world, zone, title, **more):
    """A record at the hub, connected now; its id."""
    id = str(uuid.uuid4())
    made = {"title": title, "id": id, "internalInstanceId": str(uuid.uuid4()), "connected": True, "reportedAgoMs": 0, **more}
    world.hub(zone).control("records", **made)
    return made["id"], made["internalInstanceId"]


def honest(world, zone="acme/prod"):
    """A worker that joins, and is enrolled by the hub's word: (worker, hub id, internal id). That it can be is what the lies are measured by."""
    worker = Worker(world, zone).joins()
    id, internal = plant(world, zone, worker.name)
    worker.claims(id, internal_instance_id=internal)
    if worker.ends_as(ENROLLED) != ENROLLED:
        raise DidNotAttack(f"the honest one is {state(world, worker.member)}")
    return worker, id, internal


def honest_one_enrolls(world):
    """Once in a world: else nobody is enrolled, whatever was claimed."""
    if not hasattr(world, "honest_one"):
        world.honest_one = honest(world)
        world.honest_one[0].close()


def stays_out(world, thief):
    """The thief's claim must come to nothing, where an honest one is enrolled."""
    honest_one_enrolls(world)
    ended = thief.ends_as(ENROLLED, FAILED, IN_DOUBT)
    seen = state(world, thief.member)
    thief.close()
    return held(ended != ENROLLED, seen)


@attack("lying_worker", "the hub id of a server that is enrolled", "not enrolled; the honest one stays", quick=True)
def enrolled_ones_id(world):
    owner, id, internal = honest(world)
    thief = Worker(world).joins()
    thief.claims(id, internal_instance_id=internal)
    seen = stays_out(world, thief)
    after = state(world, owner.member)
    owner.close()
    return held(after.startswith("ENROLLED"), f"{seen}; the honest one: {after}")


@attack("lying_worker", "the hub id of a record that is not proven yet, before the honest one claims it", "the honest one is enrolled, or a conflict names both")
def unproven_ones_id(world):
    owner, thief = Worker(world).joins(), Worker(world).joins()
    id, internal = plant(world, "acme/prod", owner.name)
    thief.claims(id, internal_instance_id=internal)
    first = thief.ends_as(ENROLLED, FAILED, IN_DOUBT, seconds=6)
    owner.claims(id, internal_instance_id=internal)
    ended = owner.ends_as(ENROLLED, FAILED, IN_DOUBT)
    seen = f"thief {state(world, thief.member)}, honest one {state(world, owner.member)}"
    for worker in (owner, thief):
        worker.close()
    return held(first != ENROLLED and ended == ENROLLED, seen)


@attack("lying_worker", "another server's record, claimed by its internal id alone", "not enrolled")
def internal_id(world):
    owner, thief = Worker(world), Worker(world).joins()
    id, internal = plant(world, "acme/prod", owner.name)
    thief.claims("", internal_instance_id=internal)
    seen = stays_out(world, thief)
    owner.close()
    return seen


@attack("lying_worker", "the record of a machine that is in no inventory", "not enrolled: its title is another's")
def strangers_record(world):
    thief = Worker(world).joins()
    id, internal = plant(world, "acme/prod", "DATABASE-OF-SOMEBODY")
    thief.claims(id, internal_instance_id=internal)
    return stays_out(world, thief)


@attack("lying_worker", "no hub id, and the machine name of another server", "not enrolled by a name that is not its own")
def others_title(world):
    owner = Worker(world)
    thief = Worker(world).joins()
    plant(world, "acme/prod", owner.name)
    thief.client.close()
    thief.client, thief.stream, _ = world.connected(thief.member, owner.name)
    thief.claims("")
    seen = stays_out(world, thief)
    owner.close()
    return seen


@attack("lying_worker", "facts in Hello and heartbeats that say joined, and no command at all", "not enrolled")
def facts_alone(world):
    name = world.server()
    id, internal = plant(world, "acme/prod", name)
    facts = {"presence": 3, "version": "7.0.2.0", "hub_instance_id": id, "hub_url": world.hub("acme/prod").url, "hub_connected": True,
             "internal_instance_id": internal}
    thief = Worker(world, name=name, service=facts)
    for _ in range(5):
        thief.stream.send(wire().WorkerMessage(heartbeat={"service": facts}))
    world.muster("verify", "--zone", "acme/prod", check=False)
    ended = thief.ends_as(ENROLLED, UNVERIFIED, seconds=3)
    tried(server(world, thief.server_id).service.hub_instance_id == id, "its facts were not taken")
    thief.close()
    honest_one_enrolls(world)
    return held(ended == NOT_ENROLLED, state(world, thief.member))


@attack("lying_worker", "another server's hub id in facts alone, while that one joins", "the other one is enrolled all the same")
def facts_of_another(world):
    owner, thief = Worker(world).joins(), Worker(world)
    id, internal = plant(world, "acme/prod", owner.name)
    facts = {"presence": 3, "hub_instance_id": id, "hub_url": world.hub("acme/prod").url, "hub_connected": True, "internal_instance_id": internal}
    thief.stream.send(wire().WorkerMessage(heartbeat={"service": facts}))
    world.muster("verify", "--zone", "acme/prod", check=False)
    owner.claims(id, internal_instance_id=internal)
    ended = owner.ends_as(ENROLLED, FAILED, IN_DOUBT)
    seen = f"honest one {state(world, owner.member)}, thief {state(world, thief.member)}"
    for worker in (owner, thief):
        worker.close()
    return held(ended == ENROLLED and server(world, thief.server_id).enrollment != ENROLLED, seen)


@attack("lying_worker", "the record of the hub itself", "not enrolled")
def hubs_own_record(world):
    thief = Worker(world).joins()
    own = next(record for record in records(world, "acme/prod") if "HUB-" in record.get("title", ""))
    thief.claims(own["id"], internal_instance_id=own.get("internalInstanceId", ""))
    return stays_out(world, thief)


def records(world, zone):
    said = world.hub(zone).records()
    return said if isinstance(said, list) else said.get("records", said.get("instances", []))


@attack("lying_worker", "a record of another tenant's hub", "not enrolled")
def other_tenants_record(world):
    owner, id, internal = honest(world, "globex/prod")
    thief = Worker(world).joins()
    thief.claims(id, internal_instance_id=internal)
    seen = stays_out(world, thief)
    owner.close()
    return seen


@attack("lying_worker", "the hub id of a record from another zone of the same hub", "not enrolled, the honest one is")
def from_another_zone(world):
    hub = world.hub("acme/prod")
    secret = world.write("secrets/twin", hub.secret, 0o600)
    viewer = world.write("secrets/twin-viewer", hub.viewer_secret, 0o600)
    world.apply(f"tenants:\n  - id: acme\n    zones:\n      - zone: twin\n        hub_url: {hub.url}\n        joining_key: {{ client_id: {hub.client}, secret: "
                f"{{ file: {secret} }} }}\n        verifier: {{ api_token: {{ client_id: viewer, secret: {{ file: {viewer} }} }} }}\n")
    world.hubs["acme/twin"] = hub
    owner = Worker(world, "acme/prod").joins()
    thief = Worker(world, "acme/twin").joins()
    id, internal = plant(world, "acme/prod", owner.name)
    thief.claims(id, internal_instance_id=internal)
    first = thief.ends_as(ENROLLED, FAILED, IN_DOUBT, seconds=6)
    owner.claims(id, internal_instance_id=internal)
    ended = owner.ends_as(ENROLLED, FAILED, IN_DOUBT)
    seen = f"thief {state(world, thief.member)}, honest one {state(world, owner.member)}"
    for worker in (owner, thief):
        worker.close()
    return held(first != ENROLLED and ended == ENROLLED, seen)


@attack("lying_worker", "a record that was there and reported before the join began", "not enrolled: nothing of it is of this join")
def old_record(world):
    thief = Worker(world)
    id, internal = plant(world, "acme/prod", thief.name, reportedAgoMs=3600000, connected=False)
    thief.joins()
    thief.claims(id, internal_instance_id=internal)
    return stays_out(world, thief)


@attack("lying_worker", "already joined, to a record that does not exist", "not enrolled")
def already_joined(world):
    thieves = [Worker(world).joins().claims(str(uuid.uuid4()), effect=effect) for effect in (2, 3, 4)]
    return all_held(stays_out(world, thief) for thief in thieves)


@attack("lying_worker", "hub ids with quotes, patterns, blanks, 200 KB, of another spelling", "not enrolled, nothing of it kept as an id")
def odd_ids(world):
    owner, id, internal = honest(world)
    seen = []
    for odd in ("' OR '1'='1", "%", "x" * 200000, f" {id} ", id.upper(), "{" + id + "}", id.replace("-", ""), "\u202e" + id, "null", "0"):
        thief = Worker(world).joins()
        try:
            thief.claims(odd)
            thief.ends_as(ENROLLED, FAILED, IN_DOUBT, seconds=6)
        except Closed as closed:
            tried(len(odd) > 1000, f"{odd[:40]!r}: {closed}")  # More than it may send.
            seen.append(str(closed))
            continue
        kept = server(world, thief.server_id)
        held(len(kept.service.hub_instance_id) <= 512, f"{len(kept.service.hub_instance_id)} bytes of id are kept")
        thief.client.close()
        ended = kept.enrollment
        held(ended != ENROLLED, f"{odd[:40]!r} was enrolled")
        seen.append(WORDS[ended])
        world.muster("rollout", "cancel", thief.rollout, check=False)
    owner.close()
    return all_held(seen) + held(server(world, owner.server_id).enrollment == ENROLLED, ", the honest one stays")


@attack("lying_worker", "joined to another hub than the zone's, in the claim's own words", "not enrolled by what it says")
def elsewhere(world):
    thief = Worker(world).joins()
    thief.claims(str(uuid.uuid4()), hub_url=world.hub("globex/prod").url)
    return stays_out(world, thief)


@attack("lying_worker", "a claim, then evicted: the record must be free again", "another server can be enrolled with it")
def evicted_claim(world):
    thief = Worker(world).joins()
    id, internal = plant(world, "acme/prod", thief.name)
    thief.claims(id, internal_instance_id=internal)
    thief.ends_as(ENROLLED)
    world.muster("server", "evict", thief.server_id)
    world.muster("server", "retire", thief.server_id)
    world.muster("server", "delete", thief.server_id, "--yes")
    thief.close()
    world.servers("acme/prod", thief.name)
    owner = Worker(world, name=thief.name).joins()
    fresh, fresh_internal = plant(world, "acme/prod", thief.name, id=id, internalInstanceId=internal)
    owner.claims(fresh, internal_instance_id=fresh_internal)
    ended = owner.ends_as(ENROLLED, FAILED, IN_DOUBT)
    seen = state(world, owner.member)
    owner.close()
    return held(ended == ENROLLED, f"its successor is {seen}")


@attack("lying_worker", "failure texts that set titles, colors and directions of terminals", "shown, never obeyed")
def terminal(world):
    return shown_clean(world, ["\x1b]0;owned\x07\x1b[31m", "\u009b2J\u009d0;owned\u009c", "\u202egnp.exe\u2066\u200b\ufeff", "\r\nerror: fake\x08\x08\x7f", "a" * 20000])


@attack("lying_worker", "failure texts whose bytes are no UTF-8", "replaced or refused; everything can be listed")
def no_text(world):
    # Refused with the message that they are in; what is text is taken from the next worker.
    return shown_clean(world, [b"\xff\xfe\xfd", b"cut \xe2\x82", b"\xed\xa0\x80\xed\xb0\x80", b"nul \x00 \xc0\x80", b"\xf8\x88\x80\x80\x80", b"a text"])


def shown_clean(world, texts):
    seen, names, rollouts = [], [], []
    for text in texts:
        worker = Worker(world).joins()
        # Failure: code, detail, remedy; in the result, and in what its service facts say.
        failure = field(1, "E-SERVICE-ERROR") + field(2, text) + field(3, text)
        worker.says(field(4, failure) + field(7, failure) + field(11, field(2, field(1, 3) + field(3, text) + field(8, failure))), outcome=2)
        seen.append(WORDS[worker.ends_as(FAILED, QUEUED, IN_DOUBT, seconds=3)])
        names.append(worker.server_id)
        rollouts.append(worker.rollout)
        worker.client.close()
    shown = ""
    for words in [("server", "list"), ("report",), ("report", "--section", "observations"), ("audit", "list"), ("rollout", "list")] + \
            [("server", "explain", id) for id in names] + [("rollout", "targets", id) for id in rollouts]:
        for form in ("table", "json", "csv"):
            done = world.muster(*words, "-o", form, check=False)
            if done.returncode and "--section" not in words:
                held(False, f"muster {' '.join(words)} -o {form} ends with {done.returncode}: {done.stderr[:200]}")
            shown += done.stdout.replace("\r\n", "\n") if form == "csv" else done.stdout
    for id in rollouts:
        world.muster("rollout", "cancel", id, check=False)
    tried("E-SERVICE-ERROR" in shown, "no failure of theirs is shown")
    left = sorted({f"U+{ord(one):04X}" for one in shown
                   if one in "\x1b\x07\x08\x7f\x00\r\u202e\u2066\u200b\ufeff" or "\x80" <= one <= "\x9f" or "\ud800" <= one <= "\udfff"})
    return held(not left, f"printed: {', '.join(left)}" if left else f"{all_held(seen)}; nothing to obey in {len(shown) >> 10} KiB of output")


@attack("lying_worker", "1,000 problems at once, again and again", "a few are kept")
def many_problems(world):
    worker = Worker(world)
    for turn in range(10):  # More, and it is cut off.
        problems = [{"code": f"E-MADE-UP-{turn}-{number}", "detail": "d"} for number in range(1000)]
        worker.stream.send(wire().WorkerMessage(heartbeat={"service": {"presence": 3, "problems": problems}}))
    worker.stream.send(wire().WorkerMessage(heartbeat={"service": {"presence": 3, "version": "1.2.3", "problems": problems}}))
    await_that(lambda: server(world, worker.server_id).service.version == "1.2.3", 5)
    found = server(world, worker.server_id)
    worker.close()
    tried(found.service.version == "1.2.3" and len(found.observations) >= 1, f"{len(found.observations)} observations of version {found.service.version}")
    return held(len(found.observations) <= 64 and found.ByteSize() < 65536, f"{len(found.observations)} observations, {found.ByteSize()} bytes")
