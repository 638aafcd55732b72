import { collide } from '#scheduler/occupancy.ts';
import { FITS, type Filter } from '#scheduler/surroundings.ts';

const TAKEN = ["node(s) didn't have free ports for the requested pod ports"];

/** A port of the host is taken once only. */
export const hostPortsFilter: Filter = {
  name: 'NodePorts',
  prepare: ({ hostPorts }, { occupancy }) => {
    if (hostPorts.length === 0) return undefined;
    return ({ name }) =>
      occupancy.on(name).ports.some((taken) => hostPorts.some((port) => collide(port, taken))) ? TAKEN : FITS;
  },
};
