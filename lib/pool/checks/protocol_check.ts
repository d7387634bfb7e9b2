import type { Exchange } from "./exchange.ts";
import { parseCheckBytes } from "./check_text.ts";
import { parseExpect } from "./expectation.ts";
import { MysqlCheck } from "./mysql_check.ts";
import { PostgresCheck, type PostgresLogin } from "./postgres_check.ts";
import { type Step, Steps } from "./steps.ts";

/** The protocols with a built-in check. */
export type CheckType = "tcp" | "redis" | "smtp" | "mysql" | "postgres";

/** Returns the conversation of a built-in check; `undefined` for `tcp`, where connecting is enough. */
export function protocolCheck(type: CheckType, login: PostgresLogin): Exchange | undefined {
  switch (type) {
    case "tcp":
      return undefined;
    case "redis":
      return new Steps(redis ??= redisSteps());
    case "smtp":
      return new Steps(smtp ??= smtpSteps());
    case "mysql":
      return new MysqlCheck(login);
    case "postgres":
      return new PostgresCheck(login);
  }
}

/** Made for the first check: few configs have one, and compiling the patterns takes each thread some milliseconds. */
let redis: readonly Step[] | undefined;
let smtp: readonly Step[] | undefined;

/** A server that is loading, requires a password, or has lost its master answers with an error. */
function redisSteps(): Step[] {
  return [{
    send: parseCheckBytes("PING\\r\\n"),
    expect: parseExpect("/^\\+PONG\\r\\n/"),
    expectNot: parseExpect("/^-[^\\n]*\\n/"),
  }];
}

/** Greeting and EHLO, each possibly in several lines (`250-…`, RFC 5321 section 4.2.1), then QUIT. */
function smtpSteps(): Step[] {
  const expectNot = parseExpect("/^[345]\\d\\d(?: .*)?\\r?\\n/m");
  return [
    { expect: parseExpect("/^220(?: .*)?\\r?\\n/m"), expectNot },
    {
      send: parseCheckBytes("EHLO localhost\\r\\n"),
      expect: parseExpect("/^250(?: .*)?\\r?\\n/m"),
      expectNot,
    },
    { send: parseCheckBytes("QUIT\\r\\n") },
  ];
}
