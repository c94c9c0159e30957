"""Files that others can read, write or replace, and files that are not what they should be: what the programs do with them at their start."""
import io
import os
import pathlib
import shutil
import stat
import subprocess
import tarfile

from frame import measure
from frame.attack import Skipped, all_held, attack, held, tried
from frame.programs import Orchestrator, Program

NOBODY = 65534
SECONDS = 20


def other_user():
    if os.geteuid() != 0:
        raise Skipped("needs root, to give files to another user")


class Copies:
    """Data directories like the first one, for one attack each."""

    def __init__(self, world):
        self.world, self.model = world, world.folder / "model"
        if not self.model.exists():
            making = world.folder / world.unique("model")
            orchestrator = Orchestrator(world.binaries, making)
            world.started.append(orchestrator)
            done = orchestrator.muster("apply", "-f", world.write("model.yaml", "tenants:\n  - id: acme\n    zones:\n      - zone: prod\n        hub_url: http://127.0.0.1:9\n"))
            tried(done.returncode == 0 and orchestrator.stop() == 0, f"no model: {done.stderr}")
            making.rename(self.model)  # It is there when it is whole: the next attack would take a half of one for a data directory.

    def new(self):
        folder = self.world.folder / self.world.unique("copy")
        shutil.copytree(self.model, folder)
        return folder / "data"

    def starts(self, data):
        """(whether it started, or "hangs" or "crashes", what it said)."""
        ports = data.parent / "copy.ports"
        ports.unlink(missing_ok=True)
        self.world.started.append(program := Program(data.parent / "copy.log", self.world.binaries / "muster-orchestrator", "serve", "--data-dir", data, "--session-listen", "127.0.0.1:0",
                          "--bootstrap-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--port-file", ports))
        try:
            program.await_file(ports, SECONDS)
        except RuntimeError:
            pass
        hangs = not program.ended and not ports.exists()
        started = "crashes" if program.ended and program.process.returncode < 0 else not program.ended and not hangs
        if not program.ended:
            program.kill() if hangs else program.stop()
        return ("hangs" if hangs else started), program.said()


def code(said):
    import re
    found = re.findall(r"E-[A-Z]+(?:-[A-Z]+)+", said)
    return found[-1] if found else said.strip().splitlines()[-1][:80] if said.strip() else "nothing said"


OF_FILES = ("E-SYSTEM-CA", "E-SYSTEM-DATA-DIR", "E-SYSTEM-NOT-INITIALIZED", "E-KEY-MASTER", "E-KEY-UNSEALABLE", "E-STORE-CORRUPT", "E-STORE-NEWER", "E-STORE-IO", "E-STORE-UNUSABLE", "E-STORE-READ-ONLY")


def refuses(copies, what, change, remedy=("chmod", "chown")):
    """The orchestrator must not start with that change, and say how it is mended."""
    data = copies.new()
    change(data)
    started, said = copies.starts(data)
    shutil.rmtree(data.parent, ignore_errors=True)
    held(started is False, f"{what}: it {'started' if started is True else started}")
    # Refused for that: in words about files, not because a port was taken or the machine slow.
    tried(code(said) in OF_FILES or "chmod" in said or "chown" in said, f"{what}: {said[-300:]}")
    return held(not remedy or any(word in said for word in remedy), f"{what}: {code(said)}, with nothing to do about it") and code(said)


@attack("files", "a copy of the data directory that nobody touched", "starts: else the other attacks prove nothing", quick=True)
def untouched(world):
    copies = Copies(world)
    started, said = copies.starts(copies.new())
    if started is not True:
        raise RuntimeError(said[-300:])
    return "starts"


@attack("files", "a data directory that others can write to, or own", "refused, with the command that mends it", quick=True)
def loose_directory(world):
    copies, seen = Copies(world), []
    for mode in (0o777, 0o773, 0o772, 0o757, 0o1777):
        seen.append(refuses(copies, f"mode {mode:o}", lambda data: data.chmod(mode)))
    other_user()
    seen.append(refuses(copies, "of another", lambda data: os.chown(data, NOBODY, NOBODY)))
    folders = sorted({"backups", *(place.name for place in (copies.model / "data").iterdir() if place.is_dir())})
    tried({"ca", "audit", "evidence", "listeners", "operator"} <= set(folders), f"only {folders} are there")
    for part in folders:
        def change(data, part=part):
            (data / part).mkdir(exist_ok=True)
            (data / part).chmod(0o777)
        seen.append(refuses(copies, f"{part} 0777", change))
    return f"itself, {', '.join(folders)}: {all_held(seen)}"


