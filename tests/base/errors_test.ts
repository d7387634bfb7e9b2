import { assertRejects, assertStrictEquals } from "@std/assert";
import {
  describeLoss,
  errorCode,
  errorMessage,
  isLoss,
  isReset,
  isResourceExhaustion,
} from "../../lib/base/mod.ts";
import { refusingAddress } from "../helpers/targets.ts";

Deno.test("errorCode: what the runtime throws has the name of its errno", async () => {
  const port = Number(refusingAddress().split(":")[1]);
  const refused = await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port }));
  assertStrictEquals(errorCode(refused), "ECONNREFUSED");
  const unknown = await assertRejects(() => Deno.connect({ hostname: "bad.target.invalid", port: 80 }));
  assertStrictEquals(errorCode(unknown), "ENOTFOUND");
});

Deno.test("errorCode: an error without a code goes by its name", () => {
  assertStrictEquals(errorCode(new Deno.errors.ConnectionReset("x")), "ECONNRESET");
  assertStrictEquals(errorCode(new Deno.errors.Interrupted("x")), "EINTR");
  assertStrictEquals(errorCode(new DOMException("x", "AbortError")), "ABORTED");
  assertStrictEquals(errorCode(new DOMException("x", "TimeoutError")), "ETIMEDOUT");
});

Deno.test("errorCode: whatever else is thrown is UNKNOWN", () => {
  for (const thrown of [undefined, null, "text", 5, {}, new Error("x")]) {
    assertStrictEquals(errorCode(thrown), "UNKNOWN");
  }
});

Deno.test("errorMessage: one line of anything", () => {
  assertStrictEquals(errorMessage(new Error("a\n  b\t")), "a b");
  assertStrictEquals(errorMessage("text"), "text");
  const missing = new Error("No such file or directory (os error 2): readfile '/x'");
  assertStrictEquals(errorMessage(missing), "No such file or directory: readfile '/x'");
  assertStrictEquals(errorMessage(undefined), "undefined");
});

Deno.test("isResourceExhaustion, isReset: their codes and no others", () => {
  for (const code of ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]) {
    assertStrictEquals(isResourceExhaustion(code), true);
    assertStrictEquals(isReset(code), false);
  }
  for (const code of ["ECONNRESET", "EPIPE", "ECONNABORTED", "ENOTCONN"]) {
    assertStrictEquals(isReset(code), true);
    assertStrictEquals(isResourceExhaustion(code), false);
  }
  for (const code of ["ECONNREFUSED", "ETIMEDOUT", "EINTR", "UNKNOWN", ""]) {
    assertStrictEquals(isReset(code) || isResourceExhaustion(code), false);
  }
});

Deno.test("describeLoss: says what became of a connection, and of whose; other codes are no loss", () => {
  assertStrictEquals(describeLoss("ETIMEDOUT", "target"), "the target's host stopped answering (ETIMEDOUT)");
  assertStrictEquals(
    describeLoss("ECONNRESET", "client"),
    "the client has reset the connection (ECONNRESET)",
  );
  for (const code of ["EMFILE", "EBADF", "EINTR", "EINVAL", "UNKNOWN", "NOT_CAPABLE", "toString"]) {
    assertStrictEquals(describeLoss(code, "target"), undefined);
    assertStrictEquals(isLoss(code), false);
  }
});

Deno.test("describeLoss: whatever counts as a reset elsewhere is a loss", () => {
  for (const code of ["ECONNRESET", "EPIPE", "ECONNABORTED", "ENOTCONN"]) {
    assertStrictEquals(isReset(code), true);
    assertStrictEquals(describeLoss(code, "client")?.endsWith(`(${code})`), true);
    assertStrictEquals(isLoss(code), true);
  }
});
