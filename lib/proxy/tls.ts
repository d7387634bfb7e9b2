import type { Address, Duplex } from "../base/mod.ts";
import type { AppConfig } from "../config/mod.ts";
import { ClientHelloParser } from "../routing/mod.ts";
import type { SecureTarget, TlsIntake } from "../session/mod.ts";
import { TargetTls, TlsTerminator } from "../tls/mod.ts";
import type { AppMaterials } from "./materials.ts";

/** TLS on both sides of one app, ready for its sessions. */
export interface AppTls {
  readonly intake: TlsIntake | undefined;
  readonly secureTarget: SecureTarget | undefined;
  /** For health checks that speak TLS. */
  secureProbe(raw: Duplex, address: Address, signal: AbortSignal): Promise<Duplex>;
}

/**
 * Compiles the app's certificates.
 *
 * @throws {TlsError} when one of them cannot work.
 */
export async function appTls(config: AppConfig, materials: AppMaterials): Promise<AppTls> {
  const terminator = materials.tls === undefined
    ? undefined
    : await TlsTerminator.load({ ...materials.tls, helloReader: () => new ClientHelloParser() });
  const probes = config.healthCheck?.tls === true;
  const targetTls = materials.targetTls !== undefined || probes
    ? await TargetTls.load(materials.targetTls ?? {})
    : undefined;
  const secure = async (raw: Duplex, address: Address, signal: AbortSignal): Promise<Duplex> => {
    if (targetTls === undefined) return raw;
    const serverName = config.targetTls?.serverName ?? (address.kind === "tcp" ? address.host : "localhost");
    // The dial's own limit is in the signal.
    return (await targetTls.connect(raw, { serverName, timeoutMs: Infinity, signal })).conn;
  };
  return {
    intake: terminator === undefined
      ? undefined
      : { accept: (raw, lead, signal) => terminator.accept(raw, { lead, signal }) },
    secureTarget: materials.targetTls === undefined
      ? undefined
      : (raw, candidate, signal) => secure(raw, candidate.address, signal),
    secureProbe: secure,
  };
}
