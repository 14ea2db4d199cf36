export * from '../../src/sdk/text/link.ts';
export { persistently } from '../../src/sdk/text/persistently.ts';
export * from '../../src/sdk/text/shared-text.ts';
export * from '../../src/sdk/text/socket-link.ts';
