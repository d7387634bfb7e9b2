/**
 * @typedef {import("../types.d.ts").Status} Status
 * @typedef {import("../types.d.ts").App} App
 * @typedef {import("../types.d.ts").Target} Target
 * @typedef {import("../types.d.ts").Rate} Rate
 * @typedef {Pick<import("../types.d.ts").TargetTraffic, "connections" | "bytes_up" | "bytes_down" | "dial_ms">} Counted
 */

/** The shortest time that rates are worked out for; snapshots come at least 250 ms apart, but for the first two. */
const LEAST_SECONDS = 0.2;

/** How much of a target's share is old after each snapshot. */
const KEPT = 0.85;

/**
 * Works out rates, and each target's share of its pool's new connections, from one snapshot to the next.
 */
export class Rates {
  /** @type {Status | undefined} */
  #before;
  /** @type {Map<string, Counted>} */
  #counted = new Map();
  /** @type {Map<string, Rate>} */
  #rates = new Map();
  /** @type {Map<string, number>} New connections per second of each target, averaged. */
  #averages = new Map();

  /**
   * Takes the next snapshot.
   *
   * @param {Status} status
   * @returns {boolean} whether it is of the same process as the one before
   */
  update(status) {
    const before = this.#before;
    const isSame = before !== undefined && before.started_at === status.started_at;
    const seconds = isSame ? (Date.parse(status.now) - Date.parse(before.now)) / 1000 : 0;
    if (!isSame) {
      this.#counted.clear();
      this.#averages.clear();
    }
    // The first two snapshots may be a moment apart, which says nothing about rates.
    if (isSame && seconds < LEAST_SECONDS) return true;
    /** @type {Map<string, Counted>} */
    const counted = new Map();
    this.#rates = new Map();
    for (const [key, traffic] of allOf(status)) {
      counted.set(key, traffic);
      const earlier = this.#counted.get(key);
      if (earlier === undefined || !isSame) continue;
      const rate = rateOf(earlier, traffic, seconds);
      this.#rates.set(key, rate);
      this.#averages.set(key, (this.#averages.get(key) ?? 0) * KEPT + rate.connections * (1 - KEPT));
    }
    this.#counted = counted;
    this.#before = status;
    return isSame;
  }

  /** Returns the rate of the whole proxy; `undefined` before the second snapshot. */
  get total() {
    return this.#rates.get("");
  }

  /** @param {string} app */
  app(app) {
    return this.#rates.get(keyOf(app));
  }

  /**
   * @param {string} app
   * @param {string} route the empty text for the app's own targets
   * @param {string} address
   */
  target(app, route, address) {
    return this.#rates.get(keyOf(app, route, address));
  }

  /**
   * Returns each target's share of its pool's new connections, or of those that are open while there are no new ones.
   *
   * @param {string} app
   * @param {string} route
   * @param {readonly Target[]} targets
   * @returns {number[]} from 0 to 1
   */
  shares(app, route, targets) {
    const recent = targets.map(({ address }) => this.#averages.get(keyOf(app, route, address)) ?? 0);
    const sum = recent.reduce((total, value) => total + value, 0);
    if (sum > 0.01) return recent.map((value) => value / sum);
    const open = targets.reduce((total, { connections }) => total + (connections ?? 0), 0);
    return targets.map(({ connections }) => open === 0 ? 0 : (connections ?? 0) / open);
  }
}

/**
 * @param {string} app
 * @param {string} [route]
 * @param {string} [address]
 */
function keyOf(app, route, address) {
  return JSON.stringify(address === undefined ? [app] : [app, route, address]);
}

/**
 * @param {Status} status
 * @returns {Generator<[key: string, traffic: Counted]>}
 */
function* allOf(status) {
  yield ["", status.traffic];
  for (const app of status.apps) {
    yield [keyOf(app.name), app.traffic];
    for (const { address, traffic } of app.targets) yield [keyOf(app.name, "", address), traffic];
    for (const { route, targets } of app.routes) {
      for (const { address, traffic } of targets) yield [keyOf(app.name, route, address), traffic];
    }
  }
}

/**
 * @param {Counted} before
 * @param {Counted} after
 * @param {number} seconds
 * @returns {Rate}
 */
function rateOf(before, after, seconds) {
  // A worker that died takes its counts along; a rate is never negative.
  const per = (/** @type {number} */ from, /** @type {number} */ to) => Math.max(0, to - from) / seconds;
  return {
    connections: per(before.connections, after.connections),
    up: per(before.bytes_up, after.bytes_up),
    down: per(before.bytes_down, after.bytes_down),
    dial: meanBetween(before.dial_ms, after.dial_ms),
  };
}

/**
 * @param {import("../types.d.ts").Spread | null} before
 * @param {import("../types.d.ts").Spread | null} after
 */
function meanBetween(before, after) {
  if (after === null) return null;
  const dials = after.count - (before?.count ?? 0);
  if (dials <= 0) return null;
  return Math.max(0, (after.count * after.mean - (before?.count ?? 0) * (before?.mean ?? 0)) / dials);
}
