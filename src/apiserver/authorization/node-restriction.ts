import type { Pod } from '#api/core/pod.ts';
import type { KubeObject } from '#api/object.ts';
import { forbidden } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import { nodeOfUser } from '#apiserver/authorization/node-authorizer.ts';
import { siteOfUser } from '#apiserver/authorization/site-authorizer.ts';
import { subjectOf } from '#apiserver/encoded-write.ts';

/** Labels that say who may be trusted with what: no node gives them to itself. */
const RESTRICTED_LABEL_REGEXP = /(?:^|\.)node-restriction\.kubernetes\.io\//u;
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/**
 * Upstream's NodeRestriction: a kubelet writes its own Node but not its taints, restricted labels and owners; its own pods'
 * status, and mirror pods that name nothing secret. The same of sites at a hub: none of them writes an owner of its Site.
 */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: ({ operation }) => operation !== 'connect',
  validate(request) {
    const { user, type } = request;
    const site = siteOfUser(user);
    if (site !== undefined) return checkOwners(request, `site "${site}"`);
    const node = nodeOfUser(user);
    if (node === undefined) return undefined;
    if (type.group === '' && type.kind === 'Node') return checkNode(request, node);
    if (type.group === '' && type.kind === 'Pod') return checkPod(request, node);
    return undefined;
  },
};

function refuse(request: AdmissionRequest, why: string): never {
  throw forbidden(subjectOf(request.type, request.name), why);
}

function checkNode(request: AdmissionRequest, node: string): void {
  const { object, old, operation, name } = request;
  if (name !== node) refuse(request, `node "${node}" is not allowed to modify node "${name}"`);
  if (operation === 'delete') return;
  checkOwners(request, `node "${node}"`);
  const changed = changedLabels(object, old).filter((label) => RESTRICTED_LABEL_REGEXP.test(label));
  if (changed.length > 0)
    refuse(request, `is not allowed to modify labels: ${changed.toSorted().join(', ')}`);
  if (old === undefined) return;
  const taints = (value: KubeObject): string =>
    JSON.stringify((value as KubeObject & { spec?: { taints?: unknown } }).spec?.taints ?? []);
  if (taints(object) !== taints(old)) refuse(request, `node "${node}" is not allowed to modify taints`);
}

/** CVE-2025-5187: an object that names its own node as owner goes with it, and with it what was decided about the node. */
function checkOwners(request: AdmissionRequest, who: string): void {
  const { object, old, operation } = request;
  if (operation === 'delete') return;
  const owners = (value: KubeObject | undefined): string =>
    JSON.stringify(value?.metadata.ownerReferences ?? []);
  if (owners(object) !== owners(old)) refuse(request, `${who} is not allowed to modify ownerReferences`);
}

function changedLabels(object: KubeObject, old: KubeObject | undefined): string[] {
  const after = object.metadata.labels ?? {};
  const before = old?.metadata.labels ?? {};
  return [...new Set([...Object.keys(after), ...Object.keys(before)])].filter(
    (key) => after[key] !== before[key],
  );
}

function checkPod(request: AdmissionRequest, node: string): void {
  const pod = request.object as Pod;
  switch (request.operation) {
    case 'create':
      return checkMirrorPod(request, { pod, node });
    case 'delete':
      if (pod.spec.nodeName !== node)
        refuse(request, `node "${node}" can only delete pods with spec.nodeName set to itself`);
      return undefined;
    default:
      if ((request.old as Pod | undefined)?.spec.nodeName !== node)
        refuse(
          request,
          `node "${node}" can only update pod status for pods with spec.nodeName set to itself`,
        );
      if (request.subresource === 'status' && changedLabels(pod, request.old).length > 0)
        refuse(request, `node "${node}" cannot update labels through pod status`);
      return undefined;
  }
}

function checkMirrorPod(request: AdmissionRequest, { pod, node }: { pod: Pod; node: string }): void {
  const { metadata, spec } = pod;
  if (request.subresource !== undefined) return;
  if (metadata.annotations?.[MIRROR_ANNOTATION] === undefined)
    refuse(
      request,
      `pod does not have "${MIRROR_ANNOTATION}" annotation, node "${node}" can only create mirror pods`,
    );
  if (spec.nodeName !== node)
    refuse(request, `node "${node}" can only create pods with spec.nodeName set to itself`);
  const [owner, ...others] = metadata.ownerReferences ?? [];
  if (owner?.kind !== 'Node' || owner.name !== node || others.length > 0 || owner.controller !== true)
    refuse(request, `node "${node}" can only create pods with a single owner reference set to itself`);
  const named = (spec.volumes ?? []).some(
    (volume) =>
      volume.secret !== undefined ||
      volume.configMap !== undefined ||
      volume.projected !== undefined ||
      volume.persistentVolumeClaim !== undefined,
  );
  if (named || (spec.serviceAccountName ?? '') !== '')
    refuse(
      request,
      `node "${node}" can not create pods that reference a service account, a secret, a configmap or a claim`,
    );
}
