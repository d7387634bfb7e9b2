import type { Command, Dynamic, Flag } from "../command.ts";

/** What a word that is typed may be. */
export interface Expected {
  /** What of a running proxy it names; `undefined` for nothing. */
  readonly dynamic: Dynamic | undefined;
  /** The words of a fixed set that it may be. */
  readonly choices: readonly string[];
  /** The app that was named before: targets are those of this one. */
  readonly app: string | undefined;
  /** The values of flags that were given before, by their names. */
  readonly flags: Readonly<Record<string, string>>;
}

/**
 * Returns what the last of these words may be; `undefined` where that is a flag, a file, or anything else that a shell
 * knows better.
 *
 * @param words those behind the program's name, as far as the cursor; the last may be empty.
 */
export function expectedWord(commands: readonly Command[], words: readonly string[]): Expected | undefined {
  const [name, ...rest] = words;
  const command = commands.find((command) => command.name === name);
  if (command === undefined || rest.length === 0) return undefined;
  const before = readWords(command, rest.slice(0, -1));
  const last = rest.at(-1) ?? "";
  const { flags, positionals, open } = before;
  const app = flags.app ?? positionals[command.dynamic?.indexOf("app") ?? -1];
  const found = { app, flags };
  const assigned = /^--([\w-]+)=/.exec(last)?.[1];
  const flag = assigned === undefined ? open : command.flags.find((flag) => flag.name === assigned);
  if (flag !== undefined) {
    return { ...found, dynamic: flag.dynamic, choices: flag.choices ?? [] };
  }
  if (last.startsWith("-")) return undefined;
  const named = command.dynamic ?? [];
  const at = positionals.length;
  const isBehind = at >= named.length && command.choices !== undefined;
  return {
    ...found,
    dynamic: isBehind ? undefined : named[Math.min(at, named.length - 1)],
    choices: isBehind && at < command.arity[1] ? command.choices ?? [] : [],
  };
}

interface ReadWords {
  readonly positionals: readonly string[];
  readonly flags: Readonly<Record<string, string>>;
  /** A flag at the end that waits for its value. */
  readonly open: Flag | undefined;
}

function readWords(command: Command, words: readonly string[]): ReadWords {
  const positionals: string[] = [];
  const flags: Record<string, string> = {};
  let open: Flag | undefined;
  for (const word of words) {
    if (open !== undefined) {
      flags[open.name] = word;
      open = undefined;
    } else if (word.startsWith("-")) {
      const [spelled = "", value] = word.split(/=(.*)/s);
      const flag = command.flags.find(({ name, short }) =>
        spelled === `--${name}` || spelled === `-${short}`
      );
      if (flag?.value === undefined) continue;
      if (value === undefined) open = flag;
      else flags[flag.name] = value;
    } else positionals.push(word);
  }
  return { positionals, flags, open };
}
