import { badRequest } from '#api/status.ts';

/** The most segments of a pointer; a longer one is refused, so that no patch nests an object without end. */
const POINTER_SEGMENTS_MAX = 256;

/** The segments of a JSON pointer (RFC 6901): none for `''`, which is the whole document. Throws BadRequest. */
export function parsePointer(text: string): string[] {
  if (text === '') return [];
  if (!text.startsWith('/'))
    throw badRequest(`JSON pointer ${JSON.stringify(text)} must be empty or start with "/"`);
  const segments = text.slice(1).split('/', POINTER_SEGMENTS_MAX + 1);
  if (segments.length > POINTER_SEGMENTS_MAX) {
    throw badRequest(`JSON pointer has more than ${POINTER_SEGMENTS_MAX} segments`);
  }
  return segments.map((segment) => {
    if (/~(?![01])/.test(segment)) {
      throw badRequest(`JSON pointer ${JSON.stringify(text)} has a "~" that is not "~0" or "~1"`);
    }
    return segment.replaceAll('~1', '/').replaceAll('~0', '~');
  });
}

/** The pointer of these segments. */
export function formatPointer(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
