import type { Finding } from "./_finding.ts";
import { codeOnly } from "./_code_only.ts";
import { API_RULES, CLOCK, IMPURE, PURE_PLACES } from "./_rooms.ts";

/** What is wrong with the use that a file of the product makes of the runtime. */
export function checkApis(file: string, source: string): Finding[] {
  const code = codeOnly(source);
  const findings: Finding[] = [];
  for (const { pattern, allowedIn } of API_RULES) {
    if (allowedIn.some((place) => place.endsWith("/") ? file.startsWith(place) : file === place)) continue;
    const wanted = allowedIn.length === 0
      ? "a member of it by its name"
      : `its place, ${allowedIn.join(" or ")},`;
    for (const match of code.matchAll(pattern)) {
      findings.push({
        file,
        line: lineAt(code, match.index),
        message: `"${match[0]}" is used, ${wanted} was wanted`,
      });
    }
  }
  if (file !== CLOCK && PURE_PLACES.some((place) => place.test(file))) {
    for (const match of code.matchAll(IMPURE)) {
      findings.push({
        file,
        line: lineAt(code, match.index),
        message: `"${match[0]}" is used in a pure place, arguments and nowMs were wanted`,
      });
    }
  }
  return findings.sort((a, b) => a.line - b.line);
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < index; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
