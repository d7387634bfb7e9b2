import type { AdminClient } from "../../admin/mod.ts";
import { readFault, readProxy, readSessions, readTarget, ViewError } from "./read_view.ts";
import type { FaultView, ProxyView, SessionsView, TargetView } from "./view.ts";

/** Which sessions are meant; what is absent does not restrict them. */
export interface SessionFilter {
  readonly app?: string | undefined;
  readonly target?: string | undefined;
  /** An address or a block in CIDR notation. */
  readonly client?: string | undefined;
  readonly state?: string | undefined;
}

/** Which sessions are wanted, and in which order. */
export interface SessionQuery extends SessionFilter {
  readonly sort?: string | undefined;
  readonly order?: string | undefined;
  readonly limit?: number | undefined;
}

/** What an operator may set of a target. */
export interface TargetChange {
  readonly state?: "ready" | "drain" | "down" | undefined;
  /** `null`: as configured. */
  readonly weight?: number | null | undefined;
}

/** The process that has taken over. */
export interface UpgradeView {
  readonly pid: number;
  readonly version: string;
}

/** How far a drain is. */
export interface DrainView {
  readonly state: string;
  readonly sessions: number;
  readonly deadlineMs: number | null;
}

/** How long a kill of many sessions, or a change in many workers, may take. */
const CHANGE_TIMEOUT_MS = 15_000;

/**
 * A running proxy, queried and operated through its admin API. Every method throws what the client throws when the proxy does
 * not answer or refuses; the message says why.
 */
export class RemoteProxy {
  readonly #client: AdminClient;
  readonly #incomplete = new Set<string>();

  constructor(client: AdminClient) {
    this.#client = client;
  }

  /** Where its admin API is, for messages: `http://127.0.0.1:9900`. */
  get url(): string {
    return this.#client.url.href.replace(/\/$/, "");
  }

  /** The workers that were missing from an answer so far, each with the reason: what was asked has not reached them. */
  get incomplete(): readonly string[] {
    return [...this.#incomplete];
  }

  /** Its state, and the JSON that it was read from. */
  async status(): Promise<{ readonly view: ProxyView; readonly json: unknown }> {
    const json = await this.#request("GET", "api/status");
    return { view: readProxy(json), json };
  }

  async sessions(query: SessionQuery): Promise<{ readonly view: SessionsView; readonly json: unknown }> {
    const json = await this.#request("GET", "api/sessions", { query: queryOf({ ...query }) });
    return { view: readSessions(json), json };
  }

  /** Ends one session. */
  async killSession(id: string): Promise<number> {
    return countOf(await this.#request("DELETE", `api/sessions/${encodeURIComponent(id)}`));
  }

  /** Ends all sessions that fit; without any restriction, all there are. Returns how many. */
  async killSessions(filter: SessionFilter): Promise<number> {
    const query = queryOf({ ...filter });
    if (query.size === 0) query.set("all", "true");
    return countOf(
      await this.#request("DELETE", "api/sessions", { query, timeoutMs: CHANGE_TIMEOUT_MS }),
    );
  }

  async setTarget(
    app: string,
    target: string,
    change: TargetChange,
  ): Promise<{ readonly view: TargetView; readonly json: unknown }> {
    const path = `${appPath(app)}/targets/${encodeURIComponent(target)}`;
    const json = await this.#request("PATCH", path, { body: change, timeoutMs: CHANGE_TIMEOUT_MS });
    return { view: readTarget(json), json };
  }

  async setApp(app: string, state: "paused" | "accepting"): Promise<unknown> {
    return await this.#request("PATCH", appPath(app), {
      body: { state },
      timeoutMs: CHANGE_TIMEOUT_MS,
    });
  }

  async faults(app: string): Promise<FaultsAnswer> {
    return readFaults(await this.#request("GET", `${appPath(app)}/faults`));
  }

  /** Sets these faults, in the config's form, in place of those that were set before. */
  async setFaults(app: string, faults: readonly unknown[]): Promise<FaultsAnswer> {
    return readFaults(
      await this.#request("PUT", `${appPath(app)}/faults`, {
        body: { faults },
        timeoutMs: CHANGE_TIMEOUT_MS,
      }),
    );
  }

  /** Removes the faults that were set at run time; those of the config stay. */
  async removeFaults(app: string): Promise<FaultsAnswer> {
    const path = `${appPath(app)}/faults`;
    return readFaults(await this.#request("DELETE", path, { timeoutMs: CHANGE_TIMEOUT_MS }));
  }

  /** Makes it drain and end, as SIGTERM does. */
  async drain(): Promise<{ readonly view: DrainView; readonly json: unknown }> {
    const json = await this.#request("POST", "api/drain");
    return { view: readDrain(json), json };
  }

  /** Has a new process take over from it; resolves when that accepts. */
  async upgrade(): Promise<{ readonly view: UpgradeView; readonly json: unknown }> {
    const json = await this.#request("POST", "api/upgrade");
    const [pid, version] = ["pid", "version"].map((key) => member(json, key));
    if (typeof pid !== "number" || typeof version !== "string") {
      throw new ViewError("the answer does not say which process has taken over; is this a tcpproxy?");
    }
    return { view: { pid, version }, json };
  }

  /** How far a drain is. */
  async drainState(): Promise<DrainView> {
    return readDrain(await this.#request("GET", "api/drain"));
  }

  async #request(...request: Parameters<AdminClient["request"]>): Promise<unknown> {
    const json = await this.#client.request(...request);
    const missing = member(json, "incomplete");
    if (Array.isArray(missing)) { for (const each of missing) this.#incomplete.add(String(each)); }
    return json;
  }
}

/** The faults of an app, and the JSON that they were read from. */
export interface FaultsAnswer {
  readonly faults: readonly FaultView[];
  readonly json: unknown;
}

function appPath(app: string): string {
  return `api/apps/${encodeURIComponent(app)}`;
}

function queryOf(values: Readonly<Record<string, string | number | undefined>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== undefined) query.set(key, String(value));
  return query;
}

function readFaults(json: unknown): FaultsAnswer {
  const faults = member(json, "faults");
  if (!Array.isArray(faults)) throw new ViewError("the answer has no list of faults; is this a tcpproxy?");
  return { faults: faults.map(readFault), json };
}

function readDrain(json: unknown): DrainView {
  const [state, sessions, deadline] = ["state", "sessions", "deadline"].map((key) => member(json, key));
  return {
    state: typeof state === "string" ? state : "",
    sessions: typeof sessions === "number" ? sessions : 0,
    deadlineMs: typeof deadline === "string" ? Date.parse(deadline) : null,
  };
}

function countOf(json: unknown): number {
  const ended = member(json, "ended");
  if (typeof ended === "number") return ended;
  throw new ViewError("the answer does not say how many sessions have ended; is this a tcpproxy?");
}

function member(json: unknown, key: string): unknown {
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>)[key] : undefined;
}
