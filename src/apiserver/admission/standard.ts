import { claimResize } from '#apiserver/admission/claim-resize.ts';
import { defaultIngressClass, defaultStorageClass } from '#apiserver/admission/default-classes.ts';
import { defaultTolerations } from '#apiserver/admission/default-tolerations.ts';
import { limitRanger } from '#apiserver/admission/limit-ranger.ts';
import { taintNodesByCondition } from '#apiserver/admission/node-taint.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { podSecurity } from '#apiserver/admission/pod-security/pod-security.ts';
import { priorityAdmission } from '#apiserver/admission/priority.ts';
import { runtimeClassAdmission } from '#apiserver/admission/runtime-class.ts';
import { serviceAccountAdmission } from '#apiserver/admission/service-account.ts';
import { storageProtection } from '#apiserver/admission/storage-protection.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import type { Random } from '#system/random.ts';

export interface StandardAdmissionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * What a hub asks of a write. Workloads are templates there, and become pods under each site's own rules: nothing is filled
 * into them, but they are held to the security levels and quotas of their namespace.
 */
export function hubAdmission({ store }: Pick<StandardAdmissionOptions, 'store'>): AdmissionPlugin[] {
  return [podSecurity({ store }), priorityAdmissionOfClasses(store)];
}

/** Pods of a hub are templates: only the classes themselves are looked after. */
function priorityAdmissionOfClasses(store: Store): AdmissionPlugin {
  const { name, handles, validate } = priorityAdmission(store);
  return {
    name,
    handles: (target) => target.type.kind === 'PriorityClass' && handles(target),
    ...(validate === undefined ? {} : { validate }),
  };
}

/** What a site asks of a write, in Kubernetes' own order. */
export function siteAdmission(options: StandardAdmissionOptions): AdmissionPlugin[] {
  const { store } = options;
  return [
    limitRanger(store),
    serviceAccountAdmission(options),
    taintNodesByCondition,
    podSecurity({ store }),
    priorityAdmission(store),
    defaultTolerations,
    defaultStorageClass(store),
    storageProtection,
    claimResize(store),
    runtimeClassAdmission(store),
    defaultIngressClass(store),
  ];
}
