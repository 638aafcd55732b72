import { ociArchive } from '#cri/oci-archive.ts';

/** The name of the image that holds a pod's namespaces open. Imported, never pulled. */
export const PAUSE_IMAGE = 'localhost/pause:1';

const LOAD_ADDRESS = 0x400000n;
const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const CODE_OFFSET = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;

const EM_X86_64 = 62;
const EM_AARCH64 = 183;

/** `struct sigaction` of the kernel with handler SIG_IGN: children that end are reaped by nobody's doing. */
const SIGACTION_IGNORE = Buffer.from([1, ...Buffer.alloc(31)]);

/**
 * The pause image as an OCI archive for amd64 and arm64: a program of two system calls, made here, so that a site needs no
 * registry for its first pod. It ignores SIGCHLD, so that orphans of a pod with a shared process namespace vanish, and
 * then waits for ever.
 */
export function pauseImageArchive(): Uint8Array {
  const image = (architecture: 'amd64' | 'arm64', content: Uint8Array) => ({
    architecture,
    files: [{ path: 'pause', content, mode: 0o755 }],
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
  });
  return ociArchive(PAUSE_IMAGE, [image('amd64', pauseAmd64()), image('arm64', pauseArm64())]);
}

/** The program for x86-64: 188 bytes. */
export function pauseAmd64(): Uint8Array {
  const code = Buffer.from(
    [
      [0xb8, 13, 0, 0, 0], // mov eax, rt_sigaction
      [0xbf, 17, 0, 0, 0], // mov edi, SIGCHLD
      [0x48, 0x8d, 0x35, 19, 0, 0, 0], // lea rsi, [rip + 19]: the sigaction behind the code
      [0x31, 0xd2], // xor edx, edx
      [0x41, 0xba, 8, 0, 0, 0], // mov r10d, 8: bytes of a signal set
      [0x0f, 0x05], // syscall
      [0xb8, 34, 0, 0, 0], // mov eax, pause
      [0x0f, 0x05], // syscall
      [0xeb, 0xf7], // jmp to "mov eax, pause"
    ].flat(),
  );
  return elf(EM_X86_64, Buffer.concat([code, SIGACTION_IGNORE]));
}

/** The program for AArch64: 208 bytes. This kernel has no `pause`; `ppoll` of nothing waits as long. */
export function pauseArm64(): Uint8Array {
  const set = (register: number, value: number): number => 0xd2800000 + value * 32 + register; // movz
  const svc = 0xd4000001;
  const sigactionOffset = 56;
  const instructions = [
    set(8, 134), // rt_sigaction
    set(0, 17), // SIGCHLD
    0x10000000 + ((sigactionOffset - 8) / 4) * 32 + 1, // adr x1, the sigaction behind the code
    set(2, 0),
    set(3, 8), // bytes of a signal set
    svc,
    set(8, 73), // ppoll
    set(0, 0),
    set(1, 0),
    set(2, 0),
    set(3, 0),
    svc,
    0x17fffffa, // b to "ppoll", six instructions back
  ];
  const code = Buffer.alloc(sigactionOffset);
  for (const [index, instruction] of instructions.entries()) code.writeUInt32LE(instruction, index * 4);
  return elf(EM_AARCH64, Buffer.concat([code, SIGACTION_IGNORE]));
}

/** An executable of one segment that holds headers and code (System V ABI, "Object Files"). */
function elf(machine: number, code: Uint8Array): Uint8Array {
  const size = BigInt(CODE_OFFSET + code.length);
  const header = Buffer.alloc(CODE_OFFSET);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64 bits, little-endian, version 1
  header.writeUInt16LE(2, 16); // executable
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(LOAD_ADDRESS + BigInt(CODE_OFFSET), 24); // entry
  header.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32); // program headers
  header.writeUInt16LE(ELF_HEADER_BYTES, 52);
  header.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  header.writeUInt16LE(1, 56); // one program header
  header.writeUInt32LE(1, 64); // loaded
  header.writeUInt32LE(5, 68); // readable, executable
  header.writeBigUInt64LE(LOAD_ADDRESS, 80);
  header.writeBigUInt64LE(LOAD_ADDRESS, 88);
  header.writeBigUInt64LE(size, 96);
  header.writeBigUInt64LE(size, 104);
  header.writeBigUInt64LE(0x10000n, 112); // aligned to the largest page of either architecture
  return Buffer.concat([header, code]);
}
