import { type Address, formatAddress } from "../../../base/mod.ts";
import type { AccessRecord } from "../../../log/mod.ts";
import type { EndedSession } from "../../../session/mod.ts";

/** Turns sessions into records of the access log. */
export class SessionRecords {
  readonly #wallClockMs: () => number;
  readonly #listeners = new WeakMap<Address, string>();

  constructor(wallClockMs: () => number) {
    this.#wallClockMs = wallClockMs;
  }

  of(session: EndedSession, reason: AccessRecord["reason"]): AccessRecord {
    return {
      time: session.endedAtMs ?? this.#wallClockMs(),
      id: session.id,
      app: session.app.name,
      listener: this.#nameOf(session.listener),
      client: formatAddress(session.client),
      target: session.target?.label,
      reason,
      bytesUp: session.up.bytes,
      bytesDown: session.down.bytes,
      durationMs: session.endedMs - session.startedMs,
      connectMs: session.connectMs,
      tries: session.tries,
      sni: session.sni,
      measures: session.measures,
      fields: session.fields,
      detail: session.detail,
    };
  }

  /** A listener's address as text, made once. Each worker brings addresses of its own, which go with it. */
  #nameOf(listener: Address): string {
    let name = this.#listeners.get(listener);
    if (name === undefined) {
      name = formatAddress(listener);
      this.#listeners.set(listener, name);
    }
    return name;
  }
}
