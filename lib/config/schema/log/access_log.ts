import * as z from "zod";
import { type Leaf, read, refuse } from "../values/leaf.ts";
import { LogServer } from "./log_server.ts";
import { pathExcept } from "../values/patterns.ts";
import { readPath } from "../values/texts.ts";

const EXPECTED = "true, off, the path of a file, or a mapping";

/** Words that mean one of the two in other configs, and that nobody calls a file; in lower case. */
const MEANT: Readonly<Record<string, string>> = {
  true: "true",
  on: "true",
  yes: "true",
  stdout: "true",
  "-": "true",
  off: `"off"`,
  no: `"off"`,
  false: `"off"`,
  none: `"off"`,
};

/** Where the access log goes: to standard output, nowhere (`off`, which is `false`), to a file, or to a log server. */
export const AccessLog = z.union([accessLog(), LogServer], { error: EXPECTED })
  .meta({ title: "`true`, `off`, path or mapping" });

/** The forms of {@link AccessLog} that are one word. */
export function accessLog(): Leaf<boolean | string, boolean | string> {
  return z.union([z.boolean(), z.string()], { error: EXPECTED }).transform((value, context) => {
    if (typeof value === "boolean") return value;
    if (value === "off") return false;
    if (value === "") return refuse(context, "the value is empty; expected the path of a file");
    const word = value.toLowerCase();
    if (!Object.hasOwn(MEANT, word)) return read(value, context, readPath);
    return refuse(context, `the value is "${value}"; expected ${EXPECTED}; did you mean ${MEANT[word]}?`);
  }).meta({ title: "`true`, `off` or path", pattern: pathExcept(Object.keys(MEANT)) });
}
