import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '#api/discovery/endpoint-slice.ts';
import {
  checkJoined,
  checkLabelName,
  checkLabels,
  checkName,
  checkOneOf,
  checkPresent,
  checkUnchanged,
  checkUnique,
} from '#api/field-checks.ts';
import { invalidValue, requiredValue, tooMany, unsupportedValue } from '#api/field-errors.ts';
import { canonicalIpErrors } from '#api/ip-form.ts';
import { parseIpAddress } from '#api/ip-network.ts';
import { withoutLeadingZeros } from '#api/ip-syntax.ts';
import { equalJson } from '#api/json.ts';
import { labelValueErrors } from '#api/label-syntax.ts';
import { checkEndpointIp, checkLegacyIp } from '#api/legacy-ip.ts';
import { labelNameErrors, qualifiedNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** The most endpoints and ports of a slice, and addresses, hints and labels of an endpoint; more are refused. */
export const SLICE_ENDPOINTS_MAX = 1000;
const SLICE_PORTS_MAX = 20_000;
const ENDPOINT_ADDRESSES_MAX = 100;
const ENDPOINT_HINTS_MAX = 8;
const ENDPOINT_TOPOLOGY_MAX = 16;

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

/** What is wrong with a slice; endpoints that were stored are taken as they are. Source: Kubernetes' `ValidateEndpointSlice`. */
export function validateEndpointSlice(slice: EndpointSlice, old: EndpointSlice | undefined): FieldError[] {
  const { addressType, endpoints = [] } = slice;
  const isSame =
    old !== undefined && equalJson(endpoints as unknown as Json, (old.endpoints ?? []) as unknown as Json);
  return [
    ...validateAddressType(addressType),
    ...validatePorts('ports', slice.ports ?? []),
    ...(isSame ? [] : validateEndpoints('endpoints', endpoints, addressType)),
    ...(old === undefined ? [] : checkUnchanged('addressType', addressType, old.addressType)),
  ];
}

function validateAddressType(type: string): FieldError[] {
  if (type === '') return [requiredValue('addressType')];
  return ADDRESS_TYPES.includes(type) ? [] : [unsupportedValue('addressType', type, ADDRESS_TYPES)];
}

function checkCount(field: string, found: number, max: number): FieldError[] {
  return found > max ? [tooMany(field, { found, max })] : [];
}

function validatePorts(field: string, ports: readonly EndpointPort[]): FieldError[] {
  const many = checkCount(field, ports.length, SLICE_PORTS_MAX);
  if (many.length > 0) return many;
  return [
    ...ports.flatMap(({ name = '', protocol, appProtocol }, index) => [
      ...checkLabelName(`${field}[${index}].name`, name),
      ...checkOneOf(`${field}[${index}].protocol`, protocol, PROTOCOLS),
      ...checkName(`${field}[${index}].appProtocol`, appProtocol, qualifiedNameErrors),
    ]),
    ...checkUnique(
      ports.map(({ name = '' }) => name),
      (index) => `${field}[${index}].name`,
    ),
  ];
}

function validateEndpoints(
  field: string,
  endpoints: readonly Endpoint[],
  type: EndpointSlice['addressType'],
): FieldError[] {
  const many = checkCount(field, endpoints.length, SLICE_ENDPOINTS_MAX);
  if (many.length > 0) return many;
  return endpoints.flatMap((endpoint, index) => validateEndpoint(`${field}[${index}]`, endpoint, type));
}

function validateEndpoint(
  field: string,
  endpoint: Endpoint,
  type: EndpointSlice['addressType'],
): FieldError[] {
  const { addresses, deprecatedTopology = {} } = endpoint;
  return [
    ...checkPresent(`${field}.addresses`, addresses, 'must contain at least 1 address'),
    ...checkCount(`${field}.addresses`, addresses.length, ENDPOINT_ADDRESSES_MAX),
    ...addresses.flatMap((address, index) => validateAddress(`${field}.addresses`, { address, index, type })),
    ...checkName(`${field}.nodeName`, endpoint.nodeName, subdomainNameErrors),
    ...checkCount(
      `${field}.deprecatedTopology`,
      Object.keys(deprecatedTopology).length,
      ENDPOINT_TOPOLOGY_MAX,
    ),
    ...checkLabels(`${field}.deprecatedTopology`, deprecatedTopology),
    ...checkName(`${field}.hostname`, endpoint.hostname, labelNameErrors),
    ...validateHints(`${field}.hints`, endpoint.hints),
  ];
}

function validateAddress(
  field: string,
  { address, index, type }: { address: string; index: number; type: EndpointSlice['addressType'] },
): FieldError[] {
  const path = `${field}[${index}]`;
  if (type === 'FQDN') return validateFullName(path, address);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const errors = type === 'IPv4' ? checkLegacyIp(path, address) : checkName(path, address, canonicalIpErrors);
  if (errors.length > 0) return errors;
  const family = parseIpAddress(withoutLeadingZeros(address))?.family === 6 ? 'IPv6' : 'IPv4';
  return [
    ...(family === type ? [] : [invalidValue(field, address, `must be an ${type} address`)]),
    ...checkEndpointIp(path, address),
  ];
}

/** Source: apimachinery `IsFullyQualifiedDomainName`. */
function validateFullName(field: string, name: string): FieldError[] {
  if (name === '') return [requiredValue(field)];
  const bare = name.replace(/\.$/, '');
  const errors = checkJoined(field, bare, subdomainNameErrors);
  if (errors.length > 0) return errors;
  const parts = bare.split('.');
  if (parts.length < 2)
    return [invalidValue(field, bare, 'should be a domain with at least two segments separated by dots')];
  return parts.flatMap((part) => checkJoined(field, part, labelNameErrors));
}

function validateHints(field: string, { forZones = [], forNodes = [] }: EndpointHints = {}): FieldError[] {
  const zones = checkCount(`${field}.forZones`, forZones.length, ENDPOINT_HINTS_MAX);
  if (zones.length > 0) return zones;
  return [
    ...checkHintNames(`${field}.forZones`, forZones, labelValueErrors),
    ...checkCount(`${field}.forNodes`, forNodes.length, ENDPOINT_HINTS_MAX),
    ...checkHintNames(`${field}.forNodes`, forNodes, subdomainNameErrors),
  ];
}

function checkHintNames(
  field: string,
  hints: readonly { readonly name: string }[],
  rule: (name: string) => string[],
): FieldError[] {
  return [
    ...checkUnique(
      hints.map(({ name }) => name),
      (index) => `${field}[${index}].name`,
    ),
    ...hints.flatMap(({ name }, index) => checkName(`${field}[${index}].name`, name, rule)),
  ];
}
