import { useCallback, useSyncExternalStore } from 'react';
import type { Observable } from '../../sdk/observable.ts';

/** The present value of an observable; the component is rendered again at each change. */
export function useObservable<T>(observable: Observable<T>): T {
  const subscribe = useCallback((changed: () => void) => observable.subscribe(changed), [observable]);
  return useSyncExternalStore(subscribe, () => observable.current);
}
