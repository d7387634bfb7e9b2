import type { Notes } from "../note.ts";
import type { Directive } from "./directives.ts";

/** A `map` by the server name or the protocols of the client's hello. */
export interface MapDraft {
  readonly line: number;
  /** What it sets, with its `$`. */
  readonly variable: string;
  readonly rows: readonly MapRow[];
  readonly otherwise: string | undefined;
}

/** A row of a map: a value for some names, or for a protocol. */
export interface MapRow {
  readonly sni: readonly string[];
  readonly alpn: readonly string[];
  readonly value: string;
}

/** The variables that a map of ours may go by. */
const SNI = "$ssl_preread_server_name";
const SNI_OF_TLS = "$ssl_server_name";
const ALPN = "$ssl_preread_alpn_protocols";

/** Reads a `map` block; `undefined` where it goes by something else. */
export function readMap(
  { args: [source = "", variable = ""], inner = [], line }: Directive,
  notes: Notes,
): MapDraft | undefined {
  const isByName = source === SNI || source === SNI_OF_TLS;
  if (!isByName && source !== ALPN) {
    notes.leftOut(
      line,
      `map ${source}: routes go by $ssl_preread_server_name or $ssl_preread_alpn_protocols alone`,
    );
    return undefined;
  }
  const takesPatterns = inner.some(({ name }) => name === "hostnames");
  const rows: MapRow[] = [];
  let otherwise: string | undefined;
  for (const { name, args: [value = ""], line } of inner) {
    if (name === "hostnames" || name === "volatile") continue;
    if (name === "default") otherwise = value;
    else if (name === "include") notes.leftOut(line, `include ${value}: add its rows as routes`);
    else {
      const row = isByName ? namesOf(name, takesPatterns) : protocolsOf(name);
      if (row === undefined) {
        notes.leftOut(
          line,
          `map … ${name}: write a route for each ${isByName ? "server name" : "protocol"} that it takes`,
        );
      } else rows.push({ ...row, value });
    }
  }
  return { line, variable, rows: merged(rows), otherwise };
}

function namesOf(text: string, takesPatterns: boolean): Omit<MapRow, "value"> | undefined {
  const name = text.replace(/^\\/, "").toLowerCase();
  if (name === "") return undefined;
  if (takesPatterns && name.startsWith(".")) return { sni: [name.slice(1), `*${name}`], alpn: [] };
  if (takesPatterns && /^\*\.[\w.-]+$/.test(name)) return { sni: [name], alpn: [] };
  return /^[\w-]+(?:\.[\w-]+)*$/.test(name) ? { sni: [name], alpn: [] } : undefined;
}

/** The protocols stand in a list with commas, which maps search by a pattern. */
function protocolsOf(text: string): Omit<MapRow, "value"> | undefined {
  const pattern = /^~\*?(?:\\b|\^)?([\w./-]+?)(?:\\b|\$)?$/.exec(text);
  const protocol = (pattern?.[1] ?? (text.startsWith("~") ? "" : text)).replaceAll("\\", "");
  return /^[\w./-]+$/.test(protocol) ? { sni: [], alpn: [protocol] } : undefined;
}

/** Rows of one value that follow each other are one route. */
function merged(rows: readonly MapRow[]): MapRow[] {
  const routes: MapRow[] = [];
  for (const row of rows) {
    const last = routes.at(-1);
    const isSame = last !== undefined && last.value === row.value &&
      (last.sni.length > 0) === (row.sni.length > 0);
    if (isSame) routes.pop();
    routes.push(isSame ? { ...row, sni: [...last.sni, ...row.sni], alpn: [...last.alpn, ...row.alpn] } : row);
  }
  return exactFirst(routes);
}

/** nginx takes an exact name before a pattern, and the longest pattern first; routes go in order. */
function exactFirst(rows: readonly MapRow[]): MapRow[] {
  const split = rows.flatMap((row) => {
    const exact = row.sni.filter((name) => !name.startsWith("*"));
    const patterns = row.sni.filter((name) => name.startsWith("*"));
    if (exact.length === 0 || patterns.length === 0) return [row];
    return [{ ...row, sni: exact }, { ...row, sni: patterns }];
  });
  const lengthOf = ({ sni }: MapRow): number =>
    sni.some((name) => name.startsWith("*")) ? Math.max(...sni.map((name) => name.length)) : Infinity;
  const sorted = split.toSorted((a, b) => {
    const [left, right] = [lengthOf(a), lengthOf(b)];
    return left === right ? 0 : right - left;
  });
  // Without a pattern before an exact name of another value, the original's order does as well.
  const needsOrder = rows.some((row, index) =>
    row.sni.some((name) => name.startsWith("*")) &&
    rows.slice(index + 1).some((other) => other.value !== row.value)
  );
  return needsOrder ? sorted : [...rows];
}
