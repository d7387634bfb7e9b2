import { MAX_TIMER_MS } from "../../base/mod.ts";

/** The content of a file, or the error that reading it met. */
export type FileText = { readonly text: string } | { readonly error: unknown };

export interface FileTextsOptions {
  /** The time limit per file, since a pipe or a dead network mount never ends. Default 10 s. */
  readonly limitMs?: number;
}

const READ_LIMIT_MS = 10_000;

/** Reads that outlasted their limit, by path. Each holds a thread of the runtime, so that none is begun beside it. */
const hanging = new Map<string, Promise<FileText>>();

/**
 * Reads the files of a config, each once, on first use: what was checked is what is used, even if the file changes
 * meanwhile.
 */
export class FileTexts {
  readonly #limitMs: number;
  readonly #texts = new Map<string, Promise<FileText>>();

  constructor({ limitMs = READ_LIMIT_MS }: FileTextsOptions = {}) {
    this.#limitMs = Math.min(limitMs, MAX_TIMER_MS);
  }

  /** Reads a file, or returns the text of an earlier read. Never rejects. */
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
    const read = hanging.get(path) ?? Deno.readTextFile(path).then(
      (text): FileText => ({ text }),
      (error: unknown): FileText => ({ error }),
    ).finally(() => hanging.delete(path));
    const timer = setTimeout(() => {
      hanging.set(path, read);
      late.resolve({ error: new Error(`not read within ${this.#limitMs} ms`) });
    }, this.#limitMs);
    try {
      return await Promise.race([read, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
