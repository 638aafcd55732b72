import { nodeMatcher } from '#api/core/node-selector-match.ts';
import type { Demand } from '#scheduler/demand.ts';
import type { Host } from '#scheduler/host.ts';
import { FITS, type Filter } from '#scheduler/surroundings.ts';

const MISMATCH = ["node(s) didn't match Pod's node affinity/selector"];

/** `nodeSelector` and required node affinity: labels that a host must have. */
export const nodeAffinityFilter: Filter = {
  name: 'NodeAffinity',
  prepare: (demand) => {
    const isWanted = wantedHosts(demand);
    return isWanted === undefined ? undefined : (host) => (isWanted(host) ? FITS : MISMATCH);
  },
};

/** Whether a demand wants a host by its labels or name; undefined where it does not ask for any. */
export function wantedHosts({ nodeSelector, requiredNodes }: Demand): ((host: Host) => boolean) | undefined {
  return nodeMatcher({ nodeSelector, required: requiredNodes });
}
