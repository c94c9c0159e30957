"""The wire, read from the proto files by protoc: message classes and methods by their names, and bytes that no honest client would send.

Runs on protobuf's implementation in Python, so that not the library of the programs is on both sides.
"""
import os

os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
import pathlib  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[3]
HEALTH = '''syntax = "proto3"; package grpc.health.v1;
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse { int32 status = 1; }
service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse); }
'''
REFLECTION = '''syntax = "proto3"; package grpc.reflection.v1alpha;
message ServerReflectionRequest { string host = 1; string file_containing_symbol = 4; string list_services = 7; }
message ServerReflectionResponse { string valid_host = 1; bytes list_services_response = 6; bytes error_response = 7; }
service ServerReflection { rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse); }
'''


class Wire:
    """`wire.CreateTokenRequest(zone_id=…)` makes a message; `wire.method("CreateToken")` is a method's descriptor. Names without a package; where two
    are alike, with the service or the package before them."""

    def __init__(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "set")
            pathlib.Path(folder, "health.proto").write_text(HEALTH)
            pathlib.Path(folder, "reflection.proto").write_text(REFLECTION)
            files = sorted(str(file.relative_to(TOP / "proto")) for file in (TOP / "proto/muster").rglob("*.proto"))
            subprocess.run(["protoc", f"-I{TOP / 'proto'}", f"-I{folder}", f"--descriptor_set_out={out}", "--include_imports", *files,
                            "health.proto", "reflection.proto"], check=True)
            files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            pool.Add(file)
        self.factory, self.lock = message_factory.MessageFactory(pool), threading.Lock()
        self.messages, self.methods = {}, {}
        for file in files.file:
            described = pool.FindFileByName(file.name)
            for message in described.message_types_by_name.values():
                self._add(self.messages, message)
            for service in described.services_by_name.values():
                for method in service.methods:
                    self._add(self.methods, method)
        self.Duration = self.messages["Duration"] if "Duration" in self.messages else duration_pb2.Duration

    @staticmethod
    def _add(table, thing):
        parts = thing.full_name.split(".")
        for first in range(len(parts)):
            name = ".".join(parts[first:])
            # None: several have this name.
            table[name] = None if name in table else thing

    @staticmethod
    def _find(table, name):
        thing = table.get(name.strip("/").replace("/", "."))
        if thing is None:
            raise KeyError(f"{name} is no name, or that of several")
        return thing

    def method(self, name):
        return self._find(self.methods, name)

    def message(self, name):
        return self._class(self._find(self.messages, name))

    def _class(self, described):
        """Made when it is first asked for, which is not for several threads at once."""
        with self.lock:
            return self.factory.GetPrototype(described)

    def path(self, name):
        method = self.method(name)
        return f"/{method.containing_service.full_name}/{method.name}"

    def request_of(self, name):
        return self._class(self.method(name).input_type)

    def answer_of(self, name):
        return self._class(self.method(name).output_type)

    def admin_methods(self):
        """All of muster.admin.v1."""
        return [method for name, method in self.methods.items() if method is not None and name == method.full_name and name.startswith("muster.admin.v1.")]

    def __getattr__(self, name):
        if name.startswith("_") or name in ("messages", "methods", "factory", "lock"):
            raise AttributeError(name)
        return self.message(name)


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """One field by hand: bytes and text, which need not be UTF-8, or a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


_wire = None


def wire():
    """The one Wire of this process."""
    global _wire
    if _wire is None:
        _wire = Wire()
    return _wire
