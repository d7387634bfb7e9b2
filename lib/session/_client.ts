import { clientHash, hashKeyOf, type PickContext } from "../balancing/mod.ts";
import type { Address, TcpMeasures } from "../base/mod.ts";
import type { Connection } from "../net/mod.ts";
import type { SessionApp } from "./app.ts";
import type { LogField } from "./ended.ts";
import type { Inspection } from "./inspect/inspect.ts";
import { SessionTlvs } from "./_tlvs.ts";

const NO_FIELDS: readonly LogField[] = [];

/** The client of a session: as the kernel shows it, and as its PROXY header and TLS present it. */
export class Client implements PickContext {
  readonly #app: SessionApp;
  readonly #accepted: Connection;
  #found: Inspection | undefined;
  #tlvs: SessionTlvs | undefined;
  /** The server name of the client's TLS, where it was looked at. */
  sni: string | undefined;

  constructor(accepted: Connection, app: SessionApp) {
    this.#app = app;
    this.#accepted = accepted;
  }

  /** Where the connection really comes from. */
  get peer(): Address {
    return this.#accepted.peer;
  }

  /** The proxy's end of that connection. */
  get local(): Address {
    return this.#accepted.local;
  }

  /** What the kernel has measured of the connection. */
  get measures(): TcpMeasures | undefined {
    return this.#accepted.tcpInfo?.();
  }

  /** The client's address: the one in its PROXY header, else where the connection comes from. */
  get address(): Address {
    return this.#found?.client ?? this.#accepted.peer;
  }

  /** The address that the client connected to. */
  get destination(): Address {
    return this.#found?.destination ?? this.#accepted.local;
  }

  /** Whether the client speaks TLS, as far as that was looked at. */
  get hasTls(): boolean {
    return this.#found?.hasTls ?? false;
  }

  /** The hash of what `hash_key` names, by default the address; computed when a strategy asks for it. */
  get clientHash(): number {
    const client = this.address.kind === "tcp" ? this.address.host : this.address.path;
    const { hashKey } = this.#app;
    if (hashKey === undefined) return clientHash(client);
    const tlv = (type: number): Uint8Array | undefined => this.#found?.received?.get(type);
    return clientHash(hashKeyOf(hashKey, { client, sni: this.sni, tlv }));
  }

  /** The fields of PROXY headers, received and sent; `undefined` where the app uses none. */
  get tlvs(): SessionTlvs | undefined {
    const { tlvs } = this.#app;
    if (tlvs === undefined) return undefined;
    return this.#tlvs ??= new SessionTlvs(tlvs, {
      received: this.#found?.received,
      tls: this.#found?.tls,
      sni: this.sni,
    });
  }

  /** The additional fields of the access log; computed when it asks. */
  get fields(): readonly LogField[] {
    return this.tlvs?.logged ?? NO_FIELDS;
  }

  /** Takes over what inspecting the connection has shown. */
  learn(found: Inspection): void {
    this.#found = found;
    this.sni = found.sni;
  }
}
