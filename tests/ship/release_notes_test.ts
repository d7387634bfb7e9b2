import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { releaseNotes, ReleaseNotesError } from "../../tools/ship/release_notes.ts";

const CHANGELOG = `# Changelog

What users notice.

## [Unreleased]

### Added

- Something that is
  not released.

## [1.2.0] - 2026-03-01

Two lines that are
one paragraph.

### Added

- An item over
  two lines, with \`code\`.
- Another:

  \`\`\`sh
  one
  two
  \`\`\`
  behind the code
  - nested
    item

| a | b |
| - | - |
| 1 | 2 |

## [1.1.0] - 2026-01-31

### Fixed

### Added

## [1.0.0]

- No date.
`;

Deno.test("releaseNotes: gives the section of a version, with a line for each paragraph and item", () => {
  assertEquals(
    releaseNotes(CHANGELOG, "1.2.0"),
    `Two lines that are one paragraph.

### Added

- An item over two lines, with \`code\`.
- Another:

  \`\`\`sh
  one
  two
  \`\`\`
  behind the code
  - nested item

| a | b |
| - | - |
| 1 | 2 |
`,
  );
});

for (
  const { version, says } of [
    { version: "1.2", says: 'there is no section for 1.2; rename "## [Unreleased]"' },
    { version: "1.0.0", says: 'the section is headed "## [1.0.0]"; expected "## [1.0.0] - YYYY-MM-DD"' },
    { version: "1.1.0", says: "the section of 1.1.0 is empty" },
  ]
) {
  Deno.test(`releaseNotes: of ${version}, says that ${says}`, () => {
    const error = assertThrows(() => releaseNotes(CHANGELOG, version), ReleaseNotesError);
    assertStringIncludes(error.message, says);
  });
}

Deno.test("releaseNotes: reads the project's own changelog", async () => {
  const changelog = await Deno.readTextFile(new URL("../../CHANGELOG.md", import.meta.url));
  const notes = releaseNotes(changelog.replace("## [Unreleased]", "## [9.9.9] - 2026-01-01"), "9.9.9");
  assertStringIncludes(notes, "### Added\n\n- ");
});
