#!/usr/bin/env python3
"""Makes the fixtures of `tests/it/ravendb_recorded` from the recorded answers of a real RavenDB 7.2.7.

Usage: recorded_answers.py observed.jsonl acceptance-tests/contract/ravendb/recorded

What is kept of an answer is what clients can key on: the status, the headers that were recorded, `Type`, and the names and
order of the JSON members. What cannot be repeated is replaced: thumbprints, certificates, one-time codes and cookies become
`{{kind:name}}`, which the test fills in with its own. Certificates left out of the record are named here, by record.

A quarter of the records is missing from the file, and some of them changed what later ones saw; `BRIDGES` holds requests in
their place. They are sent and not compared.
"""

import json
import pathlib
import re
import sys

THUMBPRINTS = {
    "5D722A32814B8A422B423AA12DD612590E2CBE09": "server",
    "631AAE944A3C75B9AE33AB126410D836ADB8EB9C": "server2",
    "ABBA883647638D9BC7AE07F585774C0459F6C619": "admin1",
    "A0B374BF105A7337A0D1494889D19A5AA2820639": "oper1",
    "A136FAC41D1733B2BB8C6FD138FD601943D3B7D0": "user1",
    "407CEECFAB51B255E88752AC1E7C210A5EBF5D11": "self1",
    "D1BD55AB1DE9156E8CA50D7DB2913B832AC1066B": "pfx-nopw",
    "A530ED13C0AAE5B6C0543EE8403ABA69A150A129": "pfx-pw",
    "4C9850D602A57A90A826436ADBC9D3A71EB46151": "pfx-two-secondary",
    "8B8D1FE3CEC7FD6E1989A9255B8DC7EEF20915F7": "pfx-two-primary",
    "19D387A6467BEE108DDE73242862A7D6034BEF4E": "pfx-chain",
    "2A9ED1EFFC6F95D8D3A9DDF1E490A05CA870A260": "ca",
    "0A65B3D1E7AB0F6BDBAFF640F4857343574F9A4E": "selfrenew",
    "F8510901BF387BEF57F1BD9E54DA65D9F3C59397": "na1",
    "B0CF19FB40D6F35BEEF49EED2C2E18F1D2929E8A": "casigned",
    "FF14CC54DFD3F0FF6ACC5C3233238319C9A0F9F0": "casigned-renew2",
    "9193A4A5322EE39AEC12C3946E842B7773E72173": "casigned-otherca",
    "7CA30E20E30C92C0D7AADB6D459B3944DDE21098": "selfrenew2",
    "9C73DE90EBDDBBB607E5EF196B271D7BDB53418C": "tfa",
    "D3BE706B67B33476C3FA88CCD883D9023F4A0E1E": "tfa",
    "AB74F04AA3374A664E6582CFAA49E5262A8ED298": "raft1",
    "915C7A18A75128C93B99C6F2AB2751FC1E75724E": "live1",
}

# What stood in the `Certificate` of each of these requests: `der` and `pem` of an identity, or a `file` of the test.
CERTIFICATES = {
    "201": "der:self1",
    "202": "der:self1",
    "205": "der:casigned",
    "206": "pem:pem1",
    "215": "file:pfx-pw",
    "216": "file:pfx-pw",
    "219": "file:pfx-two",
    "224": "file:pfx-chain",
    "228": "der:srvonly",
    "229": "der:nods",
    "230": "der:expired",
    "231": "der:future",
    "232": "der:ec256",
    "234": "der:rsa1024",
    "235": "der:server",
    "236": "der:ca",
    "238": "der:ec384",
    "239": "der:ec384",
    "240": "der:ec384",
    "241": "der:selfrenew",
    "244": "file:pem-with-key",
    "245": "der:rsa1024",
    "246": "der:self1",
    "625": "der:unknown1",
    "626": "der:unknown1",
    "720": "der:self1",
    "720b": "der:server2",
    "940": "der:raft1",
}

# The bodies that the record could not hold.
BODIES = {
    "145": {
        "headers": ["Content-Type: multipart/form-data; boundary=certward"],
        "body": '--certward\r\nContent-Disposition: form-data; name="Options"\r\n\r\n'
        '{"Name":"form1","SecurityClearance":"Operator","Permissions":{}}\r\n--certward--\r\n',
    },
    "146": {
        "headers": ["Content-Type: application/x-www-form-urlencoded"],
        "body": "Options=%7B%22Name%22%3A%22form2%22%2C%22SecurityClearance%22%3A%22Operator%22%2C%22Permissions%22%3A%7B%7D%7D",
    },
    "164": {
        "headers": ["Content-Type: application/json", "Content-Encoding: gzip"],
        "body": '{"Name":"x32","SecurityClearance":"Operator","Permissions":{}}',
    },
    "740": {
        "headers": ["Content-Type: application/json"],
        "body": '{"Name":"newsrv","Certificate":"{{file:server2-pfx}}"}',
    },
}


def bridge(id, method, path, body=None, saves=None, wait=0):
    """A request that is sent and not compared."""
    request = {"method": method, "path": path, "identity": "server", "http": "1.1", "headers": [], "body": None}
    if body is not None:
        request |= {"headers": ["Content-Type: application/json"], "body": json.dumps(body)}
    return {"id": id, "request": request, "saves": saves, "wait_milliseconds": wait, "response": None}


