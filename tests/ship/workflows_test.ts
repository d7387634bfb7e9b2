import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/yaml/parse";
import manifest from "../../deno.json" with { type: "json" };
import { missingTools } from "../helpers/programs/tools.ts";

const ROOT = new URL("../../", import.meta.url);
const FOLDER = new URL(".github/workflows/", ROOT);

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => /\.ya?ml$/.test(name));

function textOf(name: string): string {
  return Deno.readTextFileSync(new URL(name, FOLDER));
}

function jobsOf(name: string): [string, Job][] {
  return Object.entries((parse(textOf(name)) as Workflow).jobs);
}

for (const name of names) {
  Deno.test(`${name}: every action is pinned to a commit, with its version beside it`, () => {
    const lines = textOf(name).split("\n").filter((line) => /\buses:/.test(line));
    assert(lines.length > 0);
    for (const line of lines) assertMatch(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  Deno.test(`${name}: every job has a time limit, and needs jobs that exist`, () => {
    const jobs = jobsOf(name);
    const known = jobs.map(([id]) => id);
    for (const [id, job] of jobs) {
      assert((job["timeout-minutes"] ?? Infinity) <= 60, id);
      assertEquals([job.needs ?? []].flat().filter((need) => !known.includes(need)), [], id);
    }
  });

  Deno.test(`${name}: every task and tool that it runs exists`, () => {
    const text = textOf(name);
    for (const [, task = ""] of text.matchAll(/deno@[\d.]+ task ([\w:]+)/g)) {
      assert(task in manifest.tasks, task);
    }
    for (const [path] of text.matchAll(/\b(?:tools|deploy|tests)\/[\w./-]+\.\w+/g)) {
      assert(Deno.statSync(new URL(path, ROOT)).isFile);
    }
  });

  Deno.test(`${name}: every artifact that a job downloads comes from a job that it needs`, () => {
    const jobs = new Map(jobsOf(name));
    const needed = (id: string): string[] =>
      [jobs.get(id)?.needs ?? []].flat().flatMap((each) => [each, ...needed(each)]);
    const artifacts = (id: string, action: string): unknown[] =>
      (jobs.get(id)?.steps ?? []).filter(({ uses }) => uses?.startsWith(action))
        .map((step) => step.with?.name ?? step.with?.pattern);
    for (const id of jobs.keys()) {
      const uploaded = needed(id).flatMap((each) => artifacts(each, "actions/upload-artifact@")).map(String);
      for (const artifact of artifacts(id, "actions/download-artifact@")) {
        const prefix = String(artifact).replace(/\*$/, "");
        assert(
          uploaded.some((each) => each === artifact || each.startsWith(prefix) && prefix !== artifact),
          `${id}: ${artifact}`,
        );
      }
    }
  });
}

Deno.test("workflows: a job that may write runs none of the repository's code", () => {
  for (const [id, job] of names.flatMap(jobsOf)) {
    if (!Object.values(job.permissions ?? {}).includes("write")) continue;
    for (const { uses = "", run = "" } of job.steps) {
      assert(!uses.startsWith("actions/checkout@"), id);
      assert(run === "" || run.startsWith("gh "), `${id}: ${run}`);
    }
  }
});

Deno.test("release.yml: permissions are the least: none by default, and write only where it publishes", () => {
  const { permissions } = parse(textOf("release.yml")) as Workflow;
  assertEquals(permissions, {});
  const writes = jobsOf("release.yml").flatMap(([id, job]) =>
    Object.entries(job.permissions ?? {}).flatMap(([scope, kind]) =>
      kind === "write" ? [`${id}: ${scope}`] : []
    )
  );
  assertEquals(writes, ["attest: id-token", "attest: attestations", "publish: contents"]);
});

const missing = missingTools("actionlint");

Deno.test({
  name: `workflows: actionlint accepts them${missing.length > 0 ? ` (missing: ${missing.join()})` : ""}`,
  ignore: missing.length > 0,
  fn: async () => {
    const { code, stdout } = await new Deno.Command("actionlint", { args: ["-no-color"], cwd: ROOT })
      .output();
    assertEquals([code, new TextDecoder().decode(stdout)], [0, ""]);
  },
});
