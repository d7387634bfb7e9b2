import type { Address } from "../base/mod.ts";
import type { HealthCheckConfig } from "../config/mod.ts";
import {
  type Exchange,
  httpExchange,
  parseCheckBytes,
  parseExpect,
  parseStatus,
  protocolCheck,
  type Step,
  Steps,
} from "../pool/mod.ts";

/** Begins the conversation of one check; `undefined` where the connection alone counts. */
export type ExchangeMaker = (address: Address, host: string | undefined) => Exchange | undefined;

/**
 * Compiles what a check says and hears.
 *
 * @returns what begins a conversation with an address; `host` is the `Host` field where the config gives none, `undefined`
 * for the address.
 * @throws {CheckTextError} when a text of it cannot be read.
 */
export function exchangeMaker(check: HealthCheckConfig): ExchangeMaker {
  const { http, steps, type, user, database } = check;
  if (type !== undefined) return () => protocolCheck(type, { user, database });
  if (http !== undefined) {
    const status = parseStatus(http.status);
    return (address, host) => httpExchange({ path: http.path, status, host: http.host ?? host }, address);
  }
  const compiled = (steps ?? [check]).map(stepOf);
  return compiled.every(isEmpty) ? () => undefined : () => new Steps(compiled);
}

function stepOf({ send, expect, expectNot }: Pick<HealthCheckConfig, "send" | "expect" | "expectNot">): Step {
  return {
    send: send === undefined ? undefined : parseCheckBytes(send),
    expect: expect === undefined ? undefined : parseExpect(expect),
    expectNot: expectNot === undefined ? undefined : parseExpect(expectNot),
  };
}

function isEmpty({ send, expect, expectNot }: Step): boolean {
  return send === undefined && expect === undefined && expectNot === undefined;
}
