import type { SigningRequest } from '#pki/signing-requests.ts';

const CLIENT_USAGES = ['client auth', 'digital signature', 'key encipherment'];
const SERVER_USAGES = ['digital signature', 'key encipherment', 'server auth'];
const NODE_PREFIX = 'system:node:';

/** Groups that no signing request may name: certificates for them are made by other ways. */
const RESERVED_GROUPS = ['system:masters', 'skerry:sites'];

/** What a signer demands of a request: every fault, in words. */
type Faults = (request: SigningRequest, usages: readonly string[]) => string[];

/** The signers of Kubernetes that this API server has ("Certificate Signing Requests", Kubernetes signers). */
const SIGNERS: Readonly<Record<string, Faults>> = {
  'kubernetes.io/kube-apiserver-client': (request, usages) => [
    ...reservedFaults(request),
    ...usageFaults(usages, { required: 'client auth', allowed: CLIENT_USAGES }),
  ],
  'kubernetes.io/kube-apiserver-client-kubelet': (request, usages) => [
    ...nodeFaults(request),
    ...usageFaults(usages, { required: 'client auth', allowed: CLIENT_USAGES }),
    ...(allNames(request).length === 0 ? [] : ['subject alternative names are not allowed']),
  ],
  'kubernetes.io/kubelet-serving': (request, usages) => [
    ...nodeFaults(request),
    ...usageFaults(usages, { required: 'server auth', allowed: SERVER_USAGES }),
    ...(request.dnsNames.length + request.ipAddresses.length === 0
      ? ['DNS or IP subjectAltName is required']
      : []),
    ...(request.otherNames.length === 0 ? [] : ['only DNS and IP subjectAltNames are allowed']),
  ],
};

/** Whether this API server signs for it. */
export function isOwnSigner(signerName: string): boolean {
  return Object.hasOwn(SIGNERS, signerName);
}

/** What is wrong with a request for the certificate of a signer of ours; empty where nothing is. */
export function signerFaults(
  signerName: string,
  request: SigningRequest,
  usages: readonly string[],
): string[] {
  const faults = Object.hasOwn(SIGNERS, signerName) ? SIGNERS[signerName] : undefined;
  return [
    ...(request.wantsAuthority ? ['a certificate of an authority is not signed'] : []),
    ...(faults?.(request, usages) ?? []),
  ];
}

/** Why a request may not even be made: its subject is reserved. */
export function reservedFaults({ organizations }: SigningRequest): string[] {
  return RESERVED_GROUPS.filter((group) => organizations.includes(group)).map(
    (group) => `use of kubernetes.io/kube-apiserver-client signer with ${group} group is not allowed`,
  );
}

function nodeFaults({ commonName, organizations }: SigningRequest): string[] {
  return [
    ...(organizations.length === 1 && organizations[0] === 'system:nodes'
      ? []
      : ['subject organization is not system:nodes']),
    ...(commonName.startsWith(NODE_PREFIX) && commonName.length > NODE_PREFIX.length
      ? []
      : ['subject common name does not begin with system:node:']),
  ];
}

function usageFaults(
  usages: readonly string[],
  { required, allowed }: { required: string; allowed: readonly string[] },
): string[] {
  const others = usages.filter((usage) => !allowed.includes(usage));
  return [
    ...(usages.includes(required) ? [] : [`usage ${JSON.stringify(required)} is required`]),
    ...(others.length === 0 ? [] : [`usages ${JSON.stringify(others)} are not allowed`]),
  ];
}

function allNames({ dnsNames, ipAddresses, otherNames }: SigningRequest): readonly string[] {
  return [...dnsNames, ...ipAddresses, ...otherNames];
}

/** Which right the sender needs so that nobody has to approve his request; undefined where a person always must. */
export function selfApproval(
  signerName: string,
  request: SigningRequest,
  username: string,
): 'selfnodeclient' | 'nodeclient' | 'selfnodeserver' | undefined {
  const isOwn = request.commonName === username;
  if (signerName === 'kubernetes.io/kube-apiserver-client-kubelet')
    return isOwn ? 'selfnodeclient' : 'nodeclient';
  return signerName === 'kubernetes.io/kubelet-serving' && isOwn ? 'selfnodeserver' : undefined;
}
