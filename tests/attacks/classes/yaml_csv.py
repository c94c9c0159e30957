"""Files that operators are given: fleet files, lists of servers, secrets. And what their spreadsheets are given back."""
import csv
import io
import pathlib

from frame.attack import all_held, attack, held, tried
from frame.measure import Peak, cpu_of_ended_children, resident_mib

FLEET = "tenants:\n  - id: {id}\n    zones:\n      - zone: prod\n        hub_url: http://hub.other.example\n{more}"


def refuses(world, text, seconds=30, what="apply"):
    """As an operator's file; a good one is taken, once in a world. The file must be refused as such (exit code 2 or 6, or a code of the orchestrator), soon, and nothing printed that a terminal obeys."""
    if not hasattr(world, "good_file"):
        world.good_file = world.muster("apply", "-f", world.write("good.yaml", FLEET.format(id="good", more="")), "--dry-run", check=False)
        tried(world.good_file.returncode == 0, f"a good file: {world.good_file.stderr}")
    name = "fleet.yaml" if what == "apply" else "servers.csv"
    words = ("apply", "-f") if what == "apply" else ("server", "import")
    before = cpu_of_ended_children()
    done = world.muster(*words, world.write(name, text), check=False)
    took = cpu_of_ended_children() - before
    said = done.stdout + done.stderr
    held(done.returncode in (1, 2, 6), f"exit code {done.returncode} for {text[:60]!r}: {said[:150]}")
    held(took < seconds, f"{took:.0f} s of a processor for {text[:60]!r}")
    held(not any(one in said for one in "\x1b\x07\x00\u009b\u202e\u200b"), f"it prints what is obeyed for {text[:60]!r}")
    return f"exit code {done.returncode}"


@attack("yaml_csv", "a billion laughs: anchors and aliases that grow", "refused, at once and in little memory", quick=True)
def laughs(world):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    seen = [refuses(world, "\n".join(lines) + "\ntenants: *a11\n", 5), refuses(world, "tenants: &t\n  - *t\n", 5), refuses(world, "tenants: *nothing\n", 5),
            refuses(world, "base: &b {id: evil}\ntenants:\n  - <<: *b\n", 5)]
    return all_held(seen)


@attack("yaml_csv", "nested a hundred thousand deep: lists, maps, blocks, quotes", "refused, no crash", quick=True)
def nested(world):
    blocks = "\n".join("  " * depth + "a:" for depth in range(2000))
    return all_held(refuses(world, text) for text in ("tenants: " + "[" * 100000, "tenants: " + "{a: " * 100000, blocks, "tenants: " + "- " * 50000, "? " * 50000, "!" * 50000, "&a " * 50000))


@attack("yaml_csv", "fields twice, unknown fields, other types, other documents", "refused")
def wrong_fields(world):
    base = FLEET.format(id="evil", more="")
    good = world.muster("apply", "-f", world.write("fleet.yaml", base), "--dry-run", check=False)
    held(good.returncode == 0, f"the file is refused without an attack: {good.stderr}")
    seen = [refuses(world, text) for text in (
        base + "tenants: []\n", base.replace("- id: evil", "- id: acme\n    id: evil"), base + "---\n" + base, base + "...\nmore", base.replace("hub_url", "hub_URL"),
        base + "        allow_cli_join: yes please\n", base + "        max_concurrent_joins: 1e9\n", base + "        max_concurrent_joins: 0x10\n", base + "        max_concurrent_joins: -1\n",
        base + "        max_concurrent_joins: 99999999999999999999\n", base.replace("evil", "[evil]"), base.replace("evil", "null"), base.replace("evil", "~"), "tenants: {}\n", "tenants:\n", "[]\n", "", "\n", "%YAML 9.9\n---\n" + base)]
    return held(b"evil" not in world.admin().call("ListTenants").data, f"{len(seen)} files: {all_held(seen)}")


@attack("yaml_csv", "tags that make objects of programs, binaries, sets, times", "refused")
def tags(world):
    owned = pathlib.Path(world.folder, "owned")
    seen = all_held(refuses(world, FLEET.format(id=tag, more="")) for tag in (f'!!python/object/apply:os.system ["touch {owned}"]', "!!binary aGVsbG8=", "!!set {a}", "!include /etc/passwd", "!<tag:yaml.org,2002:str> evil", "!!str evil", "!ruby/object:Gem {}"))
    return held(not owned.exists(), f"{seen}; nothing was run")


@attack("yaml_csv", "UTF-16, UTF-32, NUL, half characters, controls and marks in a fleet file", "refused or read as text; nothing is obeyed")
def encodings(world):
    base = FLEET.format(id="evil", more="")
    seen = []
    # What Windows tools write is text, and no attack.
    for encoding in ("utf-16", "utf-16-be"):
        held(world.muster("apply", "-f", world.write("fleet.yaml", base.encode(encoding)), "--dry-run", check=False).returncode == 0, f"{encoding} is not read")
    for text in (base.encode("utf-32"), b"\xff\xfe" + base.encode(), base.replace("evil", "e\x00vil").encode(), base.replace("evil", "e\u202evil").encode(),
                 base.replace("evil", '"e\\u001b]0;owned\\u0007"').encode(), base.replace("evil", "e\u009bvil").encode(), base.encode().replace(b"evil", b"e\xc3"), base.encode().replace(b"evil", b"\xed\xa0\x80"),
                 base.replace("evil", "\u0435vil").encode(), base.replace("\n", "\u2028").encode()):
        seen.append(refuses(world, text))
    return held(b"vil" not in world.admin().call("ListTenants").data, all_held(seen))


