/**
 * Protocols at the beginning of a connection, as bytes: the PROXY protocol both ways, the TLS ClientHello, and
 * STARTTLS in its variants; and what a packet capture is made of.
 *
 * @module
 */
export * from "./client_hello/client_hello.ts";
export * from "./client_hello/client_hello_verdict.ts";
export * from "./proxy/crc32c.ts";
export { ImapClientUpgrade, ImapTargetUpgrade } from "./starttls/imap.ts";
export * from "./starttls/mysql.ts";
export * from "./pcapng.ts";
export { PostgresClientUpgrade, PostgresTargetUpgrade } from "./starttls/postgres.ts";
export { PostgresSaslRewrite } from "./starttls/postgres_sasl.ts";
export * from "./proxy/proxy_codes.ts";
export * from "./proxy/proxy_header.ts";
export * from "./proxy/proxy_header_content.ts";
export * from "./proxy/proxy_ssl.ts";
export * from "./proxy/proxy_tlv_rules.ts";
export * from "./proxy/proxy_tlv.ts";
export * from "./proxy/proxy_tlvs.ts";
export { SmtpClientUpgrade, SmtpTargetUpgrade } from "./starttls/smtp.ts";
export * from "./tcp_packet.ts";
export {
  MAX_UPGRADE_BYTES,
  MAX_UPGRADE_STEPS,
  type Rewrite,
  type Upgrade,
  type UpgradeStep,
} from "./starttls/upgrade.ts";
export * from "./proxy/tlv_text.ts";
