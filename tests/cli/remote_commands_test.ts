/** The commands that list and change what runs in a proxy, against an admin API in front of one that carries nothing. */
import { assert, assertEquals, assertStringIncludes, fail } from "@std/assert";
import { formatCidr } from "../../lib/base/mod.ts";
import type { SessionQuery } from "../../lib/session/mod.ts";
import { runCli } from "../../lib/cli/mod.ts";
import { QuietProxy, SESSION, type TestAdmin, withAdmin } from "../helpers/proxy/admin.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";

const APPS = [
  { name: "web", listen: ["127.0.0.1:7001"], targets: ["10.0.0.1:80", "[::1]:80"] },
  { name: "mail", listen: ["127.0.0.1:7002"], targets: ["10.0.0.2:25"] },
];

/** A proxy, and a terminal whose user gives the same answer to every question. */
class Bench {
  readonly proxy = new QuietProxy(APPS);
  /** The questions that were asked. */
  readonly questions: string[] = [];
  #url = "";
  /** What the operator says; `undefined` where there is no terminal. */
  answer: boolean | undefined;

  static async with(use: (bench: Bench, admin: TestAdmin) => Promise<void>): Promise<void> {
    const bench = new Bench();
    await withAdmin({ proxy: bench.proxy }, async (admin) => {
      bench.#url = admin.url.href;
      await use(bench, admin);
      assertEquals(admin.log.defects, []);
    });
  }

  /** What the proxy was asked to do, and list. */
  get asked(): readonly unknown[] {
    return this.proxy.operations.asked;
  }

