import type { ReasonPage } from "./page.ts";

/** Sessions that the proxy, its targets' health or an operator ended. */
export const ENDED_BY_PROXY = {
  ["no_target"]: {
    means: "No target could be reached: each was tried, and the client's connection was closed.",
    endedBy: "the proxy",
    causes: [
      "The targets are down, or listen elsewhere: connection refused.",
      "A firewall between proxy and targets: the dials time out.",
      "A name of a target that does not resolve.",
      "Discovery has found no target, or an operator has set all of them to drain.",
      "File descriptors ran out; the detail says so.",
    ],
    remedies: [
      "The warning in the operational log lists what each target answered.",
      "`tcpproxy status` shows their states, `tcpproxy probe ADDRESS` which step of a connection fails.",
      "`tcpproxy explain --running --port PORT --client ADDR` shows who is skipped, and why.",
      "For servers that restart, `retry: {}` lets clients wait for them.",
    ],
    fields: {
      tries: "dials made",
      ["duration_ms"]: "about connect_deadline: they time out; near 0: they refuse",
      detail: "where there was nobody to dial",
    },
    metrics: ["tcpproxy_target_up", "tcpproxy_dials_total", "tcpproxy_discovery_lookups_total"],
  },
  ["target_down"]: {
    means:
      "The session's target went down: by its health checks with `on_target_down: close`, or by an operator.",
    endedBy: "the proxy",
    causes: [
      "Health checks failed `fall` times, and `on_target_down` is `close`.",
      "`tcpproxy target APP TARGET down`, or the dashboard.",
    ],
    remedies: [
      "`tcpproxy status` shows since when the target is down, and why.",
      "For planned work use `drain` in place of `down`, and wait: live sessions then end by themselves.",
      "If checks fail though the target is fine, give them more time (`timeout`, `fall`).",
    ],
    fields: { target: "which target it was", detail: "what took it down" },
    metrics: ["tcpproxy_target_up", "tcpproxy_health_checks_total", "tcpproxy_target_maintenance"],
  },
  drained: {
    means: "The session was still open when the time for a drain was over.",
    endedBy: "the proxy",
    causes: [
      "SIGTERM, SIGINT, SIGQUIT or `tcpproxy drain`: the proxy ends, and `shutdown.drain_timeout` (default 30s) was over.",
      "A reload that took the app or the target out, with `on_reload: drain` or `close`.",
    ],
    remedies: [
      "Nothing, if clients reconnect; the closes are spread over the last fifth of the time, idle sessions first.",
      "For longer sessions raise `shutdown.drain_timeout`, and the service manager's time with it " +
      "(`terminationGracePeriodSeconds`).",
    ],
    fields: { ["duration_ms"]: "how long it had lasted", detail: "the reload, if it was one" },
    metrics: ["tcpproxy_draining"],
  },
  killed: {
    means: "An operator ended the session, or a fault that was injected for a test cut it.",
    endedBy: "an operator, or a fault",
    causes: [
      "`tcpproxy kill`, the dashboard, or `DELETE /api/sessions`.",
      "`faults` of the config, or `tcpproxy fault`: the detail names the kind.",
    ],
    remedies: [
      "`tcpproxy fault APP` lists the faults of an app; `tcpproxy fault APP off` takes off those set at run time.",
    ],
    fields: { detail: "the fault, if it was one" },
  },
  error: {
    means: "Something failed that has no word of its own: an error of the system, or of the proxy.",
    endedBy: "the proxy",
    causes: [
      "An error of the operating system on one of the two connections; the operational log has its code.",
      "A worker thread died: its sessions count so in the metrics, and have no line in the log.",
      "A mistake in the proxy.",
    ],
    remedies: [
      "The operational log has a warning with the error for each.",
      "If it names no cause outside the proxy, report it, with that line.",
    ],
    fields: { detail: "the error, where it is known" },
    metrics: ["tcpproxy_worker_deaths_total"],
  },
  active: {
    means: "Not an end: the session lasts, and `log.access_interval` has it logged from time to time.",
    endedBy: "nobody yet",
    causes: ["`log.access_interval` is set."],
    remedies: [
      "To count connections or bytes, leave these lines out: each session also has one line with its real reason.",
    ],
    fields: {
      ["bytes_up"]: "since the session began",
      ["bytes_down"]: "since the session began",
      ["duration_ms"]: "so far",
    },
    metrics: ["tcpproxy_connections_active"],
  },
} as const satisfies Record<string, ReasonPage>;
