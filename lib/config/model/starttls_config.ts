import type { StarttlsProtocol } from "../../base/mod.ts";

/** The protocol in which TLS is asked for before it begins, on both sides. */
export interface StarttlsConfig {
  readonly protocol: StarttlsProtocol;
  /** The treatment of clients that do not ask for TLS. */
  readonly plain: "refuse" | "allow";
  /** The name by which the proxy introduces itself. */
  readonly hostName: string;
}
