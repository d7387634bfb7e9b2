import { problem } from "../../responses.ts";
import type { AdminRoute } from "../../route.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** The page may load from this server and call it, nothing else. With Trusted Types no text can become markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/** The dashboard's page. It holds no data, so it is open; the page asks for the token where there is one. */
export const dashboard: AdminRoute = {
  path: "/",
  isOpen: true,
  operations: {
    GET: {
      summary: "The dashboard, for a browser",
      responses: { 200: { description: "A page without data", mediaType: "text/html" } },
      handle: async () => {
        const { PAGE } = await import("../../dashboard/assets.ts");
        return file("index.html", PAGE);
      },
    },
  },
};

/** The scripts and styles of the dashboard. */
export const dashboardFile: AdminRoute = {
  path: "/dashboard/:file{.+}",
  isOpen: true,
  operations: {
    GET: {
      summary: "A file of the dashboard",
      parameters: [{ name: "file", in: "path", description: "Its path", example: "main.js" }],
      responses: {
        200: { description: "The file", mediaType: "text/javascript" },
        404: { description: "Unknown file" },
      },
      handle: async ({ req }) => {
        const { ASSETS } = await import("../../dashboard/assets.ts");
        const name = req.param("file") ?? "";
        const text = ASSETS.get(name);
        return text === undefined ? problem(404, { detail: `no file "${name}"` }) : file(name, text);
      },
    },
  },
};

function file(name: string, text: string): Response {
  const type = TYPES[name.replace(/^.*\./, "")] ?? "text/plain";
  return new Response(text, { headers: { "content-type": type, ...HEADERS } });
}
