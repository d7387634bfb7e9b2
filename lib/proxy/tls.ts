import type { Address, Duplex } from "../base/mod.ts";
import type { AppConfig } from "../config/mod.ts";
import { ClientHelloParser } from "../routing/mod.ts";
import type { SecureTarget, TlsIntake } from "../session/mod.ts";
import { TargetTls, TlsTerminator, type TlsTerminatorOptions } from "../tls/mod.ts";
import type { AppMaterials } from "./materials.ts";

/** TLS on both sides of one app, ready for its sessions. */
export interface AppTls {
  readonly intake: TlsIntake | undefined;
  readonly secureTarget: SecureTarget | undefined;
  /** For health checks that speak TLS. */
  secureProbe(raw: Duplex, address: Address, signal: AbortSignal): Promise<Duplex>;
  /**
   * Compiles other texts of the same files. Nothing changes until what this resolves with is called; handshakes that begin
   * from then on use them, those under way and connections are left alone.
   *
   * @throws {TlsError} when one of them cannot work.
   */
  prepare(materials: AppMaterials): Promise<() => void>;
}

/**
 * Compiles the app's certificates.
 *
 * @throws {TlsError} when one of them cannot work.
 */
export async function appTls(config: AppConfig, materials: AppMaterials): Promise<AppTls> {
  const terminator = materials.tls === undefined
    ? undefined
    : await TlsTerminator.load(optionsOf(materials.tls));
  const probes = config.healthCheck?.tls === true;
  const loadTargetTls = async ({ targetTls }: AppMaterials): Promise<TargetTls | undefined> =>
    targetTls !== undefined || probes ? await TargetTls.load(targetTls ?? {}) : undefined;
  let targetTls = await loadTargetTls(materials);
  const secure = async (raw: Duplex, address: Address, signal: AbortSignal): Promise<Duplex> => {
    if (targetTls === undefined) return raw;
    const serverName = config.targetTls?.serverName ?? (address.kind === "tcp" ? address.host : "localhost");
    // The dial's own limit is in the signal.
    return (await targetTls.connect(raw, { serverName, timeoutMs: Infinity, signal })).conn;
  };
  return {
    intake: terminator,
    secureTarget: materials.targetTls === undefined
      ? undefined
      : (raw, candidate, signal) => secure(raw, candidate.address, signal),
    secureProbe: secure,
    prepare: async (next) => {
      const useTerminator = next.tls === undefined
        ? undefined
        : await terminator?.prepare(optionsOf(next.tls));
      const nextTargetTls = await loadTargetTls(next);
      return () => {
        useTerminator?.();
        targetTls = nextTargetTls;
      };
    },
  };
}

function optionsOf(tls: NonNullable<AppMaterials["tls"]>): TlsTerminatorOptions {
  return { ...tls, helloReader: () => new ClientHelloParser() };
}
