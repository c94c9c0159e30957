"""Hubs that mean harm, and the zone of theirs on the orchestrator under attack."""
import json
import uuid

from .http import Server, answer, as_json

LIST = "/internal/v1/hub/instances"


def record(title="web-1", **more):
    """An instance as an honest hub lists it."""
    id = more.pop("id", str(uuid.uuid4()))
    made = {"id": id, "instanceId": id, "internalInstanceId": str(uuid.uuid4()), "displayTitle": title, "title": title, "os": "Linux",
            "osVersion": "12", "clientName": "Certify Management Agent", "clientVersion": "7.0.2.0", "connectionStatus": "connected",
            "dateLastReported": "2026-07-18T09:00:30.1234567+00:00", "dateRegistered": "2026-07-18T08:59:58+00:00", "isPendingConnection": False,
            "tags": []}
    made.update(more)
    return made


def own(id):
    """The record of the hub itself, without which a list is not whole."""
    return record("hub", id=id, clientName="Certify Management Hub")


class Hub(Server):
    """Answers the list with what it is told (bytes, pieces, or a function of the request), and all else as an honest hub."""

    def __init__(self, listed, facts=None, **how):
        self.id = str(uuid.uuid4())
        self.listed = listed
        self.facts = facts or {"instanceId": self.id, "version": {"version": "7.0.2.0", "product": "Certify Management Hub"}, "isLicensed": True}
        super().__init__(self._respond, **how)

    def _respond(self, request):
        path = request.path.split("?")[0]
        if path == LIST:
            return self.listed(request) if callable(self.listed) else self.listed
        if path == "/internal/v1/hub/info":
            return self.facts if isinstance(self.facts, bytes) else as_json(self.facts)
        if path == "/api/v1/system/version":
            return as_json({"version": "7.0.2.0", "product": "Certify Management Hub"})
        return answer(404, b"{}", "application/problem+json")


def listing(*records):
    return answer(200, json.dumps(list(records)))
