import { isDeepStrictEqual } from 'node:util';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '#api/certificates/certificate-signing-request.ts';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '#api/field-errors.ts';
import { type FieldError, forbidden, invalid } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import type { Authorizer } from '#apiserver/authorize.ts';
import { reservedFaults } from '#apiserver/certificates/signers.ts';
import { subjectOf } from '#apiserver/encoded-write.ts';
import type { SigningRequest } from '#pki/signing-requests.ts';
import { type Clock, timestamp } from '#system/clock.ts';

const GROUP = 'certificates.k8s.io';
const DECISIONS = ['Approved', 'Denied'];
const FINAL_TYPES = ['Approved', 'Denied', 'Failed'];

/**
 * Who asks for a certificate is written by the server; who approves or signs one needs the right to for that signer; what was
 * decided stays (upstream's CertificateApproval, CertificateSigning and CertificateSubjectRestriction, and its strategy).
 */
export function certificateRequestAdmission({
  authorizer,
  clock,
}: {
  authorizer: Authorizer;
  clock: Clock;
}): AdmissionPlugin {
  return {
    name: 'CertificateSigningRequests',
    handles: ({ operation, type }) =>
      (operation === 'create' || operation === 'update') &&
      type.group === GROUP &&
      type.kind === 'CertificateSigningRequest',
    mutate(request) {
      const object = request.object as CertificateSigningRequest;
      const old = request.old as CertificateSigningRequest | undefined;
      if (old === undefined) setRequestor(object, request);
      else if (request.subresource === 'approval') keepCertificate(object, old);
      stampConditions(object, old, timestamp(clock.now()));
    },
    async validate(request) {
      const object = request.object as CertificateSigningRequest;
      const old = request.old as CertificateSigningRequest | undefined;
      const errors =
        old === undefined ? await requestErrors(object) : statusErrors(object, old, request.subresource);
      if (errors.length > 0)
        throw invalid({ kind: object.kind, group: GROUP, name: object.metadata.name }, errors);
      if (request.subresource === 'approval') assertSigner(authorizer, request, 'approve');
      if (request.subresource === 'status' && object.status?.certificate !== old?.status?.certificate)
        assertSigner(authorizer, request, 'sign');
    },
  };
}

function setRequestor({ spec }: CertificateSigningRequest, { user }: AdmissionRequest): void {
  spec.username = user.name;
  spec.groups = [...user.groups];
  if (user.uid === undefined) delete spec.uid;
  else spec.uid = user.uid;
  if (user.extra === undefined) delete spec.extra;
  else spec.extra = Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]));
}

/** Whoever approves writes conditions and nothing else. */
function keepCertificate(object: CertificateSigningRequest, old: CertificateSigningRequest): void {
  const { conditions = [] } = object.status ?? {};
  object.status = { ...old.status, conditions };
}

function stampConditions(
  { status }: CertificateSigningRequest,
  old: CertificateSigningRequest | undefined,
  now: string,
): void {
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    const before = old?.status?.conditions?.find(({ type }) => type === condition.type);
    const isSame = before?.status === condition.status;
    condition.lastTransitionTime ??= (isSame ? before?.lastTransitionTime : undefined) ?? now;
  }
}

async function requestErrors({ spec, metadata }: CertificateSigningRequest): Promise<FieldError[]> {
  const pem = Buffer.from(spec.request, 'base64').toString('latin1');
  let request: SigningRequest;
  try {
    const { readSigningRequest } = await import('#pki/signing-requests.ts');
    request = await readSigningRequest(pem);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it cannot be read';
    return [invalidValue('spec.request', spec.request.slice(0, 64), why)];
  }
  if (spec.signerName !== 'kubernetes.io/kube-apiserver-client') return [];
  const [why] = reservedFaults(request);
  if (why !== undefined)
    throw forbidden({ resource: 'certificatesigningrequests', group: GROUP, name: metadata.name }, why);
  return [];
}

type Conditions = readonly CertificateSigningRequestCondition[];

