import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ACCESS_FIELDS, TemplateError } from "../../lib/base/mod.ts";
import { accessFormatter, type AccessRecord } from "../../lib/log/mod.ts";
import { anyCodePoints, anyText } from "../helpers/any_text.ts";

const RECORD: AccessRecord = {
  time: Date.UTC(2026, 2, 1, 12, 0, 0, 7),
  id: 17,
  app: "postgres",
  listener: "[::]:5432",
  client: "10.0.0.9:51234",
  target: "10.0.0.5:5432",
  reason: "target_closed",
  bytesUp: 120,
  bytesDown: 4096,
  durationMs: 1500.04,
  connectMs: 0.24,
  tries: 1,
  sni: "db.example.com",
  detail: "it left",
};
const ABSENT = { ...RECORD, target: undefined, connectMs: undefined, sni: undefined, detail: "" };

function line(template: string, record: AccessRecord = RECORD): string {
  return accessFormatter("text", { template })(record);
}

Deno.test("access template: every field has its value", () => {
  assertEquals(
    line(ACCESS_FIELDS.map((field) => `${field}={${field}}`).join(" ")),
    "time=2026-03-01T12:00:00.007Z id=17 app=postgres listener=[::]:5432 client=10.0.0.9:51234 " +
      "target=10.0.0.5:5432 reason=target_closed bytes_up=120 bytes_down=4096 duration_ms=1500 " +
      "connect_ms=0.2 tries=1 sni=db.example.com client_rtt_ms=- client_retransmits=- target_rtt_ms=- " +
      'target_retransmits=- detail="it left"\n',
  );
});

Deno.test("access template: text stays as it is, doubled braces are braces", () => {
  assertEquals(line("{{{id}}}\t→ {id}{app} }}"), "{17}\t→ 17postgres }\n");
});

Deno.test("access template: what is absent is a dash, and what looks like one is quoted", () => {
  assertEquals(line("{target} {connect_ms} {sni} {detail}", ABSENT), "- - - -\n");
  assertEquals(
    line("{client_rtt_ms} {client_retransmits} {target_rtt_ms} {target_retransmits}"),
    "- - - -\n",
  );
  const measures = { client: { rttMs: 1.234, retransmits: 2 }, target: { rttMs: 0.5, retransmits: 0 } };
  assertEquals(
    line("{client_rtt_ms} {client_retransmits} {target_rtt_ms} {target_retransmits}", {
      ...RECORD,
      measures,
    }),
    "1.23 2 0.5 0\n",
  );
  assertEquals(line("{sni} {app}", { ...RECORD, sni: "-", app: "" }), '"-" ""\n');
});

Deno.test("access template: refuses what it cannot read, and says where", () => {
  const wrong: Readonly<Record<string, string>> = {
    "{time} {clinet}": "character 8: the field {clinet} is unknown",
    "{}": "character 1: the field {} is unknown",
    "{ id }": "character 1: the field { id } is unknown",
    "😀 {id": 'character 3: the "{" is not closed',
    "{id} }": 'character 6: the "}" closes nothing',
    "{id}\n": "character 5: a control character",
    "a\x1b[31m{id}": "character 2: a control character",
  };
  for (const [template, message] of Object.entries(wrong)) {
    assertThrows(() => accessFormatter("text", { template }), TemplateError, message);
  }
});

Deno.test("access template: nothing that a client chooses ends its field or the line", () => {
  fc.assert(fc.property(anyText(), anyText(), anyText(), (sni, client, detail) => {
    const written = line("{sni}|{client}|{detail}", { ...RECORD, sni, client, detail });
    // deno-lint-ignore no-control-regex -- control characters are what it looks for
    assertEquals(/^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\n$/.test(written), true);
    const field = String.raw`(?:[\w.:/*@%+[\]-]+|"(?:[^"\\]|\\.)*")`;
    assertEquals(new RegExp(`^${field}\\|${field}\\|${field}\\n$`, "u").test(written), true, written);
  }));
});

Deno.test("access template: any template is read, or refused with a TemplateError", () => {
  const piece = fc.oneof(
    fc.constantFrom("{", "}", "{{", "}}", "{id}", "{x}", " "),
    anyCodePoints(),
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
    try {
      assertEquals(line(pieces.join("")).split("\n").length, 2);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
    }
  }));
});
