"""A page that customers of an add-on are sent to with a token. It checks the
token and answers who came. Copy Verifier; the rest is a web server around it.

    SSO_TOKEN_SECRET=… SSO_AUDIENCE=https://app.example.com python3 verify.py
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
REQUIRED = ("iss", "aud", "sub", "jti", "addon", "plan", "region", "platform")
OPTIONAL = ("platform_id", "user_id", "email")


class Refused(Exception):
    """Why a token is refused."""


class Verifier:
    """Accepts each token of one gateway for one page once."""

    def __init__(self, audience, secrets):
        self.audience = audience
        self.secrets = secrets  # the present one, and while it is replaced the one before
        self.seen = {}  # until when each jti is remembered
        self.lock = threading.Lock()

    def verify(self, token, now):
        """Returns the claims of a token. Nothing of it is read before its
        signature is known to fit."""
        parts = TOKEN.fullmatch(token)
        if parts is None or len(token) > 8192:
            raise Refused("it is no token")
        header, payload, signature = parts.groups()
        if not self.signed(header + "." + payload, signature):
            raise Refused("the signature does not fit")
        head = decode(header)
        if head is None or head.get("alg") != "HS256" or "crit" in head:
            raise Refused("the algorithm is another")
        claims = decode(payload)
        if claims is None or not complete(claims):
            raise Refused("the claims are not as they should be")
        if claims["aud"] != self.audience:
            raise Refused("it is for another page")
        if now >= claims["exp"]:
            raise Refused("it has expired")
        if not self.spend(claims["jti"], claims["exp"], now):
            raise Refused("it was used before")
        return claims

    def signed(self, text, signature):
        """Compares in constant time. Texts are compared rather than bytes: the
        same bytes can be written in several ways."""
        fits = False
        for secret in self.secrets:
            mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
            want = base64.urlsafe_b64encode(mac).rstrip(b"=")
            fits = hmac.compare_digest(want, signature.encode()) or fits
        return fits

    def spend(self, jti, expires, now):
        """Remembers a jti until its token has expired. With more than one
        process it must be kept where all of them look, such as a table with a
        unique index."""
        with self.lock:
            self.seen = {other: end for other, end in self.seen.items() if end > now}
            if jti in self.seen:
                return False
            self.seen[jti] = expires
            return True


def decode(part):
    """Returns the object in a part of a token, or None."""
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def complete(claims):
    def is_text(name):
        return isinstance(claims[name], str)

    return (
        all(name in claims and is_text(name) and claims[name] for name in REQUIRED)
        and all(is_text(name) for name in OPTIONAL if name in claims)
        # isinstance would take True for a number.
        and all(type(claims.get(name)) is int for name in ("iat", "exp"))
        and isinstance(claims.get("email_verified"), bool)
    )


class PartnerLogin(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a slow sender
    verifier = None

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path != "/partner-login":
            self.answer(404, "text/plain; charset=utf-8", "There is no such page.\n")
            return
        try:
            tokens = parse_qs(query, keep_blank_values=True).get("token", [])
            if len(tokens) != 1:
                raise Refused("there is not one token")
            claims = self.verifier.verify(tokens[0], time.time())
        except (Refused, ValueError) as reason:
            # The log learns why, and the sender nothing. The token is never logged.
            why = reason if isinstance(reason, Refused) else "the address cannot be read"
            print("refused:", why, file=sys.stderr, flush=True)
            self.answer(403, "text/plain; charset=utf-8", "This link does not work. Open the add-on from your dashboard.\n")
            return
        # Here your page begins a session for the resource and redirects into it.
        who = {"resource": claims["sub"], "email_verified": claims["email_verified"]}
        for name in ("addon", "plan", "region", "platform", *OPTIONAL):
            who[name] = claims.get(name, "")
        self.answer(200, "application/json", json.dumps(who) + "\n")

    def answer(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")  # the token is in this page's address
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Logs nothing: a request's line has the token in it."""


def main():
    secrets = []
    for name in ("SSO_TOKEN_SECRET", "SSO_TOKEN_SECRET_BEFORE"):
        secret = os.environ.get(name, "")
        if len(secret) < 32 and (name == "SSO_TOKEN_SECRET" or secret):
            sys.exit(name + " must have 32 characters or more")
        if secret:
            secrets.append(secret)
    audience = os.environ.get("SSO_AUDIENCE", "")
    if not audience:
        sys.exit("SSO_AUDIENCE must be the origin of this page, such as https://app.example.com")
    PartnerLogin.verifier = Verifier(audience, secrets)
    host, _, port = os.environ.get("LISTEN", "127.0.0.1:9000").rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), PartnerLogin)
    print(f"listening on http://{host}:{server.server_port}/partner-login", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
