/** Listeners of several kinds of events; `Events` says what each kind tells. */
export interface Emitter<Events extends object> {
  /** Returns what ends it; idempotent. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
  /** Runs a task in its turn, as if it were the telling of an event. */
  later(task: () => void): void;
  /** Runs a task now; what it emits is told when it is done. */
  together(task: () => void): void;
}

/**
 * Tells events in their order: what a listener brings about by itself is told when all have heard what came before.
 * What a listener throws goes to `onError` and keeps nobody else from hearing.
 */
export function createEmitter<Events extends object>(onError: (error: unknown) => void): Emitter<Events> {
  interface Listening {
    readonly name: keyof Events;
    readonly tell: (event: never) => void;
  }
  const listeners = new Set<Listening>();
  const waiting: (() => void)[] = [];
  let telling = false;

  function tellAll(): void {
    if (telling) return;
    telling = true;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      try {
        next();
      } catch (error) {
        onError(error);
      }
    }
    telling = false;
  }

  function later(task: () => void): void {
    waiting.push(task);
    tellAll();
  }

  return {
    on(name, tell) {
      const listening: Listening = { name, tell };
      listeners.add(listening);
      return () => void listeners.delete(listening);
    },
    emit(name, event) {
      later(() => {
        for (const listening of [...listeners]) {
          if (listening.name !== name || !listeners.has(listening)) continue;
          try {
            listening.tell(event as never);
          } catch (error) {
            onError(error);
          }
        }
      });
    },
    later,
    together(task) {
      const nested = telling;
      telling = true;
      try {
        task();
      } finally {
        telling = nested;
        tellAll();
      }
    },
  };
}
