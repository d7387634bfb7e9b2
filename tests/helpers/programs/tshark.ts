/**
 * What tshark makes of a capture.
 *
 * @module
 */

/** Reads a capture with tshark, which is given these further arguments; throws when it complains. */
async function tshark(capture: Uint8Array, args: readonly string[]): Promise<string> {
  const child = new Deno.Command("tshark", {
    // Ports of a test may be those of a protocol that its bytes are not of.
    args: ["-Q", "-n", "-r", "-", "-d", "tcp.port==1-65535,data", ...CHECKS, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(capture);
  await writer.close();
  const { code, stdout, stderr } = await output;
  const said = new TextDecoder().decode(stderr).split("\n")
    .filter((line) => line !== "" && !line.startsWith("Running as user"));
  if (code !== 0 || said.length > 0) throw new Error(`tshark: code ${code}: ${said.join("\n")}`);
  return new TextDecoder().decode(stdout);
}

const CHECKS = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];

/** All that tshark finds wrong: what it cannot read, gaps, wrong checksums, warnings. Of a reset it always warns. */
const WRONG =
  "_ws.malformed or tcp.analysis.flags or tcp.checksum.status == 0 or ip.checksum.status == 0 or " +
  "(_ws.expert.severity >= 0x600000 and tcp.flags.reset == 0)";

/** A capture as tshark reads it. */
export interface Examined {
  /** The packets of which something is wrong, a line each. */
  readonly findings: readonly string[];
  /** What the two ends of each connection sent, the one that began it first. */
  readonly streams: readonly (readonly [Uint8Array, Uint8Array])[];
}

/** Examines a capture of so many connections, by default of one session: one on each side. */
export async function examined(capture: Uint8Array, connections = 2): Promise<Examined> {
  const follow = Array.from({ length: connections }, (_, stream) => ["-z", `follow,tcp,raw,${stream}`])
    .flat();
  const text = await tshark(capture, ["-Y", WRONG, ...follow]);
  const [packets = "", ...sections] = text.split(/^Follow: tcp,raw\n/m);
  const streams: [Uint8Array, Uint8Array][] = [];
  for (const section of sections) {
    const lines = section.split("\n").filter((line) => /^\t?[0-9a-f]+$/.test(line));
    const own = lines.filter((line) => !line.startsWith("\t"));
    const other = lines.filter((line) => line.startsWith("\t")).map((line) => line.trim());
    // They come in no order.
    const number = Number(/tcp\.stream eq (\d+)/.exec(section)?.[1]);
    streams[number] = [bytesOf(own.join("")), bytesOf(other.join(""))];
  }
  return { findings: packets.split("\n").filter((line) => !/^=*$/.test(line)), streams };
}

/** The values of some fields of each packet that has the first of them. */
export async function fieldsOf(capture: Uint8Array, ...fields: readonly string[]): Promise<string[][]> {
  const wanted = fields.flatMap((field) => ["-e", field]);
  const text = await tshark(capture, ["-T", "fields", ...wanted]);
  return text.split("\n").filter((line) => line !== "").map((line) => line.split("\t"));
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(
    { length: hex.length / 2 },
    (_, index) => parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}
