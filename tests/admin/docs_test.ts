import { assertEquals } from "@std/assert";
import { templateOf } from "../../lib/admin/openapi/document.ts";
import { operationsOf } from "../../lib/admin/route.ts";
import { ROUTES } from "../../lib/admin/routes/all.ts";

const DOCS = Deno.readTextFileSync(new URL("../../docs/admin-api.md", import.meta.url));

const OPERATIONS = ROUTES.flatMap((route) =>
  operationsOf(route).map(([method]) => `${method} ${templateOf(route.path)}`)
);

Deno.test("docs/admin-api.md: lists every operation of the API, and no other", () => {
  const listed = [...DOCS.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/[^`]*)`/g)].map(([, what]) => what);
  assertEquals([...new Set(listed)].sort(), OPERATIONS.toSorted());
});

Deno.test("docs/admin-api.md: has an example for every path", () => {
  // Some examples keep their path in a variable.
  const targets = DOCS.replaceAll("$t", "$api/api/apps/postgres/targets/10.0.0.5:5432");
  const examples = [...targets.matchAll(/^curl .*?\$api(\/[^\s"?]*)/gm)].map(([, path = ""]) => path);
  const missing = ROUTES.map(({ path }) => templateOf(path))
    .filter((path) => {
      const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+").replaceAll(".", "\\.")}$`);
      return !examples.some((example) => pattern.test(example));
    });
  // Pages are for browsers.
  assertEquals(missing, ["/", "/dashboard/{file}"]);
});
