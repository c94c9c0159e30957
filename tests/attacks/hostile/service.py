"""Certify services that mean harm, and whoever pretends to be one."""
import json

from .http import Server, answer, as_json


class Service(Server):
    """An honest service that is joined nowhere, but for the paths that `said` answers ("join", "status", "version", "preferences"): bytes, pieces, or a
    function of the request."""

    def __init__(self, host="127.0.0.2", joins=True, **said):
        self.said = said
        self.joins = joins
        how = {name: said.pop(name) for name in ("port", "certificate") if name in said}
        super().__init__(self._respond, host=host, **how)

    def _respond(self, request):
        path = request.path.split("?")[0].lower()
        name = {"/api/system/appversion": "version", "/api/system/hub/status": "status", "/api/preferences": "preferences",
                "/api/system/hub/join": "join"}.get(path)
        if name in self.said:
            said = self.said[name]
            return said(request) if callable(said) else said
        if name == "version":
            return answer(200, '"7.0.2.0"')
        if name == "status":
            return as_json({"isSuccess": False, "isWarning": False, "message": "Not connected to Management Hub.", "result": None})
        if name == "preferences":
            return as_json({"instanceId": "a1b2c3d4-0000-4000-8000-000000000001", "isInstanceRegistered": False})
        if name == "join":
            return refusal("Could not connect to Management Hub. Check URL.")
        return answer(404, b"{}")

    @property
    def joined_with(self):
        """The bodies of the joins that it was asked for."""
        return [json.loads(request.body) for request in self.requests if request.path.lower().endswith("/hub/join")]


def refusal(message):
    return as_json({"isSuccess": False, "isWarning": False, "message": message, "result": None})


def app_data(folder, host, port, **more):
    """The folder that a service leaves, as the worker believes it: closed to others."""
    folder.mkdir(mode=0o755, parents=True)
    config = folder / "serviceconfig.json"
    config.write_text(json.dumps({"Host": host, "Port": port, **more}))
    config.chmod(0o644)
    return folder