function statusErrors(
  { status }: CertificateSigningRequest,
  old: CertificateSigningRequest,
  subresource: string | undefined,
): FieldError[] {
  const [conditions, before] = [status?.conditions ?? [], old.status?.conditions ?? []];
  const [certificate, issued] = [status?.certificate ?? '', old.status?.certificate ?? ''];
  return [
    ...conditions.flatMap((condition, index) =>
      conditionErrors(`status.conditions[${index}]`, condition, conditions.slice(0, index)),
    ),
    ...(certificate === issued ? [] : certificateErrors(certificate)),
    ...FINAL_TYPES.filter((type) => ofType(conditions, type).length < ofType(before, type).length).map(
      (type) => forbiddenField('status.conditions', `updates may not remove a condition of type "${type}"`),
    ),
    ...(subresource === 'approval' ? [] : decisionErrors(conditions, before)),
    ...(issued !== '' && certificate !== issued
      ? [forbiddenField('status.certificate', 'updates may not modify existing certificate content')]
      : []),
  ];
}

function ofType(conditions: Conditions, wanted: string): Conditions {
  return conditions.filter(({ type }) => type === wanted);
}

/** Who does not decide leaves the decision as it is. */
function decisionErrors(conditions: Conditions, before: Conditions): FieldError[] {
  return DECISIONS.flatMap((type) => {
    const [now, then] = [ofType(conditions, type), ofType(before, type)];
    if (now.length < then.length || isDeepStrictEqual(now, then)) return [];
    const deed = now.length > then.length ? 'add' : 'modify';
    return [forbiddenField('status.conditions', `updates may not ${deed} a condition of type "${type}"`)];
  });
}

/** One or more certificates in PEM form, and nothing else. */
function certificateErrors(certificate: string): FieldError[] {
  const pem = Buffer.from(certificate, 'base64').toString('latin1');
  const types = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/gu)].map(([, type]) => type);
  const other = types.find((type) => type !== 'CERTIFICATE');
  const why =
    types.length === 0
      ? 'must contain at least one CERTIFICATE PEM block'
      : other === undefined
        ? undefined
        : `only CERTIFICATE PEM blocks are allowed, found "${other}"`;
  return certificate === '' || why === undefined
    ? []
    : [invalidValue('status.certificate', '<certificate data>', why)];
}

const OPPOSITES: Readonly<Record<string, string>> = { Approved: 'Denied', Denied: 'Approved' };

function conditionErrors(
  field: string,
  { type, status }: Partial<CertificateSigningRequestCondition>,
  earlier: Conditions,
): FieldError[] {
  const allowed = FINAL_TYPES.includes(type ?? '') ? ['True'] : ['False', 'True', 'Unknown'];
  const isTwofold = earlier.some((other) => other.type === OPPOSITES[type ?? '']);
  const isRepeated = earlier.some((other) => other.type === type);
  return [
    ...((type ?? '') === '' ? [requiredValue(`${field}.type`)] : []),
    ...((status ?? '') === ''
      ? [requiredValue(`${field}.status`)]
      : allowed.includes(status ?? '')
        ? []
        : [unsupportedValue(`${field}.status`, status, allowed)]),
    ...(isTwofold
      ? [invalidValue(`${field}.type`, type, 'Approved and Denied conditions are mutually exclusive')]
      : []),
    ...(isRepeated ? [duplicateValue(`${field}.type`, type)] : []),
  ];
}

/** The right to `approve` or `sign` for the signer, or for all signers of its domain. */
function assertSigner(authorizer: Authorizer, request: AdmissionRequest, verb: 'approve' | 'sign'): void {
  const { signerName } = (request.object as CertificateSigningRequest).spec;
  const [domain = ''] = signerName.split('/', 1);
  const isAllowed = [signerName, `${domain}/*`].some((name) => {
    const attributes = {
      type: 'resource',
      verb,
      group: GROUP,
      resource: 'signers',
      namespace: undefined,
      name,
    } as const;
    return authorizer.authorize(request.user, attributes).type === 'allow';
  });
  if (isAllowed) return;
  throw forbidden(
    subjectOf(request.type, request.name),
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`,
  );
}
