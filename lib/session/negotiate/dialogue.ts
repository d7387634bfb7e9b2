import { type Duplex, errorMessage } from "../../base/mod.ts";
import { MAX_UPGRADE_BYTES, MAX_UPGRADE_STEPS, type Upgrade, type UpgradeStep } from "../../protocol/mod.ts";
import type { PeekedConnection, PeekOutcome } from "../../routing/mod.ts";

/** How a talk before TLS ended. None of them closes the connection. */
export type TalkOutcome =
  | { readonly kind: "done"; readonly tls: boolean }
  | { readonly kind: "refused"; readonly problem: string }
  | { readonly kind: "left" }
  /** The peer has finished without a byte. */
  | { readonly kind: "silent" }
  | Exclude<PeekOutcome<never>, { readonly kind: "verdict" }>;

export interface TalkOptions {
  /** For all of it; `Infinity` where the signal says when. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Talks with the peer until TLS may begin. What it has sent behind that stays with the connection. */
export async function talk(
  conn: PeekedConnection,
  upgrade: Upgrade,
  { timeoutMs, signal }: TalkOptions,
): Promise<TalkOutcome> {
  const endsAtMs = performance.now() + timeoutMs;
  try {
    await writeAll(conn, upgrade.opening);
    for (let steps = 0; steps < MAX_UPGRADE_STEPS; steps++) {
      const outcome = await conn.peekUntil<UpgradeStep>((bytes) => upgrade.read(bytes), {
        maxBytes: MAX_UPGRADE_BYTES,
        timeoutMs: Math.max(0, endsAtMs - performance.now()),
        signal,
      });
      if (outcome.kind === "closed" && steps === 0 && conn.bytes.length === 0) return { kind: "silent" };
      if (outcome.kind !== "verdict") return outcome;
      const { verdict } = outcome;
      if (verdict.kind === "reply" || verdict.kind === "done") conn.skip(verdict.length);
      // A fresh connection takes the few bytes of a talk without waiting for the peer.
      await writeAll(conn, verdict.bytes);
      if (verdict.kind === "done") return { kind: "done", tls: verdict.tls };
      if (verdict.kind === "refused") return { kind: "refused", problem: verdict.problem };
      if (verdict.kind === "left") return { kind: "left" };
    }
  } catch (error) {
    return { kind: "failed", error };
  }
  return { kind: "refused", problem: `it went on for ${MAX_UPGRADE_STEPS} steps without TLS` };
}

/** An outcome that is not `done`, in words. */
export function describeTalk(outcome: Exclude<TalkOutcome, { readonly kind: "done" }>): string {
  switch (outcome.kind) {
    case "refused":
      return outcome.problem;
    case "left":
      return "the peer said goodbye";
    case "silent":
      return "the peer closed the connection without a word";
    case "timeout":
      return "the time limit passed";
    case "closed":
      return "the peer closed the connection";
    case "too_long":
      return `the peer sent ${MAX_UPGRADE_BYTES} bytes that make no message`;
    case "aborted":
      return "the session was ended";
    case "failed":
      return errorMessage(outcome.error);
  }
}

/** Writes all of `bytes`, however many writes it takes. */
export async function writeAll(conn: Duplex, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await conn.write(written === 0 ? bytes : bytes.subarray(written));
  }
}
