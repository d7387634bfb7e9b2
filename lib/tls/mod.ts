/** TLS over connections that are already open: terminated towards clients, originated towards targets. */
export type { ClientCertificate, TlsConnectionState } from "./connection_state.ts";
export { unservedAlert } from "./handshake/alerts.ts";
export { isTlsSupported, type TlsVersion, type TlsVersions } from "./_runtime_tls.ts";
export {
  type CertificateCheckOptions,
  type CertificateProblem,
  checkAuthorities,
  checkCertificate,
  firstCertificate,
} from "./certificates/certificate.ts";
export { TlsConn } from "./handshake/conn.ts";
export { TlsError, type TlsErrorCode, type TlsErrorOptions, type TlsSide } from "./error.ts";
export type { CertificateFacts, TlsInspection } from "./inspection.ts";
export { checkRevocations } from "./trust/check_revocations.ts";
export { TargetTls, type TargetTlsOptions, type TlsConnected, type TlsConnectOptions } from "./target_tls.ts";
export {
  type TlsAccepted,
  type TlsAcceptOptions,
  type TlsCertificate,
  TlsTerminator,
  type TlsTerminatorOptions,
} from "./terminator.ts";
