"""Whoever has the database, or more than that, and wants the audit log to tell something else."""
import contextlib
import hashlib
import re
import shutil
import sqlite3
import struct

from frame.attack import all_held, attack, held, tried
from frame.programs import Orchestrator

BROKEN = "said to be broken or restored by muster audit verify"


class Record:
    """A copy of a data directory with a hundred events behind it, whose orchestrator has stopped."""

    def __init__(self, world):
        model = world.folder / "audited"
        if not model.exists():
            making = world.folder / world.unique("audited")
            orchestrator = Orchestrator(world.binaries, making)
            world.started.append(orchestrator)
            orchestrator.muster("apply", "-f", world.write("audited.yaml", "tenants:\n  - id: acme\n    zones:\n      - zone: prod\n        hub_url: http://127.0.0.1:9\n"))
            rows = "".join(f"acme,prod,web-{number}\n" for number in range(100))
            orchestrator.muster("server", "import", world.write("audited.csv", "tenant,zone,name\n" + rows))
            for _ in range(3):
                orchestrator.muster("token", "create", "--zone", "acme/prod")
            orchestrator.stop()
            orchestrator.start()
            heads = orchestrator.muster("audit", "heads")
            orchestrator.muster("token", "create", "--zone", "acme/prod")
            orchestrator.stop()
            tried(heads.returncode == 0 and heads.stdout.strip(), f"no heads: {heads.stderr}")
            (making / "heads").write_text(heads.stdout)
            making.rename(model)  # It is there when it is whole.
        self.world, self.folder = world, world.folder / world.unique("record")
        shutil.copytree(model, self.folder)
        self.data, self.heads = self.folder / "data", self.folder / "heads"
        (self.folder / "orchestrator.log").unlink()

    @contextlib.contextmanager
    def database(self):
        """The database, without the triggers that are in the way."""
        database = sqlite3.connect(self.data / "muster.db")
        for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        yield database
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    def last(self):
        with self.database() as database:
            return database.execute("SELECT max(sequence) FROM audit_events").fetchone()[0]

    def found(self, exported=False):
        """Who finds that something is wrong, and in which words: {} when nobody does."""
        who = {}
        offline = Orchestrator.run(self, "muster-orchestrator", "check", "--data-dir", self.data)
        if offline.returncode:
            who["check"] = reason(offline)
        try:
            orchestrator = Orchestrator(self.binaries, self.folder)
        except RuntimeError as refused:
            who["serve refuses"] = reason_of(str(refused))
            return who
        heads = ["--heads", self.heads] if exported else []
        online = orchestrator.muster("audit", "verify", *heads)
        orchestrator.stop()
        if online.returncode or "restored" in online.stdout:
            who["verify"] = reason(online)
        return who

    @property
    def binaries(self):
        return self.world.binaries


def reason(done):
    return reason_of(done.stdout + done.stderr)


def reason_of(text):
    """Its first telling sentence, without the paths: they hold this attack's own words, and leave no room for the program's."""
    text = re.sub(r"/\S+", "…", text)
    code = re.search(r"E-[A-Z]+(?:-[A-Z]+)+", text)
    lines = [line for line in text.splitlines() if re.search(r"broken|missing|restored|cut|ends|altered|not follow|signed|head|events", line)]
    return (code.group(0) + " " if code else "") + (lines[0][:110] if lines else text.strip()[:60])


def chain(database, since=1):
    """Computes the chains anew from an event on, as the orchestrator would: each tenant's, and the log's that covers them."""
    previous = database.execute("SELECT hash FROM audit_events WHERE sequence < ? ORDER BY sequence DESC LIMIT 1", (since,)).fetchone()
    previous = previous[0] if previous else b""
    links = dict(database.execute("SELECT tenant_id, link FROM audit_ends"))
    links.update(database.execute("SELECT tenant_id, link FROM audit_events WHERE sequence < ? ORDER BY sequence", (since,)))
    for sequence, *fields in database.execute("SELECT sequence, time_us, actor, action, subject, tenant_id, detail FROM audit_events WHERE sequence >= ? "
                                              "ORDER BY sequence", (since,)).fetchall():
        data = links.get(fields[4], bytes(32)) + struct.pack(">qq", sequence, fields[0])
        for text in fields[1:]:
            data += struct.pack(">q", len(text.encode())) + text.encode()
        link = links[fields[4]] = hashlib.sha256(data).digest()
        previous = hashlib.sha256(previous + link).digest()
        database.execute("UPDATE audit_events SET hash = ?, link = ? WHERE sequence = ?", (previous, link, sequence))


