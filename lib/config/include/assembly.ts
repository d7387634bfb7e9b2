import { asList, asMapping, type Raw } from "../validate/raw.ts";
import { formatPath, type Path, type Problem } from "../report/problem.ts";
import type { Source } from "../yaml/source.ts";

/** One file of a config, as it was written. */
export interface WrittenFile {
  /** Its name in messages; `undefined` for the config itself. */
  readonly file: string | undefined;
  /** Its path; `undefined` if it is not a file. */
  readonly path?: string;
  readonly value: unknown;
  /** The positions in its text; `undefined` if it has none. */
  readonly source?: Source | undefined;
}

/** An app, with its path in its file. */
export interface WrittenApp {
  readonly app: Raw;
  /** Values for the keys that it leaves out: the `defaults` of its file over those of the config. */
  readonly defaults: Raw;
  readonly file: string | undefined;
  /** In its file. */
  readonly path: Path;
}

/** The files of a config as one: their apps have one number each, in the order of the files. */
export class Assembly {
  readonly #files: readonly WrittenFile[];
  /** The top level of the config itself. */
  readonly root: Raw;
  /** Whether it is a mapping at all. */
  readonly isMapping: boolean;
  /** In the order of the files. */
  readonly apps: readonly WrittenApp[];
  /** The `defaults` of each file. */
  readonly defaults: readonly { readonly file: string | undefined; readonly defaults: Raw }[];

  constructor(files: readonly WrittenFile[]) {
    this.#files = files;
    const root = files[0]?.value;
    this.root = asMapping(root);
    this.isMapping = this.root === root;
    const common = asMapping(this.root.defaults);
    this.defaults = files.map(({ file, value }) => ({
      file,
      defaults: asMapping(asMapping(value).defaults),
    }));
    this.apps = files.flatMap(({ file, value }, number) => {
      const { apps, defaults } = asMapping(value);
      const own = number === 0 ? common : { ...common, ...asMapping(defaults) };
      return asList(apps).map((app, index) => ({
        app: asMapping(app),
        defaults: own,
        file,
        path: ["apps", index],
      }));
    });
  }

  /** A problem whose path has the number of its app in the whole config, with the path in its file. */
  own(problem: Problem): Problem {
    const [app, rest] = this.#appOf(problem.path);
    if (app === undefined) return problem;
    return { ...problem, ...app.file === undefined ? {} : { file: app.file }, path: [...app.path, ...rest] };
  }

  /** Returns the name of a path in a message about another; with its position if that is in another file. */
  name(path: Path, from: Path): string {
    const [app, rest] = this.#appOf(path);
    const own = app === undefined ? path : [...app.path, ...rest];
    const text = formatPath(own);
    if (app?.file === this.#appOf(from)[0]?.file) return text;
    const { path: file, source } = this.#files.find((each) => each.file === app?.file) ?? {};
    const place = source?.locate(own);
    return place === undefined ? text : `${text} (${file}:${place.line}:${place.column})`;
  }

  #appOf(path: Path): [app: WrittenApp | undefined, rest: Path] {
    const [apps, number, ...rest] = path;
    return [apps === "apps" && typeof number === "number" ? this.apps[number] : undefined, rest];
  }
}
