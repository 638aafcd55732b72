import type { Container, ResourceRequirements } from '#api/core/container.ts';
import { type LimitRange, type LimitRangeItem, limitRangeResource } from '#api/core/limit-range.ts';
import type { PersistentVolumeClaim } from '#api/core/persistent-volume-claim.ts';
import type { Pod } from '#api/core/pod.ts';
import { compareQuantities, formatQuantity, type Quantity, readQuantity } from '#api/quantity.ts';
import { forbidden } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionTarget } from '#apiserver/admission/plugin.ts';
import { type Amounts, amountsOf, podTotal } from '#apiserver/admission/pod-amounts.ts';
import { isPodCreation } from '#apiserver/admission/pod-requests.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';
import type { Store } from '#store/store.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';

/**
 * Kubernetes' LimitRanger: containers get the defaults of the namespace's limit ranges; pods, containers and claims outside
 * their bounds are refused, with everything that is wrong.
 */
export function limitRanger(store: Store): AdmissionPlugin {
  const ranges = new StoredKind(store, limitRangeResource);
  return {
    name: 'LimitRanger',
    handles: (target) => isPodCreation(target) || isClaimWrite(target),
    async mutate({ object, type, namespace = '' }) {
      if (type.kind !== 'Pod') return;
      await ranges.ready();
      for (const range of ranges.list(namespace)) setDefaults(object as Pod, range);
    },
    async validate({ object, type, namespace = '', name }) {
      await ranges.ready();
      const errors = ranges
        .list(namespace)
        .flatMap(({ spec }) => spec.limits)
        .flatMap((item) =>
          type.kind === 'Pod'
            ? podErrors(object as Pod, item)
            : claimErrors(object as PersistentVolumeClaim, item),
        );
      if (errors.length === 0) return;
      const [only = ''] = errors;
      throw forbidden({ resource: type.plural, name }, errors.length === 1 ? only : `[${errors.join(', ')}]`);
    },
  };
}

function isClaimWrite({ operation, type, subresource }: AdmissionTarget): boolean {
  return (
    (operation === 'create' || operation === 'update') &&
    type.group === '' &&
    type.kind === 'PersistentVolumeClaim' &&
    subresource === undefined
  );
}

function setDefaults(pod: Pod, { spec }: LimitRange): void {
  const done: string[] = [];
  for (const item of spec.limits) {
    if (item.type !== 'Container') continue;
    for (const container of pod.spec.containers) done.push(...setContainer(container, item, 'container'));
    for (const init of pod.spec.initContainers ?? [])
      done.push(...setContainer(init, item, 'init container'));
  }
  if (done.length === 0) return;
  const { annotations } = pod.metadata;
  pod.metadata.annotations = { ...annotations, [ANNOTATION]: `LimitRanger plugin set: ${done.join('; ')}` };
}

/** `cpu, memory request for container a`. */
function setContainer(container: Container, item: LimitRangeItem, what: string): string[] {
  const resources: ResourceRequirements = (container.resources ??= {});
  const requests = addMissing(resources.requests, item.defaultRequest);
  const limits = addMissing(resources.limits, item.default);
  if (requests.added.length > 0) resources.requests = requests.all;
  if (limits.added.length > 0) resources.limits = limits.all;
  const about = `for ${what} ${container.name}`;
  return [
    ...(requests.added.length > 0 ? [`${requests.added.join(', ')} request ${about}`] : []),
    ...(limits.added.length > 0 ? [`${limits.added.join(', ')} limit ${about}`] : []),
  ];
}

function addMissing(
  own: Record<string, string> = {},
  defaults: Readonly<Record<string, string>> = {},
): { all: Record<string, string>; added: string[] } {
  const added = Object.keys(defaults)
    .filter((name) => own[name] === undefined)
    .sort();
  return { all: { ...defaults, ...own }, added };
}

