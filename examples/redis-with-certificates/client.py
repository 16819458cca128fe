#!/usr/bin/env python3
"""Connects to the database of this example with a certificate and no password.

Usage: client.py PORT SERVER_CA [NAME], where NAME is order-service (default) or auditor.
"""

import pathlib
import sys

import redis

port, server_ca, name = int(sys.argv[1]), sys.argv[2], (sys.argv[3:] or ["order-service"])[0]
certificates = pathlib.Path(__file__).parent / "certificates"
client = redis.Redis(
    host="localhost",
    port=port,
    ssl=True,
    ssl_ca_certs=server_ca,
    ssl_certfile=str(certificates / f"{name}.crt"),
    ssl_keyfile=str(certificates / f"{name}.key"),
    decode_responses=True,
)

print("logged in as", client.acl_whoami())
for command in [("SET", "order:1", "one cup"), ("GET", "order:1"), ("GET", "customer:1"), ("FLUSHALL",)]:
    try:
        print(*command, "->", client.execute_command(*command))
    except redis.exceptions.ResponseError as error:
        print(*command, "-> refused:", error)
