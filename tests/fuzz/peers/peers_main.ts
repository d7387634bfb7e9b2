/**
 * Compares the parsers with peers: `deno task fuzz:peers [INPUTS [SEED]]`. The exit code is 1 for a difference that nobody
 * has explained.
 *
 * @module
 */
import { PEERS } from "./peers.ts";

async function main([inputs = "5000", seed = "1"]: readonly string[]): Promise<number> {
  let isGood = true;
  for (const { name, missing, run } of PEERS) {
    if (missing.length > 0) {
      await print(`${name}: not compared, ${missing.join(", ")} missing\n`);
      continue;
    }
    const { same, accepted, explained, unexplained } = await run({
      inputs: Number(inputs),
      seed: Number(seed),
    });
    await print(`${name}: ${same} of ${inputs} the same, ${accepted} of these with an address or a name\n`);
    for (const [why, count] of explained) await print(`  ${count}: ${why}\n`);
    for (const difference of unexplained) await print(`  not explained: ${difference}\n`);
    isGood &&= unexplained.length === 0;
  }
  return isGood ? 0 : 1;
}

async function print(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(text));
}

if (import.meta.main) main(Deno.args).then((code) => Deno.exit(code));
