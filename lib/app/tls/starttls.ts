import type { AppConfig } from "../../config/parsed.ts";
import {
  ImapClientUpgrade,
  ImapTargetUpgrade,
  MysqlTargetGreeting,
  PostgresClientUpgrade,
  PostgresSaslRewrite,
  PostgresTargetUpgrade,
  SmtpClientUpgrade,
  SmtpTargetUpgrade,
  type Upgrade,
} from "../../protocol/mod.ts";
import type { InspectRules, TargetTalk } from "../../session/mod.ts";

/** The plain-text exchange of an app with clients and targets before TLS. */
export interface AppStarttls {
  /** For each client; `undefined` where the client starts the session. */
  readonly client: InspectRules["upgrade"];
  /** For each target, depending on whether the client speaks TLS; returns `undefined` for nothing. */
  target(clientHasTls: boolean): TargetTalk | undefined;
  /** For a health check over TLS; `undefined` where TLS cannot begin without a login. */
  probe(): Upgrade | undefined;
}

/** Compiles the app's `starttls`; `undefined` where it has none. */
export function starttlsOf(config: AppConfig): AppStarttls | undefined {
  return config.starttls === undefined ? undefined : TALKS[config.starttls.protocol](config, config.starttls);
}

type Starttls = NonNullable<AppConfig["starttls"]>;

const TALKS: Readonly<Record<Starttls["protocol"], (config: AppConfig, starttls: Starttls) => AppStarttls>> =
  {
    postgres: (config, { plain }) => {
      const tls = expectsTls(config) ? "offer" : "decline";
      return {
        client: {
          begin: () => new PostgresClientUpgrade({ tls, plain: plain === "allow" }),
          timeoutMs: talkLimit(config),
        },
        target: (clientHasTls) => {
          if (!reachesTls(config, clientHasTls)) return undefined;
          const upgrade = new PostgresTargetUpgrade();
          return clientHasTls ? { upgrade } : { upgrade, rewrite: new PostgresSaslRewrite() };
        },
        probe: () => new PostgresTargetUpgrade(),
      };
    },
    smtp: (config, { hostName }) =>
      greeted(config, {
        client: () => new SmtpClientUpgrade(hostName),
        target: (tls) => new SmtpTargetUpgrade({ tls, hostName }),
      }),
    imap: (config, { hostName }) =>
      greeted(config, {
        client: () => new ImapClientUpgrade(hostName),
        target: (tls) => new ImapTargetUpgrade({ tls }),
      }),
    // The server's greeting carries the challenge for the client's password, so the client can be greeted only after
    // the target.
    mysql: (config) => ({
      client: undefined,
      target: () => {
        const upgrade = new MysqlTargetGreeting({ tls: config.targetTls !== undefined });
        return { upgrade, greeting: () => upgrade.greeting };
      },
      probe: () => undefined,
    }),
  };

interface GreetedTalks {
  client(): Upgrade;
  target(tls: boolean): Upgrade & { readonly greeting: Uint8Array };
}

/** For protocols in which the server speaks first: where clients bring TLS, the proxy greets in the target's place. */
function greeted(config: AppConfig, talks: GreetedTalks): AppStarttls {
  const isGreetedHere = expectsTls(config);
  return {
    client: isGreetedHere ? { begin: talks.client, timeoutMs: talkLimit(config) } : undefined,
    target: (clientHasTls) => {
      const upgrade = talks.target(reachesTls(config, clientHasTls));
      return isGreetedHere ? { upgrade } : { upgrade, lead: () => upgrade.greeting };
    },
    probe: () => talks.target(true),
  };
}

/** Whether clients are expected to speak TLS. */
function expectsTls({ tls, routes }: AppConfig): boolean {
  return tls !== undefined || routes.length > 0;
}

/** Whether the target receives TLS, begun here or passed through. */
function reachesTls({ tls, targetTls }: AppConfig, clientHasTls: boolean): boolean {
  return targetTls !== undefined || (clientHasTls && tls === undefined);
}

/** Returns the time limit for a client to begin TLS, in milliseconds. */
export function talkLimit({ tls, clientHelloTimeoutMs }: AppConfig): number {
  return tls?.handshakeTimeoutMs ?? clientHelloTimeoutMs;
}