# What is said of the audit log, and of nothing else.
OF_THE_LOG = re.compile(r"audit|event \d|head|chain|state:\s+(broken|restored)", re.I)


def is_found(record, exported=False, by=("verify",)):
    """Each of `by` must say so, in words about the log; a program that refuses to serve for that says it, too."""
    who = record.found(exported)
    of_it = {name: said for name, said in who.items() if OF_THE_LOG.search(said)}
    tried(of_it.keys() == who.keys(), f"something else is wrong: {who}")
    missing = [name for name in by if name not in of_it and not (name == "verify" and "serve refuses" in of_it)]
    return held(not missing, "; ".join(f"{name}: {said}" for name, said in who.items()) + (f"; not said by {', '.join(missing)}" if missing else ""))


@attack("audit", "nothing was done to it", "said to be intact: else the other attacks prove nothing", quick=True)
def untouched(world):
    record = Record(world)
    with record.database() as database:
        before = database.execute("SELECT sequence, hash, link FROM audit_events ORDER BY sequence").fetchall()
        chain(database)
        after = database.execute("SELECT sequence, hash, link FROM audit_events ORDER BY sequence").fetchall()
    if before != after:
        raise RuntimeError("the chain of this tool is not the orchestrator's")
    said = record.found(exported=True)
    if said:
        raise RuntimeError(str(said))
    return f"{len(before)} events, intact, with exported heads too"


@attack("audit", "one event is altered", BROKEN + " and, offline, by muster-orchestrator check")
def altered(world):
    seen = []
    for column, value in (("detail", "'nothing happened'"), ("actor", "'operator:opr-innocent'"), ("time_us", "time_us - 1"), ("tenant_id", "'globex'"), ("hash", "zeroblob(32)"), ("link", "zeroblob(32)"),
                          ("link", "NULL")):
        record = Record(world)
        with record.database() as database:
            database.execute(f"UPDATE audit_events SET {column} = {value} WHERE sequence = 40")
        seen.append(is_found(record, by=("check", "verify")))
    return all_held(seen)


@attack("audit", "one event is altered and the chain computed anew", BROKEN, quick=True)
def recomputed(world):
    record = Record(world)
    with record.database() as database:
        database.execute("UPDATE audit_events SET detail = 'nothing happened' WHERE sequence = 40")
        chain(database, 40)
    return is_found(record)


@attack("audit", "the last events are deleted: one, ten, fifty", BROKEN, quick=True)
def cut_off(world):
    seen = []
    for number in (1, 10, 50):
        record = Record(world)
        with record.database() as database:
            database.execute("DELETE FROM audit_events WHERE sequence > (SELECT max(sequence) FROM audit_events) - ?", (number,))
        seen.append(is_found(record))
    return all_held(seen)


@attack("audit", "all events are deleted", BROKEN)
def emptied(world):
    record = Record(world)
    with record.database() as database:
        database.execute("DELETE FROM audit_events")
    return is_found(record)


@attack("audit", "all events and all heads of the database are deleted", BROKEN)
def emptied_with_heads(world):
    record = Record(world)
    with record.database() as database:
        database.execute("DELETE FROM audit_events")
        database.execute("DELETE FROM audit_heads")
    return is_found(record)


@attack("audit", "the end is cut off, with the heads of the database and of heads.log behind it", "found with exported heads at least")
def cut_with_heads(world):
    record = Record(world)
    with record.database() as database:
        database.execute("DELETE FROM audit_events WHERE sequence > 40")
        database.execute("DELETE FROM audit_heads WHERE sequence > 40")
    log = record.data / "audit" / "heads.log"
    log.write_text("")
    return is_found(record, exported=True)


@attack("audit", "events are taken out of the middle, the rest numbered and chained anew", BROKEN)
def without_the_middle(world):
    record = Record(world)
    with record.database() as database:
        database.execute("DELETE FROM audit_events WHERE sequence BETWEEN 20 AND 29")
        database.execute("UPDATE audit_events SET sequence = sequence - 10 WHERE sequence > 29")
        chain(database, 20)
    return is_found(record)


@attack("audit", "two events change places, chained anew", BROKEN)
def swapped(world):
    record = Record(world)
    with record.database() as database:
        database.execute("UPDATE audit_events SET sequence = -1 WHERE sequence = 30")
        database.execute("UPDATE audit_events SET sequence = 30 WHERE sequence = 31")
        database.execute("UPDATE audit_events SET sequence = 31 WHERE sequence = -1")
        chain(database, 30)
    return is_found(record)


