"""The calls of the published Python client `redis-enterprise`, unchanged, against a server that has no user yet.

Environment: REDIS_ENTERPRISE_URL, REDIS_ENTERPRISE_CA_CERT, REDIS_ENTERPRISE_USER and REDIS_ENTERPRISE_PASSWORD (of the
administrator to be made), which the client itself reads. Prints a line a step; any surprise is a non-zero exit.
"""

import asyncio
import os

from redis_enterprise import EnterpriseClient, RedisEnterpriseError, __version__

environment = os.environ
username = environment["REDIS_ENTERPRISE_USER"]
password = environment["REDIS_ENTERPRISE_PASSWORD"]


def step(sentence, holds=True):
    if not holds:
        raise SystemExit(f"FAILED: {sentence}")
    print(f"ok: {sentence}", flush=True)


def refused(sentence, kind, text, call, *arguments):
    try:
        answer = call(*arguments)
    except kind as error:
        step(f"{sentence}: {type(error).__name__}", text in str(error))
    else:
        raise SystemExit(f"FAILED: {sentence}: {answer}")


client = EnterpriseClient.from_env()
step(f"version {__version__}", __version__ == "0.10.0")

create_cluster = {
    "action": "create_cluster",
    "cluster": {"nodes": [], "name": "cluster.example"},
    "credentials": {"username": username, "password": password},
}
path = "/v1/bootstrap/create_cluster"
client.post_sync(path, create_cluster)
state = client.get_sync("/v1/bootstrap")["bootstrap_status"]["state"]
step("the cluster is created", state == "completed")
refused("it is not created twice", RuntimeError, "already_bootstrapped", client.post_sync, path, create_cluster)

cluster = client.cluster_info_sync()
step("the cluster is read", cluster["name"] == "cluster.example" and cluster["mtls_certificate_authentication"] is False)
step("with its ports", cluster["cnm_https_port"] == 9443)
certificates = client.get_sync("/v1/cluster/certificates")
step("its certificates are listed", "BEGIN CERTIFICATE" in certificates["proxy_cert"])

nodes = client.nodes_sync()
step("there is one node", len(nodes) == 1 and client.node_sync(nodes[0]["uid"])["status"] == "active")
refused("there is no second", ValueError, "", client.node_sync, 2)
step("the licence has not expired", client.license_sync()["expired"] is False)
step("there is no database", client.databases_sync() == [])

users = client.users_sync()
step("the administrator is the one user", [user["email"] for user in users] == [username])
role = client.post_sync("/v1/roles", {"name": "ops-reader", "management": "cluster_viewer"})
step("a role is created", role in client.get_sync("/v1/roles"))
acl = client.post_sync("/v1/redis_acls", {"name": "readers", "acl": "+@read ~*"})
step("an ACL is created", client.get_sync(f"/v1/redis_acls/{acl['uid']}")["acl"] == "+@read ~*")
user = client.post_sync(
    "/v1/users",
    {
        "name": "service",
        "auth_method": "certificate",
        "certificate_subject_line": "CN=service, O=Example Team",
        "role_uids": [role["uid"]],
    },
)
found = client.get_sync(f"/v1/users/{user['uid']}")
step(
    "a certificate user is created",
    found["certificate_subject_line"] == "CN=service, O=Example Team"
    and found["role"] == "cluster_viewer"
    and found["email"] == ""
    and "password_issue_date" not in found,
)
step("she is listed", [user["name"] for user in client.users_sync()][-1] == "service")
refused(
    "her subject is taken, whatever the blanks",
    RuntimeError,
    "subject_already_exists",
    client.post_sync,
    "/v1/users",
    {"name": "twin", "auth_method": "certificate", "certificate_subject_line": "CN=service,O=Example Team"},
)
refused("her role is in use", RuntimeError, "role_in_use", client.delete_sync, f"/v1/roles/{role['uid']}")
for path in (f"/v1/users/{user['uid']}", f"/v1/redis_acls/{acl['uid']}", f"/v1/roles/{role['uid']}"):
    client.delete_sync(path)
    refused(f"{path} is deleted", ValueError, "", client.get_sync, path)

stranger = EnterpriseClient(environment["REDIS_ENTERPRISE_URL"], "nobody@example.com", password, True)
refused("an unknown user is refused", RedisEnterpriseError, "", stranger.users_sync)


async def at_once():
    return await asyncio.gather(client.cluster_info(), client.users(), client.nodes(), client.license())


answers = asyncio.run(at_once())
step("four calls run at once", answers[0]["name"] == "cluster.example" and len(answers[1]) == 1)
step("every call was made")

# The client's own runtime keeps threads that touch the interpreter while it is taken down: one run in five ends with
# SIGSEGV after its last line (0.10.0). So the interpreter is left as it is.
os._exit(0)
