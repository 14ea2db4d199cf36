import { setImmediate } from 'node:timers/promises';

/**
 * One reading for all who ask for the same in one turn of the event loop. It begins when they have asked, so what is told was
 * read after the announcement that made somebody ask; nothing is kept afterwards. At most one entry a distinct thing that is
 * asked for. Rejects for all of them with what the reading throws.
 */
export function createSharedReads<Key, Value>(
  nameOf: (key: Key) => string,
  read: (key: Key) => Promise<Value>,
): (key: Key) => Promise<Value> {
  const asked = new Map<string, Promise<Value>>();

  async function readSoon(name: string, key: Key): Promise<Value> {
    await setImmediate();
    asked.delete(name);
    return read(key);
  }

  return (key) => {
    const name = nameOf(key);
    const known = asked.get(name);
    if (known) return known;
    const reading = readSoon(name, key);
    asked.set(name, reading);
    return reading;
  };
}
