import { StatusError } from '#api/status.ts';

/** In which shape an answer is wanted: the object itself, rows of a table, or its metadata alone. */
export type Representation = 'object' | 'table' | 'partialMetadata';

/**
 * Chooses a representation by the Accept header, first acceptable one first, as clients of Kubernetes order them. Protobuf
 * is passed over: every client that names it names JSON too. Throws 406 where nothing fits.
 */
export function chooseRepresentation(accept: string | undefined): Representation {
  if (accept === undefined || accept === '') return 'object';
  for (const range of accept.split(',')) {
    const [mediaType = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (!isJson(mediaType)) continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === undefined) return 'object';
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'partialMetadata';
  }
  throw new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: application/json, got "${accept.slice(0, 200)}"`,
  );
}

function isJson(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType === '*/*' || mediaType === 'application/*';
}
