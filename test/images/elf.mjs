// Reads from an ELF file what it needs to run: its loader and its shared libraries (System V ABI, "Dynamic Linking").

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;

/** The loader's path and the names of the libraries; undefined where the file is not a 64-bit ELF file. */
export function elfNeeds(/** @type {Buffer} */ file) {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2) return undefined;
  const segments = programHeaders(file);
  const interpreter = segments.find((segment) => segment.type === PT_INTERP);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  return {
    loader: interpreter === undefined ? undefined : text(file, interpreter.offset),
    libraries: dynamic === undefined ? [] : libraries(file, segments, dynamic),
  };
}

function programHeaders(/** @type {Buffer} */ file) {
  const start = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

/**
 * @param {Buffer} file
 * @param {ReturnType<typeof programHeaders>} segments
 * @param {ReturnType<typeof programHeaders>[number]} dynamic
 */
function libraries(file, segments, dynamic) {
  const entries = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    entries.push({ tag: file.readBigInt64LE(at), value: Number(file.readBigUInt64LE(at + 8)) });
  }
  const table = entries.find((entry) => entry.tag === DT_STRTAB)?.value ?? 0;
  const holder = segments.find(
    (segment) =>
      segment.type === PT_LOAD && table >= segment.address && table < segment.address + segment.size,
  );
  if (holder === undefined) return [];
  const names = holder.offset + table - holder.address;
  return entries.filter((entry) => entry.tag === DT_NEEDED).map((entry) => text(file, names + entry.value));
}

function text(/** @type {Buffer} */ file, /** @type {number} */ at) {
  return file.toString('utf8', at, file.indexOf(0, at));
}
