import type { Address, Clock, Random } from "../../base/mod.ts";
import type { App } from "../../app/mod.ts";
import { LocalCaptures, wallClock } from "../../capture/mod.ts";
import { type AppConfig, type Config, tcpInfoKey } from "../../config/parsed.ts";
import { isUnspecified, Loops, type OwnListeners } from "../../dial/mod.ts";
import type { AcceptPlace } from "../../listen/mod.ts";
import type { Connection } from "../../net/mod.ts";
import type { Target } from "../../pool/mod.ts";
import { BufferPool, Sweep, sweepPeriodMs } from "../../relay/mod.ts";
import { type OpenSession, Session, type SessionOptions, SessionTable } from "../../session/mod.ts";
import { DescriptorPressure } from "../descriptors/descriptor_pressure.ts";
import type { ProxyObserver } from "../proxy_observer.ts";
import type { WorkerContext } from "../worker_context.ts";
import { CrowdCollection } from "./crowd_collection.ts";

export interface LocalSessionsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Pick<ProxyObserver, "sessionEnded" | "sessionActive" | "defect">;
  /** The listeners of the whole proxy. */
  readonly own: OwnListeners;
  /** Set in a worker. */
  readonly context: Pick<WorkerContext, "beginSession" | "crossings" | "starved"> | undefined;
  /** How many apps there are. */
  apps(): number;
}

const OBSOLETE = "its app or target is no longer in the config (on_reload)";

/** The sessions of this thread, with what they share: buffers, the sweep, captures, file descriptors. */
export class LocalSessions {
  readonly table: SessionTable;
  readonly shared: SessionOptions;
  readonly captures: LocalCaptures;
  readonly pressure: DescriptorPressure;
  readonly #options: LocalSessionsOptions;
  readonly #sweep: Sweep<OpenSession>;
  readonly #crowd: CrowdCollection;
  readonly #wildcards = new WeakMap<Address, boolean>();
  #lastId = 0;
  /**
   * The last session that has ended. Without an object of its classes, a collection of garbage while nothing happens would
   * discard the optimized code of all of them, and the next connections would cost three times the CPU.
   */
  protected kept: OpenSession | undefined;

  constructor(config: Config, options: LocalSessionsOptions) {
    const { clock, random, observer, own, context, apps } = options;
    this.#options = options;
    this.#sweep = new Sweep(sweepPeriodMs(limitsOf(config)), clock);
    this.table = new SessionTable(this.#sweep);
    this.captures = new LocalCaptures({
      clock: () => wallClock(clock),
      sessions: () => this.table.list(),
      defect: (error) => observer.defect(error),
    });
    this.pressure = new DescriptorPressure({
      clock,
      starved: context?.starved,
      sessions: () => this.table.list(),
      apps,
    });
    this.#crowd = new CrowdCollection({
      sessions: () => this.table.size,
      defect: (error) => observer.defect(error),
    });
    this.shared = {
      ticker: this.#sweep,
      buffers: new BufferPool(),
      clock,
      random,
      activeIntervalMs: activeIntervalOf(config),
      readsTcpInfo: tcpInfoKey(config) !== undefined,
      loops: new Loops(own, context?.crossings),
      observer: {
        sessionEnded: (session): void => {
          this.table.delete(session);
          this.kept = session;
          this.#crowd.ended();
          this.pressure.ended(session.app.name);
          observer.sessionEnded(session);
        },
        sessionActive: (session): void => observer.sessionActive?.(session),
      },
    };
  }

  /** Carries a connection that a listener has accepted for an app. */
  begin(
    conn: Connection,
    { app, listener, place }: { app: App; listener: Address; place: AcceptPlace | undefined },
  ): void {
    const { own, observer } = this.#options;
    if (this.#takesAny(listener) && conn.local.kind === "tcp") own.noteLocal(conn.local.host);
    const session = new Session(conn, { id: this.#nextId(), app: app.session, listener, place }, this.shared);
    this.table.add(session);
    this.#crowd.began();
    this.pressure.began(session.app.name);
    this.captures.thread.sessionBegan(session);
    // run() settles everything itself; a rejection is a defect in an observer, and it must not end the process unseen.
    session.run().catch((error) => observer.defect(error));
  }

  /** Ends the sessions of a target that went down. */
  endThoseOf(target: Target): void {
    for (const session of this.table.list()) {
      if (session.target?.target === target) session.end("target_down");
    }
  }

  /** Ends sessions that a reload has left without their app or target, within this time. */
  endObsolete(timeoutMs: number, only: (session: Session) => boolean): void {
    if (timeoutMs === Infinity) return;
    this.table.drain({ timeoutMs, only, detail: OBSOLETE }).catch((error) =>
      this.#options.observer.defect(error)
    );
  }

  /** Looks at deadlines as often as this config needs. */
  update(config: Config): void {
    this.#sweep.setPeriod(sweepPeriodMs(limitsOf(config)));
  }

  /** Ends what runs beside the sessions. */
  stop(): void {
    this.captures.stop();
    this.#sweep.stop();
    this.#crowd.stop();
    this.pressure.stop();
  }

  /** Whether a listener takes connections to any address of this machine. Parsing its own costs more than the rest. */
  #takesAny(listener: Address): boolean {
    let takesAny = this.#wildcards.get(listener);
    if (takesAny === undefined) {
      takesAny = listener.kind === "tcp" && isUnspecified(listener.host);
      this.#wildcards.set(listener, takesAny);
    }
    return takesAny;
  }

  #nextId(): number {
    return this.#options.context?.beginSession() ?? ++this.#lastId;
  }
}

function limitsOf(config: Config): number[] {
  return [activeIntervalOf(config), ...config.apps.flatMap(limitsOfApp)];
}

/** How often a session that lasts is reported; `Infinity` for never. */
function activeIntervalOf({ log: { access, accessIntervalMs } }: Config): number {
  return access === false ? Infinity : accessIntervalMs;
}

function limitsOfApp(app: AppConfig): number[] {
  return [
    app.idleTimeoutMs,
    app.halfCloseTimeoutMs,
    app.maxLifetimeMs,
    // A dial gets its timer at the first sweep that finds it.
    app.connectTimeoutMs,
    app.connectDeadlineMs,
  ];
}
