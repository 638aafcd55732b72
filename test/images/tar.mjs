// A small tar writer: ustar, with GNU's records for names over 100 bytes. The same entries give the same bytes.

const BLOCK_BYTES = 512;
const NAME_BYTES_MAX = 100;

/**
 * @typedef {{ path: string, type: 'file', content: Uint8Array, mode: number, uid?: number, gid?: number }
 *   | { path: string, type: 'folder', mode: number, uid?: number, gid?: number }
 *   | { path: string, type: 'link', target: string, uid?: number, gid?: number }} Entry
 */

/** Packs entries, sorted by path, so that a folder comes before what is in it. Times are 0. */
export function tar(/** @type {Entry[]} */ entries) {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return Buffer.concat([...sorted.flatMap(record), Buffer.alloc(2 * BLOCK_BYTES)]);
}

const TYPES = { file: '0', link: '2', folder: '5' };

function record(/** @type {Entry} */ entry) {
  const path = entry.type === 'folder' ? `${entry.path}/` : entry.path;
  const target = entry.type === 'link' ? entry.target : '';
  const content = entry.type === 'file' ? entry.content : Buffer.alloc(0);
  const mode = entry.type === 'link' ? 0o777 : entry.mode;
  const { uid = 0, gid = 0 } = entry;
  return [
    ...longText('L', path),
    ...longText('K', target),
    header({ path, target, mode, uid, gid, size: content.length, type: TYPES[entry.type] }),
    ...padded(content),
  ];
}

/** A name that does not fit is the content of a record before. */
function longText(/** @type {string} */ type, /** @type {string} */ text) {
  if (Buffer.byteLength(text) <= NAME_BYTES_MAX) return [];
  const content = Buffer.from(`${text}\0`);
  const fields = {
    path: '././@LongLink',
    target: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: content.length,
    type,
  };
  return [header(fields), ...padded(content)];
}

function padded(/** @type {Uint8Array} */ content) {
  return [content, Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES)];
}

function header(/** @type {Record<string, any>} */ { path, target, mode, uid, gid, size, type }) {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (/** @type {number} */ value, /** @type {number} */ digits) =>
    value.toString(8).padStart(digits, '0');
  block.write(path.slice(0, NAME_BYTES_MAX), 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(uid, 7), 108);
  block.write(octal(gid, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.fill(' ', 148, 156);
  block.write(type, 156);
  block.write(target.slice(0, NAME_BYTES_MAX), 157);
  block.write('ustar\0', 257);
  block.write('00', 263);
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  );
  return block;
}
