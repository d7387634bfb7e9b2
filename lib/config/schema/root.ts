import * as z from "zod";
import { ACCESS_FIELDS } from "../../base/mod.ts";
import { RELOAD_ACTIONS, SANDBOXES } from "../model/config.ts";
import { LOG_LEVELS } from "../model/log_config.ts";
import { Admin } from "./admin.ts";
import { AccessLog } from "./log/access_log.ts";
import { logFormat } from "./log/log_format.ts";
import { LogServer } from "./log/log_server.ts";
import { App, Defaults } from "./app/app.ts";
import { choice, limit, limitOrOff, mappingOrOff } from "./values/units.ts";
import { filePath } from "./values/texts.ts";
import { engine } from "./engine.ts";
import { workers } from "./workers.ts";

const Log = z.strictObject({
  level: choice(LOG_LEVELS).prefault("info").meta({
    description: "The least level of the operational log that is written.",
  }),
  format: logFormat().prefault("text").meta({
    description:
      "How both logs look: `text`, `json`, or a template of the access lines, as text with `{field}` (the operational " +
      `log is then \`text\`). The fields: ${
        ACCESS_FIELDS.map((field) => `\`${field}\``).join(", ")
      }. A value that ` +
      "is not one plain word is in quotes, one that is not there is `-`, and `{{` and `}}` are braces.",
    examples: ["json", "{time} {client} {target} {reason} {bytes_up} {bytes_down}"],
  }),
  destination: z.union([choice(["stderr"]), LogServer], { error: "stderr, or a mapping" }).prefault("stderr")
    .meta({
      default: "stderr",
      title: "`stderr` or mapping",
      description:
        "Where the operational log goes: standard error, or a syslog server or the journal as a mapping with the " +
        "keys of `log.access`.",
      examples: [{ journal: true }],
    }),
  access: AccessLog.prefault(true).meta({
    default: true,
    description:
      "The access log, one line per connection: `true` is standard output, `off` (or `false`) is none, a text is " +
      "the path of a file, relative to the config file. `/dev/stdout` and `/dev/stderr` are the process's own. A named " +
      "pipe must have a reader at the start; later, lines are dropped and counted while nobody reads. A mapping is a " +
      "syslog server or the systemd journal ([logging](logging.md)).",
    examples: ["./access.log", { syslog: "udp://10.0.0.1:514", facility: "local0" }],
  }),
  access_interval: limitOrOff().prefault("off").meta({
    default: "off",
    description:
      "How often a connection that lasts has a line too, with the reason `active` and what it has carried so far; " +
      "up to a tenth earlier, so that connections of one moment part.",
    examples: ["5m"],
  }),
  tcp_info: z.boolean({ error: "true or false" }).prefault(false).meta({
    default: false,
    description:
      "Whether lines of the access log in the formats `text` and `json` show the round-trip time and the retransmissions " +
      "of both connections, as the kernel measures them (TCP_INFO). A template that names such a field shows them " +
      "anyway. Needs the native engine.",
  }),
}, { error: "a mapping" });

const Shutdown = z.strictObject({
  drain_timeout: limit({ zero: true }).prefault("30s").meta({
    description: "How long open connections may go on after the listeners have closed.",
  }),
  delay: limit({ zero: true }).prefault("0s").meta({
    description: "How long the listeners stay open after the signal, so that a load balancer sees it coming.",
  }),
}, { error: "a mapping" });

const Otel = z.strictObject({
  traces: z.boolean({ error: "true or false" }).prefault(true).meta({
    default: true,
    description: "Whether each connection is a span, when it has ended.",
  }),
  metrics: z.boolean({ error: "true or false" }).prefault(true).meta({
    default: true,
    description: "Whether the metrics of `/metrics` are exported, by the same names.",
  }),
  interval: limit().prefault("10s").meta({
    default: "10s",
    description:
      "How often the exporter is given new values of the metrics; `OTEL_METRIC_EXPORT_INTERVAL` says how " +
      "often it sends them.",
  }),
}, { error: "a mapping" });

const Include = z.array(filePath(), { error: "a list of paths" }).optional().meta({
  description:
    "Other files with apps: paths relative to this file, in which `*` stands for any characters of a name and `?` for one. " +
    "What a pattern matches is read in the order of the names, and may be nothing; a path without `*` and `?` must " +
    "exist. Such a file has `apps`, `defaults` for its own apps, over those of the config, and `include`.",
  default: [],
  examples: [["conf.d/*.yaml"]],
});

/** The apps of one file. There is at least one in all files together. */
const Apps = z.array(App, { error: "a list of apps" }).optional();

/** The whole config. */
export const Root = z.strictObject({
  workers: workers(Deno.build.os).prefault(1).meta({
    default: 1,
    description:
      "How many threads carry connections: `1` is the main thread, more are workers that the runtime allows nothing " +
      "but their listeners and targets, and `auto` is one for each core. More than 1 on Linux only.",
  }),
  log: Log.prefault({}).meta({ description: "What is logged, and how." }),
  admin: mappingOrOff(Admin).prefault("off").meta({
    description:
      "The admin API, over HTTP: is the proxy alive and ready, what is the state of its targets, where would a " +
      "connection go. `{}` listens on this machine alone.",
    default: "off",
  }),
  shutdown: Shutdown.prefault({}).meta({ description: "What happens at SIGINT, SIGTERM and SIGQUIT." }),
  otel: mappingOrOff(Otel).prefault("off").meta({
    default: "off",
    description:
      "What is exported through the runtime's OpenTelemetry exporter; `{}` exports everything. Needs " +
      "`OTEL_DENO=true` in the environment ([operations](operations.md#opentelemetry)).",
  }),
  watch: z.boolean({ error: "true or false" }).prefault(false).meta({
    default: false,
    description:
      "Whether the config is put into effect again when its file changes. Its folder is watched, so that a file that is " +
      "replaced, and a link that is turned (a ConfigMap of Kubernetes), are seen too.",
  }),
  on_reload: choice(RELOAD_ACTIONS).prefault("keep").meta({
    default: "keep",
    description:
      "What happens at a reload to connections whose app or target is no longer in the config: they go on (`keep`), " +
      "have `shutdown.drain_timeout` to end (`drain`), or are closed (`close`).",
  }),
  engine: engine(Deno.build.os).prefault("auto").meta({
    default: "auto",
    description:
      "Which sockets carry connections: those of the kernel by its own calls (`native`: Linux with glibc alone, always in " +
      "worker threads, with `--allow-ffi` and `--allow-read` under `deno run`), or those of the runtime (`runtime`). " +
      "`auto` is `native` where it can run. The kernel confines a native worker: see `sandbox`.",
  }),
  sandbox: choice(SANDBOXES).prefault("auto").meta({
    default: "auto",
    description:
      "How threads that carry connections are confined ([security](security.md)). The kernel confines native workers " +
      "(Landlock, seccomp): no files, no programs, TCP connections only to the ports of targets. The runtime confines its " +
      "own workers to the addresses of listeners and targets. `auto` does what the system can, and logs what it cannot; " +
      "`on` refuses to start if anything is missing, or with the main thread carrying the connections; `off` leaves " +
      "native workers unconfined.",
    examples: ["on"],
  }),
  defaults: Defaults.prefault({}).meta({ description: "Options for every app that does not give its own." }),
  include: Include,
  apps: Apps.meta({ description: "The apps, at least one in this file and those of `include` together." }),
}, { error: "a mapping" });

/** A file that a config includes. */
export const Included = Root.pick({ include: true, defaults: true, apps: true });

/** An included file as zod gives it. */
export type ParsedIncluded = z.output<typeof Included>;

/** A config as zod gives it. */
export type ParsedRoot = z.output<typeof Root>;
