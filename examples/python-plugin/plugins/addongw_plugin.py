"""What addongw asks of every plugin, in Python: how it is started, called and ended.

Copy this file and backend_pb2.py beside your plugin, derive a class from Plugin,
and end with serve(MyPlugin()). The class has a method for each call that it can
take, named like the call in backend.proto: provision for Provision, change_plan
for ChangePlan. It gets the call's request. Life-cycle calls yield events, the
last of which is a result; all others return the response. What each call means,
and what each field holds, is in backend.proto. A call without a method is
answered with UNIMPLEMENTED.
"""

import contextlib
import json
import os
import re
import signal
import sys
import threading
import traceback
from concurrent import futures

import grpc

import backend_pb2 as pb


class Failure(Exception):
    """The bad end of a call that the plugin knows: raise it with a class such as
    "QUOTA". Every other exception says that nobody knows what happened: the
    gateway repeats the call."""

    def __init__(self, kind, message, customer=""):
        super().__init__(message)
        self.kind = kind
        self.answer = pb.Failure(message=message, customer=customer, **{"class": "CLASS_" + kind})


class Plugin:
    """Answers the calls that come to every plugin, and that it need not care for."""

    def validate_config(self, request):
        return pb.ValidateConfigResponse()

    def validate_plan(self, request):
        return pb.ValidatePlanResponse()

    def configure(self, request):
        return pb.ConfigureResponse()

    def health(self, request):
        return pb.HealthResponse(ok=True)


def decode(value):
    """A value from the gateway as Python has it: objects are dicts, null is None. So
    is what is not known yet, such as a secret while files are checked."""
    return json.loads(value.json or value.partial_json or b"null")


def encode(x):
    """A value for the gateway."""
    return pb.Value(json=json.dumps(x).encode())


def schema(*attributes):
    return pb.Schema(attributes=attributes)


def attribute(name, kind, **flags):
    """An attribute of a schema: kind is "string", "number", ["list", "string"], …"""
    return pb.Attribute(name=name, type=json.dumps(kind).encode(), **flags)


def problem(attribute, summary):
    """What is wrong with an attribute of the operator's file."""
    path = pb.AttributePath(steps=[pb.AttributePath.Step(attribute=attribute)])
    return pb.Diagnostic(severity="SEVERITY_ERROR", summary=summary, path=path)


def checkpoint(step):
    """The event that tells how far a call has come. It may carry a state, too."""
    return pb.Event(checkpoint=pb.Checkpoint(step=step))


def result(outputs=None):
    """The event that ends a call that succeeded. It may carry a state, too."""
    return pb.Event(result=pb.Result(outputs=encode(outputs)))


def log(level, message, **attributes):
    """Writes a line into the gateway's log. No secrets."""
    print(json.dumps({"level": level, "msg": message, **attributes}), file=sys.stderr, flush=True)


def serve(plugin):
    """Serves the plugin until the gateway asks it to end, or is gone."""
    if os.environ.get("ADDONGW_PLUGIN") != "backend":
        sys.exit("This is a plugin, which addongw starts: name its folder in plugin_dirs.")
    if "PLUGIN_CLIENT_CERT" in os.environ:
        sys.exit("This plugin knows no TLS: write tls = false into its backend block.")
    follow_lifeline()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # not for the plugin, though a terminal sends them to everybody
    stopping = threading.Event()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    server.add_generic_rpc_handlers((backend_service(plugin), *go_plugin_services(stopping)))
    socket = os.path.join(os.environ["PLUGIN_UNIX_SOCKET_DIR"], "plugin")
    server.add_insecure_port("unix:" + socket)
    server.start()
    # The versions of go-plugin's handshake and of backend.proto, and where to call.
    print(f"1|1|unix|{socket}|grpc", flush=True)
    stopping.wait()
    server.stop(grace=1).wait()
    os._exit(0)  # a call that runs on now was given up by the gateway


def follow_lifeline():
    """Ends the process when the gateway is gone, and with it what it started and
    left in its process group. Only the gateway holds the pipe's other end."""
    lifeline = int(os.environ["ADDONGW_LIFELINE_FD"])
    os.set_inheritable(lifeline, False)

    def follow():
        while os.read(lifeline, 1):
            pass
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    threading.Thread(target=follow, daemon=True).start()


def go_plugin_services(stopping):
    """What go-plugin asks for. Its messages are so small that they are written out
    here: an empty one has no bytes at all."""

    def shutdown(_request, _context):
        stopping.set()
        return b""

    def service(name, **methods):
        return grpc.method_handlers_generic_handler(name, methods)

    serving = grpc.unary_unary_rpc_method_handler(lambda *_: b"\x08\x01")
    nothing = grpc.unary_stream_rpc_method_handler(lambda *_: iter(()))
    return (
        service("grpc.health.v1.Health", Check=serving),
        service("plugin.GRPCController", Shutdown=grpc.unary_unary_rpc_method_handler(shutdown)),
        # What is printed goes to the process's own streams, which the gateway reads.
        service("plugin.GRPCStdio", StreamStdio=nothing),
    )


def backend_service(plugin):
    """The service of backend.proto, as far as the plugin has methods for it."""
    handlers, turns = {}, Turns()
    for rpc in pb.DESCRIPTOR.services_by_name["Backend"].methods:
        method = getattr(plugin, re.sub("(?<!^)([A-Z])", r"_\1", rpc.name).lower(), None)
        request, response = (getattr(pb, message.name) for message in (rpc.input_type, rpc.output_type))
        if method is None:
            continue
        if response is pb.Event:
            make, call = grpc.unary_stream_rpc_method_handler, life_cycle_call(rpc.name, method, turns)
        else:
            make, call = grpc.unary_unary_rpc_method_handler, simple_call(rpc.name, method, response)
        handlers[rpc.name] = make(call, request.FromString, response.SerializeToString)
    return grpc.method_handlers_generic_handler("addongw.backend.v1.Backend", handlers)


def simple_call(name, method, response):
    def call(request, context):
        with accidents(name, context):
            try:
                return method(request)
            except Failure as failure:
                if "failure" not in response.DESCRIPTOR.fields_by_name:
                    raise
                return response(failure=failure.answer)

    return call


def life_cycle_call(name, method, turns):
    def call(request, context):
        # Whoever only looks, with an action that is no operation, need not wait.
        resource = request.op.resource_id if request.op.operation_id else ""
        with accidents(name, context), turns.take(resource, context):
            try:
                yield from method(request)
            except Failure as failure:
                yield pb.Event(failure=failure.answer)

    return call


@contextlib.contextmanager
def accidents(name, context):
    """Ends a call with an exception in it, and nothing but this call."""
    try:
        yield
    except Exception as e:
        log("error", "exception in a call", method=name, stack=traceback.format_exc())
        context.abort(grpc.StatusCode.UNKNOWN, f"{type(e).__name__}: {e}")


class Turns:
    """Lets the calls for one resource work one after the other: one that the gateway
    has given up may still be at work when its repeat comes."""

    def __init__(self):
        self.changed = threading.Condition()
        self.working = set()

    @contextlib.contextmanager
    def take(self, resource, context):
        if not resource:
            yield
            return
        with self.changed:
            free = self.changed.wait_for(lambda: resource not in self.working, context.time_remaining())
            if not free or not context.is_active():
                raise TimeoutError("an earlier call for the resource is still at work")
            self.working.add(resource)
        try:
            yield
        finally:
            with self.changed:
                self.working.remove(resource)
                self.changed.notify_all()
