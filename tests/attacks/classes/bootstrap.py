"""The bootstrap call and the door behind which it is answered: names, facts, text, growth, and what a machine believes of its orchestrator."""
import hashlib
import os
import signal
import sqlite3
import subprocess
import time

from frame.attack import Succeeded, all_held, attack, held, refused, tried
from frame.certificates import Identity, new_key, request
from frame.programs import await_that
from frame.proto import field, wire

LOOKALIKES = ("web‮1", "web​1", "web﻿1", "wеb1", "web\n1", "web\x1b[31m1", "web1", "web\t1", "web\01", "w/e/b", "../web", "web%00", "'web", "-web", ".", "..",
              "web. ", "x" * 254, "web\\1")


@attack("bootstrap", "names with what cannot be seen, turned around, of other alphabets, with line ends, as paths", "E-TOKEN-NAME; none is in the inventory", quick=True)
def names(world):
    token = world.token(max_uses=50, any_name=True)
    client, taken, codes = world.bootstrap(), [], set()
    for name in LOOKALIKES:
        answer = client.call("Bootstrap/Enroll", token=token.secret, server_name=name, certificate_request_pem=request(new_key()))
        if answer.ok:
            taken.append(name)
        else:
            codes.add(str(refused(answer, "E-TOKEN-NAME", "E-REQUEST-INVALID", "E-TOKEN-MALFORMED")))
    good = client.call("Bootstrap/Enroll", token=token.secret, server_name=world.unique("plain"), certificate_request_pem=request(new_key()))
    tried(good.ok, f"a plain name is answered with {good}")
    listed = world.muster("server", "list", "-o", "csv").stdout
    bad = [name for name in taken if any(ord(letter) < 32 or ord(letter) in (0x202E, 0x200B, 0xFEFF, 0x85) for letter in name) or "/" in name]
    held(not bad and "\x1b" not in listed and "‮" not in listed, f"in the inventory: {bad}")
    return f"{len(LOOKALIKES) - len(taken)} of {len(LOOKALIKES)} refused: {all_held(sorted(codes))}" + (f"; as letters: {', '.join(taken)}" if taken else "")


@attack("bootstrap", "the name of a member with a domain, in capitals, with a dot at its end", "E-BOOTSTRAP-NAME-TAKEN, E-INVENTORY-NAMESAKE or a wait for an operator")
def spellings(world):
    member, seen = world.member(), []
    for name in (member.name.upper(), member.name + ".", member.name + ".example.com", " " + member.name):
        made = world.enroll(world.token(), name)
        if isinstance(made, Identity):
            held(made.server_id != member.server_id and not made.admitted, f"{name!r} is the member")
            seen.append("waits for an operator")
        else:
            seen.append(str(made))
    held(world.session_says(member, member.name) == "Welcome", "the member is out")
    return all_held(seen)


@attack("bootstrap", "facts that are no UTF-8, in every text of the request", "refused; server list, audit list and report are readable", quick=True)
def no_utf8(world):
    bad, seen = b"\xff\xfe\xc3(\xed\xa0\x80", []
    name, token = world.server(), world.token(any_name=True, max_uses=20)
    facts = [field(number, bad) for number in range(1, 7)]
    for body in (*(field(1, token.secret) + field(4, name) + field(2, request(new_key())) + field(3, fact) for fact in facts),
                 field(1, token.secret) + field(4, bad) + field(2, request(new_key())), field(1, token.secret) + field(4, name) + field(2, bad)):
        seen.append(str(refused(world.bootstrap().call("Bootstrap/Enroll", body))))
    for command in (("server", "list"), ("audit", "list"), ("report",), ("token", "list", "--zone", "acme/prod")):
        world.muster(*command)
    return all_held(seen)


@attack("bootstrap", "facts with escapes for terminals, line ends, bidirectional and invisible characters", "shown as harmless text in table, csv, json, yaml and audit")
def escapes(world):
    name = world.server()
    evil = "x\x1b]0;owned\x07\x9b31m‮​\r\nadmin,acme"
    made = world.enroll(world.token(), name, os=evil, os_version=evil, architecture=evil, worker_version=evil, machine_id_hash=hashlib.sha256(b"x").hexdigest())
    tried(isinstance(made, Identity), f"such facts are refused: {made}")
    said = world.session_says(made, name, machine={"os": evil, "os_version": evil})
    tried(said == "Welcome", f"a session with such facts: {said}")
    shown = ""
    for form in ("table", "csv", "json", "yaml"):
        for command in (("server", "list"), ("server", "show", f"acme/prod/{name}"), ("audit", "list"), ("server", "explain", f"acme/prod/{name}")):
            done = world.muster(*command, "-o", form).stdout
            shown += done.replace("\r\n", "\n") if form == "csv" else done
    tried("owned" in shown, "nothing of it is shown")
    found = [repr(letter) for letter in ("\x1b", "\x07", "\x9b", "‮", "​", "\r") if letter in shown]
    return held(not found and "\x1b" not in world.orchestrator.said(), f"shown: {found}" if found else "harmless text")


