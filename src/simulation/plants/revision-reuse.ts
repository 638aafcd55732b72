import type { Plant } from '#simulation/plant.ts';

/** After a restart, revisions go on from the newest object that is left, so that those of deleted ones come again. */
export const revisionReuse: Plant = {
  name: 'revision-reuse',
  text: 'revisions go on after a restart from the newest entry instead of the newest commit',
  log(log) {
    return {
      ...log,
      async read() {
        const content = await log.read();
        const last = content?.commits.at(-1);
        if (content === undefined || last === undefined) return content;
        const isReusable = last.changes.every(
          ({ deleted, key }) =>
            deleted ||
            key.startsWith('/registry/core/events/') ||
            key.startsWith('/registry/fleet.skerry.io/'),
        );
        return isReusable ? { ...content, commits: content.commits.slice(0, -1) } : content;
      },
    };
  },
};
