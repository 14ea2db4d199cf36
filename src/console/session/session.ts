import { ConnectionLost, OperationError } from '../../sdk/errors.ts';
import { ViewerDocument } from '../../sdk/generated.ts';
import { createSubject, type Observable } from '../../sdk/observable.ts';
import { type Problem, problemOf } from '../api/problem.ts';
import { request } from '../api/request.ts';

/** Who has signed in. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
}

export type SessionState =
  | { readonly status: 'checking' }
  /** The problem is why the token that was there does not do. */
  | { readonly status: 'out'; readonly problem: Problem | null }
  | { readonly status: 'in'; readonly user: User }
  /** Still on the page, but with a token that is refused: all requests wait for another one. */
  | { readonly status: 'expired'; readonly user: User };

export interface Session {
  readonly state: Observable<SessionState>;
  /** The token of now; while it has expired, the next one. Rejects with OperationError (UNAUTHENTICATED) when there is none. */
  token(): Promise<string>;
  /** Tries out a token and keeps it. Rejects with OperationError or ConnectionLost, and changes nothing then. */
  signIn(token: string): Promise<void>;
  signOut(): void;
  /** A server has refused this token. Nothing happens when there is another one by now. */
  expire(token: string): void;
  /** Signs in with the token that this tab has kept, if it has one. */
  resume(): Promise<void>;
}

/** Where a tab keeps its token: it goes with the tab, and into no URL. */
const TOKEN_KEY = 'quire.token';

const viewerOf = async (token: string): Promise<User> => {
  const { viewer } = await request(token, ViewerDocument, {});
  return { id: viewer.user.id, name: viewer.user.name, tenantId: viewer.tenantId };
};

/** Who uses this tab. */
export function createSession(storage: Storage): Session {
  const state = createSubject<SessionState>(
    storage.getItem(TOKEN_KEY) === null ? { status: 'out', problem: null } : { status: 'checking' },
  );
  let token: string | null = null;

  const nobody = (): OperationError =>
    new OperationError([{ message: 'You are not signed in.', extensions: { code: 'UNAUTHENTICATED' } }]);

  async function signIn(given: string): Promise<void> {
    const user = await viewerOf(given);
    token = given;
    storage.setItem(TOKEN_KEY, given);
    state.set({ status: 'in', user });
  }

  return {
    state,
    signIn,
    token() {
      if (token !== null) return Promise.resolve(token);
      if (state.current.status !== 'expired') return Promise.reject(nobody());
      return new Promise((resolve, reject) => {
        const stop = state.subscribe(() => {
          stop();
          if (token === null) reject(nobody());
          else resolve(token);
        });
      });
    },
    signOut() {
      token = null;
      storage.removeItem(TOKEN_KEY);
      state.set({ status: 'out', problem: null });
    },
    expire(refused) {
      if (token !== refused || state.current.status !== 'in') return;
      token = null;
      storage.removeItem(TOKEN_KEY);
      state.set({ status: 'expired', user: state.current.user });
    },
    async resume() {
      const kept = storage.getItem(TOKEN_KEY);
      if (kept === null) return;
      state.set({ status: 'checking' });
      try {
        await signIn(kept);
      } catch (error) {
        if (!(error instanceof OperationError || error instanceof ConnectionLost)) throw error;
        // A server that is away says nothing about the token.
        if (error instanceof OperationError) storage.removeItem(TOKEN_KEY);
        state.set({ status: 'out', problem: problemOf(error) });
      }
    },
  };
}
