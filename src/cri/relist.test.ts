import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Method, RuntimeService } from '#cri/messages.ts';
import { createRelist } from '#cri/relist.ts';
import { RuntimeRequestError } from '#cri/runtime.ts';

/** `gone` stands in the list, and is removed before its status is asked for. */
type State = 'CREATED' | 'RUNNING' | 'EXITED' | 'gone';

/** A runtime that knows containers by state, and counts what it is asked. */
function fakeRuntime(states: Map<string, State>) {
  const asked: string[] = [];
  const call = async <In, Out>(method: Method<In, Out>, request: In): Promise<Out> => {
    if (method.path === RuntimeService.listContainers.path) {
      const containers = [...states].map(([id, state]) => ({
        id,
        state: state === 'gone' ? 'RUNNING' : state,
        createdAt: 1e15,
        labels: {},
        annotations: {},
      }));
      return { containers } as Out;
    }
    const { containerId } = request as { containerId: string };
    asked.push(containerId);
    const state = states.get(containerId);
    if (state === 'gone') throw new RuntimeRequestError('gone', { code: 'NOT_FOUND' });
    const status = {
      id: containerId,
      state,
      startedAt: 2e15,
      finishedAt: 3e15,
      exitCode: 4,
      reason: 'Error',
      imageRef: '',
      message: '',
    };
    return { status } as Out;
  };
  return { asked, list: createRelist(call) };
}

describe('a listing of containers', () => {
  it('asks for each status once a state', async () => {
    const states = new Map<string, State>([
      ['a', 'RUNNING'],
      ['b', 'CREATED'],
    ]);
    const { asked, list } = fakeRuntime(states);
    await list();
    await list();
    assert.deepEqual(asked, ['a', 'b']);
    states.set('a', 'EXITED');
    const containers = await list();
    assert.deepEqual(asked, ['a', 'b', 'a']);
    assert.deepEqual(containers.find(({ id }) => id === 'a')?.state, {
      type: 'exited',
      startedMs: 2e9,
      finishedMs: 3e9,
      exitCode: 4,
      reason: 'Error',
      message: '',
    });
  });

  it('leaves out what is removed between its requests, and forgets what is gone', async () => {
    const states = new Map<string, State>([
      ['a', 'RUNNING'],
      ['b', 'gone'],
    ]);
    const { asked, list } = fakeRuntime(states);
    assert.deepEqual(
      (await list()).map(({ id }) => id),
      ['a'],
    );
    states.clear();
    assert.deepEqual(await list(), []);
    states.set('a', 'RUNNING');
    await list();
    assert.deepEqual(asked, ['a', 'b', 'a']);
  });
});
