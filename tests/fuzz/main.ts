/**
 * The fuzzer: gives the program's parsers and servers bytes that strangers could send, and checks what is promised for
 * them. See docs/fuzzing.md.
 *
 * @module
 */
import { campaign, errorOf } from "./engine/campaign.ts";
import { keep, lineOf, readCorpus } from "./engine/corpus.ts";
import { type FuzzTarget, hex } from "./engine/fuzz_target.ts";
import { Guide } from "./engine/guide.ts";
import { type FuzzOptions, fuzzOptions, USAGE } from "./options.ts";
import { TARGETS } from "./registry.ts";

async function main(args: readonly string[]): Promise<number> {
  let options: FuzzOptions;
  try {
    options = fuzzOptions(args);
  } catch (error) {
    await print(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  let findings = 0;
  for (const name of options.targets) {
    // Before the target is loaded, or its code is not counted.
    const guide = options.isGuided ? await Guide.start() : undefined;
    const target = await TARGETS[name]?.();
    if (target === undefined) continue;
    const isGood = options.input === undefined
      ? await run(target, options, guide)
      : await replay(target, options.input);
    if (!isGood) findings++;
    await guide?.stop();
  }
  return findings === 0 ? 0 : 1;
}

/** Runs a target, and returns whether every promise was kept. */
async function run(target: FuzzTarget, options: FuzzOptions, guide: Guide | undefined): Promise<boolean> {
  const { seed, minutes } = options;
  const kept = readCorpus(target.name);
  await print(`${target.name} (${target.what}), seed ${seed}, corpus ${kept.length}: `);
  const corpus = [...kept];
  await guide?.learn(target, kept);
  const { inputs, cpuSeconds, finding } = await campaign(target, {
    inputs: options.inputs ?? target.longRun,
    seed,
    corpus,
    ...(minutes === undefined ? {} : { untilMs: performance.now() + minutes * 60_000 }),
    ...(guide === undefined ? {} : { afterBatch: guide.batches(target, corpus) }),
  });
  await print(
    `${inputs} inputs in ${cpuSeconds.toFixed(1)} s of CPU, ${Math.round(inputs / cpuSeconds)} a second`,
  );
  if (guide !== undefined) {
    const chosen = guide.chosen();
    await keep(target.name, "inputs", chosen);
    await print(`, ${guide.blocks} blocks, ${corpus.length - kept.length} new inputs, ${chosen.length} kept`);
  }
  await print(finding === undefined ? ", no finding\n" : "\n");
  if (finding === undefined) return true;
  await keep(target.name, "found", [finding.input]);
  await print(`${described(finding.error)}\n`);
  await print(`  input: ${lineOf(finding.input).slice(0, 2000)}\n`);
  await print(`  kept in tests/corpus/${target.name}/found.txt; again:\n`);
  await print(`  deno task fuzz --target ${target.name} --hex ${hex(finding.input)}\n`);
  return false;
}

async function replay(target: FuzzTarget, input: Uint8Array): Promise<boolean> {
  const checker = await target.begin();
  const error = await errorOf(checker, input);
  await checker.end?.();
  await print(error === undefined ? "no finding\n" : `${described(error)}\n`);
  return error === undefined;
}

function described(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

async function print(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(text));
}

if (import.meta.main) main(Deno.args).then((code) => Deno.exit(code));
