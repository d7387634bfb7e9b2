import { assertEquals, assertRejects } from "@std/assert";
import { MAX_UPGRADE_STEPS, type Upgrade, type UpgradeStep } from "../../lib/protocol/mod.ts";
import { PeekedConnection } from "../../lib/routing/mod.ts";
import { PrefixedConnection } from "../../lib/session/negotiate/prefixed.ts";
import { talk } from "../../lib/session/negotiate/dialogue.ts";
import { upgradeTarget } from "../../lib/session/negotiate/upgrade_target.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { ScriptedDuplex } from "../helpers/connections/scripted_duplex.ts";

const FOREVER = new AbortController().signal;

/** Answers each line with the same, and takes `go` for TLS. */
class Echo implements Upgrade {
  readonly opening = utf8("hi\n");

  read(bytes: Uint8Array): UpgradeStep {
    const length = bytes.indexOf(10) + 1;
    if (length === 0) return { kind: "need_more" };
    const line = new TextDecoder().decode(bytes.subarray(0, length));
    if (line === "go\n") return { kind: "done", length, bytes: utf8("gone\n"), tls: true };
    if (line === "no\n") return { kind: "refused", bytes: utf8("bye\n"), problem: "no" };
    return { kind: "reply", length, bytes: bytes.slice(0, length) };
  }
}

function written(conn: ScriptedDuplex): string {
  return new TextDecoder().decode(concat(...conn.written));
}

async function talked(conn: ScriptedDuplex, timeoutMs = 1000): Promise<unknown> {
  return await talk(new PeekedConnection(conn), new Echo(), { timeoutMs, signal: FOREVER });
}

Deno.test("talk: sends the opening, answers, and leaves what follows TLS's beginning to the connection", async () => {
  const conn = new ScriptedDuplex([utf8("a\nb"), utf8("\ngo\nrest")], "silence");
  const peeked = new PeekedConnection(conn);
  const outcome = await talk(peeked, new Echo(), { timeoutMs: 1000, signal: FOREVER });
  assertEquals(outcome, { kind: "done", tls: true });
  assertEquals(written(conn), "hi\na\nb\ngone\n");
  assertEquals(peeked.take()?.bytes, utf8("rest"));
});

Deno.test("talk: a refusal is sent before it is reported", async () => {
  const conn = new ScriptedDuplex([utf8("no\n")], "silence");
  assertEquals(await talked(conn), { kind: "refused", problem: "no" });
  assertEquals(written(conn), "hi\nbye\n");
});

Deno.test("talk: ends by its limits, however much or little the peer says", async () => {
  const endless = new ScriptedDuplex([utf8("x\n".repeat(1000))], "silence");
  assertEquals(await talked(endless), {
    kind: "refused",
    problem: `it went on for ${MAX_UPGRADE_STEPS} steps without TLS`,
  });
  assertEquals(await talked(new ScriptedDuplex([new Uint8Array(10_000)], "silence")), { kind: "too_long" });
  assertEquals(await talked(new ScriptedDuplex([utf8("a\n")], "silence"), 5), { kind: "timeout" });
});

Deno.test("talk: tells a peer that left without a word from one that left in the midst", async () => {
  assertEquals(await talked(new ScriptedDuplex([], "fin")), { kind: "silent" });
  assertEquals(await talked(new ScriptedDuplex([utf8("a\n")], "fin")), { kind: "closed" });
  assertEquals(await talked(new ScriptedDuplex([utf8("a")], "fin")), { kind: "closed" });
  const reset = await talked(new ScriptedDuplex([], "reset"));
  assertEquals((reset as { kind: string }).kind, "failed");
});

Deno.test("upgradeTarget: what the target said behind the talk is read first; its failure is the dial's", async () => {
  const upgraded = await upgradeTarget(new ScriptedDuplex([utf8("go\nrest")], "fin"), new Echo(), FOREVER);
  const buffer = new Uint8Array(3);
  assertEquals(await upgraded.read(buffer), 3);
  assertEquals(buffer, utf8("res"));
  assertEquals(await upgraded.read(buffer), 1);
  assertEquals(await upgraded.read(buffer), null);
  const refused = upgradeTarget(new ScriptedDuplex([utf8("no\n")], "fin"), new Echo(), FOREVER);
  await assertRejects(() => refused, Error, "before TLS: no");
  const gone = upgradeTarget(new ScriptedDuplex([], "fin"), new Echo(), FOREVER);
  await assertRejects(() => gone, Error, "before TLS: the peer closed the connection without a word");
  const aborted = AbortSignal.abort(new Error("stopped"));
  await assertRejects(
    () => upgradeTarget(new ScriptedDuplex([], "silence"), new Echo(), aborted),
    Error,
    "stopped",
  );
});

Deno.test("PrefixedConnection: rewrites what is read until that is done, and then stays out of the way", async () => {
  const pieces = ["a", "b", "c", "d"].map(utf8);
  const rewrite = {
    done: false,
    feed(bytes: Uint8Array): Uint8Array {
      // Holds the first back, and doubles it with the second.
      if (bytes[0] === 97) return new Uint8Array();
      this.done = true;
      return concat(utf8("AA"), bytes);
    },
    end: () => new Uint8Array(),
  };
  const conn = new PrefixedConnection(new ScriptedDuplex(pieces, "fin"), { lead: utf8("lead"), rewrite });
  const read: string[] = [];
  const buffer = new Uint8Array(10);
  for (let count; (count = await conn.read(buffer)) !== null;) {
    read.push(new TextDecoder().decode(buffer.subarray(0, count)));
  }
  assertEquals(read, ["lead", "AAb", "c", "d"]);
});
