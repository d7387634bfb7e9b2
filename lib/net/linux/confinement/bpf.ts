/**
 * Programs of the classic Berkeley packet filter over the data of a system call (`seccomp(2)`, `linux/filter.h`).
 *
 * @module
 */

/** One instruction: `struct sock_filter`. */
export interface Instruction {
  readonly code: number;
  /** How many instructions to skip if the comparison holds. */
  readonly onTrue: number;
  readonly onFalse: number;
  readonly value: number;
}

const BPF_LD_W_ABS = 0x20;
const BPF_ALU_AND_K = 0x54;
const BPF_JMP_JEQ_K = 0x15;
const BPF_JMP_JGE_K = 0x35;
const BPF_RET_K = 0x06;

/** Offsets in `struct seccomp_data`. */
export const NUMBER_AT = 0;
export const ARCHITECTURE_AT = 4;
const ARGUMENTS_AT = 16;

/** What a filter returns (`SECCOMP_RET_*`). */
export const ALLOW = 0x7fff0000;
const RET_ERRNO = 0x00050000;

/** Fails the call with this errno. */
export function failWith(errno: number): number {
  return RET_ERRNO | errno;
}

/** Loads 32 bits of the call's data. */
export function load(at: number): Instruction {
  return { code: BPF_LD_W_ABS, onTrue: 0, onFalse: 0, value: at };
}

/** Loads the lower half of an argument. Only this half counts where the kernel takes an `int`. */
export function loadLow(argument: number): Instruction {
  return load(ARGUMENTS_AT + 8 * argument);
}

/** Loads the upper half of an argument; all supported machines are little-endian. */
export function loadHigh(argument: number): Instruction {
  return load(ARGUMENTS_AT + 8 * argument + 4);
}

/** Keeps these bits of what was loaded. */
export function and(bits: number): Instruction {
  return { code: BPF_ALU_AND_K, onTrue: 0, onFalse: 0, value: bits };
}

/** Skips instructions if what was loaded equals the value, others if not. */
export function ifEqual(value: number, onTrue: number, onFalse: number): Instruction {
  return { code: BPF_JMP_JEQ_K, onTrue, onFalse, value };
}

/** The same for "at least", without a sign. */
export function ifAtLeast(value: number, onTrue: number, onFalse: number): Instruction {
  return { code: BPF_JMP_JGE_K, onTrue, onFalse, value };
}

/** Ends with this answer. */
export function answer(value: number): Instruction {
  return { code: BPF_RET_K, onTrue: 0, onFalse: 0, value };
}

/** Most instructions that the kernel takes. */
const MAX_INSTRUCTIONS = 4096;

/**
 * Encodes a program as the kernel reads it, eight bytes an instruction.
 *
 * @throws {RangeError} for a program that is too long, or jumps farther than a byte says.
 */
export function encodeProgram(program: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  if (program.length > MAX_INSTRUCTIONS) throw new RangeError(`filter: ${program.length} instructions`);
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, onTrue, onFalse, value }] of program.entries()) {
    if (onTrue > 255 || onFalse > 255) {
      throw new RangeError(`filter: a jump over ${Math.max(onTrue, onFalse)}`);
    }
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, onTrue);
    view.setUint8(index * 8 + 3, onFalse);
    view.setUint32(index * 8 + 4, value >>> 0, true);
  }
  return bytes;
}