KEYS = ("ca/ca.key", "master.key", "audit/key.pem", "evidence/key.pem")


@attack("files", "keys that others can read or write, or own", "refused, with the command that mends it", quick=True)
def loose_keys(world):
    copies, seen = Copies(world), []
    there = [key for key in KEYS if (copies.model / "data" / key).exists()]
    for key in there:
        for mode in (0o644, 0o640, 0o602):
            seen.append(refuses(copies, f"{key} {mode:o}", lambda data: (data / key).chmod(mode)))
    other_user()
    for key in there:
        seen.append(refuses(copies, f"{key} of another", lambda data: os.chown(data / key, NOBODY, NOBODY)))
    return f"{len(seen)} of {', '.join(there)}: {all_held(seen)}"


@attack("files", "listeners' keys that others could read", "made anew, closed to others")
def loose_listener_keys(world):
    copies, seen = Copies(world), []
    for name in ("server.key", "bootstrap.key"):
        data = copies.new()
        file = data / "listeners" / name
        if not file.exists():
            continue
        old = file.read_bytes()
        file.chmod(0o644)
        copies.starts(data)
        seen.append(held(file.read_bytes() != old and not stat.S_IMODE(file.stat().st_mode) & 0o077, f"{name} is the same, {stat.S_IMODE(file.stat().st_mode):o}") and f"{name} made anew")
    return all_held(seen) or "no key is kept"


@attack("files", "a database that others can read, in a directory that they can enter", "refused, with the command that mends it")
def loose_database(world):
    copies = Copies(world)

    def open_it(data, mode):
        data.chmod(0o755)
        (data / "muster.db").chmod(mode)

    return all_held(refuses(copies, f"{mode:o}", lambda data: open_it(data, mode)) for mode in (0o644, 0o666, 0o660))


@attack("files", "pipes, folders and dangling links in the place of keys, database and what is beside it", "refused at once, nothing hangs")
def odd_files(world):
    copies, seen = Copies(world), []
    for name in ("ca/ca.key", "master.key", "muster.db", "ca/addresses", "audit/heads.log", "last-event"):
        for kind in ("pipe", "folder", "dangling") if name in (*KEYS, "audit/heads.log") else ("folder", "dangling"):
            def change(data, name=name, kind=kind):
                place = data / name
                place.unlink(missing_ok=True)
                if kind == "pipe":
                    os.mkfifo(place, 0o600)
                elif kind == "folder":
                    place.mkdir()
                else:
                    place.symlink_to("/nowhere/at/all")

            data = copies.new()
            change(data)
            started, said = copies.starts(data)
            shutil.rmtree(data.parent, ignore_errors=True)
            # What only remembers (addresses, heads, the last event) may be missed; what is a key or the database may not.
            may_start = name not in (*KEYS, "muster.db")
            held(started is False or started is True and may_start, f"{name} as {kind}: it {'started' if started is True else started}")
            tried(started or code(said) in OF_FILES, f"{name} as {kind}: {said[-300:]}")
            seen.append(f"{name} as {kind}: {'starts without it' if started else code(said)}")
    return all_held(seen)


@attack("files", "a key that is a link into another user's folder", "refused")
def linked_keys(world):
    other_user()
    copies, seen = Copies(world), []
    for key in ("ca/ca.key", "master.key"):
        def change(data, key=key):
            place = pathlib.Path(world.folder, world.unique("theirs"))
            place.mkdir()
            os.chown(place, NOBODY, NOBODY)
            away = place / "key"
            shutil.move(data / key, away)
            os.chown(away, NOBODY, NOBODY)
            (data / key).symlink_to(away)

        seen.append(refuses(copies, key, change))
    return all_held(seen)


