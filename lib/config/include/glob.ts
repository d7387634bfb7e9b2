/**
 * Patterns of file names: `*` is any characters of a name, `?` is one. As in a shell, neither crosses a slash nor begins a
 * name with a dot, so that what editors and Kubernetes keep beside a file is left out.
 *
 * @module
 */

/** Returns whether a path is a pattern. */
export function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

/** A step of a pattern: a literal name, or a test of names. */
export type GlobStep = string | ((name: string) => boolean);

/** A pattern in steps, from a root that has none: `/`, or nothing for a relative one. */
export interface Glob {
  readonly root: string;
  readonly steps: readonly GlobStep[];
}

/** Reads a pattern. */
export function parseGlob(pattern: string): Glob {
  const root = /^(?:[A-Za-z]:)?[\\/]+/.exec(pattern)?.[0] ?? "";
  const steps = pattern.slice(root.length).split(/[\\/]+/).filter((step) => step !== "" && step !== ".");
  return { root, steps: steps.map((step) => isPattern(step) ? matcher(step) : step) };
}

function matcher(step: string): (name: string) => boolean {
  const pattern = [...step];
  return (name) => (step.startsWith(".") || !name.startsWith(".")) && matches([...name], pattern);
}

/** In time that grows with the product of both lengths at most: only the last star is ever tried again. */
function matches(name: readonly string[], pattern: readonly string[]): boolean {
  let at = 0;
  let step = 0;
  let star: { readonly step: number; at: number } | undefined;
  while (at < name.length) {
    if (pattern[step] === "*") {
      star = { step, at };
      step++;
    } else if (step < pattern.length && (pattern[step] === "?" || pattern[step] === name[at])) {
      step++;
      at++;
    } else if (star !== undefined) {
      // The star takes one character more.
      star.at++;
      at = star.at;
      step = star.step + 1;
    } else {
      return false;
    }
  }
  return pattern.slice(step).every((each) => each === "*");
}
