import type { Address, Duplex } from "../../base/mod.ts";
import type { AppConfig } from "../../config/parsed.ts";
import { type SecureTarget, type TlsAcceptor, upgradeTarget } from "../../session/mod.ts";
import { TargetTls, TlsTerminator } from "../../tls/mod.ts";
import { targetsOf } from "../targets/dial_addresses.ts";
import { starttlsOf } from "./starttls.ts";
import type { TlsFiles } from "./tls_files.ts";

/** The peer of a TLS connection that this proxy initiates. */
export interface TlsPeer {
  readonly address: Address;
  /** The name that discovery found the address by; an explicit `target_tls.server_name` overrides it. */
  readonly serverName: string | undefined;
  /** Whether the port is the target's own, where TLS begins as `starttls` says. Default true. */
  readonly isOwnPort?: boolean;
  /** The client's SNI, which `target_tls.pass_server_name` passes on; `undefined` for a check. */
  readonly clientName?: string | undefined;
}

/** TLS on both sides of one app, for its sessions and checks. */
export class AppTls {
  #config: AppConfig;
  #terminator: TlsTerminator | undefined;
  #targetTls: TargetTls | undefined;

  /**
   * Loads the app's certificates.
   *
   * @throws {TlsError} when one of them cannot be used.
   */
  static async load(config: AppConfig, files: TlsFiles): Promise<AppTls> {
    const terminator = files.tls === undefined ? undefined : await TlsTerminator.load(files.tls);
    return new AppTls(config, terminator, await loadTargetTls(config, files));
  }

  private constructor(
    config: AppConfig,
    terminator: TlsTerminator | undefined,
    targetTls: TargetTls | undefined,
  ) {
    this.#config = config;
    this.#terminator = terminator;
    this.#targetTls = targetTls;
  }

  /** Terminates the clients' TLS; `undefined` where the app does not. */
  get acceptor(): TlsAcceptor | undefined {
    return this.#terminator;
  }

  /** Originates TLS to targets; `undefined` where the app does not. */
  get secureTarget(): SecureTarget | undefined {
    if (this.#config.targetTls === undefined) return undefined;
    return (raw, { address, target: { serverName } }, signal, clientName) =>
      this.#secure(raw, { address, serverName, clientName }, signal);
  }

  /** Originates TLS for a health check. */
  async secureProbe(raw: Duplex, peer: TlsPeer, signal: AbortSignal): Promise<Duplex> {
    const upgrade = peer.isOwnPort === false ? undefined : starttlsOf(this.#config)?.probe();
    const upgraded = upgrade === undefined ? raw : await upgradeTarget(raw, upgrade, signal);
    return await this.#secure(upgraded, peer, signal);
  }

  async #secure(raw: Duplex, peer: TlsPeer, signal: AbortSignal): Promise<Duplex> {
    if (this.#targetTls === undefined) return raw;
    const { passServerName = false, serverName: explicit } = this.#config.targetTls ?? {};
    const serverName = (passServerName ? peer.clientName : undefined) ?? explicit ?? nameOf(peer);
    // The signal carries the dial's limit.
    return (await this.#targetTls.connect(raw, { serverName, timeoutMs: Infinity, signal })).conn;
  }

  /**
   * Loads another config or changed contents of the same files. Nothing changes until the returned function is
   * called; new handshakes use them from then on, while handshakes under way and connections are left alone.
   *
   * @throws {TlsError} when one of them cannot be used.
   */
  async prepare(config: AppConfig, files: TlsFiles): Promise<() => void> {
    const terminator = this.#terminator;
    const options = files.tls;
    const added = options === undefined || terminator !== undefined
      ? undefined
      : await TlsTerminator.load(options);
    const use = options === undefined ? undefined : await terminator?.prepare(options);
    const targetTls = await loadTargetTls(config, files);
    return () => {
      use?.();
      this.#terminator = options === undefined ? undefined : added ?? terminator;
      this.#config = config;
      this.#targetTls = targetTls;
    };
  }
}

async function loadTargetTls(config: AppConfig, { targetTls }: TlsFiles): Promise<TargetTls | undefined> {
  const isUsed = targetTls !== undefined ||
    targetsOf(config).some(({ healthCheck }) => healthCheck?.tls === true);
  return isUsed ? await TargetTls.load(targetTls ?? {}) : undefined;
}

function nameOf({ address, serverName }: TlsPeer): string {
  return serverName ?? (address.kind === "tcp" ? address.host : "localhost");
}
