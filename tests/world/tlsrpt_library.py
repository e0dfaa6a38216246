# SPDX-License-Identifier: GPL-2.0-or-later
"""libtlsrpt, where it is installed (Debian 13 and later): the same report as it writes it. TLSRPT_LIBRARY
names another file than the system's libtlsrpt.so.0.
"""
import ctypes
import os

_MEMBERS = ("s", "n", "h", "r", "a", "f")  # of a failure, in the order of the function's arguments


def library():
    """None: it is not there."""
    try:
        return ctypes.CDLL(os.environ.get("TLSRPT_LIBRARY", "libtlsrpt.so.0"))
    except OSError:
        return None


def _octets(text):
    return None if text is None else text.encode()


def send(lib, path, report):
    """Sends what `report`, a parsed datagram of one policy, says to the collector at `path`."""
    (policy,) = report["policies"]
    connection, request = ctypes.c_void_p(), ctypes.c_void_p()

    def call(name, *arguments):
        code = getattr(lib, f"tlsrpt_{name}")(*arguments)
        assert code == 0, (name, code)

    call("open", ctypes.byref(connection), _octets(path))
    call("init_delivery_request", ctypes.byref(request), connection, _octets(report["d"]), _octets(report["pr"]))
    call("init_policy", request, policy["policy-type"], _octets(policy["policy-domain"]))
    for text in policy.get("policy-string", []):
        call("add_policy_string", request, _octets(text))
    for text in policy.get("mx-host", []):
        call("add_mx_host_pattern", request, _octets(text))
    for failure in policy.get("failure-details", []):
        call("add_delivery_request_failure", request, failure["c"],
             *(_octets(failure.get(member)) for member in _MEMBERS))
    call("finish_policy", request, policy["f"])
    call("finish_delivery_request", ctypes.byref(request))
    call("close", ctypes.byref(connection))
