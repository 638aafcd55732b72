import { FITS, type Filter } from '#scheduler/surroundings.ts';

/** What is asked for must be left of what a host has, each resource by itself; `pods` is one of them. */
export const resourcesFilter: Filter = {
  name: 'NodeResourcesFit',
  prepare: ({ requests }, { occupancy }) => {
    const wanted = Object.entries(requests).filter(([, amount]) => amount > 0);
    return ({ name, allocatable }) => {
      const { requested } = occupancy.on(name);
      const lacking = wanted.filter(
        ([resource, amount]) => amount > (allocatable[resource] ?? 0) - (requested[resource] ?? 0),
      );
      return lacking.length === 0 ? FITS : lacking.map(([resource]) => lack(resource));
    };
  },
};

function lack(resource: string): string {
  return resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`;
}
