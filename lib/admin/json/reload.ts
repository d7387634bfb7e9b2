import { type ConfigDiff, type OptionDiff, withoutSecrets } from "../../config/mod.ts";
import { activeOf, type CountersSnapshot, NO_APP_COUNT } from "../../metrics/mod.ts";
import type { ProxyControl, ProxyStatus, ReloadedFile, ReloadProblem } from "../../proxy/mod.ts";
import { type JsonRecord, listIn, recordOf, textIn } from "./fields.ts";

/** The body of `POST /api/reload`, also with `?plan=true`. A stable contract; `null` where a field does not apply. */
export interface ReloadJson {
  readonly changes: ChangesJson;
  /** The apps with files, each with its changed files. */
  readonly apps: readonly { readonly name: string; readonly files: readonly ReloadedFileJson[] }[];
  readonly warnings: readonly ReloadProblemJson[];
}

/** The changes, and how many live sessions they affect. */
export interface ChangesJson {
  readonly apps: readonly AppChangeJson[];
  readonly settings: readonly OptionDiff[];
}

export interface AppChangeJson {
  readonly name: string;
  readonly change: string;
  /** The app's live sessions; `null` if they are not counted. */
  readonly sessions: number | null;
  readonly listeners: readonly { readonly address: string; readonly change: string }[];
  readonly targets: readonly TargetChangeJson[];
  readonly options: readonly OptionDiff[];
}

export interface TargetChangeJson {
  readonly address: string;
  /** The rules of its route; `null` for one of the app's own targets. */
  readonly route: string | null;
  readonly change: string;
  /** Live connections to the target; `null` if they are not counted. */
  readonly connections: number | null;
}

interface ReloadedFileJson {
  readonly file: string;
  /** When a presented certificate expires, as in RFC 3339. */
  readonly ["valid_to"]: string | null;
}

export interface ReloadProblemJson {
  readonly app: string | null;
  readonly file: string | null;
  readonly message: string;
}

/** How many sessions and connections there are at one moment. */
export interface LiveCounts {
  readonly status: ProxyStatus;
  /** Apps and targets without a limit are counted by the threads that carry their sessions. */
  readonly counters: CountersSnapshot;
}

/** Returns the live counts of now. */
export async function liveCounts(proxy: ProxyControl): Promise<LiveCounts> {
  const { counters } = await proxy.metrics();
  return { status: proxy.status(), counters };
}

/** Combines a diff with live counts. */
export function changesJson({ apps, settings }: ConfigDiff, { status, counters }: LiveCounts): ChangesJson {
  return {
    settings: settings.map(optionJson),
    apps: apps.map(({ name, change, listeners, targets, options }): AppChangeJson => {
      const live = status.apps.find((app) => app.name === name);
      const count = counters.apps.get(name) ?? NO_APP_COUNT;
      const known = [...live?.own.targets ?? [], ...live?.routes.flatMap(({ pool }) => pool.targets) ?? []];
      return {
        name,
        change,
        sessions: live === undefined ? 0 : live.sessions ?? activeOf(count),
        listeners: listeners.map((each) => ({ address: each.address, change: each.change })),
        targets: targets.map(({ address, route, change }) => ({
          address,
          route: route ?? null,
          change,
          connections: change === "added"
            ? 0
            : known.find(({ label }) => label === address)?.active ?? count.targets.get(address)?.active ??
              null,
        })),
        options: options.map(optionJson),
      };
    }),
  };
}

/** Hides values that may be secret, such as data that health checks send. */
function optionJson({ key, before, after }: OptionDiff): OptionDiff {
  return { key, before: withoutSecrets(before), after: withoutSecrets(after) };
}

export function fileJson({ file, validToMs }: ReloadedFile): ReloadedFileJson {
  return { file, valid_to: validToMs === undefined ? null : new Date(validToMs).toISOString() };
}

export function problemJson({ app, file, message }: ReloadProblem): ReloadProblemJson {
  return { app: app ?? null, file: file ?? null, message };
}

/**
 * Parses the output of {@link changesJson}.
 *
 * @throws when the value is something else.
 */
export function changesFromJson(value: unknown): ChangesJson {
  const { settings, apps } = recordOf(value);
  if (!Array.isArray(settings) || !Array.isArray(apps)) throw new TypeError("no list of changes");
  return { settings: settings.map(optionFromJson), apps: apps.map((app) => appFromJson(recordOf(app))) };
}

function appFromJson(app: JsonRecord): AppChangeJson {
  return {
    name: textIn(app, "name"),
    change: textIn(app, "change"),
    sessions: countIn(app, "sessions"),
    options: listIn(app, "options").map(optionFromJson),
    listeners: listIn(app, "listeners").map((each) => {
      const listener = recordOf(each);
      return { address: textIn(listener, "address"), change: textIn(listener, "change") };
    }),
    targets: listIn(app, "targets").map((each) => {
      const target = recordOf(each);
      return {
        address: textIn(target, "address"),
        route: typeof target.route === "string" ? target.route : null,
        change: textIn(target, "change"),
        connections: countIn(target, "connections"),
      };
    }),
  };
}

function optionFromJson(value: unknown): OptionDiff {
  const option = recordOf(value);
  return { key: textIn(option, "key"), before: option.before, after: option.after };
}

function countIn(record: JsonRecord, key: string): number | null {
  const count = record[key];
  return typeof count === "number" ? count : null;
}

/**
 * Parses the output of {@link problemJson}.
 *
 * @throws when the value is not an object.
 */
export function problemFromJson(value: unknown): ReloadProblemJson {
  const { app, file, message } = recordOf(value);
  return {
    app: typeof app === "string" ? app : null,
    file: typeof file === "string" ? file : null,
    message: typeof message === "string" ? message : "",
  };
}
