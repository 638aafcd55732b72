import type { Plant } from '#simulation/plant.ts';

/** Of so many reports of a site, one is lost. */
const REPORTS_PER_LOSS = 3;

/** A link on which what sites report does not always arrive. */
export const lostReport: Plant = {
  name: 'lost-report',
  text: `one of ${REPORTS_PER_LOSS} reports of a site is lost`,
  network: (network) => {
    let reports = 0;
    return {
      async connect(address, options) {
        const connection = await network.connect(address, options);
        const write = async (bytes: Uint8Array): Promise<void> => {
          const isReport = Buffer.from(bytes).includes('"type":"report"');
          if (isReport) reports += 1;
          if (!isReport || reports % REPORTS_PER_LOSS !== 0) await connection.write(bytes);
        };
        return { ...connection, write };
      },
    };
  },
};
