import { AGE_COLUMN, countColumn, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { validateConfigChange, validateConfigData } from '#api/core/config-data-validation.ts';
import { keyPairWarnings } from '#api/core/key-pair-warnings.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkPresent, checkUnchanged } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { isJsonObject } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `core/v1.Secret`. */
export interface Secret extends KubeObject {
  apiVersion: 'v1';
  kind: 'Secret';
  data?: Record<string, string>;
  immutable?: boolean;
  stringData?: Record<string, string>;
  type?: string;
}

/** `secrets`. */
export const secretResource: ResourceType<Secret> = defineResource<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  schema: 'core/v1.Secret',
  fillsZeros: true,
  hasGeneration: false,
  applyDefaults: defaultSecret,
  validate: validateSecret,
  warnings: ({ type, data = {} }) =>
    type === 'kubernetes.io/tls' ? keyPairWarnings(data['tls.crt'] ?? '', data['tls.key'] ?? '') : [],
  columns: [
    NAME_COLUMN,
    textColumn('Type', 'What the secret is for.', ({ type }) => type ?? ''),
    countColumn('Data', 'How many entries there are.', ({ data = {} }) => Object.keys(data).length),
    AGE_COLUMN,
  ],
  selectableFields: { type: ({ type }) => type ?? '' },
});

/** Keys that secrets of a type must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** `stringData` is for writing only: it is encoded into `data`, and never read back. */
function defaultSecret(secret: Secret): void {
  secret.type ??= 'Opaque';
  const { stringData } = secret;
  if (stringData === undefined) return;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, encodeBase64(text)]);
  secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
  delete secret.stringData;
}

function encodeBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}

const REGISTRY_KEYS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockercfg': '.dockercfg',
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
};

/** How to log in to registries is JSON; nothing of it is told. */
function validateRegistryAccess(data: Record<string, string>, type: string): FieldError[] {
  const key = REGISTRY_KEYS[type];
  const base64 = key === undefined ? undefined : data[key];
  if (base64 === undefined) return [];
  const text = atob(base64);
  try {
    if (isJsonObject(JSON.parse(text))) return [];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const detail = text === '' ? 'unexpected end of JSON input' : 'must be a JSON object';
  return [invalidValue(`data[${key}]`, '<secret contents redacted>', detail)];
}

function validateSecret(secret: Secret, old: Secret | undefined): FieldError[] {
  const { data = {}, type = '' } = secret;
  const missing = (REQUIRED_KEYS[type] ?? []).filter(
    (key) => data[key] === undefined || (key === 'ssh-privatekey' && data[key] === ''),
  );
  const isBasicAuth = type === 'kubernetes.io/basic-auth';
  const hasCredential = data.username !== undefined || data.password !== undefined;
  return [
    ...validateConfigData({ binary: data, names: { binary: 'data', whole: 'data' } }),
    ...missing.map((key) => requiredValue(`data[${key}]`)),
    ...validateRegistryAccess(data, type),
    ...(isBasicAuth && !hasCredential
      ? [requiredValue('data[username]'), requiredValue('data[password]')]
      : []),
    ...(type === 'kubernetes.io/service-account-token'
      ? checkPresent(
          'metadata.annotations[kubernetes.io/service-account.name]',
          secret.metadata.annotations?.['kubernetes.io/service-account.name'],
        )
      : []),
    ...(old === undefined ? [] : checkUnchanged('type', type, old.type)),
    ...validateConfigChange(secret, old),
  ];
}
