import { joinHub, readIdentity, writeIdentity } from '#link/join.ts';
import { decodeJoinTicket } from '#pki/join-token.ts';
import { readSettings, settleSite } from '#site/site-settings.ts';
import type { System } from '#system/system.ts';

export interface JoinSiteOptions {
  readonly token: string;
  readonly name: string;
  readonly folder: string;
  /** Folders of other sites on this machine, whose networks are taken. */
  readonly takenFolders: readonly string[];
  readonly listen?: { readonly host: string; readonly port: number };
}

/** Where a site keeps who it is. */
export function identityFolder(folder: string): string {
  return `${folder}/identity`;
}

/** Whether the host of this folder has joined. */
export async function hasJoined(system: Pick<System, 'disk'>, folder: string): Promise<boolean> {
  return (
    (await readIdentity(system.disk, identityFolder(folder))) !== undefined &&
    (await readSettings(system.disk, folder)) !== undefined
  );
}

/** Enrols this host as a site and settles its port and networks; whoever has joined is refused, so that no identity is lost. */
export async function joinAsSite(system: System, options: JoinSiteOptions): Promise<void> {
  const { disk } = system;
  if (await hasJoined(system, options.folder)) {
    throw new Error(
      `${options.folder} has joined already: to join anew, choose another folder, or remove this one after "skerry down --purge"`,
    );
  }
  const ticket = decodeJoinTicket(options.token);
  // What can fail here comes first: a token that was used is gone.
  await settleSite(system, options);
  const identity = await joinHub(ticket, options.name);
  await writeIdentity(disk, identityFolder(options.folder), identity);
}
