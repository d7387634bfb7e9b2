/** @typedef {"good" | "idle" | "warn" | "bad"} Tone */

/** How urgent a state is. */
export const SEVERITY = { good: 0, idle: 1, warn: 2, bad: 3 };

/**
 * Returns how a target is: what an operator has set comes before what checks find.
 *
 * @param {import("./types.d.ts").Target} target
 * @returns {{ readonly tone: Tone, readonly word: string }}
 */
export function healthOf({ admin, state, weight }) {
  if (admin === "down") return { tone: "idle", word: "Set down" };
  if (admin === "drain") return { tone: "idle", word: "Draining" };
  if (state === "down") return { tone: "bad", word: "Down" };
  if (state === "ejected") return { tone: "warn", word: "Ejected" };
  return weight === 0 ? { tone: "idle", word: "Weight 0" } : { tone: "good", word: "Up" };
}

/**
 * Returns the worst state of an app's targets, and how many of them take connections.
 *
 * @param {import("./types.d.ts").App} app
 */
export function healthOfApp(app) {
  const targets = [...app.targets, ...app.routes.flatMap((route) => route.targets)];
  const tones = targets.map((target) => healthOf(target).tone);
  return {
    tones,
    up: tones.filter((tone) => tone === "good").length,
    severity: Math.max(0, ...tones.map((tone) => SEVERITY[tone])),
  };
}
