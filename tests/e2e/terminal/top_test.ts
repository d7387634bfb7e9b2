// deno-lint-ignore-file no-control-regex -- it looks for what a terminal is sent
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { QuietProxy, type TestAdmin, withAdmin } from "../../helpers/proxy/admin.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { programCommand, runProgram } from "../../helpers/programs/program.ts";
import { Tmux, type TmuxOptions } from "../../helpers/programs/tmux.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

const PROGRAM = programCommand();

const APPS = ["web", "postgres"].map((name) => ({
  name,
  listen: [`127.0.0.1:${name.length + 7000}`],
  targets: [`10.0.0.${name.length}:80`],
}));

const missing = missingTools("tmux");
const needs = missing.length === 0 ? "" : " (ignored: missing tmux)";
const ignore = missing.length > 0 || Deno.build.os !== "linux";

/** Shows a proxy with two apps on a terminal; behind it a shell, which says how it ended. */
async function withTop(
  words: string,
  options: Partial<TmuxOptions>,
  use: (tmux: Tmux, admin: TestAdmin) => Promise<void>,
): Promise<void> {
  await withAdmin({ proxy: new QuietProxy(APPS) }, async (admin) => {
    const command =
      `sh -c '${PROGRAM} top --url ${admin.url} ${words}; echo "ended with $?"; stty -a | grep -ow -e "-*icanon" -e "-*echo"; read _'`;
    await using tmux = await Tmux.start(command, { columns: 100, rows: 24, ...options });
    await tmux.waitFor((screen) => screen.includes("postgres"));
    await use(tmux, admin);
  });
}

/** Resolves when top has given the terminal back, and checks that nothing is left of it. */
async function assertRestored(tmux: Tmux, code: number): Promise<void> {
  const screen = await tmux.waitFor((screen) => /ended with \d+\s+-?icanon\s+-?echo/.test(screen));
  assertStringIncludes(screen, `ended with ${code}`);
  assert(!screen.includes("postgres"), screen);
  assertEquals(await tmux.fact("#{alternate_on} #{cursor_flag} #{wrap_flag}"), "0 1 1");
  assertMatch(screen, /^icanon\necho$/m);
}

