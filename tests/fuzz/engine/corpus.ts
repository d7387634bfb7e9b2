import { fileURLToPath } from "node:url";
import { latin1, latin1Bytes } from "../../helpers/bytes.ts";

/**
 * The kinds of kept inputs, each a file of a target's folder in `tests/corpus/`: inputs that reached new code, and
 * those that were findings. A line is an input as a JSON text, one character for each byte.
 */
export type Kind = "inputs" | "found";

const FOLDER = fileURLToPath(new URL("../../corpus/", import.meta.url));

/** The inputs that are kept for a target. */
export function readCorpus(target: string): Uint8Array[] {
  return (["inputs", "found"] as const).flatMap((kind) => readKept(target, kind));
}

/** The kept inputs of a kind. */
export function readKept(target: string, kind: Kind): Uint8Array[] {
  try {
    const lines = Deno.readTextFileSync(fileOf(target, kind)).split("\n").filter((line) => line !== "");
    return lines.map((line) => latin1Bytes(JSON.parse(line)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Adds inputs to those that are kept. */
export async function keep(target: string, kind: Kind, inputs: readonly Uint8Array[]): Promise<void> {
  if (inputs.length === 0) return;
  await Deno.mkdir(`${FOLDER}${target}`, { recursive: true });
  const lines = inputs.map((bytes) => `${lineOf(bytes)}\n`).join("");
  await Deno.writeTextFile(fileOf(target, kind), lines, { append: true });
}

function fileOf(target: string, kind: Kind): string {
  return `${FOLDER}${target}/${kind}.txt`;
}

/** An input as a JSON text of ASCII alone. */
export function lineOf(bytes: Uint8Array): string {
  return JSON.stringify(latin1(bytes)).replaceAll(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
