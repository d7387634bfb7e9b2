import type { Environment } from "./references.ts";

/** The environment of this process, as it is at each look. Never prompts for permission. */
export const processEnvironment: Environment = {
  read: (name) => {
    if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") return "denied";
    const value = Deno.env.get(name);
    return value === undefined ? "unset" : { value };
  },
};
