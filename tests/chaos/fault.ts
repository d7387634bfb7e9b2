import type { TemporaryFolder } from "../helpers/temporary_folder.ts";
import type { Door } from "./client.ts";
import type { Plan } from "./plan.ts";
import type { Running } from "./running.ts";
import type { SubjectId } from "./subjects.ts";
import type { Targets } from "./targets.ts";
import type { Wire } from "./wire.ts";

/** What a fault has to do with. */
export interface Scene {
  readonly subject: SubjectId;
  readonly proxy: Running;
  readonly targets: Targets;
  readonly door: Door;
  readonly folder: TemporaryFolder;
  /** Only on a wire. */
  readonly wire: Wire | undefined;
  /** How long to keep it up. */
  readonly holdMs: number;
  /** Something else that the table should say. */
  note(text: string): void;
  /** Ended on every path, the last first. */
  onEnd(undo: () => Promise<void> | void): void;
}

/** One row of the table. */
export interface Fault {
  readonly name: string;
  /** What is done, for the table. */
  readonly title: string;
  /** What the proxy promises, for the table. */
  readonly promise: string;
  /** The time within which traffic flows again once the fault is over. */
  readonly recoverMs: number;
  /** Whether it needs network namespaces. */
  readonly onWire?: boolean;
  /** Who can be given it; default all. */
  readonly subjects?: readonly SubjectId[];
  /** Whether the config is reloaded meanwhile; default true. */
  readonly reloads?: boolean;
  /** Whether the process may end, which then is what is reported. */
  readonly mayEnd?: boolean;
  /** Whether new connections must be served while it lasts, all but this share. */
  readonly mayFail?: number;
  /** Why it cannot be done on this machine. */
  missing?(): string | undefined;
  /** Changes what the proxy is started with, and how clients speak. */
  prepare?(plan: Plan, scene: Preparation): Promise<Partial<Plan> & { readonly door?: Partial<Door> }>;
  /** Comes before memory is looked at for the first time. */
  warmUp?(scene: Scene): Promise<void>;
  /** Does it, keeps it up, and ends it. */
  run(scene: Scene): Promise<void>;
}

/** What there is before the proxy is. */
export type Preparation = Pick<Scene, "subject" | "targets" | "folder" | "onEnd">;

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

/** Runs a command of the system. @throws {Error} with what it said if it fails. */
export async function command(...words: readonly string[]): Promise<void> {
  const [program = "", ...args] = words;
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null" }).output();
  if (!success) throw new Error(`${words.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}
