"""Scans TLS listeners with sslyze and prints a line for each finding, and a last line when every scan was complete.

LISTENERS, OTHER_LISTENERS: host:port, separated by blanks; the latter do not speak HTTP. CLIENT_CERTIFICATE, CLIENT_PRIVATE_KEY: PEM files of a client that is let in.
"""

import os
import sys
from pathlib import Path

from sslyze import (
    ClientAuthenticationCredentials,
    RobotScanResultEnum,
    ScanCommand,
    ScanCommandAttemptStatusEnum,
    Scanner,
    ServerNetworkConfiguration,
    ServerNetworkLocation,
    ServerScanRequest,
    ServerScanStatusEnum,
    TlsResumptionSupportEnum,
)

COMMANDS = {
    ScanCommand.SSL_2_0_CIPHER_SUITES,
    ScanCommand.SSL_3_0_CIPHER_SUITES,
    ScanCommand.TLS_1_0_CIPHER_SUITES,
    ScanCommand.TLS_1_1_CIPHER_SUITES,
    ScanCommand.TLS_1_2_CIPHER_SUITES,
    ScanCommand.TLS_1_3_CIPHER_SUITES,
    ScanCommand.TLS_COMPRESSION,
    ScanCommand.TLS_1_3_EARLY_DATA,
    ScanCommand.OPENSSL_CCS_INJECTION,
    ScanCommand.TLS_FALLBACK_SCSV,
    ScanCommand.HEARTBLEED,
    ScanCommand.ROBOT,
    ScanCommand.SESSION_RENEGOTIATION,
    ScanCommand.SESSION_RESUMPTION,
    ScanCommand.ELLIPTIC_CURVES,
    ScanCommand.TLS_EXTENDED_MASTER_SECRET,
}


# sslyze sends an HTTP request to learn of it. Early data needs a ticket, which the scan of resumption looks for as well.
BY_HTTP = {ScanCommand.TLS_1_3_EARLY_DATA}


def findings(scan, commands):
    """What is wrong, one text each."""
    for command in sorted(commands):
        attempt = getattr(scan, command.value)
        if attempt.status != ScanCommandAttemptStatusEnum.COMPLETED:
            yield f"{command.value} was not completed: {attempt.error_reason} {attempt.error_trace}"
            return
    for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"):
        for accepted in getattr(scan, f"{version}_cipher_suites").result.accepted_cipher_suites:
            yield f"{version} is spoken, with {accepted.cipher_suite.name}"
    for version in ("tls_1_2", "tls_1_3"):
        accepted = getattr(scan, f"{version}_cipher_suites").result.accepted_cipher_suites
        if not accepted:
            yield f"{version} is not spoken"
        for suite in accepted:
            name = suite.cipher_suite.name
            is_good = name.startswith("TLS_ECDHE_") if version == "tls_1_2" else name.startswith("TLS_")
            if not (is_good and ("GCM" in name or "POLY1305" in name)):
                yield f"{version} is spoken with {name}"
    if scan.tls_compression.result.supports_compression:
        yield "TLS compresses"
    if ScanCommand.TLS_1_3_EARLY_DATA in commands and scan.tls_1_3_early_data.result.supports_early_data:
        yield "early data is accepted"
    if scan.openssl_ccs_injection.result.is_vulnerable_to_ccs_injection:
        yield "CVE-2014-0224: ChangeCipherSpec is taken at any time"
    if not scan.tls_fallback_scsv.result.supports_fallback_scsv:
        yield "RFC 7507: a fallback to an older version is not noticed"
    if scan.heartbleed.result.is_vulnerable_to_heartbleed:
        yield "CVE-2014-0160: heartbeat"
    if scan.robot.result.robot_result not in (
        RobotScanResultEnum.NOT_VULNERABLE_NO_ORACLE,
        RobotScanResultEnum.NOT_VULNERABLE_RSA_NOT_SUPPORTED,
    ):
        yield f"ROBOT: {scan.robot.result.robot_result.value}"
    renegotiation = scan.session_renegotiation.result
    if renegotiation.is_vulnerable_to_client_renegotiation_dos:
        yield "clients can renegotiate"
    if not renegotiation.supports_secure_renegotiation:
        yield "RFC 5746: renegotiation is not bound to the session"
    resumption = scan.session_resumption.result
    for kind in ("session_id", "tls_ticket"):
        result = getattr(resumption, f"{kind}_resumption_result")
        if result != TlsResumptionSupportEnum.NOT_SUPPORTED:
            yield f"sessions are resumed by {kind}: {result.value}"
    if not scan.tls_extended_master_secret.result.supports_ems_extension:
        yield "RFC 7627: no extended master secret"


def main():
    credentials = ClientAuthenticationCredentials(
        certificate_chain_path=Path(os.environ["CLIENT_CERTIFICATE"]), key_path=Path(os.environ["CLIENT_PRIVATE_KEY"])
    )
    scanner = Scanner()
    requests = []
    listeners = [(listener, COMMANDS) for listener in os.environ["LISTENERS"].split()]
    listeners += [(listener, COMMANDS - BY_HTTP) for listener in os.environ["OTHER_LISTENERS"].split()]
    for listener, commands in listeners:
        host, port = listener.rsplit(":", 1)
        requests.append(
            ServerScanRequest(
                server_location=ServerNetworkLocation(hostname="localhost", ip_address=host, port=int(port)),
                network_configuration=ServerNetworkConfiguration(
                    tls_server_name_indication="localhost", tls_client_auth_credentials=credentials
                ),
                scan_commands=commands,
            )
        )
    scanner.queue_scans(requests)
    count = 0
    commands_of = {int(listener.rsplit(":", 1)[1]): commands for listener, commands in listeners}
    for result in scanner.get_results():
        listener = result.server_location.port
        if result.scan_status != ServerScanStatusEnum.COMPLETED:
            sys.exit(f"{listener}: no connection: {result.connectivity_error_trace}")
        for finding in findings(result.scan_result, commands_of[listener]):
            count += 1
            print(f"{listener}: {finding}")
    if count == 0:
        print(f"ok: {len(requests)} listeners without a finding")


main()
