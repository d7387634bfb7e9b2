import { type Address, errorCode, errorMessage } from "../../../base/mod.ts";
import { type AccessLog, type AccessRecord, type Feed, getLogger, type Logger } from "../../../log/mod.ts";
import type { TargetChange } from "../../../app/mod.ts";
import type { FileProblem, SocketFileChange } from "../../../proxy/mod.ts";
import type { EndedSession } from "../../../session/mod.ts";
import type { WorkersObserver } from "../../../workers/mod.ts";
import { Episode, type Schedule, schedule } from "./episode.ts";
import { MassChange } from "./_mass_change.ts";
import { confinementLine } from "./confinement_line.ts";
import { LoopWarnings } from "./_loop_warnings.ts";
import { NoTargetWarnings } from "./_no_target_warnings.ts";
import { SessionRecords } from "./_session_records.ts";

export type { EndedSession } from "../../../session/mod.ts";

/** Names of exhausted resources; other errors are described by their own message. */
const SHORTAGES: Readonly<Record<string, string>> = {
  EMFILE: "out of file descriptors",
  ENFILE: "the system is out of file descriptors",
};

function shortage(error: unknown): string {
  return SHORTAGES[errorCode(error)] ?? errorMessage(error);
}

/** The words for changes of a target. */
const CHANGE_WORDS: Readonly<Record<TargetChange, string>> = {
  up: "is up",
  down: "is down",
  ejected: "ejected",
  returned: "returned",
  added: "added",
  removed: "removed",
  set: "set by an operator",
};

export interface LogObserverOptions {
  /** Default the logger `proxy`. */
  readonly log?: Logger;
  /** Gets every session that has ended, while it has listeners; default none. */
  readonly sessions?: Feed<AccessRecord>;
  /** Default the runtime's timers. */
  readonly schedule?: Schedule;
  /** The wall clock, in milliseconds since the Unix epoch; default `Date.now`. */
  readonly wallClockMs?: () => number;
}

/** Want of file descriptors has passed when there was none for this long. */
const SETTLE_MS = 1000;

/** Logs what a proxy reports: sessions to the access log, trouble to the operational one. */
export class LogObserver implements WorkersObserver {
  readonly #access: AccessLog;
  readonly #log: Logger;
  readonly #sessions: Feed<AccessRecord> | undefined;
  readonly #schedule: Schedule;
  readonly #accepting: Episode<Address>;
  readonly #masses = new MassChange((what, more) => this.#log.info("{what}: {more}", { what, more }));
  readonly #starved = new Map<string, Episode<string>>();
  readonly #loops: LoopWarnings;
  readonly #noTarget: NoTargetWarnings;
  readonly #records: SessionRecords;
  /** The last line about the confinement of workers. */
  #confinement = "";

