import type { Plant } from '#simulation/plant.ts';
import { doubleStart } from '#simulation/plants/double-start.ts';
import { earlyAck } from '#simulation/plants/early-ack.ts';
import { emptyDesiredOnDisconnect } from '#simulation/plants/empty-desired-on-disconnect.ts';
import { lostWatchEvent } from '#simulation/plants/lost-watch-event.ts';
import { revisionReuse } from '#simulation/plants/revision-reuse.ts';

/** Every defect that can be planted. */
export const PLANTS: readonly Plant[] = [
  doubleStart,
  earlyAck,
  emptyDesiredOnDisconnect,
  lostWatchEvent,
  revisionReuse,
];
