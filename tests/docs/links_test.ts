/**
 * Every link of every page leads somewhere, and every page of `docs/` can be reached from its index.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { parsePage } from "./markdown.ts";
import { exists, INDEX, readPages, resolveLink } from "./pages.ts";

const PAGES = readPages();

Deno.test("docs: every link leads to a file of the repository, and its anchor to a heading there", () => {
  const broken = [...PAGES.values()].flatMap((page) =>
    page.links.flatMap(({ line, target }) => {
      const found = resolveLink(page.path, target);
      if (found === undefined) return [];
      const at = `${page.path}:${line}: ${target}`;
      if (!exists(found.path)) return [`${at}: there is no ${found.path}`];
      const other = PAGES.get(found.path);
      if (found.anchor === "" || other === undefined || other.anchors.has(found.anchor)) return [];
      return [`${at}: ${found.path} has no heading "#${found.anchor}"`];
    })
  );
  assertEquals(broken, []);
});

Deno.test("docs: every page is reached from docs/README.md", () => {
  const reached = new Set<string>();
  const pending = [INDEX];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const page = PAGES.get(path);
    if (page === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { target } of page.links) {
      const found = resolveLink(path, target)?.path;
      if (found === undefined) continue;
      // A link to a folder stands for the pages in it: a reader sees them listed.
      pending.push(found, ...[...PAGES.keys()].filter((each) => folderOf(each) === found));
    }
  }
  const missed = [...PAGES.keys()].filter((path) => path.startsWith("docs/") && !reached.has(path));
  assertEquals(missed, [], `link each from ${INDEX}, or from a page that is linked there`);
});

function folderOf(path: string): string {
  return path.replace(/\/[^/]*$/, "");
}

Deno.test("docs: code is fenced, so that tests see it", () => {
  const found = [...PAGES.values()].flatMap(({ path, indentedCode }) =>
    indentedCode.map((line) => `${path}:${line}`)
  );
  assertEquals(found, [], "put it between ``` and say what it is: see CONTRIBUTING.md");
});

Deno.test("parsePage: headings, links, fences and code are distinguished", () => {
  const page = parsePage(
    "docs/a.md",
    [
      "# A `b` [c](d.md)!",
      "## Same",
      "## Same",
      "See [e](../f.md#g), not `[h](i.md)`; run `tcpproxy check`.",
      '<img src="j.png">',
      "",
      "- item",
      "",
      "  ```yaml app",
      "  x: 1",
      "  ```",
      "````md",
      "```",
      "[k](l.md)",
      "````",
      "plain",
      "",
      "    indented",
    ].join("\n"),
  );
  assertEquals([...page.anchors], ["a-b-c", "same", "same-1"]);
  assertEquals(page.links.map(({ target }) => target), ["d.md", "../f.md#g", "j.png"]);
  assertEquals(page.blocks, [
    { line: 10, language: "yaml", info: ["app"], text: "x: 1\n" },
    { line: 13, language: "md", info: [], text: "```\n[k](l.md)\n" },
  ]);
  assertEquals(page.inlineCode.map(({ text }) => text), ["b", "[h](i.md)", "tcpproxy check"]);
  assertEquals(page.indentedCode, [18]);
  assertEquals(resolveLink("docs/a.md", "../f.md#g"), { path: "f.md", anchor: "g" });
  assertEquals(resolveLink("docs/a.md", "https://example.com/"), undefined);
});
