import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { formatAddress } from "../../../lib/base/mod.ts";
import { Discovery } from "../../../lib/pool/discovery/discovery.ts";
import { FileLookup } from "../../../lib/pool/discovery/file_lookup.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const NEVER = new AbortController().signal;

function listOf(...targets: string[]): string {
  return JSON.stringify([{ targets }]);
}

async function problemWith(text: string): Promise<string> {
  await using folder = new TemporaryFolder();
  const lookup = new FileLookup(await folder.write("t.yaml", text));
  const { targets, problem } = await lookup.ask(NEVER);
  assertEquals(targets, undefined);
  assertStringIncludes(problem ?? "", folder.path);
  return problem?.slice(problem.indexOf('": ') + 3) ?? "";
}

Deno.test("FileLookup: what is no list is a problem that says where", async () => {
  assertEquals(await problemWith("  \n"), "it is empty; write [] for no targets");
  assertStringIncludes(await problemWith("# nothing\n"), "comments");
  assertEquals(await problemWith("[{}]"), '[0].targets is missing; expected a list like ["10.0.0.1:80"]');
  assertStringIncludes(await problemWith('[{ "targets": ["a:1"'), "1:15: the bracket that opens here");
  assertStringIncludes(await problemWith(" ".repeat(1024 * 1024 + 1)), "expected at most 1048576");
});

Deno.test("FileLookup: a missing file, and what is no file, are problems", async () => {
  await using folder = new TemporaryFolder();
  const { problem } = await new FileLookup(folder.file("none.json")).ask(NEVER);
  assertEquals(problem, `read "${folder.file("none.json")}": the file does not exist`);
  const other = await new FileLookup(folder.path).ask(NEVER);
  assertStringIncludes(other.problem ?? "", "it is no regular file");
});

Deno.test("FileLookup: once it is called off, ask rejects with the reason", async () => {
  await using folder = new TemporaryFolder();
  const lookup = new FileLookup(await folder.write("t.json", listOf("a:1")));
  const reason = new Error("called off");
  let caught: unknown;
  try {
    await lookup.ask(AbortSignal.abort(reason));
  } catch (error) {
    caught = error;
  }
  assertEquals(caught, reason);
  // The read that was begun has ended, so that nothing of it is left.
  assertEquals((await lookup.ask(NEVER)).targets?.length, 1);
});

/** A discovery of a file that is looked at only when its folder changes. */
class Following implements AsyncDisposable {
  readonly #discovery: Discovery;
  #waiting: (() => void)[] = [];
  readonly reported: string[] = [];

  constructor(path: string) {
    const tell = (what: string): void => {
      this.reported.push(what);
      for (const wake of this.#waiting.splice(0)) wake();
    };
    this.#discovery = new Discovery(new FileLookup(path), {
      intervalMs: 3_600_000,
      observer: {
        changed: ({ targets }) => tell(targets.map(({ address }) => formatAddress(address)).join(" ")),
        failing: (error) => tell(`failing ${error.slice(error.indexOf('": ') + 3)}`),
        recovered: () => tell("recovered"),
      },
    });
  }

  start(): Promise<void> {
    return this.#discovery.start(10_000);
  }

  /** Resolves when this has been reported. */
  async heard(what: string): Promise<void> {
    while (!this.reported.includes(what)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#discovery.stop();
  }
}

/** Replaces a file as programs do: by renaming another over it. */
async function replace(folder: TemporaryFolder, name: string, text: string): Promise<void> {
  await folder.write(`${name}.new`, text);
  await Deno.rename(folder.file(`${name}.new`), folder.file(name));
}

Deno.test("FileLookup: a file that is written or replaced is seen, and bad content keeps the last answer", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.write("t.json", listOf("a:1"));
  await using following = new Following(path);
  await following.start();
  assertEquals(following.reported, ["a:1"]);
  await replace(folder, "t.json", listOf("a:1", "b:1"));
  await following.heard("a:1 b:1");
  await replace(folder, "t.json", "[{}]");
  await following.heard('failing [0].targets is missing; expected a list like ["10.0.0.1:80"]');
  // Another fault is the same episode.
  await replace(folder, "t.json", "[");
  await replace(folder, "t.json", "- targets: [c:1]\n");
  await following.heard("c:1");
  await following.heard("recovered");
  await Deno.writeTextFile(path, "[]");
  await following.heard("");
  assertEquals(following.reported.filter((what) => what.startsWith("failing")).length, 1);
});

Deno.test("FileLookup: a link that is turned, as in a ConfigMap of Kubernetes, is seen", async () => {
  await using folder = new TemporaryFolder();
  for (const [version, target] of [["..1", "a:1"], ["..2", "b:1"]] as const) {
    await Deno.mkdir(folder.file(version));
    await folder.write(`${version}/t.json`, listOf(target));
  }
  await Deno.symlink("..1", folder.file("..data"));
  await Deno.symlink("..data/t.json", folder.file("t.json"));
  await using following = new Following(folder.file("t.json"));
  await following.start();
  await Deno.symlink("..2", folder.file("..data_tmp"));
  await Deno.rename(folder.file("..data_tmp"), folder.file("..data"));
  await following.heard("b:1");
  assertEquals(following.reported, ["a:1", "b:1"]);
});

Deno.test("FileLookup: a thousand targets that are replaced are one change", async () => {
  await using folder = new TemporaryFolder();
  const many = (network: number): string[] =>
    Array.from({ length: 1000 }, (_, index) => `10.${network}.${index >> 8}.${index & 255}:80`);
  const path = await folder.write("t.json", listOf(...many(1)));
  await using following = new Following(path);
  await following.start();
  await replace(folder, "t.json", listOf(...many(2)));
  await following.heard(many(2).sort().join(" "));
  assert(following.reported.length === 2);
});
