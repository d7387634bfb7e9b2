/**
 * Lists of targets in the format of Prometheus' file and HTTP service discovery: a list of groups, each with `targets`
 * (`host:port`) and `labels` for all of them.
 *
 * @module
 */

import { formatAddress, parseAddress, type TcpAddress } from "../../base/mod.ts";
import type { DiscoveredTarget } from "./discovery_change.ts";

/** The most targets of a list. */
export const MAX_TARGETS = 10_000;

/** The highest weight of a target. */
const MAX_WEIGHT = 256;

/** How much of a wrong value a message shows. */
const MAX_SHOWN = 60;

/** A list that has another form. */
export class TargetGroupsError extends Error {
  override readonly name = "TargetGroupsError";
}

/**
 * Reads a list. Of labels, `weight` (0 to 256) and `backup` (`true` or `false`) count, also as `__weight__` and `__backup__`;
 * all others are for other programs. A target that is named twice is what its first group says.
 *
 * @throws {TargetGroupsError} for the first thing that is wrong: half of a list would be other targets than those meant.
 */
export function parseTargetGroups(value: unknown): DiscoveredTarget[] {
  if (!Array.isArray(value)) {
    throw new TargetGroupsError(`${show(value)}; expected a list of groups with "targets"`);
  }
  const found = new Map<string, DiscoveredTarget>();
  for (const [index, group] of value.entries()) {
    const { targets, labels = {} } = mapping(
      group,
      `[${index}]`,
      `a group like { "targets": ["10.0.0.1:80"] }`,
    );
    if (!Array.isArray(targets)) {
      throw new TargetGroupsError(
        `[${index}].targets is ${show(targets)}; expected a list like ["10.0.0.1:80"]`,
      );
    }
    const options = optionsOf(mapping(labels, `[${index}].labels`, "a mapping"), `[${index}].labels`);
    for (const [at, target] of targets.entries()) {
      const address = addressOf(target, `[${index}].targets[${at}]`);
      const key = formatAddress(address);
      if (!found.has(key)) found.set(key, { address, name: address.host, ...options });
      if (found.size > MAX_TARGETS) {
        throw new TargetGroupsError(`the list has more than ${MAX_TARGETS} targets; expected fewer`);
      }
    }
  }
  return [...found.values()];
}

function addressOf(target: unknown, where: string): TcpAddress {
  const wanted = `expected "host:port"`;
  if (typeof target !== "string") throw new TargetGroupsError(`${where} is ${show(target)}; ${wanted}`);
  try {
    const address = parseAddress(target);
    if (address.kind === "tcp") return address;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new TargetGroupsError(`${where}: ${error.message}`, { cause: error });
  }
  throw new TargetGroupsError(`${where} is ${show(target)}; ${wanted}`);
}

function optionsOf(
  labels: Record<string, unknown>,
  where: string,
): Pick<DiscoveredTarget, "weight" | "backupTier"> {
  const weight = labelOf(labels, "weight");
  const backup = labelOf(labels, "backup");
  if (weight !== undefined && !(/^\d{1,3}$/.test(weight) && Number(weight) <= MAX_WEIGHT)) {
    throw new TargetGroupsError(
      `${where}.weight is ${show(weight)}; expected a whole number from 0 to ${MAX_WEIGHT}`,
    );
  }
  if (backup !== undefined && backup !== "true" && backup !== "false") {
    throw new TargetGroupsError(`${where}.backup is ${show(backup)}; expected "true" or "false"`);
  }
  return { weight: weight === undefined ? undefined : Number(weight), backupTier: backup === "true" ? 1 : 0 };
}

/** A label's text. YAML has numbers and booleans where JSON has texts. */
function labelOf(labels: Record<string, unknown>, name: string): string | undefined {
  const label = [`__${name}__`, name].find((key) => Object.hasOwn(labels, key));
  return label === undefined ? undefined : String(labels[label]);
}

function mapping(value: unknown, where: string, wanted: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TargetGroupsError(`${where} is ${show(value)}; expected ${wanted}`);
}

function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  if (value === undefined) return "missing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
