import { errorMessage } from "../../base/mod.ts";
import type { DiscoveredTarget } from "./discovery_change.ts";
import { MAX_LIST_BYTES } from "./file_lookup.ts";
import type { Lookup, LookupAnswer } from "./lookup.ts";
import { parseTargetGroups } from "./target_groups.ts";

export interface HttpLookupOptions {
  /** The file of the CAs of an HTTPS endpoint; default the system's. */
  readonly ca?: string | undefined;
  /** The file of the bearer token. */
  readonly tokenFile?: string | undefined;
  /** Said to the endpoint, in seconds: how often it is asked. */
  readonly intervalMs: number;
}

/** The most redirects that are followed. */
const MAX_REDIRECTS = 3;

/** Statuses that send on to another place. */
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** The targets that an HTTP endpoint lists, as JSON. */
export class HttpLookup implements Lookup {
  readonly what: string;
  readonly #url: URL;
  readonly #options: HttpLookupOptions;
  /** The last good answer, with the tag that it came with. */
  #last: { readonly tag: string | undefined; readonly targets: readonly DiscoveredTarget[] } | undefined;

  constructor(url: string, options: HttpLookupOptions) {
    this.#url = new URL(url);
    this.#options = options;
    this.what = `GET ${this.#url.href}`;
  }

  async ask(signal: AbortSignal): Promise<LookupAnswer> {
    try {
      return { targets: await this.#get(signal) };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      return { problem: `${this.what}: ${explain(error)}` };
    }
  }

  async #get(signal: AbortSignal): Promise<readonly DiscoveredTarget[]> {
    const { ca, tokenFile } = this.#options;
    // Both may have been replaced since. A client of its own each time leaves no connection open between.
    const [caText, token] = await Promise.all([readText(ca, signal), readText(tokenFile, signal)]);
    using client = Deno.createHttpClient({
      ...(caText === undefined ? {} : { caCerts: [caText] }),
      poolMaxIdlePerHost: 0,
    });
    let url = this.#url;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await fetch(url, {
        client,
        signal,
        redirect: "manual",
        headers: this.#headers(url, token),
      });
      if (!REDIRECTS.includes(response.status)) return await this.#read(response);
      await response.body?.cancel();
      url = nextUrl(response, url);
    }
    throw new Error(`more than ${MAX_REDIRECTS} redirects; give the address that they lead to`);
  }

  #headers(url: URL, token: string | undefined): Record<string, string> {
    const { intervalMs } = this.#options;
    return {
      "accept": "application/json",
      "user-agent": "tcpproxy",
      "x-prometheus-refresh-interval-seconds": String(intervalMs / 1000),
      ...(this.#last?.tag === undefined ? {} : { "if-none-match": this.#last.tag }),
      // Another host has no business with it.
      ...(token === undefined || url.origin !== this.#url.origin ? {} : { authorization: `Bearer ${token}` }),
    };
  }

  async #read(response: Response): Promise<readonly DiscoveredTarget[]> {
    if (response.status === 304 && this.#last !== undefined) {
      await response.body?.cancel();
      return this.#last.targets;
    }
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the status is ${response.status}; expected 200`);
    }
    const text = await readBody(response);
    const targets = parseTargetGroups(parseJson(text));
    this.#last = { tag: response.headers.get("etag") ?? undefined, targets };
    return targets;
  }
}

/** Where a redirect leads. */
function nextUrl(response: Response, from: URL): URL {
  const location = response.headers.get("location");
  if (location === null || !URL.canParse(location, from)) {
    throw new Error(`the redirect (${response.status}) leads nowhere`);
  }
  const url = new URL(location, from);
  if (url.protocol !== "https:" && (url.protocol !== "http:" || from.protocol === "https:")) {
    throw new Error(`the redirect leads to ${url.protocol}//${url.host}, away from HTTPS`);
  }
  return url;
}

async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    // Leaving the loop ends the transfer.
    if (size > MAX_LIST_BYTES) {
      throw new Error(`the body has more than ${MAX_LIST_BYTES} bytes; expected fewer`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Error(`the body is no JSON: ${error.message}`, { cause: error });
  }
}

/** A file's text without the line break at its end. */
async function readText(path: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  if (path === undefined) return undefined;
  if ((await Deno.permissions.query({ name: "read", path })).state !== "granted") {
    throw new Error(`the runtime does not allow reading "${path}"; run with --allow-read=${path}`);
  }
  try {
    return (await Deno.readTextFile(path, { signal })).trim();
  } catch (error) {
    throw new Error(`read "${path}": ${errorMessage(error)}`, { cause: error });
  }
}

/** What the runtime says of a failed request, without the URL, which the message has; some versions say it in the cause. */
function explain(error: unknown): string {
  const isWrapped = error instanceof TypeError && error.cause instanceof Error;
  const message = errorMessage(isWrapped ? error.cause : error);
  return /client error \([^)]*\): (.*)$/s.exec(message)?.[1] ?? message;
}
