import { checkName } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, tooLong } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import { configKeyErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** The most that the values of a ConfigMap or Secret may have together, in bytes; more is refused. */
export const CONFIG_DATA_BYTES_MAX = 1024 * 1024;

const encoder = new TextEncoder();

/** The data of an object by the names of its fields. */
export interface ConfigData {
  readonly text?: Readonly<Record<string, string>> | undefined;
  readonly binary?: Readonly<Record<string, string>> | undefined;
  /** What the binary data is called, and all of it together, in messages. */
  readonly names: { readonly binary: string; readonly whole: string };
}

/** What is wrong with the data of a ConfigMap or Secret. */
export function validateConfigData({
  text: data = {},
  binary: binaryData = {},
  names,
}: ConfigData): FieldError[] {
  let bytes = 0;
  for (const text of Object.values(data)) bytes += encoder.encode(text).length;
  for (const base64 of Object.values(binaryData))
    bytes += Math.floor((base64.replace(/=+$/, '').length * 3) / 4);
  return [
    ...Object.keys(data).flatMap((key) => [
      ...checkName(`data[${key}]`, key, configKeyErrors),
      ...(Object.hasOwn(binaryData, key)
        ? [invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData')]
        : []),
    ]),
    ...Object.keys(binaryData).flatMap((key) => checkName(`${names.binary}[${key}]`, key, configKeyErrors)),
    ...(bytes > CONFIG_DATA_BYTES_MAX ? [tooLong(names.whole, CONFIG_DATA_BYTES_MAX)] : []),
  ];
}

interface ImmutableData {
  immutable?: boolean;
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

/** What was changed of an immutable ConfigMap or Secret. */
export function validateConfigChange(object: ImmutableData, old: ImmutableData | undefined): FieldError[] {
  if (old?.immutable !== true) return [];
  const detail = 'field is immutable when `immutable` is set';
  const changed = (['data', 'binaryData'] as const).filter((key) => !equalJson(object[key], old[key]));
  return [
    ...(object.immutable === true ? [] : [forbiddenField('immutable', detail)]),
    ...changed.map((key) => forbiddenField(key, detail)),
  ];
}
