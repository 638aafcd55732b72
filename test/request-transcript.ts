import type { Recorded } from './request-recorder.ts';

/** Short words for what kubectl accepts and sends. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/^application\/json;as=Table;v=v1;g=meta\.k8s\.io,.*/u, 'table'],
  [/^application\/json;g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList,.*v2beta1.*/u, 'aggregated-v2'],
  [/^application\/json;g=apidiscovery\.k8s\.io;v=v2beta1;as=APIGroupDiscoveryList,.*/u, 'aggregated-v2beta1'],
  [/^application\/com\.github\.proto-openapi\.spec\.v2(@|\.)v1\.0\+protobuf$/u, 'openapi-v2-protobuf'],
  [/^application\/vnd\.kubernetes\.protobuf,.*json.*/u, 'protobuf-or-json'],
  [/^application\/vnd\.kubernetes\.protobuf$/u, 'protobuf'],
  [/^application\/json, \*\/\*$/u, 'json-or-any'],
  [/^application\/json$/u, 'json'],
];

/** What differs from one run to the next, and what stands for it. */
const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/(?<=[?&](?:resourceVersion|timeoutSeconds)=)\d{2,}/gu, 'N'],
  [/(?<=[?&]hash=)[0-9A-Za-z%_-]+/gu, 'HASH'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gu, 'UID'],
  [/\bweb-[bcdfghjklmnpqrstvwxz2456789]{5,10}-[0-9a-z]{5}\b/gu, 'web-HASH-POD'],
  [/\bweb-[bcdfghjklmnpqrstvwxz2456789]{5,10}\b/gu, 'web-HASH'],
];

/** One request in one line: `GET /path accept=table -> 200`. */
export function lineOf(recorded: Recorded): string {
  const { method, url, accept, contentType, upgrade, status } = recorded;
  const parts = [
    method,
    CHANGING.reduce((text, [found, word]) => text.replaceAll(found, word), ordered(url)),
  ];
  if (upgrade !== '') parts.push(`upgrade=${upgrade.replaceAll(' ', ':')}`);
  if (accept !== '') parts.push(`accept=${shortForm(accept)}`);
  if (contentType !== '') parts.push(`content=${shortForm(contentType)}`);
  return `${parts.join(' ')} -> ${status}`;
}

/** With the terms of a field selector in the order of the alphabet: kubectl's own order is by chance. */
function ordered(url: string): string {
  return url.replace(/(?<=fieldSelector=)[^&]+/u, (terms) => terms.split('%2C').toSorted().join('%2C'));
}

function shortForm(header: string): string {
  const known = FORMS.find(([pattern]) => pattern.test(header));
  return known?.[1] ?? header.replaceAll(' ', '');
}

/** What one kubectl asked for each of its commands: the lines, under the command as it was typed. */
export type Transcript = ReadonlyMap<string, readonly string[]>;

/**
 * Transcripts of several versions as text. Under `$ COMMAND` stands what is asked, once for all versions that ask the
 * same: `[1.31 1.33]`, then one line a request.
 */
export function formatTranscripts(transcripts: ReadonlyMap<string, Transcript>): string {
  // The newest knows every command.
  const newestFirst = [...transcripts.values()].toReversed();
  const titles = new Set(newestFirst.flatMap((transcript) => [...transcript.keys()]));
  return [...titles].map((title) => formatCommand(title, transcripts)).join('\n');
}

function formatCommand(title: string, transcripts: ReadonlyMap<string, Transcript>): string {
  const variants = new Map<string, string[]>();
  for (const [version, transcript] of transcripts) {
    const text = transcript.get(title)?.join('\n');
    if (text !== undefined) variants.set(text, [...(variants.get(text) ?? []), version]);
  }
  return [
    `$ kubectl ${title}\n`,
    ...[...variants].map(([text, versions]) => `[${versions.join(' ')}]\n${text}\n`),
  ].join('');
}

/** Reads what {@link formatTranscripts} wrote. */
export function parseTranscripts(text: string): Map<string, Map<string, string[]>> {
  const transcripts = new Map<string, Map<string, string[]>>();
  let title = '';
  let versions: string[] = [];
  for (const line of text.split('\n').filter((candidate) => candidate !== '')) {
    if (line.startsWith('$ kubectl ')) {
      title = line.slice('$ kubectl '.length);
    } else if (line.startsWith('[')) {
      versions = line.slice(1, -1).split(' ');
      for (const version of versions) {
        const transcript = transcripts.get(version) ?? new Map<string, string[]>();
        transcripts.set(version, transcript.set(title, []));
      }
    } else {
      for (const version of versions) transcripts.get(version)?.get(title)?.push(line);
    }
  }
  return transcripts;
}
