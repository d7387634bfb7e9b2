import type { Config } from "./model/config.ts";
import { effectiveConfig } from "./resolve/effective.ts";

const DIGITS = 12;

/** A config does not change, and hashing a large one takes some milliseconds. */
const KNOWN = new WeakMap<Config, Promise<string>>();

/** Returns 12 hex digits of the SHA-256 of a config: the same for configs that come to the same. */
export function configHash(config: Config): Promise<string> {
  let hash = KNOWN.get(config);
  if (hash === undefined) KNOWN.set(config, hash = hashOf(config));
  return hash;
}

async function hashOf(config: Config): Promise<string> {
  const text = JSON.stringify(effectiveConfig(config));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex().slice(0, DIGITS);
}
