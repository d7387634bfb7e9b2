import { campaign, errorOf } from "./engine/campaign.ts";
import { lineOf, readCorpus, readKept } from "./engine/corpus.ts";
import { hex } from "./engine/fuzz_target.ts";
import { TARGETS } from "./registry.ts";

/** The same inputs each time: a test that fails must fail again. `deno task fuzz` draws others. */
const SEED = 1;

/** Inputs in a test, for a target that does not say how many. */
const INPUTS = 10_000;

for (const [name, load] of Object.entries(TARGETS)) {
  Deno.test(`fuzz: ${name} keeps its promises for whatever it is sent`, async () => {
    const target = await load();
    const { testRun: inputs = INPUTS } = target;
    const { finding } = await campaign(target, { inputs, seed: SEED, corpus: readCorpus(name) });
    if (finding === undefined) return;
    const again = `deno task fuzz --target ${name} --hex ${hex(finding.input)}`;
    throw new Error(`the input ${lineOf(finding.input)} is a finding; again: ${again}`, {
      cause: finding.error,
    });
  });

  const found = readKept(name, "found");
  if (found.length === 0) continue;
  Deno.test(`fuzz: what was found with ${name} does not come back`, async () => {
    const checker = await (await load()).begin();
    const errors: unknown[] = [];
    for (const input of found) errors.push(await errorOf(checker, input));
    await checker.end?.();
    const again = errors.findIndex((error) => error !== undefined);
    if (again >= 0) {
      throw new Error(`line ${again + 1} of found.txt is a finding again`, { cause: errors[again] });
    }
  });
}
