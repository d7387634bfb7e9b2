/**
 * Protocols at the beginning of a connection, as bytes: the PROXY protocol both ways, the TLS ClientHello, and
 * STARTTLS in its variants; and what a packet capture is made of.
 *
 * @module
 */
export * from "./client_hello.ts";
export * from "./client_hello_verdict.ts";
export * from "./crc32c.ts";
export { ImapClientUpgrade, ImapTargetUpgrade } from "./imap.ts";
export * from "./mysql.ts";
export * from "./pcapng.ts";
export { PostgresClientUpgrade, PostgresTargetUpgrade } from "./postgres.ts";
export { PostgresSaslRewrite } from "./postgres_sasl.ts";
export * from "./proxy_codes.ts";
export * from "./proxy_header.ts";
export * from "./proxy_header_content.ts";
export * from "./proxy_ssl.ts";
export * from "./proxy_tlv_rules.ts";
export * from "./proxy_tlv.ts";
export * from "./proxy_tlvs.ts";
export { SmtpClientUpgrade, SmtpTargetUpgrade } from "./smtp.ts";
export * from "./tcp_packet.ts";
export {
  MAX_UPGRADE_BYTES,
  MAX_UPGRADE_STEPS,
  type Rewrite,
  type Upgrade,
  type UpgradeStep,
} from "./upgrade.ts";
export * from "./tlv_text.ts";
