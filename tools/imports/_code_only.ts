/**
 * TypeScript source without what is not code: comments, and the insides of strings, templates and regular expressions,
 * become spaces. Every line stays where it is; code inside `${}` stays code.
 *
 * A scanner, not a parser: what precedes a slash decides whether it divides or begins a regular expression.
 */
export function codeOnly(source: string): string {
  const scanner = new Scanner(source);
  scanner.code(false);
  return scanner.output;
}

// After one of these, or at the beginning, an operand is expected, so a slash begins a regular expression.
const BEFORE_OPERAND =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|delete|void|throw|new|await|yield))$/;

class Scanner {
  readonly #source: string;
  #at = 0;
  output = "";

  constructor(source: string) {
    this.#source = source;
  }

  /** Copies code to the end, or to the brace that closes a `${`. */
  code(inTemplate: boolean): void {
    let depth = 0;
    while (this.#at < this.#source.length) {
      const char = this.#source[this.#at];
      const two = this.#source.slice(this.#at, this.#at + 2);
      if (two === "//") this.#blankTo(this.#find("\n"));
      else if (two === "/*") this.#blankTo(this.#find("*/", 2) + 2);
      else if (char === '"' || char === "'") this.#string(char);
      else if (char === "`") this.#template();
      else if (char === "/" && BEFORE_OPERAND.test(this.#lastWord())) this.#regExp();
      else {
        if (char === "{") depth++;
        if (char === "}" && --depth < 0 && inTemplate) return;
        this.#keep();
      }
    }
  }

  #string(quote: string): void {
    this.#keep();
    while (
      this.#at < this.#source.length && this.#source[this.#at] !== quote && this.#source[this.#at] !== "\n"
    ) {
      this.#blank(this.#source[this.#at] === "\\" ? 2 : 1);
    }
    this.#keep();
  }

  #template(): void {
    this.#keep();
    while (this.#at < this.#source.length && this.#source[this.#at] !== "`") {
      if (this.#source.startsWith("${", this.#at)) {
        this.#keep();
        this.#keep();
        this.code(true);
        this.#keep();
      } else {
        this.#blank(this.#source[this.#at] === "\\" ? 2 : 1);
      }
    }
    this.#keep();
  }

  #regExp(): void {
    this.#keep();
    let inClass = false;
    while (this.#at < this.#source.length && this.#source[this.#at] !== "\n") {
      const char = this.#source[this.#at];
      if (char === "/" && !inClass) break;
      if (char === "[") inClass = true;
      if (char === "]") inClass = false;
      this.#blank(char === "\\" ? 2 : 1);
    }
    this.#keep();
  }

  #lastWord(): string {
    return this.output.slice(-64).trimEnd();
  }

  #find(text: string, from = 0): number {
    const at = this.#source.indexOf(text, this.#at + from);
    return at < 0 ? this.#source.length : at;
  }

  #keep(): void {
    this.output += this.#source[this.#at] ?? "";
    this.#at++;
  }

  #blankTo(end: number): void {
    this.#blank(end - this.#at);
  }

  #blank(count: number): void {
    this.output += this.#source.slice(this.#at, this.#at + count).replace(/[^\n]/g, " ");
    this.#at += count;
  }
}
