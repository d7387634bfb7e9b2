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
      return new Steps(REDIS);
    case "smtp":
      return new Steps(SMTP);
    case "mysql":
      return new MysqlCheck(login);
    case "postgres":
      return new PostgresCheck(login);
  }
}

/** A server that is loading, requires a password, or has lost its master answers with an error. */
const REDIS: readonly Step[] = [{
  send: parseCheckBytes("PING\\r\\n"),
  expect: parseExpect("/^\\+PONG\\r\\n/"),
  expectNot: parseExpect("/^-[^\\n]*\\n/"),
}];

/** Greeting and EHLO, each possibly in several lines (`250-…`, RFC 5321 section 4.2.1), then QUIT. */
const SMTP: readonly Step[] = [
  { expect: parseExpect("/^220(?: .*)?\\r?\\n/m"), expectNot: parseExpect("/^[345]\\d\\d(?: .*)?\\r?\\n/m") },
  {
    send: parseCheckBytes("EHLO localhost\\r\\n"),
    expect: parseExpect("/^250(?: .*)?\\r?\\n/m"),
    expectNot: parseExpect("/^[345]\\d\\d(?: .*)?\\r?\\n/m"),
  },
  { send: parseCheckBytes("QUIT\\r\\n") },
];
