import type { PodDNSConfig, PodSpec } from '#api/core/pod-spec.ts';
import { checkName, checkPresent } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { checkLegacyIp } from '#api/legacy-ip.ts';
import { searchDomainErrors } from '#api/name-syntax.ts';
import { goStrings } from '#api/shown-values.ts';
import type { FieldError } from '#api/status.ts';

/** The most name servers and search domains of a pod, and the characters of all of the latter; more are refused. */
const DNS_NAMESERVERS_MAX = 3;
const DNS_SEARCHES_MAX = 32;
const DNS_SEARCH_CHARS_MAX = 2048;

/** What is wrong with how a pod looks up names. */
export function validateDns(field: string, { dnsPolicy, dnsConfig }: PodSpec): FieldError[] {
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined)
      return [requiredValue(field, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if ((dnsConfig.nameservers ?? []).length === 0) {
      const needed = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      return [requiredValue(`${field}.nameservers`, needed)];
    }
  }
  return dnsConfig === undefined ? [] : validateDnsConfig(field, dnsConfig);
}

function validateDnsConfig(
  field: string,
  { nameservers = [], searches = [], options = [] }: PodDNSConfig,
): FieldError[] {
  const searchChars = searches.join(' ').length;
  return [
    ...limited(`${field}.nameservers`, nameservers, {
      isOver: nameservers.length > DNS_NAMESERVERS_MAX,
      max: `${DNS_NAMESERVERS_MAX} nameservers`,
    }),
    ...nameservers.flatMap((server, index) => checkLegacyIp(`${field}.nameservers[${index}]`, server)),
    ...limited(`${field}.searches`, searches, {
      isOver: searches.length > DNS_SEARCHES_MAX,
      max: `${DNS_SEARCHES_MAX} search paths`,
    }),
    ...limited(`${field}.searches`, searches, {
      isOver: searchChars > DNS_SEARCH_CHARS_MAX,
      max: `${DNS_SEARCH_CHARS_MAX} characters (including spaces) in the search list`,
    }),
    ...searches.flatMap((search, index) =>
      search === '.'
        ? []
        : checkName(`${field}.searches[${index}]`, search.replace(/\.$/, ''), searchDomainErrors),
    ),
    ...options.flatMap(({ name }, index) =>
      checkPresent(`${field}.options[${index}]`, name, 'must not be empty'),
    ),
  ];
}

function limited(
  field: string,
  values: readonly string[],
  { isOver, max }: { isOver: boolean; max: string },
): FieldError[] {
  return isOver ? [invalidValue(field, goStrings(values), `must not have more than ${max}`)] : [];
}
