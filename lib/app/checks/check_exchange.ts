import type { Address } from "../../base/mod.ts";
import type { HealthCheckConfig } from "../../config/parsed.ts";
import {
  type Exchange,
  httpExchange,
  parseCheckBytes,
  parseExpect,
  parseStatus,
  protocolCheck,
  type Step,
  Steps,
} from "../../pool/mod.ts";

/** Starts the conversation of one check; returns `undefined` where a connection is enough. */
export type ExchangeMaker = (address: Address, host: string | undefined) => Exchange | undefined;

/**
 * Compiles the conversation of a health check.
 *
 * @returns a function that starts it with an address; its `host` is the `Host` field where the config sets none, and
 * `undefined` means the address.
 * @throws {CheckTextError} when one of its texts is invalid.
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