@attack("audit", "a made-up checkpoint, behind which everything is deleted", BROKEN)
def forged_checkpoint(world):
    record = Record(world)
    with record.database() as database:
        sequence, hash = database.execute("SELECT sequence, hash FROM audit_events WHERE sequence = 60").fetchone()
        head = database.execute("SELECT time_us, before, key_id, signature FROM audit_heads ORDER BY sequence DESC LIMIT 1").fetchone()
        database.execute("INSERT INTO audit_heads (sequence, kind, hash, time_us, before, key_id, signature) VALUES (?, 'checkpoint', ?, ?, ?, ?, ?)", (sequence, hash, *head))
        database.execute("DELETE FROM audit_events WHERE sequence <= 60")
    return is_found(record)


@attack("audit", "a head of the database is altered, or signed by another key", BROKEN)
def forged_heads(world):
    seen = []
    for change in ("signature = zeroblob(length(signature))", "hash = zeroblob(32)", "kind = 'restored'", "time_us = time_us + 1"):
        record = Record(world)
        with record.database() as database:
            database.execute(f"UPDATE audit_heads SET {change}")
        seen.append(is_found(record))
    return all_held(seen)


@attack("audit", "another signing key in the place of the right one, and the whole log written anew", "found with exported heads")
def another_key(world):
    record = Record(world)
    (record.data / "audit" / "key.pem").unlink()
    (record.data / "audit" / "heads.log").write_text("")
    from frame.certificates import key_pem, new_key
    key = record.data / "audit" / "key.pem"
    key.touch(0o600)
    key.write_text(key_pem(new_key()))
    with record.database() as database:
        database.execute("DELETE FROM audit_heads")
        database.execute("UPDATE audit_events SET detail = 'nothing happened' WHERE sequence = 20")
        chain(database, 20)
    return is_found(record, exported=True)


@attack("audit", "the signing key is gone", "said, never taken for intact in silence")
def no_key(world):
    record = Record(world)
    (record.data / "audit" / "key.pem").unlink()
    return is_found(record, exported=True)


@attack("audit", "heads.log is deleted, emptied, made of other lines, cut inside a line, no text", "found, or the database's heads vouch")
def odd_heads_log(world):
    seen = []
    for content in (None, b"", b"head 1 2 3\n" * 100, b"\xff\x00\x1b" * 1000, "half"):
        record = Record(world)
        log = record.data / "audit" / "heads.log"
        whole = log.read_bytes()
        log.unlink()
        if content is not None:
            log.touch(0o600)
            log.write_bytes(whole[:-40] if content == "half" else content)
        with record.database() as database:
            database.execute("UPDATE audit_events SET detail = 'x' WHERE sequence = 40")
            chain(database, 40)
        seen.append(is_found(record))
    return all_held(seen)


@attack("audit", "the whole database as it was before, put back", "found by heads.log, as restored")
def put_back(world):
    record = Record(world)
    with record.database() as database:
        database.execute("DELETE FROM audit_events WHERE sequence > 60")
        database.execute("DELETE FROM audit_heads WHERE sequence > 60")
    return is_found(record)


@attack("audit", "exported heads that are forged, of another orchestrator, no text, 100,000 of them", "refused or said to be broken; never a crash")
def forged_exports(world):
    seen = []
    mine = world.muster("audit", "heads").stdout.splitlines()
    honest = world.muster("audit", "verify", "--heads", world.write("honest-heads", "\n".join(mine) + "\n"), check=False)
    tried(honest.returncode == 0, f"with its own heads: exit code {honest.returncode}, {honest.stdout}{honest.stderr}")
    others = Record(world).heads.read_text()
    line = next((line for line in mine if line.strip()), "")
    for content in (line[:-6] + "AAAA==\n", "x" * 100000, "\x1b]0;owned\x07\n", b"\xff\xfe\n", "\n".join([line.replace("1", "2")] * 50000), line.replace("1", "2"), others):
        file = world.write("forged-heads", content)
        done = world.muster("audit", "verify", "--heads", file, check=False)
        held("\x1b" not in done.stdout + done.stderr, "it is obeyed")
        seen.append(held(done.returncode in (1, 2, 5), f"exit code {done.returncode}: {done.stdout[:100]}") and f"exit code {done.returncode}")
    return all_held(seen)
