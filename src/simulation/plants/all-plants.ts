import type { Plant } from '#simulation/plant.ts';
import { doubleStart } from '#simulation/plants/double-start.ts';
import { earlyAck } from '#simulation/plants/early-ack.ts';
import { emptyDesiredOnDisconnect } from '#simulation/plants/empty-desired-on-disconnect.ts';
import { lostReport } from '#simulation/plants/lost-report.ts';
import { lostWatchEvent } from '#simulation/plants/lost-watch-event.ts';
import { revisionReuse } from '#simulation/plants/revision-reuse.ts';
import { wrongStop } from '#simulation/plants/wrong-stop.ts';

/** Every defect that can be planted. */
export const PLANTS: readonly Plant[] = [
  doubleStart,
  earlyAck,
  emptyDesiredOnDisconnect,
  lostReport,
  lostWatchEvent,
  revisionReuse,
  wrongStop,
];
