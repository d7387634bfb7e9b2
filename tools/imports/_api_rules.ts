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
      : `it in ${allowedIn.join(" or ")} alone`;
    for (const match of code.matchAll(pattern)) {
      findings.push({
        file,
        line: lineAt(code, match.index),
        message: `"${match[0]}" is used; expected ${wanted}`,
      });
    }
  }
  if (file !== CLOCK && PURE_PLACES.some((place) => place.test(file))) {
    for (const match of code.matchAll(IMPURE)) {
      findings.push({
        file,
        line: lineAt(code, match.index),
        message: `"${match[0]}" is used in a pure place; expected arguments and nowMs`,
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
