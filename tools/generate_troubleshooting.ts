/**
 * Writes `docs/troubleshooting.md` from the pages of `tcpproxy reason`:
 * `deno run --allow-write=docs tools/generate_troubleshooting.ts`. A test compares the file with it.
 *
 * @module
 */
import { reasonSection, reasonTable } from "../lib/cli/reason/reason_markdown.ts";
import { REASON_WORDS } from "../lib/cli/reason/reason_pages.ts";

const INTRODUCTION = `# Troubleshooting

<!-- Written by tools/generate_troubleshooting.ts from lib/cli/reason/. Change that, then run it. -->

Every connection ends with one reason, the same word in the access log, the metrics, the admin API and the
dashboard. Find the word, then its section; \`tcpproxy reason WORD\` prints the same on the terminal.

\`\`\`sh
tcpproxy status                                         # which targets are down, full or drained
tcpproxy explain --running --port 5432 --client 10.1.2.3    # where a connection would go now, and why
tcpproxy probe 10.0.0.5:5432                            # which step of a connection to a target fails
curl -N "localhost:9900/api/events?only=session,log"    # each end as it happens
tcpproxy reason half_close_timeout                      # what a word means
\`\`\`

| what is seen                                      | look at                                                                                                                        |
| ------------------------------------------------- | ------------------------------------------------------------------------------------------------------------------------------ |
| connection refused                                | whether the proxy listens there: \`tcpproxy status\`; a paused app, or one at \`max_connections\`, lets clients wait instead      |
| connected, then closed at once                    | [no_target](#no_target), [denied](#denied), [limit](#limit), [rate_limit](#rate_limit), [bad_proxy_header](#bad_proxy_header)   |
| TLS fails                                         | [tls_error](#tls_error), [no_route](#no_route), [bad_client_hello](#bad_client_hello)                                          |
| connections break after the same time             | [idle_timeout](#idle_timeout), [max_lifetime](#max_lifetime), [client_reset](#client_reset) by a firewall                       |
| connections break during a deployment             | [drained](#drained), [target_down](#target_down), [target_reset](#target_reset)                                                |
| targets see the proxy's address, not the client's | \`proxy_protocol: { send: v2 }\`, if the target can read it                                                                      |

## The reasons
`;

/** Returns all of `docs/troubleshooting.md`. */
export function troubleshootingPage(): string {
  return `${
    [INTRODUCTION, reasonTable(), "", ...REASON_WORDS.map((word) => `${reasonSection(word)}\n`)].join("\n")
  }`;
}

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("../docs/troubleshooting.md", import.meta.url), troubleshootingPage());
}
