import { isTlsSupported } from "../../../lib/tls/mod.ts";
import { TlsLab } from "./tls_lab.ts";
import { missingTools } from "../programs/tools.ts";

/** A test with certificates, which openssl makes; `tools` are the other programs that it needs. */
export function testTls(name: string, fn: (lab: TlsLab) => Promise<void>, ...tools: readonly string[]): void {
  const missing = [
    ...missingTools("openssl", ...tools),
    ...(isTlsSupported() ? [] : ["a runtime with TLS on any stream"]),
  ];
  const reason = missing.length === 0 ? "" : ` (ignored: ${missing.join(", ")} not found)`;
  Deno.test({
    name: `${name}${reason}`,
    ignore: missing.length > 0,
    fn: async () => {
      using lab = new TlsLab();
      await fn(lab);
    },
  });
}

/** What an app says to end TLS with the lab's own certificate. */
export function terminating(
  lab: TlsLab,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { tls: { certificates: [{ cert: lab.local.certFile, key: lab.local.keyFile }], ...more } };
}

/** What an app says to speak TLS to a target whose certificate is the lab's. */
export function originating(
  lab: TlsLab,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { target_tls: { ca: lab.ca.certFile, server_name: "localhost", ...more } };
}
