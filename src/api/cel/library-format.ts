import { textOf } from '#api/cel/argument.ts';
import { methodOf, type Overload, overload, TRAVERSAL } from '#api/cel/function.ts';
import { parseUrl } from '#api/cel/library-url.ts';
import { parseDate, parseTimestamp } from '#api/cel/time.ts';
import { CelList, type CelObject, CelOptional, type CelResult, type CelValue } from '#api/cel/value.ts';
import { labelValueErrors } from '#api/label-syntax.ts';
import {
  labelNameErrors,
  prefixRule,
  qualifiedNameErrors,
  serviceNameErrors,
  subdomainNameErrors,
} from '#api/name-syntax.ts';
import { assert } from '#system/assert.ts';

const FORMAT_TYPE = 'kubernetes.NamedFormat';

/** A rule that a text may be held against, known by its name. */
class CelFormat implements CelObject {
  readonly celType = FORMAT_TYPE;
  readonly name: string;
  readonly errors: (text: string) => string[];

  constructor(name: string, errors: (text: string) => string[]) {
    this.name = name;
    this.errors = errors;
  }

  equals(other: CelObject): boolean {
    return other instanceof CelFormat && other.name === this.name;
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const UUID = /^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$/;

function when(isValid: (text: string) => boolean, error: string): (text: string) => string[] {
  return (text) => (isValid(text) ? [] : [error]);
}

const FORMATS: Readonly<Record<string, (text: string) => string[]>> = {
  dns1123Label: labelNameErrors,
  dns1123Subdomain: subdomainNameErrors,
  dns1035Label: serviceNameErrors,
  qualifiedName: qualifiedNameErrors,
  dns1123LabelPrefix: prefixRule(labelNameErrors),
  dns1123SubdomainPrefix: prefixRule(subdomainNameErrors),
  dns1035LabelPrefix: prefixRule(serviceNameErrors),
  labelValue: labelValueErrors,
  uri: when((text) => parseUrl(text) !== undefined, 'invalid URI for request'),
  uuid: when((text) => UUID.test(text), 'does not match the UUID format'),
  byte: when((text) => BASE64.test(text), 'invalid base64'),
  date: when((text) => parseDate(text) !== undefined, 'invalid date'),
  datetime: when((text) => parseTimestamp(text) !== undefined, 'invalid datetime'),
};

function formatNamed(name: string): CelResult {
  const errors = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  return errors === undefined ? CelOptional.none : new CelOptional(new CelFormat(name, errors));
}

function validate(format: CelValue | undefined, text: string): CelResult {
  assert(format instanceof CelFormat, 'a format is passed where the signature says so');
  const errors = format.errors(text);
  return errors.length === 0 ? CelOptional.none : new CelOptional(CelList.of(errors));
}

/** Kubernetes' format library: `!format.dns1123Label().validate(self.name).hasValue()`. */
export const NAMED_FORMATS: readonly Overload[] = [
  overload(`@@format.named(string): optional(${FORMAT_TYPE})`, ([a]) => formatNamed(textOf(a))),
  ...Object.entries(FORMATS).map(([name, errors]) =>
    overload(`@@format.${name}(): ${FORMAT_TYPE}`, () => new CelFormat(name, errors)),
  ),
  methodOf(FORMAT_TYPE, 'validate(string): optional(list(string))', ([a, b]) => validate(a, textOf(b)), {
    // A format costs like a pattern of 128 characters, the longest of them.
    cost: (sizes) => Math.ceil(((sizes[1]?.size ?? 0) + 1) * TRAVERSAL) * 32,
  }),
];
