/** What a browser knows of its network; elsewhere nothing is known. */
export interface Network {
  /** True only where it is certain. */
  isOffline(): boolean;
  /** Told when it comes and goes. Returns what ends that. */
  watch(onChange: () => void): () => void;
}

/** What of it is there, on the platform. */
interface Surroundings {
  readonly navigator?: { readonly onLine?: boolean };
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

const EVENTS = ['online', 'offline'] as const;

/** The network of the platform. */
export function platformNetwork(surroundings: Surroundings = globalThis): Network {
  return {
    isOffline: () => surroundings.navigator?.onLine === false,
    watch(onChange) {
      for (const event of EVENTS) surroundings.addEventListener?.(event, onChange);
      return () => {
        for (const event of EVENTS) surroundings.removeEventListener?.(event, onChange);
      };
    },
  };
}
