import { MAX_UPGRADE_STEPS, type Upgrade } from "../../../lib/protocol/mod.ts";
import { concat } from "../bytes.ts";

/** How a talk went whose peer says certain bytes, whatever it is answered. */
export interface Talked {
  readonly end: "need_more" | "tls" | "plain" | "refused" | "left" | "endless";
  readonly sent: string;
  readonly problem: string | undefined;
  /** What the peer has said and nobody has consumed. */
  readonly rest: Uint8Array;
}

/** Lets a state machine talk with a peer whose bytes come in these pieces; what it sends is given as Latin-1. */
export function talkWith(upgrade: Upgrade, pieces: readonly Uint8Array[]): Talked {
  const sent = [upgrade.opening];
  let held: Uint8Array = new Uint8Array();
  const reported = (end: Talked["end"], problem?: string): Talked => {
    return { end, sent: new TextDecoder("latin1").decode(concat(...sent)), problem, rest: held };
  };
  const left = [...pieces];
  for (let steps = 0; steps < MAX_UPGRADE_STEPS;) {
    const step = upgrade.read(held);
    if (step.kind === "need_more") {
      const piece = left.shift();
      if (piece === undefined) return reported("need_more");
      held = concat(held, piece);
      continue;
    }
    steps++;
    sent.push(step.bytes);
    if (step.kind === "refused") return reported("refused", step.problem);
    if (step.kind === "left") return reported("left");
    held = held.subarray(step.length);
    if (step.kind === "done") {
      held = concat(held, ...left);
      return reported(step.tls ? "tls" : "plain");
    }
  }
  return reported("endless");
}

/** The bytes one by one. */
export function singly(bytes: Uint8Array): Uint8Array[] {
  return [...bytes].map((byte) => Uint8Array.of(byte));
}

/** The bytes in two pieces. */
export function cutAt(bytes: Uint8Array, at: number): Uint8Array[] {
  return [bytes.subarray(0, at), bytes.subarray(at)];
}
