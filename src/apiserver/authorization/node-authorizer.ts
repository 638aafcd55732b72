import { persistentVolumeResource } from '#api/core/persistent-volume.ts';
import type { Pod } from '#api/core/pod.ts';
import { DEFAULT_CLUSTER_ROLES } from '#apiserver/authorization/default-roles.ts';
import { NODE_REFERENCES } from '#apiserver/authorization/node-references.ts';
import { rulesAllow } from '#apiserver/authorization/rule-covers.ts';
import { type Authorizer, type Decision, NO_OPINION, type ResourceAttributes } from '#apiserver/authorize.ts';
import type { User } from '#apiserver/request.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';

const NODES_GROUP = 'system:nodes';
const NODE_PREFIX = 'system:node:';

const READ = ['get', 'list', 'watch'];
const ALLOWED: Decision = { type: 'allow', reason: '' };

/** What every node may do beside what concerns its own pods: upstream's fixed list. */
const NODE_RULES = DEFAULT_CLUSTER_ROLES.find(({ name }) => name === 'system:node')?.rules ?? [];

/** The node that a user is; undefined where he is none. */
export function nodeOfUser({ name, groups }: User): string | undefined {
  return name.startsWith(NODE_PREFIX) && groups.includes(NODES_GROUP)
    ? name.slice(NODE_PREFIX.length)
    : undefined;
}

/**
 * Kubernetes' node authoriser ("Using Node Authorization"): a kubelet reads Secrets, ConfigMaps, claims and volumes only where
 * a pod on its node refers to them, gets tokens only for the accounts of its pods, and touches only its own Node and Lease. `pods`
 * are all that are bound to nodes, at least.
 */
export function nodeAuthorizer(views: Views, pods: View<Pod>): Authorizer {
  const references = pods.index(NODE_REFERENCES);
  const volumes = views.of(persistentVolumeResource);
  const refers = (node: string, key: string): boolean => references.get(node)?.has(key) === true;
  const refersToVolume = (node: string, name: string): boolean => {
    const claim = volumes.get(name)?.spec.claimRef;
    return (
      claim !== undefined &&
      refers(node, `persistentvolumeclaims/${claim.namespace ?? ''}/${claim.name ?? ''}`)
    );
  };
  const isOwnPod = (node: string, { namespace = '', name = '' }: ResourceAttributes): boolean =>
    pods.get(`${namespace}/${name}`)?.spec.nodeName === node;
  return {
    authorize(user, attributes) {
      const node = nodeOfUser(user);
      if (node === undefined || attributes.type !== 'resource') return NO_OPINION;
      const { group, resource, verb, namespace = '', name } = attributes;
      switch (`${group}/${resource}`) {
        case '/secrets':
        case '/configmaps':
          return verdict(
            READ.includes(verb) && name !== undefined && refers(node, `${resource}/${namespace}/${name}`),
            `no relationship found between node '${node}' and this object`,
          );
        case '/persistentvolumeclaims':
        case '/persistentvolumeclaims/status':
          return verdict(
            ['get', 'update', 'patch'].includes(verb) &&
              refers(node, `persistentvolumeclaims/${namespace}/${name ?? ''}`),
            `no relationship found between node '${node}' and this object`,
          );
        case '/persistentvolumes':
          return verdict(
            verb === 'get' && refersToVolume(node, name ?? ''),
            `no relationship found between node '${node}' and this object`,
          );
        case '/serviceaccounts/token':
          return verdict(
            verb === 'create' && refers(node, `serviceaccounts/${namespace}/${name ?? ''}`),
            `no relationship found between node '${node}' and this object`,
          );
        case '/nodes':
          if (name === undefined && (verb === 'list' || verb === 'watch'))
            return verdict(false, `node '${node}' cannot read all nodes, only its own Node object`);
          return verdict(
            verb === 'create' ||
              (name === node && ['get', 'list', 'watch', 'patch', 'update'].includes(verb)),
            `node '${node}' cannot read '${name ?? ''}', only its own Node object`,
          );
        case '/pods':
          if (verb === 'list' || verb === 'watch')
            return verdict(
              attributes.fieldSelector === `spec.nodeName=${node}` || isOwnPod(node, attributes),
              'can only list/watch pods with spec.nodeName field selector',
            );
          if (verb === 'get')
            return verdict(
              isOwnPod(node, attributes),
              `no relationship found between node '${node}' and this object`,
            );
          break;
        case 'coordination.k8s.io/leases':
          return verdict(
            namespace === 'kube-node-lease' && (verb === 'create' || name === node) && verb !== 'list',
            `can only access node lease with the same name as the requesting node`,
          );
        case 'storage.k8s.io/csinodes':
          return verdict(
            verb === 'create' || name === node,
            'can only access CSINode with the same name as the requesting node',
          );
        default:
      }
      return rulesAllow(NODE_RULES, attributes) ? ALLOWED : NO_OPINION;
    },
  };
}

function verdict(isAllowed: boolean, reason: string): Decision {
  return isAllowed ? ALLOWED : { type: 'noOpinion', reason };
}
