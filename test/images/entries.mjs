// Entries of a layer: what recipes of images are written in.

/** @typedef {import('./tar.mjs').Entry} Entry */

/** @returns {Entry} */
export const file = (/** @type {string} */ path, /** @type {string} */ text, mode = 0o644) => ({
  path,
  type: 'file',
  content: Buffer.from(text),
  mode,
});

/** @returns {Entry} */
export const folder = (/** @type {string} */ path, mode = 0o755, owner = 0) => ({
  path,
  type: 'folder',
  mode,
  uid: owner,
  gid: owner,
});

/** @returns {Entry} */
export const link = (/** @type {string} */ path, /** @type {string} */ target) => ({
  path,
  type: 'link',
  target,
});
