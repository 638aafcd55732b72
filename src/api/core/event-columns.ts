import { age, UNKNOWN_AGE } from '#api/age.ts';
import { countColumn, NAME_COLUMN, textColumn, wide } from '#api/columns.ts';
import type { KubeObject } from '#api/object.ts';
import type { Column } from '#api/resource.ts';

/** What both kinds of events say, under one set of names. */
export interface EventLine {
  readonly type: string | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly object: { kind?: string; name?: string; fieldPath?: string };
  readonly component: string | undefined;
  readonly host: string | undefined;
  readonly count: number | undefined;
  readonly series: { count?: number; lastObservedTime?: string } | undefined;
  readonly firstTime: string | undefined;
  readonly lastTime: string | undefined;
  readonly eventTime: string | undefined;
}

/** The columns of `kubectl get events`. */
export function eventColumns<T extends KubeObject>(read: (event: T) => EventLine): Column<T>[] {
  return [
    textColumn('Last Seen', 'Time since it happened last.', (event, nowMs) => lastSeen(read(event), nowMs)),
    textColumn('Type', 'Normal or Warning.', (event) => read(event).type ?? ''),
    textColumn('Reason', 'Why, in a word.', (event) => read(event).reason ?? ''),
    textColumn('Object', 'What it happened to.', (event) => formatObject(read(event).object)),
    wide(textColumn('Subobject', 'Which part of it.', (event) => read(event).object.fieldPath ?? '')),
    wide(textColumn('Source', 'Who says so.', (event) => formatSource(read(event)))),
    textColumn('Message', 'What happened.', (event) => (read(event).message ?? '').trim()),
    wide(
      textColumn('First Seen', 'Time since it happened first.', (event, nowMs) =>
        firstSeen(read(event), nowMs),
      ),
    ),
    wide(countColumn('Count', 'How often it happened.', (event) => countOf(read(event)))),
    wide({ ...NAME_COLUMN, priority: 1 }),
  ];
}

function firstSeen({ firstTime, eventTime }: EventLine, nowMs: number): string {
  return age(firstTime ?? eventTime, nowMs);
}

function lastSeen(line: EventLine, nowMs: number): string {
  const last = age(line.series?.lastObservedTime ?? line.lastTime, nowMs);
  return last === UNKNOWN_AGE ? firstSeen(line, nowMs) : last;
}

function countOf({ series, count = 0 }: EventLine): number {
  return series?.count ?? (count === 0 ? 1 : count);
}

function formatObject({ kind = '', name = '' }: EventLine['object']): string {
  return name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;
}

function formatSource({ component, host }: EventLine): string {
  return [component, host].filter((part) => part !== undefined && part !== '').join(', ');
}
