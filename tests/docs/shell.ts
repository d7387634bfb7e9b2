/** Reads from a shell script the commands that it runs, well enough for the scripts of a manual. */
export function commandsOf(script: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (let at = 0; at < script.length;) {
    const rest = script.slice(at);
    const substitution = /^\$\(|^<\(|^`/.exec(rest);
    if (substitution !== null) {
      const end = endOfSubstitution(script, at, substitution[0]);
      commands.push(...commandsOf(script.slice(at + substitution[0].length, end)));
      word = `${word ?? ""}$…`;
      at = end + 1;
    } else if (rest.startsWith("\\\n")) {
      at += 2;
    } else if (rest.startsWith("\\")) {
      word = `${word ?? ""}${rest[1] ?? ""}`;
      at += 2;
    } else if (rest.startsWith("'")) {
      const end = closing(script, "'", at + 1);
      word = `${word ?? ""}${script.slice(at + 1, end)}`;
      at = end + 1;
    } else if (rest.startsWith('"')) {
      const { text, end, inner } = doubleQuoted(script, at + 1);
      commands.push(...inner);
      word = `${word ?? ""}${text}`;
      at = end + 1;
    } else if (rest.startsWith("#") && word === undefined) {
      at = closing(script, "\n", at);
    } else if (/^\d*(?:>>?|<)&?/.test(rest) && (word === undefined || /^\d+$/.test(word))) {
      const redirection = /^\d*(?:>>?|<)&?\s*[^\s;|&)]*/.exec(rest)?.[0] ?? ">";
      word = undefined;
      at += redirection.length;
    } else if (/^[\n;|&(){}]/.test(rest) && !(/^[{}]/.test(rest) && word !== undefined)) {
      endCommand();
      at++;
    } else if (/^\s/.test(rest)) {
      endWord();
      at++;
    } else {
      word = `${word ?? ""}${rest[0] ?? ""}`;
      at++;
    }
  }
  endCommand();
  return commands;
}

function closing(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end === -1 ? text.length : end;
}

function endOfSubstitution(text: string, at: number, opening: string): number {
  if (opening === "`") return closing(text, "`", at + 1);
  let depth = 0;
  for (let index = at + opening.length; index < text.length; index++) {
    if (text[index] === "(") depth++;
    if (text[index] === ")" && depth-- === 0) return index;
  }
  return text.length;
}

function doubleQuoted(script: string, from: number): { text: string; end: number; inner: string[][] } {
  let text = "";
  const inner: string[][] = [];
  for (let at = from; at < script.length; at++) {
    if (script[at] === '"') return { text, end: at, inner };
    if (script[at] === "\\") text += script[++at] ?? "";
    else if (script.startsWith("$(", at)) {
      const end = endOfSubstitution(script, at, "$(");
      inner.push(...commandsOf(script.slice(at + 2, end)));
      text += "$…";
      at = end;
    } else text += script[at];
  }
  return { text, end: script.length, inner };
}

/** Words that may stand before a program: what it runs as, and variables that are set for it. */
const BEFORE = /^(?:sudo|exec|time|nohup|command|env|if|then|else|while|until|do|!|[A-Za-z_]\w*=.*)$/;

/** What follows `tcpproxy` in a command; `undefined` where that is not what it runs. */
export function proxyWords(words: readonly string[]): string[] | undefined {
  const rest = [...words];
  while (rest[0] !== undefined && BEFORE.test(rest[0])) rest.shift();
  const [program = "", second] = rest;
  if (program === "npx" && second !== undefined) {
    return proxyWords(rest.slice(1).filter((word) => word !== "-y"));
  }
  if (/^(?:.*\/)?tcpproxy$/.test(program)) return rest.slice(1);
  const main = rest.indexOf("main.ts");
  return program === "deno" && second === "run" && main !== -1 ? rest.slice(main + 1) : undefined;
}

/** The task that a command runs: `deno task NAME`. */
export function taskOf(words: readonly string[]): string | undefined {
  const at = words.findIndex((word, index) => word === "task" && /^deno(?:@|$)/.test(words[index - 1] ?? ""));
  if (at === -1) return undefined;
  return words.slice(at + 1).find((word) => !word.startsWith("-"));
}
