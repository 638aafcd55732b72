import { auditFileName, auditFileNumbers, readAnchor } from '#apiserver/audit/audit-log.ts';
import { GENESIS, type Link, readLine } from '#apiserver/audit/hash-chain.ts';
import type { Disk } from '#system/disk.ts';

/** Bytes of a file that are looked at at a time. */
const PIECE_BYTES = 1024 * 1024;

/** What is wrong, and where. */
export interface AuditFault {
  readonly file: string;
  /** From 1; 0 where it is about the file as a whole. */
  readonly line: number;
  readonly why: string;
}

/** What was found. Without faults the lines are those that were written, in their order, none missing between the first and the last. */
export interface AuditVerdict {
  readonly files: number;
  readonly lines: number;
  readonly first: number;
  readonly last: number;
  readonly faults: readonly AuditFault[];
  /** What could not be checked. */
  readonly notes: readonly string[];
}

/** What a server says of a log that it found shorter than the anchor. */
const MISSING = /"skerry\.io\/missing-lines":"([1-9]\d*)"/;

/** The most faults that are listed; after an edit every further one is likely to be of its making. */
const FAULTS_MAX = 100;

/** Checks the log in a data folder: the chain, and by the anchor its two ends. */
export async function verifyData(disk: Disk, dataFolder: string): Promise<AuditVerdict> {
  const folder = `${dataFolder}/audit`;
  const numbers = auditFileNumbers(await disk.list(folder));
  const anchor = await readAnchor(disk, dataFolder);
  const faults: AuditFault[] = [];
  if (anchor === undefined)
    faults.push({
      file: `${dataFolder}/audit-anchor.json`,
      line: 0,
      why: 'the anchor is missing or broken: whether lines are missing at either end cannot be told',
    });
  for (const [index, number] of numbers.entries()) {
    const before = numbers[index - 1];
    if (before !== undefined && number !== before + 1)
      faults.push({ file: `${folder}/${auditFileName(before + 1)}`, line: 0, why: 'the file is missing' });
  }
  const verdict = await verifyFiles(
    disk,
    numbers.map((number) => `${folder}/${auditFileName(number)}`),
    {
      ...(anchor === undefined ? {} : { base: anchor.base, head: anchor.head }),
    },
  );
  return {
    ...verdict,
    faults: [...faults, ...verdict.faults].slice(0, FAULTS_MAX),
  };
}

/** Checks files that follow each other; `base` is what the first line must follow, `head` a line that must be there. */
export async function verifyFiles(
  disk: Disk,
  files: readonly string[],
  { base, head }: { base?: Link; head?: Link } = {},
): Promise<AuditVerdict> {
  const state: State = {
    before: base,
    last: undefined,
    first: undefined,
    lines: 0,
    faults: [],
    head,
    headSeen: head?.sequence === 0,
  };
  for (const file of files) await verifyFile(disk, file, state);
  const lastFile = files.at(-1) ?? '';
  if (head !== undefined && !state.headSeen) {
    const missing = head.sequence - (state.last?.sequence ?? base?.sequence ?? 0);
    const why =
      missing > 0
        ? `the end is missing: the log ends at line number ${state.last?.sequence ?? 0}, the anchor knows number ${head.sequence}`
        : `line number ${head.sequence} is not the one that the anchor knows`;
    addFault(state, { file: lastFile, line: 0, why });
  }
  const notes = [
    ...(head === undefined
      ? ['without the data folder there is no anchor: lines cut off at the end are not noticed']
      : []),
    ...(base === undefined && state.first !== undefined && state.first.sequence !== 1
      ? [`the first line has number ${state.first.sequence}: what stood before it was not checked`]
      : []),
  ];
  return {
    files: files.length,
    lines: state.lines,
    first: state.first?.sequence ?? 0,
    last: state.last?.sequence ?? 0,
    faults: state.faults,
    notes,
  };
}

interface State {
  before: Link | undefined;
  last: Link | undefined;
  first: Link | undefined;
  lines: number;
  readonly faults: AuditFault[];
  readonly head: Link | undefined;
  headSeen: boolean;
}

function addFault(state: State, fault: AuditFault): void {
  if (state.faults.length < FAULTS_MAX) state.faults.push(fault);
}

async function verifyFile(disk: Disk, file: string, state: State): Promise<void> {
  const stat = await disk.stat(file);
  if (stat === undefined) return addFault(state, { file, line: 0, why: 'the file is missing' });
  let rest = Buffer.alloc(0);
  let line = 0;
  for (let offset = 0; offset < stat.sizeBytes; offset += PIECE_BYTES) {
    const piece = (await disk.readRange(file, offset, PIECE_BYTES)) ?? new Uint8Array();
    let bytes = Buffer.concat([rest, piece]);
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a)) {
      line += 1;
      verifyLine(bytes.subarray(0, end).toString('utf8'), { file, line }, state);
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
  }
  if (rest.length > 0)
    addFault(state, { file, line: line + 1, why: `the line is torn: ${rest.length} bytes without an end` });
}

function verifyLine(text: string, place: { file: string; line: number }, state: State): void {
  state.lines += 1;
  const read = readLine(text);
  if (read === undefined)
    return addFault(state, {
      ...place,
      why: 'the line is not one of this log: its chain field is missing or changed',
    });
  const { previous, link, isIntact } = read;
  if (!isIntact)
    addFault(state, {
      ...place,
      why: `the line was changed: its content does not have the hash that it names (number ${link.sequence})`,
    });
  const expected = state.before ?? (state.first === undefined && link.sequence === 1 ? GENESIS : undefined);
  if (expected !== undefined && (previous !== expected.hash || link.sequence !== expected.sequence + 1)) {
    const why =
      link.sequence === expected.sequence + 1
        ? `the line does not follow the one before it: that was changed or replaced (number ${link.sequence})`
        : `expected line number ${expected.sequence + 1}, found ${link.sequence}: lines are missing, doubled or in another order`;
    addFault(state, { ...place, why });
  }
  const [, missing] = MISSING.exec(text) ?? [];
  if (missing !== undefined)
    addFault(state, {
      ...place,
      why: `at this start of the server ${missing} lines were missing before this one`,
    });
  state.first ??= link;
  state.before = link;
  state.last = link;
  if (link.sequence === state.head?.sequence && link.hash === state.head.hash) state.headSeen = true;
}
