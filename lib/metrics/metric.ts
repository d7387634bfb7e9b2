/** The description of a metric, without values. */
export interface Metric {
  /** With `_total` for a counter, `_info` for information. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "info";
  /** One sentence. */
  readonly help: string;
  readonly labels: readonly string[];
}

const APP = ["app"] as const;
const TARGET = ["app", "target"] as const;

/** Every metric, in the order of the page. */
export const METRICS = {
  accepted: counter("tcpproxy_connections_accepted_total", "Connections accepted.", APP),
  ended: counter("tcpproxy_connections_total", "Connections that have ended, by reason.", ["app", "reason"]),
  active: gauge("tcpproxy_connections_active", "Connections that have not ended.", APP),
  limit: gauge("tcpproxy_connections_limit", "max_connections of apps that have one.", APP),
  bytes: counter("tcpproxy_bytes_total", "Bytes relayed, those of open connections included.", [
    "app",
    "direction",
  ]),
  dialSeconds: histogram("tcpproxy_dial_seconds", "Time until a target answered a dial."),
  queueSeconds: histogram("tcpproxy_queue_seconds", "Time connections waited for a place at a target."),
  firstByteSeconds: histogram(
    "tcpproxy_first_byte_seconds",
    "Time from accepting a connection to passing on the first byte of its target.",
  ),
  sessionSeconds: histogram("tcpproxy_session_seconds", "Length of connections that have ended."),
  targetUp: gauge(
    "tcpproxy_target_up",
    "1 for a target that health checks do not find down and passive health has not ejected.",
    TARGET,
  ),
  targetEjected: gauge("tcpproxy_target_ejected", "1 for a target that passive health has ejected.", TARGET),
  targetMaintenance: gauge(
    "tcpproxy_target_maintenance",
    "1 for a target that an operator has set to drain or down.",
    TARGET,
  ),
  targetWeight: gauge(
    "tcpproxy_target_weight",
    "Effective weight: less than configured during a slow start.",
    TARGET,
  ),
  targetActive: gauge(
    "tcpproxy_target_connections_active",
    "Connections dialing or relayed to a target.",
    TARGET,
  ),
  targetBytes: counter("tcpproxy_target_bytes_total", "Bytes relayed, by target.", [
    ...TARGET,
    "direction",
  ]),
  dials: counter("tcpproxy_dials_total", "Dials that have ended, by result.", [...TARGET, "result"]),
  checks: counter("tcpproxy_health_checks_total", "Health checks that have ended, by result.", [
    ...TARGET,
    "result",
  ]),
  ejections: counter("tcpproxy_target_ejections_total", "Ejections of a target by passive health.", TARGET),
  discoveries: counter("tcpproxy_discovery_lookups_total", "Lookups of discovery, by result.", [
    "app",
    "result",
  ]),
  acceptPaused: counter(
    "tcpproxy_accept_paused_total",
    "Times that a listener could not accept, most likely out of file descriptors.",
  ),
  acceptPausedSeconds: counter(
    "tcpproxy_accept_paused_seconds_total",
    "Time that listeners could not accept, in episodes that are over.",
  ),
  listenersPaused: gauge("tcpproxy_listeners_paused", "Listeners that cannot accept at the moment."),
  draining: gauge("tcpproxy_draining", "1 while the proxy drains."),
  reloads: counter("tcpproxy_config_reloads_total", "Reloads of the config, by result.", ["result"]),
  reloadSuccessful: gauge(
    "tcpproxy_config_last_reload_successful",
    "0 when the last reload failed; the config before it is in effect.",
  ),
  loaded: gauge(
    "tcpproxy_config_loaded_timestamp_seconds",
    "When the config in effect was read: at the start, or at the last reload that succeeded.",
  ),
  config: info("tcpproxy_config_info", "The hash of the config in effect.", ["hash"]),
  certificates: gauge(
    "tcpproxy_certificate_expiry_timestamp_seconds",
    "When a certificate that the app presents expires.",
    ["app", "certificate"],
  ),
  droppedLines: counter("tcpproxy_log_lines_dropped_total", "Log lines that could not be written.", ["log"]),
  workers: gauge("tcpproxy_workers", "Threads that carry connections."),
  workerDeaths: counter("tcpproxy_worker_deaths_total", "Workers that have crashed."),
  workerRestarts: counter("tcpproxy_worker_restarts_total", "Crashed workers that were replaced."),
  loopDelay: histogram(
    "tcpproxy_event_loop_delay_seconds",
    "How late timers fire in a thread; everything else in it waits as long.",
    ["thread"],
  ),
  heap: gauge("tcpproxy_heap_bytes", "Live objects on the heap of a thread.", ["thread"]),
  build: info("tcpproxy_build_info", "The version of the program.", ["version"]),
  memory: gauge("process_resident_memory_bytes", "Resident memory of the process."),
  cpu: counter("process_cpu_seconds_total", "User and system CPU time of the process."),
  started: gauge("process_start_time_seconds", "When the process started, in Unix time."),
} as const satisfies Readonly<Record<string, Metric>>;

function counter(name: string, help: string, labels: readonly string[] = []): Metric {
  return { name, type: "counter", help, labels };
}

function gauge(name: string, help: string, labels: readonly string[] = []): Metric {
  return { name, type: "gauge", help, labels };
}

function histogram(name: string, help: string, labels: readonly string[] = APP): Metric {
  return { name, type: "histogram", help, labels };
}

function info(name: string, help: string, labels: readonly string[]): Metric {
  return { name, type: "info", help, labels };
}