@attack("yaml_csv", "a file of 9 MiB, of one line, of a hundred thousand tenants", "refused or read, bounded time and memory")
def large(world):
    rest = resident_mib([world.orchestrator.pid])
    seen = []
    with Peak(lambda: resident_mib([world.orchestrator.pid])) as peak:
        seen.append(refuses(world, "# " + "x" * (9 << 20) + "\n", 20))
        seen.append(refuses(world, "tenants: [" + "{}, " * 100000 + "]", 30))
        seen.append(refuses(world, "tenants:\n" + "".join(f"  - id: {'x' * 70}{i}\n" for i in range(20000)), 30))
    return held(peak.most - rest < 128, f"{all_held(seen)}, {peak.most - rest:.0f} MiB more")


@attack("yaml_csv", "secrets that are values, devices, folders, huge, of two lines, of no text", "refused, and not shown", quick=True)
def secrets(world):
    seen = []
    key = "        joining_key: {{ client_id: c, secret: {} }}\n"
    secret = "Zx9qLm3vTy7wRb5k"
    cases = {f'"{secret}"': "a value", f"{{ value: {secret} }}": "a field value", "{ file: /dev/zero }": "a device", "{ file: /proc/self/mem }": "memory",
             f"{{ file: {world.folder} }}": "a folder", f"{{ file: {world.write('two', secret + chr(10) + secret, 0o600)} }}": "two lines",
             f"{{ file: {world.write('noise', secret.encode() + bytes([255, 254]), 0o600)} }}": "no text", f"{{ file: {world.write('huge', secret * 1000000, 0o600)} }}": "huge",
             f"{{ file: {world.write('empty', '', 0o600)} }}": "empty", f"{{ file: {world.write('spaced', ' ' + secret + ' ', 0o600)} }}": "blanks around it", "{ env: NOT_SET_AT_ALL }": "not set",
             f"{{ file: {world.write('bom', chr(0xfeff) + secret, 0o600)} }}": "a mark before it", f"{{ env: '{secret}' }}": "the secret as a name"}
    good = world.muster("apply", "-f", world.write("fleet.yaml", FLEET.format(id="evil", more=key.format(f"{{ file: {world.write('whole', secret, 0o600)} }}"))), "--dry-run",
                        check=False)
    tried(good.returncode == 0, f"a good reference: {good.stderr}")
    for reference, what in cases.items():
        text = FLEET.format(id="evil", more=key.format(reference))
        done = world.muster("apply", "-f", world.write("fleet.yaml", text), check=False, seconds=20)
        held(done.returncode in (1, 2), f"{what}: exit code {done.returncode}")
        if what not in ("the secret as a name",):
            held(secret not in done.stdout + done.stderr, f"{what}: the secret is shown")
        seen.append(f"exit code {done.returncode}")
    done = world.muster("key", "set", "acme/prod", "--client-id", "c", "--secret", secret, check=False)
    held(done.returncode == 2 and secret not in done.stdout + done.stderr, f"--secret: exit code {done.returncode}, {done.stderr[:80]}")
    return f"{len(seen)} references: {all_held(seen)}"


