import { invalidValue, requiredValue, tooLong } from '#api/field-errors.ts';
import { labelNameErrors, type NameRule, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** The longest domain of a signer, and the longest name of one, in bytes; longer ones are refused. */
const DOMAIN_BYTES_MAX = 253;
const SIGNER_BYTES_MAX = 571;

/** `example.com/signer`: who signs. */
export function checkSignerName(field: string, signerName: string): FieldError[] {
  if (signerName === '') return [requiredValue(field)];
  const [domain = '', path = '', ...more] = signerName.split('/');
  if (!signerName.includes('/') || more.length > 0) {
    const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [invalidValue(field, signerName, detail)];
  }
  return [
    ...(domain.length > DOMAIN_BYTES_MAX ? [tooLong(field, DOMAIN_BYTES_MAX)] : []),
    ...checkLabels(field, domain, labelNameErrors),
    ...(domain.includes('.')
      ? []
      : [invalidValue(field, domain, 'should be a domain with at least two segments separated by dots')]),
    ...checkLabels(field, path, subdomainNameErrors),
    ...(signerName.length > SIGNER_BYTES_MAX ? [tooLong(field, SIGNER_BYTES_MAX)] : []),
  ];
}

/** What is wrong with the first of the labels that has something wrong. */
function checkLabels(field: string, segment: string, rule: NameRule): FieldError[] {
  const wrong = segment.split('.').find((label) => rule(label).length > 0);
  return wrong === undefined
    ? []
    : rule(wrong).map((detail) => invalidValue(field, segment, `validating label "${wrong}": ${detail}`));
}