  constructor(access: AccessLog, options: LogObserverOptions = {}) {
    this.#access = access;
    this.#log = options.log ?? getLogger("proxy");
    this.#sessions = options.sessions;
    this.#schedule = options.schedule ?? schedule;
    this.#loops = new LoopWarnings(this.#log, this.#schedule);
    this.#noTarget = new NoTargetWarnings(this.#log, this.#schedule);
    this.#records = new SessionRecords(options.wallClockMs ?? Date.now);
    this.#accepting = new Episode({
      settleMs: SETTLE_MS,
      schedule: this.#schedule,
      onBegin: (error) =>
        this.#log.warning("accept paused: {error} ({code}); clients wait in the backlog", {
          error: shortage(error),
          code: errorCode(error),
        }),
      onEnd: () => this.#log.info("accept resumed"),
    });
  }

  sessionEnded(session: EndedSession): void {
    const isFollowed = this.#sessions?.isWanted === true;
    if (this.#access.enabled || isFollowed) {
      const record = this.#records.of(session, session.reason ?? "error");
      this.#access.write(record);
      if (isFollowed) this.#sessions?.publish(record);
    }
    if (session.reason === "no_target") {
      this.#noTarget.warn(session);
    } else if (session.error !== undefined) {
      this.#log.warning('app "{app}": session #{id} ended by an error: {error} ({code})', {
        app: session.app.name,
        id: session.id,
        error: errorMessage(session.error),
        code: errorCode(session.error),
      });
    } else if (session.detail !== "") {
      this.#log.debug('app "{app}": session #{id}: {reason}: {detail}', {
        app: session.app.name,
        id: session.id,
        reason: session.reason,
        detail: session.detail,
      });
    }
  }

  sessionActive(session: EndedSession): void {
    if (this.#access.enabled) this.#access.write(this.#records.of(session, "active"));
  }

  acceptPaused(address: Address, error: unknown): void {
    this.#accepting.begin(address, error);
  }

  acceptResumed(address: Address): void {
    this.#accepting.end(address);
  }

  dialStarved(app: string, error: unknown): void {
    let episode = this.#starved.get(app);
    if (episode === undefined) {
      episode = new Episode({
        settleMs: SETTLE_MS,
        schedule: this.#schedule,
        onBegin: (error) =>
          this.#log.warning('app "{app}": dialing paused: {error} ({code})', {
            app,
            error: shortage(error),
            code: errorCode(error),
          }),
        onEnd: () => this.#log.info('app "{app}": dialing resumed', { app }),
      });
      this.#starved.set(app, episode);
    }
    // Nobody tells when a dial no longer lacks a descriptor: it is over when it has not come again for a while.
    episode.begin(app, error);
    episode.end(app);
    // Listeners leave the descriptors that come free to such dials.
    this.#accepting.prolong();
  }

  targetLeadsBack(app: string, { label }: { label: string }, way: string): void {
    this.#loops.add(app, label, way);
  }

  targetChanged(
    app: string,
    target: { label: string },
    what: { change: TargetChange; detail: string },
  ): void {
    const isOfMany = what.change === "added" || what.change === "removed";
    if (isOfMany && !this.#masses.take(`app "${app}": more targets ${what.change}, ${what.detail}`)) return;
    const line = 'app "{app}": target {target} {change}: {detail}';
    const properties = { app, target: target.label, change: CHANGE_WORDS[what.change], detail: what.detail };
    if (what.change === "down" || what.change === "ejected") this.#log.warning(line, properties);
    else this.#log.info(line, properties);
  }

  discoveryFailing(app: string, name: string, { error, kept }: { error: string; kept: number }): void {
    const last = kept === 0 ? "no target known" : `keeping ${kept === 1 ? "1 target" : `${kept} targets`}`;
    this.#log.warning('app "{app}": discovery by "{name}" failing, {last}: {error}', {
      app,
      name,
      last,
      error,
    });
  }

  discoveryLeftOut(app: string, name: string, { address, why }: { address: string; why: string }): void {
    this.#log.warning('app "{app}": {address}, discovered by "{name}", is left out: {why}', {
      app,
      address,
      name,
      why,
    });
  }

  discoveryRecovered(app: string, name: string): void {
    this.#log.info('app "{app}": discovery by "{name}" recovered', { app, name });
  }

  workerDied(
    worker: number,
    { error, sessions, restartMs }: Parameters<WorkersObserver["workerDied"]>[1],
  ): void {
    const lost = sessions === 1 ? "1 session" : `${sessions} sessions`;
    const next = restartMs === undefined ? "" : "; restarting in {restartMs} ms";
    this.#log.error(`worker {worker} died with {lost}: {error}${next}`, {
      worker,
      lost,
      restartMs,
      error: errorMessage(error),
    });
  }

  workersConfined(...confinement: Parameters<WorkersObserver["workersConfined"]>): void {
    const { level, message, fields } = confinementLine(...confinement);
    // Each worker reports, and those of a reload too.
    const line = JSON.stringify([message, fields]);
    if (line === this.#confinement) return;
    this.#confinement = line;
    this.#log[level](message, fields);
  }

  workerRestarted(worker: number): void {
    this.#log.info("worker {worker} restarted", { worker });
  }

  multipathMissing(apps: readonly string[], why: string): void {
    this.#log.warning(
      'MPTCP not available: {why}; connections of app {apps} use TCP; check "sysctl net.mptcp.enabled"',
      { why, apps: apps.map((app) => `"${app}"`).join(", ") },
    );
  }

  certificateExpiring({ app, file, message, severity }: FileProblem): void {
    this.#log[severity]('certificates of app "{app}": {file}: {message}', { app, file, message });
  }

  socketFileChanged(app: string, path: string, { state, isReloadable }: SocketFileChange): void {
    const properties = { app, path };
    const remedy = isReloadable ? "reload or restart" : "restart";
    switch (state) {
      case "gone":
        return this.#log.error(
          `app "{app}": the socket file {path} is gone: clients can no longer connect; ${remedy} to listen again`,
          properties,
        );
      case "replaced":
        return this.#log.error(
          `app "{app}": the socket file {path} has been replaced: clients no longer reach this process; remove what is there, then ${remedy}`,
          properties,
        );
      case "there":
        return this.#log.info('app "{app}": clients can connect to the socket file {path} again', properties);
    }
  }

  draining(left: number, leftMs: number): void {
    // Nobody accepts any more, and so nothing of that pauses or goes on.
    this.#accepting.close();
    this.#log.info("draining: {left} left, for at most {seconds} s", {
      left: left === 1 ? "1 session" : `${left} sessions`,
      seconds: Math.ceil(leftMs / 1000),
    });
  }

  defect(error: unknown): void {
    this.#log.error("internal error: {error}", {
      error: errorMessage(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
  }

  /** Reports what was left out so far and forgets open episodes. For the end of the process. */
  close(): void {
    this.#accepting.close();
    for (const episode of this.#starved.values()) episode.close();
    this.#loops.close();
    this.#noTarget.close();
  }
}