function podErrors({ spec }: Pod, item: LimitRangeItem): string[] {
  if (item.type === 'Container') {
    return [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ resources }) =>
      boundErrors(item, { requests: amountsOf(resources?.requests), limits: amountsOf(resources?.limits) }),
    );
  }
  if (item.type !== 'Pod') return [];
  return boundErrors(item, { requests: podTotal(spec, 'requests'), limits: podTotal(spec, 'limits') });
}

interface Asked {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

function boundErrors(item: LimitRangeItem, asked: Asked): string[] {
  const each = (
    bounds: Readonly<Record<string, string>> | undefined,
    check: (name: string, bound: Quantity) => string[],
  ): string[] => [...amountsOf(bounds)].flatMap(([name, bound]) => check(name, bound));
  const { type } = item;
  return [
    ...each(item.min, (name, bound) => belowMinimum({ name, type, bound }, asked)),
    ...each(item.max, (name, bound) => aboveMaximum({ name, type, bound }, asked)),
    ...each(item.maxLimitRequestRatio, (name, bound) => aboveRatio({ name, type, bound }, asked)),
  ];
}

interface Bound {
  readonly name: string;
  readonly type: string;
  readonly bound: Quantity;
}

function belowMinimum({ name, type, bound }: Bound, { requests, limits }: Asked): string[] {
  const rule = `minimum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  const request = requests.get(name);
  const limit = limits.get(name);
  if (request === undefined) return [`${rule}.  No request is specified`];
  if (compareQuantities(request, bound) < 0) return [`${rule}, but request is ${formatQuantity(request)}`];
  if (limit !== undefined && compareQuantities(limit, bound) < 0)
    return [`${rule}, but limit is ${formatQuantity(limit)}`];
  return [];
}

function aboveMaximum({ name, type, bound }: Bound, { requests, limits }: Asked): string[] {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  const request = requests.get(name);
  const limit = limits.get(name);
  if (limit === undefined) return [`${rule}.  No limit is specified`];
  if (compareQuantities(limit, bound) > 0) return [`${rule}, but limit is ${formatQuantity(limit)}`];
  if (request !== undefined && compareQuantities(request, bound) > 0)
    return [`${rule}, but request is ${formatQuantity(request)}`];
  return [];
}

function aboveRatio({ name, type, bound }: Bound, { requests, limits }: Asked): string[] {
  const rule = `${name} max limit to request ratio per ${type} is ${formatQuantity(bound)}`;
  const request = requests.get(name)?.nanos ?? 0n;
  const limit = limits.get(name)?.nanos ?? 0n;
  if (request === 0n) return [`${rule}, but no request is specified or request is 0`];
  if (limit === 0n) return [`${rule}, but no limit is specified or limit is 0`];
  // limit / request > bound, with the bound in units of 10^-9.
  if (limit * 1_000_000_000n <= bound.nanos * request) return [];
  const ratio = Number(limit) / Number(request);
  return [`${rule}, but provided ratio is ${ratio.toFixed(6)}`];
}

function claimErrors({ spec }: PersistentVolumeClaim, item: LimitRangeItem): string[] {
  if (item.type !== 'PersistentVolumeClaim') return [];
  const request = readQuantity(spec.resources?.requests?.storage);
  const { type } = item;
  const bounded = (which: 'min' | 'max'): string[] =>
    [...amountsOf(item[which])].flatMap(([name, bound]) => {
      const asked = name === 'storage' ? request : readQuantity(spec.resources?.requests?.[name]);
      const rule = `${which}imum ${name} usage per ${type} is ${formatQuantity(bound)}`;
      if (asked === undefined) return [`${rule}.  No request is specified`];
      const order = compareQuantities(asked, bound);
      const isWrong = which === 'min' ? order < 0 : order > 0;
      return isWrong ? [`${rule}, but request is ${formatQuantity(asked)}`] : [];
    });
  return [...bounded('min'), ...bounded('max')];
}
