import { type SyntheticEvent, useEffect, useId, useState } from 'react';
import { type Problem, problemOf } from '../api/problem.ts';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { demoToken, demoUsers } from './demo-users.ts';
import type { Session } from './session.ts';

const asProblem = (error: unknown): Problem => problemOf(error instanceof Error ? error : new Error());

/** A token, or one click of a demo user where the server has them. */
export function SignInForm({
  session,
  problem: first = null,
}: {
  readonly session: Session;
  readonly problem?: Problem | null;
}) {
  const [users, setUsers] = useState<readonly string[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(first);
  const field = useId();

  useEffect(() => {
    let here = true;
    void demoUsers().then((found) => {
      if (here) setUsers(found);
    });
    return () => {
      here = false;
    };
  }, []);

  async function signIn(token: Promise<string>): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await session.signIn(await token);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  const submit = (event: SyntheticEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token');
    if (typeof token === 'string' && token.trim() !== '') void signIn(Promise.resolve(token.trim()));
  };

  return (
    <div className="sign-in">
      {users.length > 0 && (
        <div className="demo-users" role="group" aria-label="Demo users">
          {users.map((name) => (
            <button
              key={name}
              type="button"
              className="button primary wide"
              disabled={busy}
              onClick={() => void signIn(demoToken(name))}
            >
              Continue as {name}
            </button>
          ))}
          <p className="divider">or with a token</p>
        </div>
      )}
      <form onSubmit={submit} className="stack">
        <label htmlFor={field}>Token</label>
        <input
          id={field}
          name="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          required
          placeholder="eyJhbGciOi…"
        />
        <button
          type="submit"
          className={users.length > 0 ? 'button wide' : 'button primary wide'}
          disabled={busy}
        >
          Sign in
        </button>
      </form>
      {problem && (
        <ProblemNotice
          problem={problem}
          onRetry={problem === first ? () => void session.resume() : undefined}
        />
      )}
      <p className="hint">
        The token stays in this tab. <code>npx quire token --user you</code> makes one where the server runs.
      </p>
    </div>
  );
}
