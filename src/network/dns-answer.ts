import {
  type ClusterNames,
  dashed,
  type NamedEndpoint,
  type NamedPort,
  type NamedService,
} from '#network/cluster-names.ts';
import { contains, parseIpv4 } from '#network/ipv4.ts';
import { CLUSTER_DOMAIN, type SiteRanges } from '#network/site-network.ts';

/** How long clients may keep an answer, or the absence of one, in seconds: endpoints come and go. */
export const TTL_SECONDS = 5;

/** The version of the naming scheme (Kubernetes DNS-Based Service Discovery). */
const SCHEMA_VERSION = '1.1.0';

/** One record of the site's own zone. Names are without a final dot. */
export type DnsRecord =
  | { readonly name: string; readonly type: 'A' | 'CNAME' | 'PTR' | 'NS' | 'TXT'; readonly data: string }
  /** A zone's own record; what it says is the same for every zone. */
  | { readonly name: string; readonly type: 'SOA' }
  | {
      readonly name: string;
      readonly type: 'SRV';
      readonly data: { readonly port: number; readonly target: string };
    };

/** What the site's names say to a question. */
export type DnsAnswer =
  /** The site is the authority: records, and addresses that go with them. No records: the name has none of that type. */
  | {
      readonly type: 'records';
      readonly zone: string;
      readonly records: readonly DnsRecord[];
      readonly additionals: readonly DnsRecord[];
    }
  /** The name stands for another, which is to be resolved in turn. */
  | { readonly type: 'alias'; readonly target: string; readonly records: readonly DnsRecord[] }
  /** The site is the authority, and there is no such name. */
  | { readonly type: 'noSuchName'; readonly zone: string }
  /** The site is not the authority. */
  | { readonly type: 'elsewhere' };

/** What answers are made from. */
export interface DnsLookup {
  readonly names: ClusterNames;
  readonly ranges: SiteRanges;
  /** Where the site's DNS server is: the address of `ns.dns.cluster.local`. */
  readonly dnsAddress: string;
}

/** Records at one name; the empty list for a name that only has names below it. */
interface NameContent {
  readonly records: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
}

/**
 * Answers a question for a name in `cluster.local` or the site's part of `in-addr.arpa`. Case does not matter; records
 * carry the name as asked. `type` is the record type's name (`A`, `SRV`, `ANY`), of which ANY gets all there are.
 */
export function answerQuestion(question: { name: string; type: string }, lookup: DnsLookup): DnsAnswer {
  const name = question.name.toLowerCase().replace(/\.$/u, '');
  const asked = question.name.replace(/\.$/u, '');
  const zone = zoneOf(name, lookup.ranges);
  if (zone === undefined) return { type: 'elsewhere' };
  const contentOf = zone === CLUSTER_DOMAIN ? clusterContent : reverseContent;
  const content = contentOf(name, asked, lookup);
  if (content === undefined) return { type: 'noSuchName', zone };
  const [first] = content.records;
  if (first?.type === 'CNAME' && question.type !== 'CNAME') {
    return { type: 'alias', target: first.data, records: content.records };
  }
  const records = content.records.filter(({ type }) => type === question.type || question.type === 'ANY');
  return {
    type: 'records',
    zone,
    records,
    additionals: records.length > 0 ? (content.additionals ?? []) : [],
  };
}

/** The zone of the site that a name lies in. A reverse zone ends at an octet, so it may be smaller than the range. */
function zoneOf(name: string, { podCidr, serviceCidr }: SiteRanges): string | undefined {
  if (name === CLUSTER_DOMAIN || name.endsWith(`.${CLUSTER_DOMAIN}`)) return CLUSTER_DOMAIN;
  const address = addressOfReverse(name) ?? '';
  const value = parseIpv4(address);
  if (value === undefined) return undefined;
  const range = [podCidr, serviceCidr].find((block) => contains(block, value));
  if (range === undefined) return undefined;
  const octets = address.split('.').slice(0, Math.ceil(range.length / 8));
  return `${octets.toReversed().join('.')}.in-addr.arpa`;
}

function addressOfReverse(name: string): string | undefined {
  const labels = name.split('.');
  if (labels.length !== 6 || labels[4] !== 'in-addr' || labels[5] !== 'arpa') return undefined;
  return labels.slice(0, 4).toReversed().join('.');
}

function reverseContent(name: string, asked: string, { names }: DnsLookup): NameContent | undefined {
  const found = names.reverse.get(addressOfReverse(name) ?? '');
  return (
    found && {
      records: found.map((target) => ({ name: asked, type: 'PTR', data: `${target}.${CLUSTER_DOMAIN}` })),
    }
  );
}

