import { assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import {
  checkOffsets,
  type HealthEvent,
  type HealthState,
  INITIAL_HEALTH,
  nextCheckDelayMs,
  stepHealth,
} from "../../lib/pool/health.ts";
import { scriptedRandom, seededRandom } from "../helpers/fakes/seeded_random.ts";

/** The transitions along a row of outcomes, "+" for a success and "-" for a failure. */
function transitions(outcomes: string, rise: number, fall: number): string[] {
  let state: HealthState = INITIAL_HEALTH;
  return [...outcomes].map((outcome) => {
    const step = stepHealth(state, outcome === "+" ? "success" : "failure", { rise, fall });
    state = step.state;
    return step.transition;
  }).filter((transition) => transition !== "none");
}

Deno.test("stepHealth: begins up", () => {
  assertEquals(INITIAL_HEALTH.status, "up");
});

Deno.test("stepHealth: goes down at the last of `fall` failures in a row", () => {
  assertEquals(transitions("--", 2, 3), []);
  assertEquals(transitions("---", 2, 3), ["went_down"]);
});

Deno.test("stepHealth: a success between failures resets the count", () => {
  assertEquals(transitions("--+--+--", 2, 3), []);
});

Deno.test("stepHealth: goes up at the last of `rise` successes in a row", () => {
  assertEquals(transitions("---+", 2, 3), ["went_down"]);
  assertEquals(transitions("---++", 2, 3), ["went_down", "went_up"]);
  assertEquals(transitions("---+-+-+", 2, 3), ["went_down"]);
});

Deno.test("stepHealth: reports each transition once", () => {
  assertEquals(transitions("----------++++++++++----", 2, 3), ["went_down", "went_up", "went_down"]);
});

Deno.test("stepHealth: with rise and fall 1, every change of outcome is a transition", () => {
  assertEquals(transitions("+-+--++", 1, 1), ["went_down", "went_up", "went_down", "went_up"]);
});

Deno.test("stepHealth: status follows the latest run that was long enough", () => {
  const outcomes = fc.array(fc.constantFrom<HealthEvent>("success", "failure"), { maxLength: 60 });
  const threshold = fc.integer({ min: 1, max: 4 });
  fc.assert(fc.property(outcomes, threshold, threshold, (outcomes, rise, fall) => {
    let state: HealthState = INITIAL_HEALTH;
    for (const outcome of outcomes) state = stepHealth(state, outcome, { rise, fall }).state;
    const text = outcomes.map((outcome) => outcome === "success" ? "+" : "-").join("");
    const lastFall = text.lastIndexOf("-".repeat(fall));
    const lastRise = text.lastIndexOf("+".repeat(rise));
    assertEquals(state.status, lastFall > lastRise ? "down" : "up");
  }));
});

Deno.test("checkOffsets: every target has its own part of the interval", () => {
  const offsets = checkOffsets(8, 4000, seededRandom(3));
  assertEquals(offsets.map((offset) => Math.floor(offset / 500)), [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("checkOffsets: chance moves a check within its part", () => {
  assertEquals(checkOffsets(2, 1000, scriptedRandom(0, 0.5)), [0, 750]);
  assertEquals(checkOffsets(0, 1000, scriptedRandom()), []);
});

Deno.test("nextCheckDelayMs: stays within 5 % of the interval", () => {
  const delays = [0, 0.5, 1 - 2 ** -32].map((number) => nextCheckDelayMs(2000, scriptedRandom(number)));
  assertEquals(delays.slice(0, 2), [1900, 2000]);
  assertLess(delays[2] ?? Infinity, 2100);
});
