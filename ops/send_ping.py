#!/usr/bin/env python3
"""Sends one signed position to a Padriew server and checks the signed answer. Standard library only.

    padriew device add bus-12 --vehicle 12        prints the keyid and the key
    ops/send_ping.py --url http://127.0.0.1:8080 --keyid bus-12:k1 --key HEX --lat 13.6881 --lon 101.0716

A model for firmware: sign, send, keep what was not acknowledged, take the time from a 401 `clock`.
"""

import argparse
import base64
import email.utils
import hashlib
import hmac
import json
import secrets
import time
import urllib.error
import urllib.request

PATH = "/v1/pings"


def b64(data):
    return base64.b64encode(data).decode()


def digest_of(body):
    """RFC 9530."""
    return f"sha-256=:{b64(hashlib.sha256(body).digest())}:"


def tag(key, lines):
    """RFC 9421, hmac-sha256 over the signature base."""
    return b64(hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).digest())


def sign(key, keyid, body, created, nonce):
    """The three headers of a signed request."""
    digest = digest_of(body)
    parameters = f'("@method" "@path" "content-digest");created={created};keyid="{keyid}";nonce="{nonce}"'
    base = ['"@method": POST', f'"@path": {PATH}', f'"content-digest": {digest}', f'"@signature-params": {parameters}']
    return {"Content-Digest": digest, "Signature-Input": f"sig1={parameters}", "Signature": f"sig1=:{tag(key, base)}:"}


def is_genuine(key, nonce, status, headers, body):
    """Whether the answer is the server's, and the answer to this request. Only then may a device delete."""
    parameters = headers.get("Signature-Input", "").partition("=")[2]
    digest = headers.get("Content-Digest", "")
    base = [f'"@status": {status}', f'"content-digest": {digest}', f'"@signature-params": {parameters}']
    expected = f"sig1=:{tag(key, base)}:"
    return (
        hmac.compare_digest(expected, headers.get("Signature", ""))
        and digest == digest_of(body)
        and f'nonce="{nonce}"' in parameters
    )


def send(url, key, keyid, batch, offset_s=0):
    """Posts a batch; returns the acknowledgement. Signs again once with the server's time if ours is wrong."""
    body = json.dumps(batch).encode()
    nonce = secrets.token_hex(8)
    headers = sign(key, keyid, body, int(time.time() + offset_s), nonce) | {"Content-Type": "application/json"}
    request = urllib.request.Request(url + PATH, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            text = answer.read()
            if not is_genuine(key, nonce, answer.status, answer.headers, text):
                raise SystemExit("the answer is not signed by the server: keep the records")
            return json.loads(text)
    except urllib.error.HTTPError as refusal:
        error = json.loads(refusal.read())["error"]
        if error["code"] == "clock" and offset_s == 0:
            server = email.utils.parsedate_to_datetime(refusal.headers["Date"]).timestamp()
            return send(url, key, keyid, batch, server - time.time())
        raise SystemExit(f"{refusal.code} {error['code']}: {error['message']}") from None


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--url", default="http://127.0.0.1:8080")
    options.add_argument("--keyid", required=True, help="device:kid, as padriew device add printed it")
    options.add_argument("--key", required=True, help="64 hexadecimal digits")
    options.add_argument("--lat", type=float, required=True)
    options.add_argument("--lon", type=float, required=True)
    options.add_argument("--trip", help="a GTFS trip_id, if the driver's terminal knows it")
    options.add_argument("--seq", type=int, default=1, help="rises by one per record of a boot")
    options.add_argument("--boot", default=secrets.token_hex(4), help="changes when seq starts again")
    args = options.parse_args()
    ping = {"seq": args.seq, "t": time.time(), "lat": args.lat, "lon": args.lon}
    if args.trip:
        ping["trip"] = args.trip
    batch = {"v": 1, "boot": args.boot, "pings": [ping]}
    print(json.dumps(send(args.url, bytes.fromhex(args.key), args.keyid, batch)))


if __name__ == "__main__":
    main()
