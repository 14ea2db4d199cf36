import type { Problem } from '../api/problem.ts';

/** What went wrong, what to do, and the way to try again where there is one. */
export function ProblemNotice({
  problem,
  onRetry,
}: {
  readonly problem: Problem;
  readonly onRetry?: (() => void) | undefined;
}) {
  return (
    <div className="notice bad" role="alert">
      <p>
        <strong>{problem.message}</strong> {problem.advice}
      </p>
      <p className="notice-foot">
        <code>{problem.code}</code>
        {onRetry && (
          <button type="button" className="button small" onClick={onRetry}>
            Try again
          </button>
        )}
      </p>
    </div>
  );
}
