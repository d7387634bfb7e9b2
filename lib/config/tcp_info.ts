import { type AccessField, parseAccessTemplate } from "../base/mod.ts";
import type { Config } from "./model/config.ts";

/** The fields of the access log that the kernel measures. */
const MEASURED: readonly AccessField[] = [
  "client_rtt_ms",
  "client_retransmits",
  "target_rtt_ms",
  "target_retransmits",
];

/**
 * Returns the key of `log` by which the access log shows what the kernel measures of connections, `tcp_info` or a
 * `format` that names such a field; `undefined` where it does not.
 */
export function tcpInfoKey({ log }: Pick<Config, "log">): "tcp_info" | "format" | undefined {
  if (log.access === false) return undefined;
  const { template } = log;
  const isNamed = template !== undefined &&
    parseAccessTemplate(template).some((piece) =>
      typeof piece !== "string" && MEASURED.includes(piece.field)
    );
  if (log.tcpInfo) return "tcp_info";
  return isNamed ? "format" : undefined;
}
