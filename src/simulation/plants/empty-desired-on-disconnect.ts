import { encodeBlob, encodeMessage, readFrames } from '#link/frames.ts';
import type { DesiredEntry, HubMessage } from '#link/wire.ts';
import type { Plant } from '#simulation/plant.ts';
import type { Connection } from '#system/network.ts';

/** A link that takes the hub's absence for an empty wish: what the hub wanted last is taken back when it breaks off. */
export const emptyDesiredOnDisconnect: Plant = {
  name: 'empty-desired-on-disconnect',
  text: "the hub's absence is taken for the wish that nothing runs",
  network: (network) => {
    const wanted = new Map<string, DesiredEntry>();
    return {
      async connect(address, options) {
        const connection = await network.connect(address, options);
        return { ...connection, incoming: withRemovals(connection, wanted) };
      },
    };
  },
};

async function* withRemovals(
  connection: Connection,
  wanted: Map<string, DesiredEntry>,
): AsyncIterable<Uint8Array> {
  try {
    for await (const frame of readFrames(connection)) {
      if (frame.type === 'blob') {
        yield encodeBlob(frame.id, frame.bytes);
        continue;
      }
      const message = frame.value as HubMessage;
      if (message.type === 'desired')
        for (const entry of message.entries) wanted.set(`${entry.namespace}/${entry.name}`, entry);
      yield encodeMessage(message);
    }
  } finally {
    const entries = [...wanted.values()].map(({ namespace, name, application }) => ({
      state: 'remove' as const,
      namespace,
      name,
      application,
    }));
    if (entries.length > 0) yield encodeMessage({ type: 'desired', epoch: 0, entries });
  }
}