def definition(name, clearance="Operator", permissions=None, **more):
    return {"Name": name, "SecurityClearance": clearance, "Permissions": permissions or {}} | more


BRIDGES = [
    bridge(
        "103-bridge",
        "POST",
        "/admin/certificates",
        definition("user1", "ValidUser", {"Northwind": "ReadWrite", "Sales": "Admin"}),
        "user1",
    ),
    bridge("203-bridge", "PUT", "/admin/certificates", definition("self1-renamed", "ValidUser", {"dbX": "Admin"}, Certificate="{{der:self1}}")),
    bridge("213-bridge", "PUT", "/admin/certificates", definition("pfx-nopw", Certificate="{{file:pfx-nopw}}")),
    bridge("217-bridge", "PUT", "/admin/certificates", definition("pfx-pw", Password="p@ss w0rd", Certificate="{{file:pfx-pw}}")),
    bridge("233-bridge", "PUT", "/admin/certificates", definition("ed25519", Certificate="{{der:ed25519}}")),
    bridge("403-bridge", "POST", "/admin/certificates/edit", definition("user1", "ValidUser", {"Other": "Admin"}, Thumbprint="{{thumbprint:user1}}")),
    bridge("727-bridge", "POST", "/admin/certificates", definition("tfa", TwoFactorAuthenticationKey="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"), "tfa"),
    # The swap comes a moment after the answer; the record after this one was made when it was over.
    {"id": "741a-bridge", "request": None, "saves": None, "wait_milliseconds": 2500, "response": None},
    bridge("923-bridge", "POST", "/admin/certificates/edit", definition("raft1", Disabled=True, Thumbprint="{{thumbprint:raft1}}")),
]

# Made after the 5xx records, as their answers show: 445 knows a certificate that 512 introduced.
MOVED = {"444": "5495", "445": "5496"}

# Members whose names are data: databases.
OPAQUE = {"Permissions"}

SAVED = {"101": "admin1", "104": "oper1", "105": "na1", "130": "usernone", "901": "tfa", "910": "raft1", "920": "dis1", "930": "live1"}


def number(id):
    return id.split("-")[0]


def order(id):
    return MOVED.get(number(id), number(id))


def neutral(text, id):
    text = re.sub(r"<base64, \d+ characters>", lambda _: "{{%s}}" % CERTIFICATES[number(id)], text)
    for thumbprint, name in THUMBPRINTS.items():
        text = text.replace(thumbprint, "{{thumbprint:%s}}" % name)
        text = text.replace(thumbprint.lower(), "{{lowercase-thumbprint:%s}}" % name)
        colons = ":".join(thumbprint[i : i + 2] for i in range(0, 40, 2))
        text = text.replace(colons, "{{colon-thumbprint:%s}}" % name)
    return text


def shape(value):
    if isinstance(value, dict):
        return {name: {} if name in OPAQUE else shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value and not isinstance(value[0], str) else []
    return None


def exchange(record):
    id, request, response = record["id"], record["request"], record["response"]
    headers, body = request.get("headers", []), request.get("body")
    if replaced := BODIES.get(number(id)):
        headers, body = replaced["headers"], replaced["body"]
    if body is not None:
        body = neutral(body, id)
        body = re.sub(r'"Token":\d{4,}', '"Token":{{one-time-code:tfa}}', body)
    headers = [re.sub(r"2fa-cookie=.*", "2fa-cookie={{cookie:tfa}}", header) for header in headers]
    identity = request.get("identity")
    kept = {"status": response["status"], "headers": dict(response["headers"])}
    if cookie := kept["headers"].get("set-cookie"):
        kept["headers"]["set-cookie"] = re.sub(r"=[0-9a-f-]{36}", "=…", cookie)
    body_seen = response.get("body")
    if isinstance(body_seen, dict) and "zip" in body_seen:
        kept["zip"] = body_seen["zip"]
    elif isinstance(body_seen, dict):
        kept["shape"] = shape(body_seen)
        if "Type" in body_seen and "Message" in body_seen:
            kept["type"] = body_seen["Type"]
    return {
        "id": id,
        "request": {
            "method": request["method"],
            "path": neutral(request["path"], id),
            "identity": identity and identity.removesuffix(".pem"),
            "http": "1.1" if request["http"] == "1.1" else "2",
            "tls": {"531": "1.2", "532": "1.1"}.get(number(id)),
            "headers": headers,
            "body": body,
        },
        "saves": SAVED.get(number(id)),
        "wait_milliseconds": 0,
        "response": kept,
    }


def main():
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    records = [json.loads(line) for line in source.read_text().splitlines()]
    exchanges = sorted([exchange(record) for record in records] + BRIDGES, key=lambda each: order(each["id"]))
    # The 9xx records were made on a new server.
    for name, chosen in [
        ("first-server.json", [each for each in exchanges if order(each["id"]) < "900"]),
        ("second-server.json", [each for each in exchanges if order(each["id"]) >= "900"]),
    ]:
        lines = ",\n".join("  " + json.dumps(each, ensure_ascii=False) for each in chosen)
        (target / name).write_text("[\n" + lines + "\n]\n")


main()
