/** What a server made of a request. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The `Warning` header. */
  readonly warnings: string;
}

interface StatusBody {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { field: string; reason: string; message: string }[] };
}

/** What differs from request to request, and from server to server, and says nothing: names by which servers know things. */
const NOISE = [
  /^metadata\.(managedFields|uid|resourceVersion|creationTimestamp|name)/u,
  /creationTimestamp$/u,
  /^status\b/u,
  /^spec\.(clusterIPs?|healthCheckNodePort)\b/u,
  /nodePort$/u,
  /controller-uid$/u,
];

/** How two answers differ, in one line each; nothing where they say the same. */
export function differencesOf(theirs: Answer, ours: Answer): string[] {
  if (theirs.status >= 300 || ours.status >= 300) return refusalDifferences(theirs, ours);
  const fields = fieldDifferences(theirs.body, ours.body, '');
  if (fields.length > 0) return fields;
  return theirs.warnings === ours.warnings ? [] : [`warnings: ${theirs.warnings} <> ${ours.warnings}`];
}

/** Of bodies that cannot be read at all, only that both refuse them counts: each says in its own words where. */
function refusalDifferences(theirs: Answer, ours: Answer): string[] {
  if (theirs.status === 400 && ours.status === 400) return [];
  const [a, b] = [refusalOf(theirs), refusalOf(ours)];
  const onlyTheirs = a.filter((line) => !b.includes(line));
  const onlyOurs = b.filter((line) => !a.includes(line));
  if (onlyTheirs.length === 0 && onlyOurs.length === 0) return [];
  return [`${onlyTheirs.join(' + ') || 'nothing more'} <> ${onlyOurs.join(' + ') || 'nothing more'}`];
}

function refusalOf({ status, body }: Answer): string[] {
  if (status < 300) return ['accepted'];
  const { message = '', details } = body as StatusBody;
  const causes = details?.causes ?? [];
  if (causes.length === 0) return [`${status} ${message}`];
  return causes.map((cause) => `${status} ${cause.field}: ${cause.message}`);
}

function fieldDifferences(theirs: unknown, ours: unknown, path: string): string[] {
  if (NOISE.some((pattern) => pattern.test(path)) || (isEmpty(theirs) && isEmpty(ours))) return [];
  if (typeof theirs !== 'object' || typeof ours !== 'object' || isEmpty(theirs) || isEmpty(ours))
    return theirs === ours ? [] : [`${path}: ${textOf(theirs)} <> ${textOf(ours)}`];
  const [a, b] = [theirs as Record<string, unknown>, ours as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    fieldDifferences(a[key], b[key], path === '' ? key : `${path}.${key}`),
  );
}

/** Go leaves out what is empty, but for some fields; whether it stands there is no difference that counts. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}

function textOf(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, 80);
}

/** How two answers differ in who owns which field, in one line for each manager. */
export function managerDifferences(theirs: Answer, ours: Answer): string[] {
  if (theirs.status >= 300 || ours.status >= 300) return [];
  const [a, b] = [managersOf(theirs), managersOf(ours)];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((manager) =>
    a.get(manager) === b.get(manager)
      ? []
      : [`${manager}: ${a.get(manager) ?? 'none'} <> ${b.get(manager) ?? 'none'}`],
  );
}

function managersOf({ body }: Answer): Map<string, string> {
  const { metadata } = body as {
    metadata: { managedFields?: { manager: string; operation: string; fieldsV1: object }[] };
  };
  return new Map(
    (metadata.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => [
      `${manager} (${operation})`,
      JSON.stringify(sorted(fieldsV1)),
    ]),
  );
}

function sorted(value: object): object {
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, sorted((value as Record<string, object>)[key] ?? {})]));
}