@attack("files", "keys and certificates of another orchestrator, empty, cut, no text", "refused, nothing is made anew in silence")
def foreign_keys(world):
    copies, seen = Copies(world), []
    from frame.certificates import key_pem, new_key
    for name in ("ca/ca.key", "ca/ca.crt", "master.key"):
        for content in (b"", b"\xff\xfe\x00", key_pem(new_key()).encode(), b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"A" * (5 << 20)):
            def change(data, name=name, content=content):
                (data / name).write_bytes(content)

            seen.append(refuses(copies, f"{name} {content[:20]!r}", change, remedy=()))
    for name in ("ca/ca.key", "ca/ca.crt", "muster.db"):
        seen.append(refuses(copies, f"without {name}", lambda data: (data / name).unlink(), remedy=()))
    return all_held(seen)


@attack("files", "a database that is cut, overwritten, another program's, with a log of its own", "refused, never half believed")
def broken_database(world):
    copies, seen = Copies(world), []
    for name, change in (("cut", lambda file: os.truncate(file, file.stat().st_size // 2)), ("header", lambda file: overwrite(file, 0, b"\xff" * 100)),
                         ("middle", lambda file: overwrite(file, 4096 * 3, os.urandom(4096 * 30))), ("no database", lambda file: file.write_bytes(os.urandom(100000))),
                         ("another's", lambda file: (file.unlink(), subprocess.run(["sqlite3", file, "CREATE TABLE x (y)"], check=True))),
                         ("empty", lambda file: file.write_bytes(b""))):
        seen.append(refuses(copies, name, lambda data: change(data / "muster.db"), remedy=()))
    return all_held(seen)


def overwrite(file, at, content):
    with open(file, "r+b") as out:
        out.seek(at)
        out.write(content)


@attack("files", "a worker's key, identity and folder that others can read or write, or own", "refused, with the command that mends it", quick=True)
def loose_worker(world):
    seen = []
    name = world.server()
    data = world.worker(name, run=False)
    files = sorted(file for file in data.rglob("*") if file.is_file() and file.name.endswith((".key", ".pem", ".json", ".db")))

    def tried(what):
        program = Program(world.folder / "loose.log", world.binaries / "muster-worker", "run", "--data-dir", data)
        program.log.write_text("")
        ended = wait(program, 20)
        program.kill()
        said = program.said()
        seen.append(held(ended and ("chmod" in said or "chown" in said), f"{what}: {code(said)}") and code(said))

    for file in [file for file in files if "key" in file.name]:
        good = stat.S_IMODE(file.stat().st_mode)
        for mode in (0o644, 0o660):
            file.chmod(mode)
            tried(f"{file.name} {mode:o}")
        file.chmod(good)
    for mode in (0o777, 0o773):
        data.chmod(mode)
        tried(f"folder {mode:o}")
    data.chmod(0o700)
    other_user()
    os.chown(data, NOBODY, NOBODY)
    tried("folder of another")
    return all_held(seen)


def wait(program, seconds):
    try:
        program.process.wait(seconds * measure.slowness())
        return True
    except subprocess.TimeoutExpired:
        return False


@attack("files", "a worker's files that are empty, cut, overwritten, folders", "refused or as if never enrolled, nothing hangs")
def odd_worker(world):
    seen = []
    model = world.worker(world.server(), run=False)
    names = [str(file.relative_to(model)) for file in sorted(model.rglob("*")) if file.is_file()]
    for name in names:
        for kind in ("empty", "cut", "noise", "folder"):
            data = pathlib.Path(world.folder, world.unique("odd"))
            shutil.copytree(model, data)
            place = data / name
            whole = place.read_bytes()
            if kind == "folder":
                place.unlink()
                place.mkdir()
            else:
                place.write_bytes({"empty": b"", "cut": whole[:len(whole) // 2], "noise": os.urandom(max(64, len(whole)))}[kind])
            try:
                done = subprocess.run([world.binaries / "muster-worker", "status", "--data-dir", data], capture_output=True, text=True, errors="replace", timeout=10,
                                      stdin=subprocess.DEVNULL)
            except subprocess.TimeoutExpired:
                held(False, f"status hangs with {name} as {kind}")
            held(done.returncode >= 0, f"status with {name} as {kind} ends with {done.returncode}")
            seen.append(f"exit code {done.returncode}")
            shutil.rmtree(data)
    return f"{len(seen)} of {', '.join(names)}: {all_held(seen)}"


@attack("files", "token files and operators' keys that others can read", "refused, with the command that mends it", quick=True)
def loose_token(world):
    seen = []
    token = world.token()
    name = world.server()
    for mode in (0o644, 0o640, 0o666):
        token.file.chmod(mode)
        done = world.orchestrator.run("muster-worker", "enroll", "--token-file", token.file, "--data-dir", world.folder / world.unique("w"), "--server-name", name)
        seen.append(held(done.returncode and "chmod" in done.stderr, f"token {mode:o}: {done.returncode} {done.stderr[:100]}") and f"token {mode:o} refused")
    operator = world.operator()
    operator.folder.chmod(0o755)  # Where nobody can enter, a file's mode does not count.
    for mode in (0o644, 0o640):
        (operator.folder / "operator.key").chmod(mode)
        done = world.muster("whoami", operator=operator, check=False)
        seen.append(held(done.returncode and "chmod" in done.stderr, f"operator.key {mode:o}: {done.returncode} {done.stderr[:100]}") and f"operator.key {mode:o} refused")
    return all_held(seen)


@attack("files", "what is made: data directories, keys, tokens, backups, logs of heads", "open to nobody else, whatever the umask is")
def modes_of_what_is_made(world):
    old = os.umask(0)
    try:
        folder = world.folder / world.unique("made")
        orchestrator = Orchestrator(world.binaries, folder)
        orchestrator.muster("apply", "-f", world.write("made.yaml", "tenants:\n  - id: acme\n    zones:\n      - zone: prod\n        hub_url: http://127.0.0.1:9\n"))
        orchestrator.muster("token", "create", "--zone", "acme/prod", "--out", folder / "token")
        orchestrator.muster("operator", "create", "ann", "--role", "viewer", "--tenant", "acme", "--out", folder / "ann")
        orchestrator.run("muster-orchestrator", "backup", "--data-dir", orchestrator.data, "--out", folder / "backup")
        orchestrator.run("muster-worker", "enroll", "--token-file", folder / "token", "--data-dir", folder / "worker", "--server-name", "web")
        orchestrator.stop()
    finally:
        os.umask(old)
    public = ("ca.crt", "operator.crt", "address", "ca.pem", "certificate.pem", "identity.json")
    loose = [f"{file.relative_to(folder)} {stat.S_IMODE(file.lstat().st_mode):o}" for top in ("data", "token", "ann", "backup", "worker")
             for file in [folder / top, *(folder / top).rglob("*")] if file.exists() and not file.is_symlink() and stat.S_IMODE(file.lstat().st_mode) & 0o077
             and not (file.name in public and not stat.S_IMODE(file.lstat().st_mode) & 0o022)]
    if not (folder / "backup").exists():
        raise RuntimeError("no backup was made")
    return held(not loose, ", ".join(loose) or "all closed")


@attack("files", "links that others put where a file is to be made", "not followed, nothing overwritten")
def links_for_output(world):
    seen = []
    place = world.folder / world.unique("shared")
    place.mkdir()
    place.chmod(0o1777)
    victim = world.write("victim", "precious")
    outputs = {"token": ("token", "create", "--zone", "acme/prod", "--out", place / "out"), "operator": ("operator", "create", world.unique("ann"), "--role", "viewer", "--tenant", "acme", "--out", place / "out")}
    for name, words in outputs.items():
        for target in (victim, world.folder / "not-there-yet"):
            (place / "out").unlink(missing_ok=True)
            (place / "out").symlink_to(target)
            done = world.muster(*words, check=False)
            seen.append(held(done.returncode and victim.read_text() == "precious" and not (world.folder / "not-there-yet").exists(), f"{name}: {done.stdout[:80]}") and "refused")
        (place / "out").unlink()
        done = world.muster(*words, check=False)
        tried(done.returncode == 0, f"{name} without a link: {done.stderr[:200]}")
        shutil.rmtree(place / "out") if (place / "out").is_dir() else (place / "out").unlink()
    (place / "out").unlink(missing_ok=True)
    (place / "out").symlink_to(victim)
    done = world.orchestrator.run("muster-orchestrator", "backup", "--data-dir", world.orchestrator.data, "--out", place / "out")
    seen.append(held(done.returncode and victim.read_text() == "precious", f"backup: {done.stdout[:80]}") and "refused")
    return all_held(seen)


@attack("files", "backups that climb out of their folder, hold links, devices, too much, twice the same", "refused, nothing outside is made")
def climbing_backups(world):
    seen = []
    real = world.folder / world.unique("backup")
    done = world.orchestrator.run("muster-orchestrator", "backup", "--data-dir", world.orchestrator.data, "--out", real)
    if done.returncode:
        raise RuntimeError(done.stderr)
    with tarfile.open(real) as archive:
        members = [(member, archive.extractfile(member).read() if member.isfile() else b"") for member in archive.getmembers()]

    def made(name, extra=(), leave=(), change=None):
        file = world.folder / world.unique("bad-backup")
        with tarfile.open(file, "w") as out:
            for member, content in members:
                if member.name in leave:
                    continue
                if change and change(member, content) is not None:
                    content = change(member, content)
                    member = tarfile.TarInfo(member.name)
                    member.size = len(content)
                    member.mode = 0o600
                out.addfile(member, io.BytesIO(content))
            for member, content in extra:
                out.addfile(member, io.BytesIO(content))
        file.chmod(0o600)
        to = world.folder / world.unique("restored")
        done = world.orchestrator.run("muster-orchestrator", "restore", "--from", file, "--data-dir", to, *with_key)
        seen.append(held(done.returncode > 0, f"{name}: restored, {done.stdout[:100]}") and code(done.stderr))

    def entry(name, kind=tarfile.REGTYPE, link="", content=b"x"):
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, link, len(content) if kind == tarfile.REGTYPE else 0
        return member, content if kind == tarfile.REGTYPE else b""

    outside = world.folder / "escaped"
    whole = world.folder / world.unique("whole-backup")
    with tarfile.open(whole, "w") as out:
        for member, content in members:
            out.addfile(member, io.BytesIO(content))
    whole.chmod(0o600)
    master = world.orchestrator.data / "master.key"
    with_key = ("--master-key-file", master) if not any("master.key" in member.name for member, _ in members) and master.exists() else ()
    done = world.orchestrator.run("muster-orchestrator", "restore", "--from", whole, "--data-dir", world.folder / world.unique("restored"), *with_key)
    tried(done.returncode == 0, f"packed again without a change it is refused: {done.stderr[:300]}")
    made("climbs", [entry("../escaped")])
    made("absolute", [entry(str(outside))])
    made("a link", [entry("way", tarfile.SYMTYPE, str(world.folder)), entry("way/escaped")])
    made("a hard link", [entry("hard", tarfile.LNKTYPE, "/etc/passwd")])
    made("a device", [entry("device", tarfile.CHRTYPE)])
    made("another file", [entry("more.txt")])
    first = next(member.name for member, _ in members if member.isfile())
    made("twice", [(member, content) for member, content in members if member.name == first])
    made("altered", change=lambda member, content: content[:-1] + b"X" if member.name.endswith("muster.db") else None)
    made("without its manifest", leave=[first])
    whole = real.read_bytes()
    for name, content in (("cut", whole[:len(whole) // 2]), ("noise", os.urandom(100000)), ("empty", b""), ("gzip of nothing", b"\x1f\x8b" + b"\0" * 100)):
        file = world.write(world.unique("bad-backup"), content, 0o600)
        done = world.orchestrator.run("muster-orchestrator", "restore", "--from", file, "--data-dir", world.folder / world.unique("restored"), *with_key)
        seen.append(held(done.returncode > 0, f"{name}: restored") and code(done.stderr))
    return held(not outside.exists(), f"{len(seen)} of them: {all_held(seen)}")
