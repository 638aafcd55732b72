/** The least int; less overflows: `integer overflow`. */
export const INT_MIN = -(2n ** 63n);
/** The largest int; more overflows: `integer overflow`. */
export const INT_MAX = 2n ** 63n - 1n;
/** The largest uint; more overflows: `unsigned integer overflow`. */
export const UINT_MAX = 2n ** 64n - 1n;
