import type { ReloadedFile, ReloadProblem, ReloadResult } from "../proxy/mod.ts";
import { json, problem } from "./answer.ts";
import { type AdminRoute, withProxy } from "./route.ts";

/** Has the apps' certificates, keys and authorities read again, and waits until that is done or refused. */
export const reload: AdminRoute = {
  path: "/api/reload",
  summary: "Reads the files again; new handshakes use new certificates",
  handlers: {
    POST: withProxy(async (_request, proxy, { observer }) => {
      const result = await proxy.reload();
      observer.reloaded(result);
      return answer(result);
    }),
  },
};

/** What `POST /api/reload` answers when it is done. A contract; `null` is what does not apply. */
export interface ReloadJson {
  /** The apps that need files, each with those that have other content than before. */
  readonly apps: readonly { readonly name: string; readonly files: readonly ReloadedFileJson[] }[];
  readonly warnings: readonly ReloadProblemJson[];
}

interface ReloadedFileJson {
  readonly file: string;
  /** Of a certificate that is shown, the end of its validity, as in RFC 3339. */
  readonly ["valid_to"]: string | null;
}

interface ReloadProblemJson {
  readonly app: string | null;
  readonly file: string | null;
  readonly message: string;
}

function answer(result: ReloadResult): Response {
  if (result.kind === "done") {
    const { apps, warnings } = result;
    return json(
      {
        apps: apps.map(({ app, files }) => ({ name: app, files: files.map(fileJson) })),
        warnings: warnings.map(problemJson),
      } satisfies ReloadJson,
    );
  }
  const detail = "a file cannot be used, nothing has changed for any app";
  return problem(409, { detail, more: { problems: result.problems.map(problemJson) } });
}

function fileJson({ file, validToMs }: ReloadedFile): ReloadedFileJson {
  return { file, valid_to: validToMs === undefined ? null : new Date(validToMs).toISOString() };
}

function problemJson({ app, file, message }: ReloadProblem): ReloadProblemJson {
  return { app: app ?? null, file: file ?? null, message };
}