/** What stands at a name of the cluster domain; undefined where there is no such name. */
function clusterContent(name: string, asked: string, lookup: DnsLookup): NameContent | undefined {
  const labels = name
    .slice(0, -CLUSTER_DOMAIN.length)
    .split('.')
    .filter((label) => label !== '');
  const kind = labels.pop();
  const own = labels.join('.');
  const nameServer = `ns.dns.${CLUSTER_DOMAIN}`;
  switch (kind) {
    case undefined:
      return {
        records: [
          { name: asked, type: 'SOA' },
          { name: asked, type: 'NS', data: nameServer },
        ],
        additionals: [{ name: nameServer, type: 'A', data: lookup.dnsAddress }],
      };
    case 'dns-version':
      return own === '' ? { records: [{ name: asked, type: 'TXT', data: SCHEMA_VERSION }] } : undefined;
    case 'dns':
      if (own === '') return { records: [] };
      return own === 'ns' ? { records: [{ name: asked, type: 'A', data: lookup.dnsAddress }] } : undefined;
    case 'svc':
      return serviceContent(labels, asked, lookup.names);
    case 'pod':
      return podContent(labels, asked, lookup.names);
    default:
      return undefined;
  }
}

/** `<address with dashes>.<namespace>.pod`. */
function podContent(labels: readonly string[], asked: string, names: ClusterNames): NameContent | undefined {
  const [namespace, label, ...rest] = labels.toReversed();
  if (namespace === undefined) return { records: [] };
  if (!names.namespaces.has(namespace) || rest.length > 0) return undefined;
  if (label === undefined) return { records: [] };
  const address = label.replaceAll('-', '.');
  return names.pods.has(`${namespace}/${address}`)
    ? { records: [{ name: asked, type: 'A', data: address }] }
    : undefined;
}

/** `[_<port>._<protocol>.][<hostname>.]<service>.<namespace>.svc`. */
function serviceContent(
  labels: readonly string[],
  asked: string,
  names: ClusterNames,
): NameContent | undefined {
  const [namespace, name, ...rest] = labels.toReversed();
  if (namespace === undefined) return { records: [] };
  if (!names.namespaces.has(namespace)) return undefined;
  if (name === undefined) return { records: [] };
  const service = names.services.get(`${namespace}/${name}`);
  if (service === undefined) return undefined;
  const serviceName = `${name}.${namespace}.svc.${CLUSTER_DOMAIN}`;
  const [first, second, ...more] = rest;
  if (first === undefined) return ownContent(service, asked);
  if (service.type === 'external' || more.length > 0) return undefined;
  if (first.startsWith('_'))
    return portContent(service, { asked, serviceName, protocol: first.slice(1), port: second });
  return second === undefined ? hostContent(service.endpoints, first, asked) : undefined;
}

/** A headless service without ready endpoints has no name (the specification's section 2.4.1). */
function ownContent(service: NamedService, asked: string): NameContent | undefined {
  if (service.type === 'external') return { records: [{ name: asked, type: 'CNAME', data: service.target }] };
  if (service.type === 'clusterIp') return { records: addressRecords(service.addresses, asked) };
  if (service.endpoints.length === 0) return undefined;
  return {
    records: addressRecords(
      service.endpoints.map(({ address }) => address),
      asked,
    ),
  };
}

function hostContent(
  endpoints: readonly NamedEndpoint[],
  hostname: string,
  asked: string,
): NameContent | undefined {
  const found = endpoints.filter(
    (endpoint) => endpoint.hostname === hostname || dashed(endpoint.address) === hostname,
  );
  if (found.length === 0) return undefined;
  return {
    records: addressRecords(
      found.map(({ address }) => address),
      asked,
    ),
  };
}

interface PortQuestion {
  readonly asked: string;
  readonly serviceName: string;
  readonly protocol: string;
  /** The label before the protocol, `_http`; absent where only the protocol was asked for. */
  readonly port: string | undefined;
}

function portContent(
  service: Exclude<NamedService, { type: 'external' }>,
  question: PortQuestion,
): NameContent | undefined {
  const targets =
    service.type === 'clusterIp'
      ? [{ target: question.serviceName, addresses: service.addresses, ports: service.ports }]
      : service.endpoints.map(({ hostname, address, ports }) => ({
          target: `${hostname}.${question.serviceName}`,
          addresses: [address],
          ports,
        }));
  const matches = (port: NamedPort): boolean =>
    port.protocol === question.protocol && (question.port === undefined || `_${port.name}` === question.port);
  const matching = targets.flatMap((target) =>
    target.ports.filter(matches).map(({ port }) => ({ ...target, port })),
  );
  if (matching.length === 0) return undefined;
  if (question.port === undefined) return { records: [] };
  return {
    records: matching.map(({ port, target }) => ({
      name: question.asked,
      type: 'SRV',
      data: { port, target },
    })),
    additionals: matching.flatMap(({ target, addresses }) => addressRecords(addresses, target)),
  };
}

function addressRecords(addresses: readonly string[], name: string): DnsRecord[] {
  return [...new Set(addresses)].map((data) => ({ name, type: 'A', data }));
}
