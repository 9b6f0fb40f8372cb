export { checkDataVersion, DataVersionError } from './data-version.ts';
export { checkServer } from './check-server.ts';
export { connectApi, connectWorker, untilReady } from './connect.ts';
