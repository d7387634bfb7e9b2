import * as z from "zod";
import { STARTTLS_PROTOCOLS } from "../../../base/mod.ts";
import { hostName } from "../values/texts.ts";
import { choice } from "../values/units.ts";

/** The treatment of clients that do not ask for TLS. */
export const PLAIN_CLIENTS = ["refuse", "allow"] as const;

const protocol = choice(STARTTLS_PROTOCOLS);

/** TLS that a protocol has a request of its own for. */
const StarttlsMapping = z.strictObject({
  protocol: protocol.meta({ description: "The protocol.", examples: ["postgres"] }),
  plain: choice(PLAIN_CLIENTS).prefault("refuse").meta({
    description:
      "Clients that go on without TLS where `tls` or `routes` expect it: `refuse` answers with an error of " +
      "the protocol, `allow` (PostgreSQL, MySQL) lets them in; of the routes only one without `sni` and `alpn` takes them.",
    examples: ["allow"],
  }),
  host_name: hostName().prefault("localhost").meta({
    description: "The name by which the proxy introduces itself (SMTP, IMAP).",
    examples: ["mail.example.com"],
  }),
}, { error: "a mapping" });

/** The value of `starttls` as zod gives it. */
export type ParsedStarttls = z.output<typeof StarttlsMapping>;

/** A protocol, as a word or as a mapping with options of its own, or `off`. */
export const Starttls = z.union([
  protocol.transform((word): ParsedStarttls => ({ protocol: word, ...DEFAULTS })),
  z.enum(["off"]),
  z.literal(false).transform((): "off" => "off"),
  StarttlsMapping,
], { error: `one of ${STARTTLS_PROTOCOLS.join(", ")}, off, or a mapping` });

const DEFAULTS = { plain: "refuse", host_name: "localhost" } as const;

/** Clients of PostgreSQL that begin TLS directly insist on its protocol. */
export function offeredProtocols(
  alpn: readonly string[],
  starttls: ParsedStarttls | "off",
): readonly string[] {
  return alpn.length === 0 && starttls !== "off" && starttls.protocol === "postgres" ? ["postgresql"] : alpn;
}
