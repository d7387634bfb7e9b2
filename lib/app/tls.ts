import type { Address, Duplex } from "../base/mod.ts";
import type { AppConfig } from "../config/mod.ts";
import { ClientHelloParser } from "../routing/mod.ts";
import type { SecureTarget, TlsIntake } from "../session/mod.ts";
import { TargetTls, TlsTerminator, type TlsTerminatorOptions } from "../tls/mod.ts";
import type { TlsFiles } from "./tls_files.ts";

/** Whom TLS is begun with. */
export interface TlsPeer {
  readonly address: Address;
  /** Its name, where the address was found by one; an explicit `target_tls.server_name` wins. */
  readonly serverName: string | undefined;
}

/** TLS on both sides of one app, ready for its sessions. */
export interface AppTls {
  readonly intake: TlsIntake | undefined;
  readonly secureTarget: SecureTarget | undefined;
  /** For health checks that speak TLS. */
  secureProbe(raw: Duplex, peer: TlsPeer, signal: AbortSignal): Promise<Duplex>;
  /**
   * Compiles other texts of the same files. Nothing changes until what this resolves with is called; handshakes that begin
   * from then on use them, those under way and connections are left alone.
   *
   * @throws {TlsError} when one of them cannot work.
   */
  prepare(tlsFiles: TlsFiles): Promise<() => void>;
}

/**
 * Compiles the app's certificates.
 *
 * @throws {TlsError} when one of them cannot work.
 */
export async function appTls(config: AppConfig, tlsFiles: TlsFiles): Promise<AppTls> {
  const terminator = tlsFiles.tls === undefined
    ? undefined
    : await TlsTerminator.load(optionsOf(tlsFiles.tls));
  const probes = config.healthCheck?.tls === true;
  const loadTargetTls = async ({ targetTls }: TlsFiles): Promise<TargetTls | undefined> =>
    targetTls !== undefined || probes ? await TargetTls.load(targetTls ?? {}) : undefined;
  let targetTls = await loadTargetTls(tlsFiles);
  const secure = async (raw: Duplex, peer: TlsPeer, signal: AbortSignal): Promise<Duplex> => {
    if (targetTls === undefined) return raw;
    const serverName = config.targetTls?.serverName ?? nameOf(peer);
    // The dial's own limit is in the signal.
    return (await targetTls.connect(raw, { serverName, timeoutMs: Infinity, signal })).conn;
  };
  return {
    intake: terminator,
    secureTarget: tlsFiles.targetTls === undefined
      ? undefined
      : (raw, { address, target: { serverName } }, signal) => secure(raw, { address, serverName }, signal),
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

function nameOf({ address, serverName }: TlsPeer): string {
  return serverName ?? (address.kind === "tcp" ? address.host : "localhost");
}

function optionsOf(tls: NonNullable<TlsFiles["tls"]>): TlsTerminatorOptions {
  return { ...tls, helloReader: () => new ClientHelloParser() };
}