  async run(
    command: string,
    ...words: string[]
  ): Promise<{ code: number; printed: string; complaints: string }> {
    const confirm = (question: string): Promise<boolean> => {
      this.questions.push(question);
      return Promise.resolve(this.answer === true);
    };
    const io = Object.assign(new CapturedIo(), this.answer === undefined ? {} : { confirm });
    const code = await runCli([command, "--url", this.#url, ...words], io);
    return { code, printed: io.printed, complaints: io.complaints };
  }
}

Deno.test("sessions: lists what the filters fit, in the order asked for", async () => {
  await Bench.with(async (bench) => {
    const words = [
      "--app",
      "web",
      "--client",
      "192.0.2.0/24",
      "--state",
      "relaying",
      "--sort",
      "idle",
      "-n",
      "5",
      "-r",
    ];
    const { code, printed, complaints } = await bench.run("sessions", ...words);
    assertEquals([code, complaints], [0, ""]);
    const [titles = "", row = "", total] = printed.split("\n");
    assertEquals(titles.split(/\s{2,}/).slice(0, 4), ["ID", "APP", "CLIENT", "TARGET"]);
    assertEquals(row.split(/\s{2,}/).slice(0, 4).map((cell) => cell.trim()), [
      "7",
      "web",
      "192.0.2.7:4444",
      "10.0.0.1:80",
    ]);
    assertEquals(total, '1 session in state relaying of app "web" of client 192.0.2.0/24');
    const [query] = bench.asked as SessionQuery[];
    const { filter: { app, client, state }, sort, order, limit } = query ?? fail("nothing was asked");
    assertEquals([app, client && formatCidr(client), state], ["web", "192.0.2.0/24", "relaying"]);
    assertEquals([sort, order, limit], ["idle", "asc", 5]);
  });
});

Deno.test("sessions: says how many there are beyond those listed; none is none; --json is the API's answer", async () => {
  await Bench.with(async (bench, admin) => {
    bench.proxy.operations.list = { ...bench.proxy.operations.list, matched: 9, total: 12 };
    assertStringIncludes((await bench.run("sessions")).printed, "\n1 of 9 sessions, 12 in all\n");
    const { printed } = await bench.run("sessions", "--json");
    assertEquals(
      Object.keys(JSON.parse(printed)),
      Object.keys(JSON.parse((await admin.ask("/api/sessions")).text)),
    );
    bench.proxy.operations.list = { ...bench.proxy.operations.list, matched: 0, total: 0, sessions: [] };
    assertEquals((await bench.run("sessions")).printed, "0 sessions\n");
  });
});

Deno.test("sessions: a name that a client chose cannot draw on the terminal", async () => {
  await Bench.with(async (bench) => {
    const hostile = { ...SESSION, sni: "a\u001b[31m\u202e.example" };
    bench.proxy.operations.list = { ...bench.proxy.operations.list, sessions: [hostile] };
    const { printed } = await bench.run("sessions");
    assertStringIncludes(printed, "a\\u001b[31m\\u202e.example");
  });
});

Deno.test("kill: ends sessions by their ids, and says which do not exist", async () => {
  await Bench.with(async (bench) => {
    assertEquals(await bench.run("kill", "7", "8"), {
      code: 0,
      printed: "killed 2 sessions\n",
      complaints: "",
    });
    assertEquals(bench.asked.map((asked) => (asked as { id: number }).id), [7, 8]);
    bench.proxy.operations.ended = 0;
    const { code, complaints, printed } = await bench.run("kill", "9");
    assertEquals([code, printed], [1, "killed 0 sessions\n"]);
    assertStringIncludes(complaints, "#9");
  });
});

Deno.test("kill: with filters, asks on a terminal before it ends more than one, and nowhere else", async () => {
  await Bench.with(async (bench) => {
    const { operations } = bench.proxy;
    const kill = async (
      answer: boolean | undefined,
      matched: number,
      ...words: string[]
    ): Promise<number> => {
      operations.asked.length = 0;
      operations.list = { ...operations.list, matched };
      bench.answer = answer;
      return (await bench.run("kill", "--app", "web", ...words)).code;
    };
    const ends = (): boolean => operations.asked.some((asked) => !Object.hasOwn(asked as object, "limit"));
    assertEquals([await kill(false, 12), ends()], [1, false]);
    assertEquals(bench.questions, ['Kill 12 sessions of app "web"?']);
    assertEquals([await kill(true, 12), ends()], [0, true]);
    bench.questions.length = 0;
    assertEquals([await kill(false, 1), ends()], [0, true]);
    assertEquals([await kill(false, 12, "--yes"), ends()], [0, true]);
    assertEquals([await kill(undefined, 12), ends()], [0, true]);
    assertEquals(bench.questions, []);
  });
});

Deno.test("kill: what none fits ends with 1; --all means all; nothing at all is refused", async () => {
  await Bench.with(async (bench) => {
    bench.proxy.operations.ended = 0;
    assertEquals((await bench.run("kill", "--client", "192.0.2.1")).code, 1);
    bench.proxy.operations.ended = 36;
    const { printed } = await bench.run("kill", "--all", "--json");
    assertEquals(JSON.parse(printed), { ended: 36 });
    for (
      const [words, says] of [
        [[], "no session given"],
        [["7", "--app", "web"], "exclude each other"],
        [["--all", "--app", "web"], "exclude each other"],
        [["seven"], 'the ID is "seven"; expected a number'],
        [["--state", "relayin"], 'did you mean "relaying"?'],
      ] as const
    ) {
      const { code, complaints } = await bench.run("kill", ...words);
      assertEquals(code, 2, complaints);
      assertStringIncludes(complaints, says);
    }
  });
});

Deno.test("target: sets state and weight, and says what the target is now", async () => {
  await Bench.with(async (bench) => {
    const { code, printed } = await bench.run("target", "web", "[::1]:80", "drain", "--weight", "7");
    assertEquals(code, 0);
    assert(printed.startsWith("[::1]:80 (web): "), printed);
    await bench.run("target", "web", "10.0.0.1:80", "--weight", "auto");
    assertEquals(JSON.parse(JSON.stringify(bench.asked.map((asked) => (asked as unknown[])[1]))), [
      { admin: "drain", weight: 7 },
      { weight: null },
    ]);
    const json = JSON.parse((await bench.run("target", "web", "10.0.0.1:80", "down", "--json")).printed);
    assertEquals(json.address, "10.0.0.1:80");
    for (
      const [words, says] of [
        [["web", "10.0.0.1:80"], "nothing to change"],
        [["web", "10.0.0.1:80", "darin"], 'did you mean "drain"?'],
        [["web", "10.0.0.1:80", "--weight", "257"], "expected a whole number from 0 to 256, or auto"],
      ] as const
    ) {
      const run = await bench.run("target", ...words);
      assertEquals(run.code, 2);
      assertStringIncludes(run.complaints, says);
    }
    const unknown = await bench.run("target", "web", "10.0.0.1:81", "drain");
    assertEquals(unknown.code, 1);
    assertStringIncludes(unknown.complaints, '"10.0.0.1:81"');
  });
});

Deno.test("target: --wait ends when the target has no connections, or with 1 when its time is over", async () => {
  await Bench.with(async (bench) => {
    const { operations } = bench.proxy;
    const words = ["web", "10.0.0.1:80", "drain", "--wait"];
    operations.list = { ...operations.list, matched: 0, sessions: [] };
    assertEquals((await bench.run("target", ...words, "10m")).code, 0);
    operations.list = { ...operations.list, matched: 3 };
    const { code, complaints } = await bench.run("target", ...words, "0s");
    assertEquals(code, 1);
    assertStringIncludes(complaints, "10.0.0.1:80 still has 3 connections");
    assertStringIncludes(
      (await bench.run("target", ...words, "off")).complaints,
      "expected a time such as 10m",
    );
    const ready = await bench.run("target", "web", "10.0.0.1:80", "ready", "--wait", "1s");
    assertStringIncludes(ready.complaints, "--wait is for drain alone");
  });
});

Deno.test("app: pauses and resumes; an app that does not exist is named with its neighbour", async () => {
  await Bench.with(async (bench) => {
    assertEquals(await bench.run("app", "web", "pause"), {
      code: 0,
      printed: 'app "web": paused\n',
      complaints: "",
    });
    assertEquals((await bench.run("app", "web", "resume")).printed, 'app "web": accepting\n');
    assertEquals(bench.asked, [["web", true], ["web", false]]);
    const wrong = await bench.run("app", "web", "stop");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.complaints, "expected pause or resume");
    const unknown = await bench.run("app", "mial", "pause");
    assertEquals(unknown.code, 1);
    assertStringIncludes(unknown.complaints, '"mail"');
  });
});

Deno.test("fault: flags and YAML become what a config would have, and off takes them off", async () => {
  await Bench.with(async (bench) => {
    const flags = [
      "--amount",
      "100ms",
      "--jitter",
      "20ms",
      "--clients",
      "10.0.0.0/8, 192.0.2.7",
      "--probability",
      "0.5",
    ];
    assertEquals((await bench.run("fault", "web", "latency", ...flags)).code, 0);
    assertEquals((await bench.run("fault", "web", "reset", "--after-bytes", "1KiB")).code, 0);
    const yaml = "[{ kind: black_hole }, { kind: slice, size: 16B, seed: 3 }]";
    assertEquals((await bench.run("fault", "web", "--yaml", yaml)).code, 0);
    const off = await bench.run("fault", "web", "off");
    assertEquals([off.code, off.printed], [0, 'app "web" has no faults\n']);
    const set = bench.asked.map((asked) => (asked as [string, Record<string, unknown>[]])[1]);
    assertEquals(set.map((faults) => faults.map(({ kind }) => kind)), [["latency"], ["reset"], [
      "black_hole",
      "slice",
    ], []]);
    const [latency] = set[0] ?? [];
    assertEquals([latency?.amountMs, latency?.probability], [100, 0.5]);
  });
});

Deno.test("fault: what makes no sense is refused in words, and nothing is set", async () => {
  await Bench.with(async (bench) => {
    for (
      const [words, code, says] of [
        [["latancy"], 2, 'did you mean "latency"?'],
        [["latency", "--rate", "1KiB/s"], 2, "latency has no --rate; expected --amount, --jitter"],
        [["off", "--amount", "1s"], 2, "--amount needs a kind before it"],
        [["latency", "--yaml", "{}"], 2, "exclude each other"],
        [["--yaml", "{ kind: latency"], 2, "--yaml cannot be read"],
        [["--yaml", "latency"], 2, "--yaml is no fault"],
        [["latency", "--seed", "x", "--amount", "1s"], 2, '--seed is "x"; expected a number'],
        [["latency", "--amount", "20"], 1, "amount"],
        [["toString"], 2, "expected latency, bandwidth"],
      ] as const
    ) {
      const run = await bench.run("fault", "web", ...words);
      assertEquals([run.code, run.printed], [code, ""], run.complaints);
      assertStringIncludes(run.complaints, says);
    }
    assertEquals(bench.asked, []);
  });
});

Deno.test("remote commands: a worker that was not reached is named, and the exit code is 1", async () => {
  await Bench.with(async (bench) => {
    bench.proxy.operations.incomplete = ["worker 2: no answer within 2 s"];
    for (const words of [["app", "web", "pause"], ["target", "web", "10.0.0.1:80", "drain"], ["kill", "7"]]) {
      const { code, complaints } = await bench.run(words[0] ?? "", ...words.slice(1));
      assertEquals([code, complaints], [
        1,
        `tcpproxy: ${words[0]}: incomplete: worker 2: no answer within 2 s; try again\n`,
      ]);
    }
  });
});

Deno.test("drain: asks on a terminal, and prints what the proxy says", async () => {
  await Bench.with(async (bench) => {
    bench.answer = false;
    assertEquals((await bench.run("drain")).code, 1);
    assertEquals(bench.questions.length, 1);
  });
});
