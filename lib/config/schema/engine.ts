import type * as z from "zod";
import { ENGINES } from "../model/config.ts";
import { refuse } from "./values/leaf.ts";
import { choice } from "./values/units.ts";

/** Which sockets carry connections, on the system `os`. */
export function engine(os: string): z.ZodType<typeof ENGINES[number], typeof ENGINES[number]> {
  return choice(ENGINES).transform((value, context) =>
    value !== "native" || os === "linux" ? value : refuse(
      context,
      `the value is ${value}; expected runtime or auto: the native engine runs on Linux alone`,
    )
  );
}
