/**
 * What `source_hash` does to clients when targets come and go, without any replica talking to another:
 *
 *     deno run bench/simulate_hash.ts [CLIENTS]
 *
 * For 5 to 1,000 targets: the share of clients that move when one target leaves and when one joins (1/N is the least
 * possible), how many of those moved need not have, and how even the load is. Beside it a Maglev table as in the paper
 * (D. E. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4), made
 * here for comparison. Nothing here is random: the same figures on every machine.
 *
 * @module
 */
import { type CandidateView, type Chooser, clientHash, createChooser } from "../lib/balancing/mod.ts";

const SIZES = [5, 10, 20, 50, 100, 200, 500, 1000];
const DEFAULT_CLIENTS = 65_537;
/** The table of the paper's small setup. */
const MAGLEV_PLACES = 65_537;

/** Gives each client, by its hash, the index of a target. */
type Assign = (hash: number) => number;

/** What one way to assign does. Shares are of all clients, 0 to 1. */
export interface Figures {
  readonly left: number;
  readonly joined: number;
  /** Clients of other targets that moved when one left. */
  readonly needless: number;
  /** The most loaded target, as a multiple of the mean. */
  readonly peak: number;
}

/** Figures of `make`, which builds an assignment for targets by name. */
export function simulate(
  make: (keys: readonly string[]) => Assign,
  options: { readonly size: number; readonly clients: number },
): Figures {
  const keys = Array.from(
    { length: options.size + 1 },
    (_, index) => `10.1.${index >> 8}.${index & 255}:5432`,
  );
  const all = keys.slice(0, options.size);
  const goneIndex = Math.floor(options.size / 2);
  const without = all.filter((_, index) => index !== goneIndex);
  const [before, after, more] = [make(all), make(without), make(keys)];
  const loads = new Int32Array(options.size);
  let left = 0;
  let needless = 0;
  let joined = 0;
  for (let client = 0; client < options.clients; client++) {
    const hash = clientHash(`100.${64 + (client >> 16)}.${client >> 8 & 255}.${client & 255}`);
    const index = before(hash);
    const key = all[index];
    loads[index] = (loads[index] ?? 0) + 1;
    if (without[after(hash)] !== key) {
      left++;
      if (index !== goneIndex) needless++;
    }
    if (keys[more(hash)] !== key) joined++;
  }
  return {
    left: left / options.clients,
    joined: joined / options.clients,
    needless: needless / options.clients,
    peak: Math.max(...loads) / (options.clients / options.size),
  };
}

/** The program's own `source_hash`. */
export function sourceHash(keys: readonly string[]): Assign {
  const view: CandidateView = { active: () => 0, weight: () => 1, available: () => true };
  const chooser: Chooser = createChooser("source_hash", keys.map((key) => ({ key })), { view });
  return (hash) => chooser.pick({ clientHash: hash });
}

/** A Maglev table: each target takes places in turn, in an order of its own, until none is free. */
export function maglev(keys: readonly string[]): Assign {
  const table = new Int32Array(MAGLEV_PLACES).fill(-1);
  const offsets = keys.map((key) => clientHash(`offset ${key}`) % MAGLEV_PLACES);
  const skips = keys.map((key) => clientHash(`skip ${key}`) % (MAGLEV_PLACES - 1) + 1);
  const next = new Int32Array(keys.length);
  for (let filled = 0; filled < MAGLEV_PLACES; filled++) {
    const turn = filled % keys.length;
    let place: number;
    do {
      place = ((offsets[turn] ?? 0) + (next[turn] ?? 0) * (skips[turn] ?? 1)) % MAGLEV_PLACES;
      next[turn] = (next[turn] ?? 0) + 1;
    } while (table[place] !== -1);
    table[place] = turn;
  }
  return (hash) => table[hash % MAGLEV_PLACES] ?? -1;
}

/** The table that the program prints. */
export function report(clients: number): string {
  const percent = (share: number): string => (100 * share).toFixed(2);
  const rows = SIZES.map((size) => {
    const ours = simulate(sourceHash, { size, clients });
    const theirs = simulate(maglev, { size, clients });
    const cells = [ours, theirs].flatMap(({ left, joined, needless, peak }) => [
      percent(left),
      percent(needless),
      percent(joined),
      `+${(100 * (peak - 1)).toFixed(1)}`,
    ]);
    return `| ${size} | ${percent(1 / size)} | ${cells.join(" | ")} |`;
  });
  return `${clients} clients. Percent of clients, and of the mean load for "peak".

| targets | 1/N | leave: move | of those needless | join: move | peak | Maglev: leave | needless | join | peak |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join("\n")}`;
}

if (import.meta.main) {
  const clients = Number(Deno.args[0] ?? DEFAULT_CLIENTS);
  if (!(Number.isInteger(clients) && clients > 0 && clients <= 10_000_000)) {
    throw new RangeError(`simulate: "${Deno.args[0]}" is no number of clients; expected 1 to 10000000`);
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${report(clients)}\n`));
}