Deno.test({
  name: `top: shows the proxy in colours, and q gives the terminal back${needs}`,
  ignore,
  fn: async () => {
    await withTop("", {}, async (tmux) => {
      assertEquals(await tmux.fact("#{alternate_on} #{cursor_flag}"), "1 0");
      const screen = await tmux.screen({ isStyled: true });
      assertStringIncludes(screen, "\x1b[");
      assertMatch(screen, /\x1b\[[\d;]*7m tcpproxy 1\.2\.3 {2}ready/);
      assertMatch(screen, /\x1b\[32m/);
      await tmux.press("q");
      await assertRestored(tmux, 0);
    });
  },
});

for (const signal of ["INT", "TERM", "HUP", "QUIT"]) {
  Deno.test({
    name: `top: SIG${signal} gives the terminal back${needs}`,
    ignore,
    fn: async () => {
      await withTop("", {}, async (tmux) => {
        const { stdout } = await new Deno.Command("pgrep", { args: ["-P", await tmux.fact("#{pane_pid}")] })
          .output();
        Deno.kill(Number(new TextDecoder().decode(stdout).trim()), `SIG${signal}` as Deno.Signal);
        await assertRestored(tmux, 0);
      });
    },
  });
}

Deno.test({
  name: `top: Ctrl-C gives the terminal back, also while a filter is typed${needs}`,
  ignore,
  fn: async () => {
    await withTop("", {}, async (tmux) => {
      await tmux.press("/");
      await tmux.type("post");
      const screen = await tmux.waitFor((screen) => screen.includes("Filter: post"));
      assert(!screen.includes(" web "), screen);
      assertEquals(await tmux.fact("#{cursor_flag}"), "1");
      await tmux.press("C-c");
      await assertRestored(tmux, 0);
    });
  },
});

Deno.test({
  name: `top: keys lead from an app to its targets and back, and to help${needs}`,
  ignore,
  fn: async () => {
    await withTop("", {}, async (tmux) => {
      await tmux.press("Down", "Enter");
      await tmux.waitFor((screen) => screen.includes("TARGET ") && screen.includes("2 Targets"));
      await tmux.press("Escape");
      await tmux.waitFor((screen) =>
        screen.includes("APP") && screen.includes("LISTENERS") || screen.includes("SESSIONS")
      );
      await tmux.press("?");
      await tmux.waitFor((screen) => screen.includes("freeze what is shown"));
      await tmux.press("q");
      await tmux.waitFor((screen) => !screen.includes("freeze what is shown"));
    });
  },
});

Deno.test({
  name: `top: kills a session and drains a target, after a yes${needs}`,
  ignore,
  fn: async () => {
    const proxy = new QuietProxy(APPS);
    await withAdmin({ proxy }, async ({ url }) => {
      await using tmux = await Tmux.start(`${PROGRAM} top --url ${url}`, { columns: 100, rows: 24 });
      await tmux.waitFor((screen) => screen.includes("postgres"));
      const { asked } = proxy.operations;
      const ends = (): unknown[] => asked.filter((each) => JSON.stringify(each) === '{"id":7}');
      await tmux.press("3");
      await tmux.waitFor((screen) => screen.includes("192.0.2.7:4444"));
      await tmux.press("k", "n", "k");
      await tmux.waitFor((screen) => screen.includes("Kill session 7 of 192.0.2.7:4444?"));
      assertEquals(ends(), []);
      await tmux.press("y");
      await tmux.waitFor((screen) => screen.includes("killed 1 session"));
      assertEquals(ends().length, 1);
      await tmux.press("2", "d", "y");
      await tmux.waitFor((screen) => screen.includes(": draining"));
      assertEquals(asked.filter((each) => Array.isArray(each)), [
        [{ app: "postgres", label: "10.0.0.8:80" }, { admin: "drain" }],
      ]);
    });
  },
});

Deno.test({
  name: `top: draws itself anew when the terminal changes its size${needs}`,
  ignore,
  fn: async () => {
    await withTop("", {}, async (tmux) => {
      for (const [columns, rows] of [[60, 20], [160, 40], [30, 10], [80, 24]] as const) {
        await tmux.resize(columns, rows);
        const isWhole = (screen: string): boolean => {
          const lines = screen.split("\n");
          if (columns < 40) return lines[0]?.includes("too small") ?? false;
          return lines[0]?.trimEnd().length === columns - 1 && (lines[rows - 1] ?? "").includes("Quit") &&
            screen.includes("postgres");
        };
        await tmux.waitFor(isWhole);
      }
    });
  },
});

Deno.test({
  name: `top: NO_COLOR, and --color never, leave weight and inversion${needs}`,
  ignore,
  fn: async () => {
    for (const [words, env] of [["", { NO_COLOR: "1" }], ["--color never", {}]] as const) {
      await withTop(words, { env }, async (tmux) => {
        const screen = await tmux.screen({ isStyled: true });
        assert(
          !/\x1b\[(?:\d+;)*[34]\d[;m]/.test(screen.replaceAll(/\x1b\[[34]9m/g, "")),
          JSON.stringify(screen),
        );
        assertMatch(screen, /\x1b\[(?:\d+;)*[47]m/);
      });
    }
  },
});

Deno.test({
  name: `top: on a dumb terminal prints one snapshot, without a sequence${needs}`,
  ignore,
  fn: async () => {
    await withTop("", { env: { TERM: "dumb" } }, async (tmux) => {
      const screen = await tmux.waitFor((screen) => screen.includes("ended with 0"));
      assertStringIncludes(screen, "tcpproxy 1.2.3  ready");
      assertEquals(await tmux.fact("#{alternate_on}"), "0");
    });
  },
});

Deno.test({
  name: `top: says that the proxy has gone, and shows it again when it is back${needs}`,
  ignore,
  fn: async () => {
    const port = freePort();
    const listen = { kind: "tcp", host: "127.0.0.1", port } as const;
    const tmuxes: Tmux[] = [];
    await withAdmin({ listen, proxy: new QuietProxy(APPS) }, async ({ url }) => {
      const tmux = await Tmux.start(`${PROGRAM} top --url ${url}`, { columns: 80, rows: 24 });
      tmuxes.push(tmux);
      await tmux.waitFor((screen) => screen.includes("postgres"));
    });
    await using tmux = tmuxes[0] ?? null;
    if (tmux === null) throw new Error("there is no terminal");
    const lost = await tmux.waitFor((screen) => screen.includes("no answer for"));
    assertStringIncludes(lost, "postgres");
    await withAdmin({ listen, proxy: new QuietProxy([{ ...APPS[0], name: "returned" }]) }, async () => {
      const back = await tmux.waitFor((screen) => screen.includes("returned"));
      assert(!back.includes("no answer"), back);
    });
  },
});

Deno.test("top: on a pipe prints as many snapshots as asked for, and none of a terminal's sequences", async () => {
  await withAdmin({ proxy: new QuietProxy(APPS) }, async ({ url }) => {
    const one = await runProgram(["top", "--url", url.href]);
    assertEquals([one.code, one.stderr], [0, ""]);
    assertEquals(one.stdout.match(/^APP /gm)?.length, 1);
    assert(!one.stdout.includes("\x1b"), one.stdout);
    const words = ["--view", "targets", "--count", "2", "--interval", "250ms", "--filter", "postgres"];
    const two = await runProgram(["top", "--url", url.href, ...words]);
    assertEquals(two.stdout.match(/^APP +TARGET/gm)?.length, 2);
    assert(!/^web/m.test(two.stdout), two.stdout);
    const json = await runProgram(["top", "--url", url.href, "--json"]);
    assertEquals(JSON.parse(json.stdout).version, "1.2.3");
  });
});

Deno.test("top: a proxy that is not there is one clear error, and the terminal is not touched", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  const { code, stdout, stderr } = await runProgram(["top", "--url", url]);
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, `tcpproxy: ask ${url}: cannot connect (Connection refused)`);
});
