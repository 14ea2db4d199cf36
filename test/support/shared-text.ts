export * from '../../src/sdk/text/index.ts';
export { persistently } from '../../src/sdk/text/persistently.ts';
export { type SocketLink, socketLink } from './socket-link.ts';