@attack("bootstrap", "facts and names of a megabyte, a hundred thousand unknown fields", "RESOURCE_EXHAUSTED, or cut short")
def large(world):
    name, token, seen = world.server(), world.token(max_uses=9), []
    good = field(1, token.secret) + field(4, name) + field(2, request(new_key()))
    for body in (good + field(3, field(1, "x" * (1 << 20))), good + field(3, field(3, "x" * 60_000)), good + field(4, "y" * 60_000),
                 good + b"".join(field(900, 1) for _ in range(15_000)), good + field(3, field(1, "m")) * 5000):
        answer = world.bootstrap().call("Bootstrap/Enroll", body)
        if len(body) > 1 << 20 and answer.code == "CONNECTION":
            seen.append("cut off")  # It is more than a connection may send in one go: whoever is faster ends it.
            continue
        tried(answer.code in ("OK", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "PERMISSION_DENIED", "ALREADY_EXISTS", "FAILED_PRECONDITION"), answer)
        seen.append(str(answer))
    tried("RESOURCE_EXHAUSTED" in seen[0] or seen[0] == "cut off", f"a megabyte: {seen[0]}")
    shown = world.muster("server", "show", f"acme/prod/{name}").stdout
    return held(len(shown) < 10_000, f"{all_held(seen)}; {len(shown)} bytes are shown")


