/** Rules of names, each as a function from a text to what is wrong with it in Kubernetes' words; empty where it is valid. */
import { LABEL_BYTES_MAX, labelKeyErrors, SUBDOMAIN_BYTES_MAX, subdomainErrors } from '#api/label-syntax.ts';

/** The longest IANA service name, which a port's name is, in characters. */
const PORT_NAME_CHARS_MAX = 15;

const LABEL_1123 = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const C_IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SEARCH_DOMAIN = /^_?[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?(?:\._?[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?)*$/;
const HEADER_NAME = /^[-A-Za-z0-9]+$/;
const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;
/** The longest key of a ConfigMap or Secret, in characters. */
const CONFIG_KEY_CHARS_MAX = 253;

/** What is wrong with a name. */
export type NameRule = (name: string) => string[];

/** RFC 1123 label: names of namespaces, containers, volumes. */
export function labelNameErrors(name: string): string[] {
  if (name.includes('.') && subdomainErrors(name).length === 0)
    return [...lengthErrors(name, LABEL_BYTES_MAX), 'must not contain dots'];
  return [
    ...lengthErrors(name, LABEL_BYTES_MAX),
    ...(LABEL_1123.test(name)
      ? []
      : [
          isSubdomain(name)
            ? 'must not contain dots'
            : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ]),
  ];
}

function isSubdomain(name: string): boolean {
  return name.split('.').every((label) => LABEL_1123.test(label));
}

/** RFC 1035 label: names of services. */
export function serviceNameErrors(name: string): string[] {
  return [
    ...lengthErrors(name, LABEL_BYTES_MAX),
    ...(LABEL_1035.test(name)
      ? []
      : [
          "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ]),
  ];
}

const WILDCARD_PATTERN = String.raw`\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`;
const WILDCARD = new RegExp(`^${WILDCARD_PATTERN}$`);

/** `*.` and an RFC 1123 subdomain: hosts of ingresses. */
export function wildcardNameErrors(name: string): string[] {
  const detail = `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '${WILDCARD_PATTERN}')`;
  return [...lengthErrors(name, SUBDOMAIN_BYTES_MAX), ...(WILDCARD.test(name) ? [] : [detail])];
}

/** RFC 1123 subdomain: names of most objects. */
export const subdomainNameErrors: NameRule = subdomainErrors;

/** A domain that is searched for names: a subdomain whose labels may begin with an underscore, or have some within. */
export function searchDomainErrors(domain: string): string[] {
  return [
    ...lengthErrors(domain, SUBDOMAIN_BYTES_MAX),
    ...(SEARCH_DOMAIN.test(domain)
      ? []
      : [
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
  ];
}

/** One segment of a URL path: names of roles and bindings. */
export function pathSegmentErrors(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((bad) => name.includes(bad)).map((bad) => `may not contain '${bad}'`);
}

/** IANA service name: names of ports. */
export function portNameErrors(name: string): string[] {
  const errors = name.length > PORT_NAME_CHARS_MAX ? ['must be no more than 15 characters'] : [];
  if (!/^[a-z0-9-]+$/.test(name))
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) errors.push('must contain at least one letter (a-z)');
  if (name.includes('--')) errors.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

/** The name of an HTTP header that a probe sends. */
export function headerNameErrors(name: string): string[] {
  return HEADER_NAME.test(name)
    ? []
    : [
        "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
      ];
}

/** An environment variable's name. Any printable ASCII but `=`, as since Kubernetes 1.34. */
export function environmentNameErrors(name: string): string[] {
  return /^[ -<>-~]+$/.test(name)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** A C identifier: the prefix of imported environment variables. */
export function isIdentifier(name: string): boolean {
  return C_IDENTIFIER.test(name);
}

/** A key of a ConfigMap or Secret. */
export function configKeyErrors(key: string): string[] {
  const errors =
    key.length > CONFIG_KEY_CHARS_MAX ? [`must be no more than ${CONFIG_KEY_CHARS_MAX} characters`] : [];
  if (!CONFIG_KEY.test(key)) {
    errors.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  }
  if (key === '.' || key === '..') errors.push(`must not be '${key}'`);
  if (key.startsWith('..') && key.length > 2) errors.push("must not start with '..'");
  return errors;
}

/** `name` or `prefix/name`: keys of labels, annotations, taints; names of resources. */
export const qualifiedNameErrors: NameRule = labelKeyErrors;

/** A rule for names with a suffix to come (`generateName`): a hyphen may stand at the end. */
export function prefixRule(rule: NameRule): NameRule {
  return (prefix) => rule(prefix.endsWith('-') && prefix.length > 1 ? `${prefix.slice(0, -1)}a` : prefix);
}

function lengthErrors(name: string, bytesMax: number): string[] {
  return name.length > bytesMax ? [`must be no more than ${bytesMax} characters`] : [];
}
