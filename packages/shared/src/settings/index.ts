export { readSettings, readSettingsOrExit, SettingsError } from './read-settings.ts';
export { sharedSettings, urlOf, wholeNumber } from './shared-settings.ts';
