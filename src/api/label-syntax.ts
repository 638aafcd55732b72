/** The longest label value, and the longest name part of a label key, in bytes. */
export const LABEL_BYTES_MAX = 63;
/** The longest DNS subdomain, hence the longest prefix part of a label key, in bytes. */
export const SUBDOMAIN_BYTES_MAX = 253;

const NAME_PATTERN = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const SUBDOMAIN_PATTERN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

const NAME_RULE = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME_PATTERN}')`;
const VALUE_RULE = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME_PATTERN})?')`;
const SUBDOMAIN_RULE = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN_PATTERN}')`;

function tooLong(bytesMax: number): string {
  return `must be no more than ${bytesMax} characters`;
}

/**
 * What is wrong with a label key (`name` or `example.com/name`), in Kubernetes' words; empty where it is valid. The same
 * rule holds for annotation keys, extended resource names and taint keys ("qualified name").
 */
export function labelKeyErrors(key: string): string[] {
  const parts = key.split('/', 3);
  if (parts.length > 2) {
    return [
      `a qualified name ${NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const errors: string[] = [];
  if (prefix === '') errors.push('prefix part must be non-empty');
  else if (prefix !== undefined)
    errors.push(...subdomainErrors(prefix).map((error) => `prefix part ${error}`));
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > LABEL_BYTES_MAX) errors.push(`name part ${tooLong(LABEL_BYTES_MAX)}`);
  if (!NAME.test(name)) errors.push(`name part ${NAME_RULE}`);
  return errors;
}

/** What is wrong with a label value, in Kubernetes' words; empty where it is valid. */
export function labelValueErrors(value: string): string[] {
  const errors: string[] = [];
  if (value.length > LABEL_BYTES_MAX) errors.push(tooLong(LABEL_BYTES_MAX));
  if (value !== '' && !NAME.test(value)) errors.push(VALUE_RULE);
  return errors;
}

/** What is wrong with an RFC 1123 subdomain, in Kubernetes' words; empty where it is valid. */
export function subdomainErrors(value: string): string[] {
  const errors: string[] = [];
  if (value.length > SUBDOMAIN_BYTES_MAX) errors.push(tooLong(SUBDOMAIN_BYTES_MAX));
  if (!value.split('.').every((label) => SUBDOMAIN_LABEL.test(label))) errors.push(SUBDOMAIN_RULE);
  return errors;
}
