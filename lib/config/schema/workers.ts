import * as z from "zod";
import { type Leaf, refuse } from "./values/leaf.ts";
import { MAX_WORKERS, sharesPorts } from "../worker_count.ts";

/** How many threads carry connections, on the system `os`. */
export function workers(os: string): Leaf<number | "auto", number | "auto"> {
  const wanted = `a whole number from 1 to ${MAX_WORKERS}, or auto`;
  return z.union(
    [z.number().meta({ type: "integer", minimum: 1, maximum: MAX_WORKERS }), z.literal("auto")],
    { error: wanted },
  ).transform((value, context) => {
    if (value === "auto") return value;
    if (!(Number.isInteger(value) && value >= 1 && value <= MAX_WORKERS)) {
      return refuse(context, `the value is ${value}; expected ${wanted}`);
    }
    if (value === 1 || sharesPorts(os)) return value;
    return refuse(context, `the value is ${value}; expected 1: threads cannot share a port on this system`);
  }).meta({ title: "whole number or `auto`" });
}
