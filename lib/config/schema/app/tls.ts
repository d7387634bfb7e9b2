import * as z from "zod";
import { filePath, hostName, protocols } from "../values/texts.ts";
import { limit } from "../values/units.ts";
import type { TlsVersion } from "../../model/tls_config.ts";

/** Longer than this no handshake lasts, whatever its limit; the same as in the room of TLS. */
const MAX_HANDSHAKE_MS = 600_000;

/** A version of TLS. YAML reads `1.3` as a number. */
function version(): z.ZodType<TlsVersion, "1.2" | "1.3" | 1.2 | 1.3> {
  return z.literal(["1.2", "1.3", 1.2, 1.3], { error: "1.2 or 1.3" })
    .transform((value) => Number(value) === 1.2 ? "1.2" : "1.3");
}

const MIN_VERSION = "The oldest version of TLS that is spoken: `1.2` or `1.3`.";
const MAX_VERSION = "The newest version of TLS that is spoken: `1.2` or `1.3`.";

const PASSPHRASE =
  "The file of the passphrase of an encrypted `key`, on its first line. Nobody but its owner and group may read it.";

/** The files of one certificate. */
export const Certificate = z.strictObject({
  cert: filePath().meta({
    description: "The file of the certificate and its chain, in PEM.",
    examples: ["a.pem"],
  }),
  key: filePath().meta({
    description: "The file of the private key, in PEM; it may be that of the certificate.",
    examples: ["a.key"],
  }),
  key_passphrase_file: filePath().optional().meta({
    description: PASSPHRASE,
    examples: ["a.pass"],
  }),
}, { error: "a mapping" });

/** TLS of clients, ended here. */
export const Tls = z.strictObject({
  certificates: z.array(Certificate, { error: "a list of certificates" })
    .min(1, { error: "at least one certificate" }).meta({
      description:
        "What clients are shown, chosen by the server name that they ask for; the first is for those that " +
        "ask for none, or for an unknown one.",
      examples: [[{ cert: "a.pem", key: "a.key" }]],
    }),
  client_ca: filePath().optional().meta({
    description:
      "The CAs, in PEM, that client certificates must come from. Certificates of a CA that is removed are refused " +
      "from the next SIGHUP on; open connections stay.",
    examples: ["ca.pem"],
  }),
  client_crl: filePath().optional().meta({
    description:
      "The revocation lists of these CAs, in PEM. Refused are revoked certificates, and all those of a CA whose list is " +
      "missing or expired. Read again at SIGHUP. Needs `client_ca`.",
    examples: ["ca.crl.pem"],
  }),
  client_auth: z.enum(["required", "optional"], { error: "required or optional" }).optional().meta({
    description:
      "Whether a client without a certificate is refused (`required`, the default where there is a `client_ca`) or let " +
      "in (`optional`). One with a certificate that is not valid is refused either way. Needs `client_ca`.",
    examples: ["optional"],
  }),
  alpn: protocols().prefault([]).meta({
    description: "The protocols that are offered (ALPN), the preferred first.",
    examples: [["h2", "http/1.1"]],
  }),
  min_version: version().prefault("1.2").meta({ description: MIN_VERSION }),
  max_version: version().prefault("1.3").meta({ description: MAX_VERSION }),
  handshake_timeout: limit({ mostMs: MAX_HANDSHAKE_MS }).prefault("10s").meta({
    description: "The limit of one handshake, at most `10m`.",
  }),
}, { error: "a mapping" });

/** TLS to targets, begun here. */
export const TargetTls = z.strictObject({
  ca: filePath().optional().meta({
    description: "The file of the authorities that are trusted, in PEM; without it, those of the runtime.",
    examples: ["ca.pem"],
  }),
  crl: filePath().optional().meta({
    description:
      "The file of the authorities' revocation lists, in PEM, as `tls.client_crl`, for targets. Needs `ca`.",
    examples: ["ca.crl.pem"],
  }),
  server_name: hostName().optional().meta({
    description:
      "The name that is asked for and verified; without it, the target's host, of one that was discovered " +
      "the name that led to it (the entry's, or its SRV record's).",
    examples: ["db.internal"],
  }),
  pass_server_name: z.boolean().prefault(false).meta({
    description:
      "Whether targets are asked for the name that the client asked for (its SNI), and verified by it. A client that " +
      "asked for none, and a health check, have that of `server_name`, or of the target's host. Needs `tls` or `routes`.",
  }),
  alpn: protocols().prefault([]).meta({
    description: "The protocols that targets are offered (ALPN), the preferred first.",
    examples: [["h2", "http/1.1"]],
  }),
  min_version: version().prefault("1.2").meta({ description: MIN_VERSION }),
  max_version: version().prefault("1.3").meta({ description: MAX_VERSION }),
  cert: filePath().optional().meta({
    description: "The file of the certificate that targets are shown, in PEM. Needs `key`.",
    examples: ["c.pem"],
  }),
  key: filePath().optional().meta({
    description: "The file of its private key, in PEM; it may be that of the certificate. Needs `cert`.",
    examples: ["c.key"],
  }),
  key_passphrase_file: filePath().optional().meta({
    description: `${PASSPHRASE} Needs \`key\`.`,
    examples: ["c.pass"],
  }),
  verify: z.boolean().prefault(true).meta({
    description:
      "Whether the target's certificate is verified. Without that, anyone in between can read along, and `ca` has " +
      "no meaning.",
  }),
}, { error: "a mapping" });
