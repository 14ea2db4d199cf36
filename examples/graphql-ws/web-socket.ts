import { WebSocket } from 'ws';

// Browsers and Node 22 have a WebSocket of their own, Node 20 has none. Apollo's link looks for the global one.
if (!('WebSocket' in globalThis)) Object.assign(globalThis, { WebSocket });
