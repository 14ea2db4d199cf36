import { expect } from 'vitest';
import { openSocket, type RawSocket, type RawSocketOptions, until } from '../../support/raw-socket.ts';
import type { Edge, TestSource } from './edge.ts';

export const TICKS = 'subscription { ticks }';

/** What the tests of sockets do with the server of the moment. */
export const socketsOf = (edge: () => Edge) => {
  const opened: RawSocket[] = [];

  const open = async (options?: RawSocketOptions): Promise<RawSocket> => {
    const socket = await openSocket(edge().socketUrl, options);
    opened.push(socket);
    return socket;
  };

  return {
    open,
    /** An acknowledged socket of `ada`. */
    openInit: async (payload: object = { token: 'ada' }): Promise<RawSocket> => {
      const socket = await open();
      await socket.init(payload);
      return socket;
    },
    /** The source of the next `ticks` after those that there are. */
    nextSource: async (start: () => void): Promise<TestSource> => {
      const { sources } = edge();
      const before = sources.length;
      start();
      await until(() => sources.length > before, 'the subscription has started');
      return sources[before] as TestSource;
    },
    closeAll: (): void => {
      for (const socket of opened.splice(0)) socket.ws.terminate();
    },
  };
};

/** Expects that the socket still answers. */
export const expectAlive = async (socket: RawSocket): Promise<void> => {
  socket.subscribe('alive', '{ hello }');
  expect(await socket.next()).toEqual({ id: 'alive', type: 'next', payload: { data: { hello: 'world' } } });
  expect(await socket.next()).toEqual({ id: 'alive', type: 'complete' });
};
