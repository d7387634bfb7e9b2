import { formatSniPattern, matchesSni, parseSniPattern, RouteError, type SniPattern } from "./sni_matcher.ts";

/**
 * One route as configured. If it lists both server names and protocols, both must match, each by any one entry. A
 * route with neither is a catch-all, and also takes connections without TLS.
 */
export interface RouteRule<T> {
  /** Patterns as in {@link parseSniPattern}; default: every connection, with or without a name. */
  readonly sni?: readonly string[];
  /** Protocols of which the client must offer one (`h2`), compared byte by byte; default: every connection. */
  readonly alpn?: readonly string[];
  /** The destination of the route. */
  readonly value: T;
}

/** The facts about a connection that select its route. */
export interface RouteFacts {
  /** In lower case, without a trailing dot; `undefined` without a name or without TLS. */
  readonly sni: string | undefined;
  /** The offered protocols; empty without any or without TLS. */
  readonly alpn: readonly string[];
}

/** The facts of a connection without TLS: only a catch-all takes it. */
export const NO_ROUTE_FACTS: RouteFacts = { sni: undefined, alpn: [] };

/** The chosen route. */
export interface RouteMatch<T> {
  /** Index in the configuration, from 0. */
  readonly index: number;
  readonly value: T;
}

/** Why one route was chosen or not. */
export interface RouteExplanation<T> extends RouteMatch<T> {
  /** `chosen`: the first match; `shadowed`: a later match; `no_match`: no match. */
  readonly verdict: "chosen" | "shadowed" | "no_match";
  /** The reason, as text. */
  readonly why: string;
}

interface CompiledRule<T> extends RouteMatch<T> {
  readonly sni: readonly SniPattern[] | undefined;
  readonly alpn: ReadonlySet<string> | undefined;
}

/**
 * Routes compiled for lookup; the first match wins. A lookup takes time in proportion to the labels of the name and
 * the routes that contain it, not to the number of routes.
 */
export class RouteTable<T> {
  readonly #rules: readonly CompiledRule<T>[];
  /** For each kind of pattern, the rules that contain one, in order. */
  readonly #exact = new Map<string, CompiledRule<T>[]>();
  readonly #below = new Map<string, CompiledRule<T>[]>();
  readonly #anyName: CompiledRule<T>[] = [];
  readonly #anyConnection: CompiledRule<T>[] = [];

  /** @throws {RouteError} at the first invalid pattern or protocol. */
  constructor(rules: readonly RouteRule<T>[]) {
    this.#rules = rules.map(compileRule);
    for (const rule of this.#rules) {
      if (rule.sni === undefined) this.#anyConnection.push(rule);
      for (const pattern of rule.sni ?? []) this.#listFor(pattern).push(rule);
    }
  }

  /** Returns the first matching route; `undefined` if there is none. */
  match(facts: RouteFacts): RouteMatch<T> | undefined {
    let best = first(this.#anyConnection, facts, undefined);
    const { sni } = facts;
    if (sni === undefined) return best;
    best = first(this.#anyName, facts, best);
    best = first(this.#exact.get(sni), facts, best);
    if (this.#below.size === 0) return best;
    for (let dot = sni.indexOf("."); dot >= 0; dot = sni.indexOf(".", dot + 1)) {
      best = first(this.#below.get(sni.slice(dot + 1)), facts, best);
    }
    return best;
  }

  /** Explains for every route why it is chosen or not. */
  explain(facts: RouteFacts): RouteExplanation<T>[] {
    let chosen: number | undefined;
    return this.#rules.map((rule) => {
      const { index, value } = rule;
      const sni = explainSni(rule.sni, facts.sni);
      const alpn = explainAlpn(rule.alpn, facts.alpn);
      if (!sni.matches || !alpn.matches) {
        const why = [sni, alpn].filter((part) => !part.matches).map((part) => part.why).join("; ");
        return { index, value, verdict: "no_match", why };
      }
      const why = [sni.why, alpn.why].filter((part) => part !== "").join("; ") || "it takes every connection";
      if (chosen !== undefined) {
        return {
          index,
          value,
          verdict: "shadowed",
          why: `${why}; but the route at index ${chosen} comes first`,
        };
      }
      chosen = index;
      return { index, value, verdict: "chosen", why };
    });
  }

  #listFor(pattern: SniPattern): CompiledRule<T>[] {
    if (pattern.kind === "any") return this.#anyName;
    const byName = pattern.kind === "exact" ? this.#exact : this.#below;
    const list = byName.get(pattern.name) ?? [];
    byName.set(pattern.name, list);
    return list;
  }
}

function compileRule<T>(rule: RouteRule<T>, index: number): CompiledRule<T> {
  if (rule.sni?.length === 0) {
    throw new RouteError("the list of server names is empty, expected at least one");
  }
  if (rule.alpn?.length === 0) {
    throw new RouteError("the list of protocols is empty, expected at least one");
  }
  return {
    index,
    value: rule.value,
    sni: rule.sni?.map(parseSniPattern),
    alpn: rule.alpn === undefined ? undefined : new Set(rule.alpn.map(checkProtocol)),
  };
}

/**
 * All registered protocol names are printable ASCII; other names could be offered, but not written in a config as is.
 */
function checkProtocol(text: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(text)) return text;
  throw new RouteError(
    `the protocol "${text}" is no ALPN name; expected 1 to 255 printable ASCII characters`,
  );
}

/** Returns the first of the ordered `rules` that matches the protocols, unless `best` comes before it. */
function first<T>(
  rules: readonly CompiledRule<T>[] | undefined,
  facts: RouteFacts,
  best: CompiledRule<T> | undefined,
): CompiledRule<T> | undefined {
  for (const rule of rules ?? []) {
    if (best !== undefined && best.index <= rule.index) return best;
    if (offersOne(rule.alpn, facts.alpn)) return rule;
  }
  return best;
}

function offersOne(wanted: ReadonlySet<string> | undefined, offered: readonly string[]): boolean {
  return wanted === undefined || offered.some((protocol) => wanted.has(protocol));
}

interface Part {
  readonly matches: boolean;
  /** Empty if the route does not check this. */
  readonly why: string;
}

function explainSni(patterns: readonly SniPattern[] | undefined, sni: string | undefined): Part {
  if (patterns === undefined) return { matches: true, why: "" };
  const wanted = list(patterns.map(formatSniPattern));
  if (sni === undefined) return { matches: false, why: `there is no server name, expected ${wanted}` };
  const pattern = patterns.find((each) => matchesSni(each, sni));
  if (pattern === undefined) {
    return { matches: false, why: `the server name is "${sni}", expected ${wanted}` };
  }
  return { matches: true, why: `the server name "${sni}" matches "${formatSniPattern(pattern)}"` };
}

function explainAlpn(wanted: ReadonlySet<string> | undefined, offered: readonly string[]): Part {
  if (wanted === undefined) return { matches: true, why: "" };
  const protocol = offered.find((each) => wanted.has(each));
  if (protocol !== undefined) return { matches: true, why: `the protocol "${protocol}" is offered` };
  const what = offered.length === 0
    ? "no protocol is offered"
    : `the protocols offered are ${list(offered, "and")}`;
  return { matches: false, why: `${what}, expected ${list([...wanted])}` };
}

function list(texts: readonly string[], word = "or"): string {
  const quoted = texts.map((text) => JSON.stringify(text));
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} ${word} ${last}`;
}
