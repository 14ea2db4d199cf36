export * from '../../src/sdk/text/index.ts';
export { persistently } from '../../src/sdk/text/persistently.ts';