@attack("yaml_csv", "certificates of a hub that are keys, no text, endless", "refused, and not shown")
def hub_ca(world):
    from frame.certificates import key_pem, new_key
    private = key_pem(new_key())
    seen, https = [], FLEET.replace("http://", "https://")
    good = world.muster("apply", "-f", world.write("fleet.yaml", https.format(id="evil", more=f"        hub_ca_file: {world.write('ca.pem', world.orchestrator.ca_pem)}\n")), "--dry-run",
                        check=False)
    tried(good.returncode == 0, f"a good certificate: {good.stderr}")
    for content in (private, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff\xfe" * 1000, "x" * (2 << 20), "", private + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        text = https.format(id="evil", more=f"        hub_ca_file: {world.write('ca.pem', content)}\n")
        done = world.muster("apply", "-f", world.write("fleet.yaml", text), check=False)
        held(done.returncode in (1, 2), f"exit code {done.returncode}: {done.stdout[:80]}") and seen.append(f"exit code {done.returncode}")
        held(private.splitlines()[1] not in done.stdout + done.stderr, "the key is shown")
    for path in ("/dev/zero", "/proc/self/mem", str(world.folder)):
        seen.append(refuses(world, https.format(id="evil", more=f"        hub_ca_file: {path}\n"), 15))
    return all_held(seen) or "refused"


HEADER = "tenant,zone,name,label:site\n"


@attack("yaml_csv", "lists with formulas, quotes without an end, NUL, other encodings, columns without number", "refused by line, nothing half imported")
def bad_lists(world):
    before = len(world.admin().call("ListServers", page_size=1000).message.servers)
    seen = [refuses(world, text, what="import") for text in (
        HEADER + 'acme,prod,"web\n', HEADER + "acme,prod,we\x00b,x\n", b"\xff\xfe\x00\x00", HEADER.encode() + b"acme,prod,w\xe4b,x\n", "tenant,zone,name,name\nacme,prod,a,b\n", "name\nweb\n", "",
        "\n" * 100000, HEADER + "acme,prod,web,x,y,z\n", HEADER + "acme,prod,web\x1b]0;owned\x07,x\n", HEADER + "acme,prod,web\u202e,x\n", HEADER + "acme,prod," + "x" * 300 + ",x\n", HEADER + "acme,prod,web," + "x" * 300 + "\n",
        HEADER + "nobody,prod,web,x\n", HEADER + "acme/prod/x,prod,web,x\n", ",".join(["tenant", "zone", "name"] + [f"label:k{i}" for i in range(50000)]) + "\nacme,prod,web\n", HEADER + "acme,prod,../../etc/passwd,x\n",
        HEADER + "acme,prod,localhost,x\n", HEADER + "acme,prod,a*b,x\n", HEADER + "acme,prod,one,x\nacme,prod,ONE,y\n", HEADER + '"acme","prod","a""b\r\nc",x\n', "PK\x03\x04" + "x" * 1000, "<html>" * 1000)]
    after = len(world.admin().call("ListServers", page_size=1000).message.servers)
    good = world.muster("server", "import", world.write("servers.csv", HEADER + "acme,prod,good-one,x\n"), check=False)
    tried(good.returncode == 0, f"a good list: {good.stderr}")
    return held(after == before, f"{len(seen)} lists: {all_held(seen)}; {after - before} servers more")


@attack("yaml_csv", "a list of one line of 17 MiB, one whose quoted field never ends, one of separators alone", "refused, bounded time")
def large_lists(world):
    return all_held(refuses(world, text, 60, what="import") for text in (HEADER + "x" * (17 << 20), HEADER + '"' + "x\n" * (1 << 19), "," * (1 << 20)))


@attack("yaml_csv", "names, labels and reasons that spreadsheets run as formulas, in what is exported", "an apostrophe in front, everywhere", quick=True)
def formulas(world):
    formulas = ("=1+1", "+1", "-1", "@SUM(1)", "=cmd|' /C calc'!A0", "\t=1", "\r=1", "=HYPERLINK(\"http://evil\")", "\uff1d1+1", " =1", "|calc", "%0A=1")
    rows = [{"line": at, "tenant_id": "acme", "zone": "prod", "name": f"formula-{at}", "labels": {"site": text}} for at, text in enumerate(formulas, 1)]
    client = world.admin()
    imported = client.call("ImportServers", rows=rows, partial=True)
    client.call("ApplyFleet", tenants=[{"tenant_id": "globex", "display_name": "=1+1"}])
    names = client.call("ImportServers", partial=True, rows=[{"line": at, "tenant_id": "acme", "zone": "prod", "name": text} for at, text in enumerate(("=1+1", "+a", "-a", "@a"), 1)])
    for at in range(1, 4):
        client.call("EvictServer", server=f"acme/prod/formula-{at}", reason=formulas[at - 1])
    checked = 0
    for words in (("server", "list"), ("audit", "list", "--limit", "500"), ("tenant", "list"), ("zone", "list"), ("report",), ("token", "list"), ("operator", "list")):
        for row in csv.reader(io.StringIO(world.muster(*words, "-o", "csv").stdout)):
            for cell in row:
                checked += 1
                text = cell.lstrip(" \t\r\n")
                number = text[1:].replace(".", "", 1).isdigit() if text[:1] in "+-" else False
                held(not text or text[0] not in "=+-@\uff1d" or number and cell == text, f"muster {' '.join(words)}: the cell {cell!r}")
    tried(len(imported.message.problems) < len(formulas), "no label was taken")
    tried(checked > 200, f"{checked} cells")
    return f"{checked} cells; of the labels {len(imported.message.problems)} were refused, of the names {len(names.message.problems)}"


@attack("yaml_csv", "a list that was exported, imported again", "the same names and labels come back, without the apostrophe")
def round_trip(world):
    world.admin().call("ImportServers", rows=[{"line": 1, "tenant_id": "acme", "zone": "lab", "name": "round-1", "labels": {"site": "=1+1", "note": "a;b\\c,\"d\""}}])
    exported = world.muster("server", "list", "--zone", "acme/lab", "-o", "csv").stdout
    world.muster("server", "delete", "acme/lab/round-1", "--yes")
    done = world.muster("server", "import", world.write("again.csv", exported), check=False)
    tried(done.returncode == 0, f"the list is refused: {done.stderr[:100]}")
    found = world.admin().call("GetServer", server="acme/lab/round-1").message
    return held(dict(found.labels) == {"site": "=1+1", "note": "a;b\\c,\"d\""}, dict(found.labels))
