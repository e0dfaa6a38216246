# SPDX-License-Identifier: GPL-2.0-or-later
"""`openssl ocsp` with the database of a CA that has issued the certificate `ta`."""
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding

from processes import Process

RESPONDER = ("127.0.0.1", 8888)


def start_responder(world, directory):
    """Ready when it returns; to be stopped by the caller."""
    authority, leaf = world.certificates["intermediate"], world.certificates["ta"].x509
    (directory / "ca.pem").write_bytes(authority.x509.public_bytes(Encoding.PEM))
    (directory / "key.pem").write_bytes(authority.key.private_bytes(
        Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    serial = f"{leaf.serial_number:x}".upper()
    serial = serial.zfill(len(serial) + len(serial) % 2)
    (directory / "index").write_text(
        f"V\t{leaf.not_valid_after:%y%m%d%H%M%SZ}\t\t{serial}\tunknown\t/CN=server\n")
    process = Process("openssl ocsp", [
        "openssl", "ocsp", "-index", directory / "index", "-port", str(RESPONDER[1]), "-CA",
        directory / "ca.pem", "-rsigner", directory / "ca.pem", "-rkey", directory / "key.pem",
        "-nmin", "600"], directory / "log")
    process.wait_until(lambda: "waiting for OCSP client" in (directory / "log").read_text())
    return process
