"""Every certificate operation of the published Python client `ravendb`, unchanged, against a server.

Environment: ENDPOINT, CLIENT_PEM (certificate and key in one file, a ClusterAdmin's), CA (file), CERTIFICATE (PEM file to
register), CERTIFICATE_THUMBPRINT, PREFIX (of the names made here), WORK (folder), and optionally REPLACEMENT_PFX.
Prints a line a step; any surprise is a non-zero exit.
"""

import base64
import datetime
import io
import os
import zipfile

from ravendb import DocumentStore
from ravendb.exceptions.exceptions import AuthorizationException
from ravendb.serverwide.operations.certificates import (
    CreateClientCertificateOperation,
    DatabaseAccess,
    DeleteCertificateOperation,
    EditClientCertificateOperation,
    GetCertificateMetadataOperation,
    GetCertificateOperation,
    GetCertificatesMetadataOperation,
    GetCertificatesOperation,
    PutClientCertificateOperation,
    ReplaceClusterCertificateOperation,
    SecurityClearance,
)
from ravendb.serverwide.operations.common import GetBuildNumberOperation

environment = os.environ
prefix = environment["PREFIX"]


def step(sentence, holds=True):
    if not holds:
        raise SystemExit(f"FAILED: {sentence}")
    print(f"ok: {sentence}", flush=True)


def open_store(pem):
    store = DocumentStore(environment["ENDPOINT"], "any-database")
    store.certificate_pem_path = pem
    store.trust_store_path = environment["CA"]
    store.initialize()
    return store


store = open_store(environment["CLIENT_PEM"])
send = store.maintenance.server.send

build = send(GetBuildNumberOperation())
step(f"the build number is read: {build.full_version}", build.full_version.startswith("7.2"))

created = send(
    CreateClientCertificateOperation(
        f"{prefix}py-created", {"Orders": DatabaseAccess.READ_WRITE}, SecurityClearance.VALID_USER, "p@ss w0rd"
    )
)
archive = zipfile.ZipFile(io.BytesIO(bytes(created.raw_data)))
names = archive.namelist()
step(f"a certificate is created; its archive holds {names}", [n.rsplit(".", 1)[1] for n in names] == ["pfx", "crt", "key"])

with open(environment["CERTIFICATE"], encoding="ascii") as file:
    lines = [line.strip() for line in file if "-----" not in line]
certificate = "".join(lines)
thumbprint = environment["CERTIFICATE_THUMBPRINT"]
send(
    PutClientCertificateOperation(
        f"{prefix}py-put", certificate, {"Orders": DatabaseAccess.ADMIN}, SecurityClearance.VALID_USER
    )
)
found = send(GetCertificateOperation(thumbprint))
step("a certificate is put and got", found.thumbprint == thumbprint and found.name == f"{prefix}py-put")
step("its permissions are the ones given", found.permissions == {"Orders": DatabaseAccess.ADMIN})
step("its DER comes back", base64.b64decode(found.certificate) == base64.b64decode(certificate))

listed = send(GetCertificatesOperation(0, 1000))
step("it is in the list", thumbprint in [entry.thumbprint for entry in listed])

metadata = send(GetCertificateMetadataOperation(thumbprint))
step("its metadata has dates", isinstance(metadata.not_after, datetime.datetime) and metadata.not_before < metadata.not_after)
with_name = send(GetCertificatesMetadataOperation(f"{prefix}py-created"))
step("metadata is found by name", [entry.name for entry in with_name] == [f"{prefix}py-created"])
step("all metadata is listed", len(send(GetCertificatesMetadataOperation())) >= 3)

send(
    EditClientCertificateOperation(
        EditClientCertificateOperation.Parameters(
            thumbprint, {"Customers": DatabaseAccess.READ_WRITE}, f"{prefix}py-edited", SecurityClearance.VALID_USER, disabled=True
        )
    )
)
edited = send(GetCertificateOperation(thumbprint))
step(
    "it is edited and disabled",
    edited.name == f"{prefix}py-edited"
    and edited.permissions == {"Customers": DatabaseAccess.READ_WRITE}
    and edited.disabled is True,
)

pem = os.path.join(environment["WORK"], "py-created.pem")
with os.fdopen(os.open(pem, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
    for entry in names[1:]:
        file.write(archive.read(entry) + b"\n")
created_thumbprint = with_name[0].thumbprint
limited = open_store(pem)
try:
    limited.maintenance.server.send(GetCertificatesOperation(0, 1))
    step("a ValidUser may not list certificates", False)
except AuthorizationException:
    step("a ValidUser may not list certificates: AuthorizationException")
except TypeError as error:
    # The client's own defect (7.2.7): it joins the name of the database into its message for 403, and a server-wide
    # operation has none.
    step("a ValidUser may not list certificates: 403", "NoneType found" in str(error))
limited.close()

for unwanted in (thumbprint, created_thumbprint):
    send(DeleteCertificateOperation(unwanted))
step("deleted certificates are gone", send(GetCertificateOperation(thumbprint)) is None)
try:
    send(EditClientCertificateOperation(EditClientCertificateOperation.Parameters(
        thumbprint, {}, f"{prefix}py-gone", SecurityClearance.VALID_USER)))
    step("editing an unknown certificate is an error", False)
except Exception as error:  # the client's own type for 500
    step("editing an unknown certificate is an error that says so", "exist in the cluster" in str(error))

if replacement := environment.get("REPLACEMENT_PFX"):
    with open(replacement, "rb") as file:
        send(ReplaceClusterCertificateOperation(file.read(), True))
    step("the server certificate is replaced")
store.close()
