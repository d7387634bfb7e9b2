/** The levels of the operational log, the most talkative first. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

/** How log lines look. */
export const LOG_FORMATS = ["text", "json"] as const;

/** The facilities of syslog (RFC 5424 section 6.2.1), in the order of their numbers, by the names of syslog.conf(5). */
export const SYSLOG_FACILITIES = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
  "ntp",
  "audit",
  "alert",
  "clock",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;

/** Where a syslog server takes messages: over UDP or TCP, at a unix socket, or at this system's own socket. */
export type SyslogAddress =
  | { readonly kind: "udp" | "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "local" };

/** A syslog server or the systemd journal. */
export interface LogServerConfig {
  readonly facility: typeof SYSLOG_FACILITIES[number];
  /** The program's name in the log. */
  readonly tag: string;
  /** The syslog server, or the path of the journal's socket. */
  readonly server: SyslogAddress | { readonly kind: "journal"; readonly path: string };
}

/** The operational log and the access log. */
export interface LogConfig {
  readonly level: typeof LOG_LEVELS[number];
  /** How lines of the operational log look, and of the access log where it has no template. */
  readonly format: typeof LOG_FORMATS[number];
  /** The template of access log lines, with `{field}` placeholders; `undefined` for the layout of `format`. */
  readonly template: string | undefined;
  /** Where the operational log goes; `undefined` for standard error. */
  readonly destination: LogServerConfig | undefined;
  /** Whether sessions are logged to standard output, or the path of the file or the server that they are logged to. */
  readonly access: boolean | string | LogServerConfig;
  /** How often a session that lasts is logged; `Infinity` for never. */
  readonly accessIntervalMs: number;
  /** Whether the formats `text` and `json` show what the kernel measures of connections; see `tcpInfoKey`. */
  readonly tcpInfo: boolean;
}
