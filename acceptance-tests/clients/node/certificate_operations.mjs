// Every certificate operation of the published Node client `ravendb`, unchanged, against a server.
//
// Environment: as for the Python program beside this one; CLIENT_PEM needs its key as `RSA PRIVATE KEY`.

import { readFileSync } from "node:fs";
import {
    CreateClientCertificateOperation, DeleteCertificateOperation, DocumentStore, EditClientCertificateOperation,
    GetBuildNumberOperation, GetCertificateMetadataOperation, GetCertificateOperation, GetCertificatesMetadataOperation,
    GetCertificatesOperation, PutClientCertificateOperation, ReplaceClusterCertificateOperation,
} from "ravendb";

const { ENDPOINT, CLIENT_PEM, CA, CERTIFICATE, CERTIFICATE_THUMBPRINT, PREFIX, REPLACEMENT_PFX } = process.env;

function step(sentence, holds = true) {
    if (!holds) {
        console.error(`FAILED: ${sentence}`);
        process.exit(1);
    }
    console.log(`ok: ${sentence}`);
}

const store = new DocumentStore(ENDPOINT, "any-database", {
    type: "pem",
    certificate: readFileSync(CLIENT_PEM, "utf8"),
    ca: readFileSync(CA, "utf8"),
});
store.initialize();
const send = operation => store.maintenance.server.send(operation);

const build = await send(new GetBuildNumberOperation());
step(`the build number is read: ${build.fullVersion}`, build.fullVersion.startsWith("7.2"));

const created = await send(
    new CreateClientCertificateOperation(`${PREFIX}node-created`, { Orders: "ReadWrite" }, "ValidUser", "p@ss w0rd"));
step("a certificate is created; the answer is a zip", created.rawData.subarray(0, 2).toString("latin1") === "PK");

const certificate = readFileSync(CERTIFICATE, "ascii").split("\n").filter(line => !line.includes("-----")).join("");
await send(new PutClientCertificateOperation(`${PREFIX}node-put`, certificate, { Orders: "Admin" }, "ValidUser"));
const found = await send(new GetCertificateOperation(CERTIFICATE_THUMBPRINT));
step("a certificate is put and got", found.thumbprint === CERTIFICATE_THUMBPRINT && found.name === `${PREFIX}node-put`);
step("its permissions are the ones given", JSON.stringify(found.permissions) === '{"Orders":"Admin"}');
step("its DER comes back", found.certificate === certificate);

const listed = await send(new GetCertificatesOperation(0, 1000));
step("it is in the list", listed.some(entry => entry.thumbprint === CERTIFICATE_THUMBPRINT));

const metadata = await send(new GetCertificateMetadataOperation(CERTIFICATE_THUMBPRINT));
step("its metadata has dates", metadata.notAfter instanceof Date && metadata.notBefore < metadata.notAfter);
const named = await send(new GetCertificatesMetadataOperation(`${PREFIX}node-created`));
step("metadata is found by name", named.length === 1 && named[0].name === `${PREFIX}node-created`);
step("all metadata is listed", (await send(new GetCertificatesMetadataOperation())).length >= 3);

await send(new EditClientCertificateOperation({
    thumbprint: CERTIFICATE_THUMBPRINT, name: `${PREFIX}node-edited`, clearance: "ValidUser",
    permissions: { Customers: "ReadWrite" },
}));
const edited = await send(new GetCertificateOperation(CERTIFICATE_THUMBPRINT));
step("it is edited", edited.name === `${PREFIX}node-edited` && edited.permissions.Customers === "ReadWrite");

for (const unwanted of [CERTIFICATE_THUMBPRINT, named[0].thumbprint]) {
    await send(new DeleteCertificateOperation(unwanted));
}
step("deleted certificates are gone", !(await send(new GetCertificateOperation(CERTIFICATE_THUMBPRINT))));

try {
    await send(new EditClientCertificateOperation({
        thumbprint: CERTIFICATE_THUMBPRINT, name: `${PREFIX}node-gone`, clearance: "ValidUser", permissions: {},
    }));
    step("editing an unknown certificate is an error", false);
} catch (error) {
    step("editing an unknown certificate is an error that says so", error.message.includes("exist in the cluster"));
}

if (REPLACEMENT_PFX) {
    await send(new ReplaceClusterCertificateOperation(readFileSync(REPLACEMENT_PFX), true));
    step("the server certificate is replaced");
}
store.dispose();