@attack("bootstrap", "3,000 refused calls with names of 255 bytes", "recorded are some, and how many more: less than 1 MiB", seconds=120)
def growth(world):
    def content():
        database = sqlite3.connect(f"file:{world.orchestrator.data / 'muster.db'}?mode=ro", uri=True, timeout=10)
        pages, free, size = (database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size"))
        database.close()
        return (pages - free) * size

    world.orchestrator
    log, csr, before = world.orchestrator.log.stat().st_size, request(new_key()), content()
    client, answers = world.bootstrap(), 0
    for at in range(3000):
        answer = client.call("Bootstrap/Enroll", token="A" * 43, server_name=f"{at:05}" + "n" * 250, certificate_request_pem=csr)
        answers += answer.failure == "E-TOKEN-UNKNOWN"
        if answer.code == "CONNECTION":
            client = world.bootstrap()
    grown, said = (content() - before) / 2**20, (world.orchestrator.log.stat().st_size - log) / 2**20
    tried(answers > 2000, f"only {answers} were refused")
    return held(grown < 1 and said < 0.5, f"{answers} refusals: {grown:.1f} MiB more in the database, {said:.1f} in the log")


@attack("bootstrap", "refusals of a stranger push an honest refusal out of what an operator sees", "the honest one is shown with its token")
def drowned(world):
    name, token = world.server(), world.token()
    world.muster("token", "revoke", token.token_id)
    refused(world.enroll(token, name), "E-TOKEN-REVOKED")
    client, csr = world.bootstrap(), request(new_key())
    for _ in range(300):
        refused(client.call("Bootstrap/Enroll", token="A" * 43, server_name="noise", certificate_request_pem=csr), "E-TOKEN-UNKNOWN")
    shown = world.muster("token", "list", "--zone", "acme/prod", "-o", "json").stdout
    return held(name in shown, "it is shown with its token" if name in shown else "it is gone")


@attack("bootstrap", "the door is killed five times while machines come in", "each machine comes in; the session of another stays", quick=True)
def door_killed(world):
    if os.geteuid() != 0:
        from frame.attack import Skipped
        raise Skipped("needs root, to signal another user's process")
    member = world.member()
    client, stream, _ = world.connected(member, member.name)
    slowest = 0
    for _ in range(5):
        name, token = world.server(), world.token()
        door = world.orchestrator.door()
        if door:
            os.kill(door, signal.SIGKILL)
        begin = time.monotonic()
        if not await_that(lambda: isinstance(world.enroll(token, name, seconds=3), Identity), 20):
            raise Succeeded("nobody comes in any more")
        slowest = max(slowest, time.monotonic() - begin)
    stream.read(0.1)
    ended = stream.over
    client.close()
    return held(not ended, f"in after {slowest:.1f} s at most; the session {'has ended' if ended else 'stays'}")


@attack("bootstrap", "whoever has taken over the door: what it may open, start, signal, read", "nothing: seccomp, no capability, another user", quick=True)
def inside_door(world):
    # One that answers: before that it is on its way to what it will be, and speaks with nobody.
    tried(isinstance(world.enroll(world.token(), world.server()), Identity), "an honest machine does not come in")
    door = world.orchestrator.door()
    with open(f"/proc/{door}/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    files = [os.readlink(f"/proc/{door}/fd/{name}") for name in os.listdir(f"/proc/{door}/fd")]
    held(status["Seccomp"] == "2" and status["NoNewPrivs"] == "1" and int(status["CapEff"], 16) == 0, status)
    held(os.geteuid() != 0 or status["Uid"].split()[0] != "0", "it is root")
    held(not any("muster.db" in name or str(world.orchestrator.data) in name for name in files), files)
    with open(f"/proc/{door}/environ", "rb") as file:
        told = file.read().strip(b"\0")
        held(not told, f"it has an environment: {told}")
    return f"seccomp, uid {status['Uid'].split()[0]}, no capability, {len(files)} descriptors, none of a file"


@attack("bootstrap", "another user looks into the door and the orchestrator: memory, environment, descriptors, core", "permission denied", quick=True)
def from_beside(world):
    tried(await_that(lambda: world.orchestrator.door(), 10), "there is no door")
    pids = world.orchestrator.processes()
    doors = pids[1:]
    own = subprocess.Popen(["sleep", "60"], user="nobody", group="nogroup", extra_groups=[])
    world.cleanup.callback(own.kill)
    tried(world.as_nobody("head", "-c", "64", f"/proc/{own.pid}/environ").returncode == 0, "nobody cannot look into a process of its own, either")
    seen = []
    for pid in pids:
        for what in ("mem", "environ", "maps", "fd"):
            done = world.as_nobody("sh", "-c", f"ls /proc/{pid}/{what}/ 2>/dev/null || head -c 64 /proc/{pid}/{what}")
            seen.append(held(done.returncode != 0 and not done.stdout.strip("\0"), f"{what}: {done.stdout[:60]!r}") and "denied")
        with open(f"/proc/{pid}/limits") as file:
            core = next(line for line in file if "core file" in line).split()[4]
        held(core == "0", f"core size {core}")
        done = world.as_nobody("kill", "-ABRT", pid)
        # The door may be nobody's own program: then it ends, and another one stands there when this looks.
        held(done.returncode != 0 or pid in doors, "it can be signalled")
    return all_held(seen)


@attack("bootstrap", "a token file that was changed: another authority, another address, cut, with more around it", "the worker refuses; the token is not sent to a false one")
def token_file(world):
    import base64
    token, seen = world.token(), []
    from frame.certificates import Authority, pem
    armored = token.file.read_text()
    content = wire().TokenFile.FromString(base64.b64decode("".join(armored.split("-----")[2].split())))
    other = wire().TokenFile()
    other.CopyFrom(content)
    other.ca_bundle_pem = pem(Authority().certificate)
    changed = "-----BEGIN MUSTER BOOTSTRAP TOKEN-----\n" + base64.b64encode(other.SerializeToString()).decode() + "\n-----END MUSTER BOOTSTRAP TOKEN-----\n"
    for text in (changed, armored[:len(armored) // 2], armored.replace("BEGIN MUSTER", "BEGIN OTHER"), "", "\0" * 100, "x" * (1 << 20), armored.replace("A", "B")):
        file = world.write(world.unique("changed"), text, 0o600)
        done = world.orchestrator.run("muster-worker", "enroll", "--token-file", file, "--data-dir", world.folder / world.unique("data"), "--server-name", "web")
        held(done.returncode != 0 and token.secret not in done.stderr + done.stdout, f"exit {done.returncode}: {done.stderr[-200:]}")
        seen.append(next((word.strip(":.") for word in done.stderr.split() if word.startswith("E-")), f"exit {done.returncode}"))
    done = world.orchestrator.run("muster-worker", "enroll", "--token-file", token.file, "--data-dir", world.folder / world.unique("data"), "--server-name", world.server())
    tried(done.returncode == 0, f"with the file as it was: {done.stderr[-200:]}")
    return all_held(seen)
