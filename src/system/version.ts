import packageJson from '../../package.json' with { type: 'json' };

/** The version of this software, as package.json has it. */
export const SOFTWARE_VERSION: string = packageJson.version;
