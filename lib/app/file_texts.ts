import { MAX_TIMER_MS } from "../base/mod.ts";

/** What a file holds, or what kept it from being read. */
export type FileText = { readonly text: string } | { readonly error: unknown };

export interface FileTextsOptions {
  /** How long one file may take: one that is a pipe, or on a server that is gone, never ends. Default 10 s. */
  readonly limitMs?: number;
}

const READ_LIMIT_MS = 10_000;

/**
 * One look at the files of a config. Each is read once, when it is first asked for, so that what was checked is what is
 * used, however they change meanwhile.
 */
export class FileTexts {
  readonly #limitMs: number;
  readonly #texts = new Map<string, Promise<FileText>>();

  constructor({ limitMs = READ_LIMIT_MS }: FileTextsOptions = {}) {
    this.#limitMs = Math.min(limitMs, MAX_TIMER_MS);
  }

  /** Opens a file by its path, unless this was asked for before. Never rejects. */
  read(path: string): Promise<FileText> {
    let text = this.#texts.get(path);
    if (text === undefined) {
      text = this.#readNow(path);
      this.#texts.set(path, text);
    }
    return text;
  }

  async #readNow(path: string): Promise<FileText> {
    const late = Promise.withResolvers<FileText>();
    const timer = setTimeout(
      () => late.resolve({ error: new Error(`it was not read within ${this.#limitMs} ms`) }),
      this.#limitMs,
    );
    const read = Deno.readTextFile(path).then(
      (text): FileText => ({ text }),
      (error: unknown): FileText => ({ error }),
    );
    try {
      return await Promise.race([read, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
