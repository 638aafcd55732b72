import {
  type CertificateSigningRequest,
  certificateSigningRequestResource,
} from '#api/certificates/certificate-signing-request.ts';
import type { Authorizer } from '#apiserver/authorize.ts';
import { isOwnSigner, selfApproval, signerFaults } from '#apiserver/certificates/signers.ts';
import type { ControlPlane } from '#apiserver/control-plane.ts';
import type { Client } from '#client/client.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';
import type { KeyPair } from '#pki/authority.ts';
import type { SigningRequest } from '#pki/signing-requests.ts';
import { type Clock, createNap, timestamp } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** The life of a certificate for which none is asked, and the longest, in milliseconds: a year, as upstream. */
const LIFETIME_MS_MAX = 365 * 24 * 3600_000;

/** How long a request that could not be dealt with waits for the next attempt, in milliseconds. */
const RETRY_MS = 30_000;

export interface CertificateSignerOptions {
  readonly client: Client;
  readonly views: Views;
  readonly authority: KeyPair;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Log;
}

/** The signer of a control plane; undefined where no authority signs here. To be made before the views run. */
export function certificateSignerOf(
  { client, views, access }: Pick<ControlPlane, 'client' | 'views' | 'access'>,
  { signingAuthority, clock, log }: SignerMeans,
): CertificateSigner | undefined {
  if (signingAuthority === undefined) return undefined;
  const { authorizer } = access;
  return new CertificateSigner({ client, views, authority: signingAuthority, authorizer, clock, log });
}

/** What a hub or site has to sign with. */
export interface SignerMeans extends Pick<CertificateSignerOptions, 'clock' | 'log'> {
  readonly signingAuthority?: KeyPair;
}

/**
 * Approves what nodes ask for themselves, and signs what is approved, for the signers that this API server has. One request
 * at a time. To be made before the views run.
 */
export class CertificateSigner {
  readonly #options: CertificateSignerOptions;
  readonly #requests: View<CertificateSigningRequest>;

  constructor(options: CertificateSignerOptions) {
    this.#options = options;
    this.#requests = options.views.of(certificateSigningRequestResource);
  }

  /** Works until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const nap = createNap(clock);
    const open = new Set(this.#requests.list().map(({ metadata }) => metadata.name));
    const end = this.#requests.subscribe(({ key }) => {
      open.add(key);
      nap.wake();
    });
    while (!signal.aborted) {
      const [name] = open;
      if (name === undefined) {
        await nap.rest(RETRY_MS, signal);
        continue;
      }
      open.delete(name);
      try {
        await this.#settle(name);
      } catch (error) {
        log.info('a certificate signing request is tried again', { request: name, error });
        clock.after(RETRY_MS, () => open.add(name));
      }
    }
    end();
  }

  async #settle(name: string): Promise<void> {
    const object = this.#requests.get(name);
    if (object === undefined || !isOwnSigner(object.spec.signerName)) return;
    const has = (type: string): boolean =>
      object.status?.conditions?.some((condition) => condition.type === type) ?? false;
    if (has('Denied') || has('Failed') || (object.status?.certificate ?? '') !== '') return;
    const pem = Buffer.from(object.spec.request, 'base64').toString('latin1');
    const { readSigningRequest } = await import('#pki/signing-requests.ts');
    const request = await readSigningRequest(pem);
    if (!has('Approved')) return this.#approve(object, request);
    const faults = signerFaults(object.spec.signerName, request, object.spec.usages ?? []);
    if (faults.length > 0) return this.#fail(object, faults);
    await this.#sign(object, pem);
  }

  /** Approves a node's own request where the sender has the right to that, as upstream's csrapproving controller. */
  async #approve(object: CertificateSigningRequest, request: SigningRequest): Promise<void> {
    const { signerName, username = '', groups = [], uid, extra, usages = [] } = object.spec;
    const kind = selfApproval(signerName, request, username);
    if (kind === undefined || signerFaults(signerName, request, usages).length > 0) return;
    const user = {
      name: username,
      groups,
      ...(uid === undefined ? {} : { uid }),
      ...(extra === undefined ? {} : { extra }),
    };
    const attributes = {
      type: 'resource',
      verb: 'create',
      group: 'certificates.k8s.io',
      resource: `certificatesigningrequests/${kind}`,
      namespace: undefined,
      name: undefined,
    } as const;
    if (this.#options.authorizer.authorize(user, attributes).type !== 'allow') return;
    await this.#addCondition(object, 'approval', {
      type: 'Approved',
      reason: 'AutoApproved',
      message: 'Auto approving kubelet certificate after SubjectAccessReview.',
    });
  }

  async #fail(object: CertificateSigningRequest, faults: readonly string[]): Promise<void> {
    await this.#addCondition(object, 'status', {
      type: 'Failed',
      reason: 'SignerValidationFailure',
      message: faults.join('; '),
    });
  }

  async #addCondition(
    { metadata, status }: CertificateSigningRequest,
    subresource: string,
    condition: { type: string; reason: string; message: string },
  ): Promise<void> {
    const now = timestamp(this.#options.clock.now());
    const added = { ...condition, status: 'True', lastUpdateTime: now, lastTransitionTime: now };
    const patch = {
      metadata: { resourceVersion: metadata.resourceVersion },
      status: { conditions: [...(status?.conditions ?? []), added] },
    };
    const { client } = this.#options;
    await client.patch(certificateSigningRequestResource, metadata, {
      patchType: 'merge',
      patch,
      subresource,
    });
  }

  async #sign({ metadata, spec }: CertificateSigningRequest, pem: string): Promise<void> {
    const { client, authority, clock } = this.#options;
    const { certifyRequest } = await import('#pki/signing-requests.ts');
    const nowMs = clock.now();
    const lifeMs = Math.min((spec.expirationSeconds ?? Infinity) * 1000, LIFETIME_MS_MAX);
    const certificate = await certifyRequest(authority, pem, {
      usages: spec.usages ?? [],
      nowMs,
      notAfterMs: nowMs + lifeMs,
    });
    const patch = {
      metadata: { resourceVersion: metadata.resourceVersion },
      status: { certificate: Buffer.from(certificate).toString('base64') },
    };
    await client.patch(certificateSigningRequestResource, metadata, {
      patchType: 'merge',
      patch,
      subresource: 'status',
    });
  }
}
