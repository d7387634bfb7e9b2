import type { Notes } from "../../note.ts";
import { yamlMap, type YamlValue } from "../../yaml_map.ts";
import type { ConfigLine } from "../lines.ts";

/** How a backend chooses. */
export interface BalanceDraft {
  readonly balance: string;
  readonly hashKey?: YamlValue;
}

/** HAProxy's default is round robin. */
const DEFAULT: BalanceDraft = { balance: "round_robin" };

/** Reads a `balance` line. */
export function readBalance(line: ConfigLine | undefined, notes: Notes): BalanceDraft {
  const [, algorithm = "", argument = ""] = line?.words ?? [];
  if (line === undefined) return DEFAULT;
  const bare = algorithm.replace(/\(.*$/, "");
  switch (bare) {
    case "roundrobin":
    case "static-rr":
      return DEFAULT;
    case "leastconn":
      return { balance: "least_connections" };
    case "first":
      return { balance: "first" };
    case "source":
      return { balance: "source_hash" };
    case "random":
      return { balance: /\(1\)$/.test(algorithm) ? "random" : "random_two" };
    case "hash": {
      const hashKey = hashKeyOf(argument);
      if (hashKey !== undefined) {
        return { balance: "source_hash", ...(hashKey === "client" ? {} : { hashKey }) };
      }
      break;
    }
  }
  notes.leftOut(
    line.line,
    `balance ${line.words.slice(1).join(" ")}: only addresses and server names can be hashed; ` +
      "the targets take turns, choose another strategy",
  );
  return DEFAULT;
}

/** What `balance hash EXPRESSION` goes by, as a `hash_key`. */
function hashKeyOf(expression: string): YamlValue | undefined {
  if (expression === "src") return "client";
  if (/^(?:req\.ssl_sni|req_ssl_sni|ssl_fc_sni)(?:,lower)?$/.test(expression)) return "sni";
  const mask = /^src,ipmask\((\d{1,2})(?:,(\d{1,3}))?\)$/.exec(expression);
  if (mask === null) return undefined;
  const [v4, v6] = [Number(mask[1]), Number(mask[2] ?? 128)];
  return v4 >= 1 && v4 <= 32 && v6 >= 1 && v6 <= 128 ? yamlMap({ subnet: [v4, v6] }) : undefined;
}
