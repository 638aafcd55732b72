import { humanDuration } from '#api/age.ts';
import { checkSignerName } from '#api/certificates/signer-name.ts';
import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkUnique } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { pathSegmentErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `certificates.k8s.io/v1.CertificateSigningRequest`. */
export interface CertificateSigningRequest extends KubeObject {
  apiVersion: 'certificates.k8s.io/v1';
  kind: 'CertificateSigningRequest';
  spec: CertificateSigningRequestSpec;
  status?: CertificateSigningRequestStatus;
}

/** `certificates.k8s.io/v1.CertificateSigningRequestSpec`. */
export interface CertificateSigningRequestSpec {
  expirationSeconds?: number;
  extra?: Record<string, string[]>;
  groups?: string[];
  request: string;
  signerName: string;
  uid?: string;
  usages?: string[];
  username?: string;
}

/** `certificates.k8s.io/v1.CertificateSigningRequestStatus`. */
export interface CertificateSigningRequestStatus {
  certificate?: string;
  conditions?: CertificateSigningRequestCondition[];
}

/** `certificates.k8s.io/v1.CertificateSigningRequestCondition`. */
export interface CertificateSigningRequestCondition {
  lastTransitionTime?: string;
  lastUpdateTime?: string;
  message?: string;
  reason?: string;
  status: string;
  type: string;
}

/** The shortest life of a certificate that may be asked for, in seconds; a shorter one is refused. */
const EXPIRATION_SECONDS_MIN = 600;
/** The signer of requests that name none, in versions that are no longer served. */
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** `certificatesigningrequests.certificates.k8s.io`. */
export const certificateSigningRequestResource: ResourceType<CertificateSigningRequest> =
  defineResource<CertificateSigningRequest>({
    group: 'certificates.k8s.io',
    version: 'v1',
    kind: 'CertificateSigningRequest',
    plural: 'certificatesigningrequests',
    shortNames: ['csr'],
    namespaced: false,
    subresources: ['status'],
    schema: 'certificates/v1.CertificateSigningRequest',
    hasGeneration: false,
    nameRule: pathSegmentErrors,
    fillsZeros: true,
    validate: validateRequest,
    // What was asked for stays; whatever else is sent is as good as that.
    prepare: (request, old) => {
      if (old !== undefined) request.spec = old.spec;
    },
    columns: [
      NAME_COLUMN,
      AGE_COLUMN,
      textColumn('SignerName', 'Who shall sign.', ({ spec }) => spec.signerName),
      textColumn('Requestor', 'Who asked.', ({ spec }) => spec.username ?? ''),
      textColumn('RequestedDuration', 'How long the certificate shall be valid.', ({ spec }) =>
        spec.expirationSeconds === undefined ? NONE : humanDuration(spec.expirationSeconds * 1000),
      ),
      textColumn('Condition', 'What was decided.', formatCondition),
    ],
    selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName },
  });

function formatCondition({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean =>
    status?.conditions?.some((condition) => condition.type === type) ?? false;
  const words = [
    has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending',
    ...(has('Failed') ? ['Failed'] : []),
    ...((status?.certificate ?? '') === '' ? [] : ['Issued']),
  ];
  return words.join(',');
}

function validateRequest({ spec }: CertificateSigningRequest): FieldError[] {
  const { signerName, usages = [], expirationSeconds } = spec;
  return [
    ...(usages.length === 0 ? [requiredValue('spec.usages')] : []),
    ...usages.flatMap((usage, index) => checkOneOf(`spec.usages[${index}]`, usage, USAGES)),
    ...checkUnique(usages, (index) => `spec.usages[${index}]`),
    ...(signerName === LEGACY_SIGNER
      ? [
          invalidValue(
            'spec.signerName',
            signerName,
            'the legacy signerName is not allowed via this API version',
          ),
        ]
      : checkSignerName('spec.signerName', signerName)),
    ...(expirationSeconds !== undefined && expirationSeconds < EXPIRATION_SECONDS_MIN
      ? [
          invalidValue(
            'spec.expirationSeconds',
            expirationSeconds,
            `may not specify a duration less than ${EXPIRATION_SECONDS_MIN} seconds (10 minutes)`,
          ),
        ]
      : []),
  ];
}
