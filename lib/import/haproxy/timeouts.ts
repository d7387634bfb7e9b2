import { durationOf, readTimeMs } from "../durations.ts";
import type { YamlMap } from "../yaml_map.ts";
import type { ConfigLine } from "./lines.ts";
import { lastLine } from "./sections.ts";

/** HAProxy dials a server once more this often. */
const DEFAULT_RETRIES = 3;

/** Our default limit of all dials of a connection. */
const DEADLINE_MS = 15_000;

/** Our default limit of a half-closed connection. */
const HALF_CLOSE_MS = 300_000;

/** Sets an app's time limits from what applies to its frontend and to its backend. */
export function setTimeouts(app: YamlMap, lines: readonly ConfigLine[]): void {
  const connectMs = timeoutMs(lines, "connect");
  if (connectMs !== undefined) {
    app.set("connect_timeout", durationOf(connectMs));
    const retries = Number(lastLine(lines, "retries")?.words[1] ?? DEFAULT_RETRIES);
    const deadlineMs = connectMs * (1 + (Number.isFinite(retries) ? retries : DEFAULT_RETRIES));
    if (deadlineMs !== DEADLINE_MS) app.set("connect_deadline", durationOf(deadlineMs));
  }
  const sides = [timeoutMs(lines, "client"), timeoutMs(lines, "server")].filter((ms) => ms !== undefined);
  const shorterMs = sides.length > 0 ? Math.min(...sides) : undefined;
  const tunnelMs = timeoutMs(lines, "tunnel");
  const idleMs = tunnelMs ?? shorterMs;
  if (idleMs === undefined) app.set("idle_timeout", "off", "without a timeout, as the original");
  else app.set("idle_timeout", durationOf(idleMs));
  const fins = [timeoutMs(lines, "client-fin"), timeoutMs(lines, "server-fin")].filter((ms) =>
    ms !== undefined
  );
  const finMs = fins.length > 0 ? Math.min(...fins) : shorterMs;
  if (finMs === undefined) app.set("half_close_timeout", "off");
  else if (fins.length > 0 || finMs > HALF_CLOSE_MS) app.set("half_close_timeout", durationOf(finMs));
}

/** A timeout of the lines that apply; `undefined` for none and for 0, which is none. */
export function timeoutMs(lines: readonly ConfigLine[], name: string): number | undefined {
  const ms = readTimeMs(lastLine(lines, "timeout", name)?.words[2] ?? "", "ms");
  return ms === undefined || ms === 0 ? undefined : ms;
}
