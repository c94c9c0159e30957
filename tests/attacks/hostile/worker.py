"""A worker that says what it is told to say: its session is of our own making."""
from frame.programs import await_that
from frame.proto import field, wire

NOT_ENROLLED, QUEUED, JOINING, UNVERIFIED, ENROLLED, FAILED, IN_DOUBT, DEGRADED = range(1, 9)


def server(world, id):
    return world.admin().call("GetServer", server=id).message


class Worker:
    """One of our own that is connected and, with joins(), has been told to join."""

    def __init__(self, world, zone="acme/prod", name=None, **hello):
        self.world, self.zone = world, zone
        self.member = world.member(zone, name)
        self.name, self.server_id = self.member.name, self.member.server_id
        self.client, self.stream, welcome = world.connected(self.member, self.name, **hello)
        if welcome is None:
            raise RuntimeError(f"no session: {self.stream.status()}")
        self.command = self.rollout = None

    def joins(self):
        made = self.world.admin().call("CreateRollout", kind=2, selection={"zone_id": self.zone, "names": [self.name]})
        if not made.ok:
            raise RuntimeError(f"no rollout: {made.text}")
        self.rollout = made.message.rollout_id
        while self.command is None:
            said = self.stream.read(20)
            if said is None:
                raise RuntimeError("no command came")
            if said.HasField("ping"):
                self.stream.send(wire().WorkerMessage(pong={"number": said.ping.number}))
            if said.HasField("command"):
                self.command = said.command
        return self

    def says(self, data=None, outcome=1, **fields):
        """The result of its command: join={…}, failure={…}, or the result's further bytes."""
        ids = {"command_id": self.command.command_id, "attempt_id": self.command.attempt_id, "outcome": outcome}
        result = wire().CommandResult(**ids, **fields).SerializeToString() + (data or b"")
        self.stream.send(field(5, result))
        return self

    def claims(self, hub_id="", effect=1, **service):
        hub = {} if "hub_url" in service else {"hub_url": self.world.hub(self.zone).url}
        return self.says(join={"effect": effect, "service": {"presence": 3, "version": "7.0.2.0", **hub, "hub_connected": True, "hub_instance_id": hub_id,
                                                             **service}})

    def ends_as(self, *enrollments, seconds=12):
        """Its enrollment, when it has come to one of these or the time is over."""
        await_that(lambda: server(self.world, self.server_id).enrollment in enrollments, seconds, every=0.2)
        return server(self.world, self.server_id).enrollment

    def close(self):
        self.client.close()
        if self.rollout:
            self.world.muster("rollout", "cancel", self.rollout, check=False)
