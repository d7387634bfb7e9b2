import type { FromWorker, NameAnswer } from "../channel/messages.ts";
import { WorkerError } from "../channel/records.ts";

/** A question that waits for its answer. */
interface OpenQuestion {
  readonly name: string;
  resolve(addresses: readonly string[]): void;
  reject(error: unknown): void;
}

/**
 * Looks up names in the control plane: a confined worker reaches neither the name servers nor the files that name them.
 * While a question about a name is open, no other is asked about it.
 */
export class NameQuestions {
  readonly #post: (message: FromWorker) => void;
  readonly #open = new Map<number, OpenQuestion>();
  readonly #byName = new Map<string, Promise<readonly string[]>>();
  #last = 0;

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  /** Returns the addresses of a name. @throws the error of the lookup. */
  readonly lookup = (name: string): Promise<readonly string[]> => {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const id = ++this.#last;
    const answer = new Promise<readonly string[]>((resolve, reject) => {
      this.#open.set(id, { name, resolve, reject });
    });
    this.#byName.set(name, answer);
    this.#post({ kind: "name", id, name });
    return answer;
  };

  receive({ id, addresses, error }: NameAnswer): void {
    const question = this.#open.get(id);
    if (question === undefined) return;
    this.#open.delete(id);
    this.#byName.delete(question.name);
    if (error === undefined) question.resolve(addresses);
    else question.reject(new WorkerError(error));
  }
}
